//! The statistics have the keys and types that readers of ckpool's and public-pool's know, and their numbers agree.
#![allow(missing_docs)]

mod rig;

use pow::{CompactBits, Difficulty, Target};
use rig::{Found, Miner, POOLED, Rig, SOLO, START_MS, code, config, difficulty, template, user};
use serde_json::{Value, json};
use stratum::{Template, report};
use types::{Address, Network};

const ADDRESS: Address = Address([1; 20]);

/// A work that a processor finds, with shares that are as heavy as machines are asked for.
fn light_work(work_height: u64) -> Template {
    Template { bits: CompactBits(0x1f00_ffff), ..template(work_height) }
}

/// A millionth: some thousands of hashes.
fn weight() -> Difficulty {
    difficulty("0.000001")
}

/// A pool in which every share is as heavy as any other.
fn even_rig() -> Rig {
    let mut config = config();
    for port in &mut config.ports {
        (port.difficulty_start, port.difficulty_min, port.difficulty_max) = (weight(), weight(), weight());
    }
    Rig::with(config)
}

fn find(miner: &mut Miner) -> Found {
    let job = miner.job().clone();
    miner.search(&job, weight().target(), None)
}

/// Hands in a share each so many seconds.
fn mine(rig: &mut Rig, miners: &mut [&mut Miner], rounds: u64, every_s: u64) {
    for _ in 0..rounds {
        rig.now_ms += every_s * 1_000;
        for miner in &mut *miners {
            let found = find(miner);
            assert_eq!(code(&miner.submit(rig, &found)), 0);
        }
    }
}

/// What a rate such as `1.23T` means.
fn rate(text: &Value) -> f64 {
    let text = text.as_str().expect("a text");
    let digits = text.trim_end_matches(|char: char| char.is_ascii_alphabetic());
    let power = match &text[digits.len()..] {
        "" => 0,
        letter => 1 + "KMGTPEZ".find(letter).expect("a unit"),
    };
    digits.parse::<f64>().expect("a number") * 1_000_f64.powi(power as i32)
}

fn is_near(left: f64, right: f64, within: f64) -> bool {
    (left - right).abs() <= within * right.abs()
}

/// The kind of each value, in place of the value.
fn kinds(value: &Value) -> Value {
    match value {
        Value::Null => json!("null"),
        Value::Bool(_) => json!("bool"),
        Value::Number(_) => json!("number"),
        Value::String(text) if text.ends_with('Z') && text.len() == 24 => json!("time"),
        Value::String(_) => json!("text"),
        Value::Array(list) => list.iter().map(kinds).collect(),
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), kinds(value))).collect(),
    }
}

#[test]
fn each_connection_of_one_name_is_told_with_its_own_rate_and_the_name_once_with_their_sum() {
    let mut rig = even_rig();
    rig.work(light_work(1));
    let mut first = rig.miner(POOLED, &user(1, "rig"));
    let mut second = rig.miner(POOLED, &user(1, "rig"));
    let mut other = rig.miner(POOLED, &user(1, "other"));
    for _ in 0..40 {
        mine(&mut rig, &mut [&mut first], 3, 2);
        mine(&mut rig, &mut [&mut first, &mut second, &mut other], 1, 2);
    }
    let client = report::public_client(&rig.server, ADDRESS);
    assert_eq!(client["workersCount"], 3);
    let sessions = client["workers"].as_array().expect("a list");
    let of = |miner: &Miner| {
        let id = hex::encode(&miner.extranonce1);
        sessions.iter().find(|session| session["sessionId"] == id).expect("each connection by itself")
    };
    let speed = |session: &Value| session["hashRate"].as_f64().expect("a number");
    let (fast, slow) = (speed(of(&first)), speed(of(&second)));
    // A share of a millionth is 4,295 hashes; the one hands in every two seconds, the other every eight.
    assert!(
        is_near(fast, 4_295.0 / 2.0, 0.03) && is_near(slow, 4_295.0 / 8.0, 0.03),
        "{fast} and {slow}: each its own"
    );

    let user = report::ckpool_user(&rig.server, ADDRESS).expect("it mined");
    let listed = user["worker"].as_array().expect("a list");
    let names: Vec<_> = listed.iter().map(|worker| worker["workername"].as_str().expect("a text")).collect();
    let text = ADDRESS.to_text(Network::Test);
    assert_eq!(names, [format!("{text}.other"), format!("{text}.rig")]);
    assert_eq!(user["workers"], 3, "connections");
    // Each text has three digits.
    assert!(is_near(rate(&listed[1]["hashrate5m"]), fast + slow, 0.05), "{listed:?} of {fast} and {slow}");
    for key in ["hashrate1m", "hashrate5m", "hashrate1hr", "hashrate1d", "hashrate7d"] {
        let sum: f64 = listed.iter().map(|worker| rate(&worker[key])).sum();
        assert!(is_near(sum, rate(&user[key]), 0.02), "{key} of {user}");
    }
    let shares: f64 = listed.iter().map(|worker| worker["shares"].as_f64().expect("a number")).sum();
    assert!(is_near(shares, user["shares"].as_f64().expect("a number"), 1e-9));
    let agents = report::public_info(&rig.server);
    assert_eq!(
        (&agents["userAgents"][0]["userAgent"], &agents["userAgents"][0]["count"]),
        (&json!("Other"), &json!("3"))
    );
    let together: f64 = agents["userAgents"][0]["totalHashRate"].as_str().expect("a text").parse().expect("a number");
    assert!(is_near(together, sessions.iter().map(speed).sum(), 1e-9));
}

#[test]
fn a_pool_and_a_user_have_ckpools_keys_and_types() {
    let (mut rig, mut miner) = (even_rig(), None);
    rig.work(light_work(1));
    for step in 0..2 {
        let [miners, speeds, shares] = status(&rig);
        let number = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!("number"))).collect::<Value>();
        let text = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), json!("text"))).collect::<Value>();
        assert_eq!(kinds(&miners), number(&["runtime", "lastupdate", "Users", "Workers", "Idle", "Disconnected"]));
        let spans =
            ["hashrate1m", "hashrate5m", "hashrate15m", "hashrate1hr", "hashrate6hr", "hashrate1d", "hashrate7d"];
        assert_eq!(kinds(&speeds), text(&spans));
        let names = ["diff", "accepted", "rejected", "bestshare", "bestever", "SPS1m", "SPS5m", "SPS15m", "SPS1h"];
        assert_eq!(kinds(&shares), number(&names));
        let pool = report::ckpool_pool(&rig.server);
        for part in [&miners, &speeds, &shares] {
            part.as_object().expect("an object").iter().for_each(|(key, value)| assert_eq!(&pool[key], value));
        }
        assert!(shares["bestshare"].as_f64().expect("a number") > 0.0 || step == 0, "{shares}");
        if step == 0 {
            let miner = miner.insert(rig.miner(SOLO, &user(1, "rig")));
            mine(&mut rig, &mut [miner], 60, 4);
        }
    }
    let [_, speeds, shares] = status(&rig);
    for key in ["SPS1m", "SPS5m", "SPS15m", "SPS1h"] {
        assert!(is_near(shares[key].as_f64().expect("a number"), 0.25, 0.05), "{shares}");
    }
    for key in ["hashrate15m", "hashrate6hr"] {
        assert!(is_near(rate(&speeds[key]), rate(&speeds["hashrate1hr"]), 0.02), "{speeds}");
    }
    let user = kinds(&report::ckpool_user(&rig.server, ADDRESS).expect("it mined"));
    let worker = json!({
        "workername": "text", "hashrate1m": "text", "hashrate5m": "text", "hashrate1hr": "text", "hashrate1d": "text",
        "hashrate7d": "text", "lastshare": "number", "shares": "number", "bestshare": "number", "bestever": "number",
    });
    let mut expected = worker.clone();
    let fields = expected.as_object_mut().expect("an object");
    fields.remove("workername");
    fields.insert("workers".to_owned(), json!("number"));
    fields.insert("authorised".to_owned(), json!("number"));
    fields.insert("worker".to_owned(), json!([worker]));
    assert_eq!(user, expected);
}

#[test]
fn the_pages_of_public_pool_find_their_keys_and_types() {
    let mut rig = even_rig();
    rig.work(light_work(1));
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    mine(&mut rig, &mut [&mut miner], 3, 60);
    let job = miner.job().clone();
    let found = miner.search(&job, Target::from_compact(CompactBits(job.bits)).expect("a target"), None);
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    rig.now_ms += 60_000;
    rig.work(Template { previous: found.hash, ..light_work(2) });
    let block = json!({ "height": 1, "minerAddress": ADDRESS.to_text(Network::Test), "worker": "rig",
        "sessionId": hex::encode(&miner.extranonce1) });
    let info = report::public_info(&rig.server);
    assert_eq!(info["blockData"], json!([block]));
    assert_eq!(
        kinds(&info),
        json!({
            "blockData": [{ "height": "number", "minerAddress": "text", "worker": "text", "sessionId": "text" }],
            "userAgents": [{ "userAgent": "text", "count": "text", "bestDifficulty": "number", "totalHashRate": "text" }],
            "highScores": [{ "updatedAt": "time", "bestDifficulty": "number", "bestDifficultyUserAgent": "null" }],
            "uptime": "time",
        })
    );
    let pool = report::public_pool(&rig.server);
    assert_eq!(pool["blocksFound"], json!([block]));
    let mut kind = kinds(&pool);
    kind["blocksFound"] = json!([]);
    assert_eq!(
        kind,
        json!({ "totalHashRate": "number", "blockHeight": "number", "totalMiners": "number", "blocksFound": [], "fee": "number" })
    );
    let network = report::public_network(&rig.server, "test");
    assert_eq!(
        kinds(&network),
        json!({
            "blocks": "number", "difficulty": "number", "networkhashps": "number", "currentblockweight": "number",
            "currentblocktx": "number", "pooledtx": "number", "chain": "text", "warnings": "text", "bits": "text",
        })
    );
    let per_work = Target::from_compact(CompactBits(job.bits)).expect("a target").difficulty().billionths() as f64;
    let (told, seconds) = (network["networkhashps"].as_f64().expect("a number"), (rig.now_ms - START_MS) as f64 / 1e3);
    assert!(is_near(told, per_work / 1e9 * 4_295_032_833.0 / seconds, 0.01), "{network}");
    assert_eq!(
        kinds(&report::public_client(&rig.server, ADDRESS)),
        json!({
            "bestDifficulty": "number", "workersCount": "number", "workers": [{
                "sessionId": "text", "name": "text", "bestDifficulty": "text", "hashRate": "number",
                "startTime": "time", "lastSeen": "time",
            }],
        })
    );
    let point = json!([{ "label": "time", "data": "number" }]);
    let worker = report::public_worker(&rig.server, ADDRESS, "rig").expect("it mines");
    assert_eq!(kinds(&worker), json!({ "name": "text", "bestDifficulty": "number", "chartData": point }));
    assert_eq!(kinds(&report::public_chart(&rig.server, ADDRESS)), point);
}

/// The three parts of `pool.status`.
fn status(rig: &Rig) -> [Value; 3] {
    let text = report::ckpool_status(&rig.server);
    let parts: Vec<Value> =
        text.lines().map(|line| serde_json::from_str(line).expect("an object on each line")).collect();
    parts.try_into().expect("three lines")
}

#[test]
fn a_pool_without_miners_and_without_work_tells_zeros_and_no_nulls() {
    let rig = even_rig();
    let everything = [
        report::ckpool_pool(&rig.server),
        report::public_info(&rig.server),
        report::public_pool(&rig.server),
        report::public_network(&rig.server, "test"),
        report::public_client(&rig.server, ADDRESS),
    ];
    for answer in everything {
        assert!(!answer.to_string().contains("null"), "{answer}");
    }
    assert_eq!(
        report::public_client(&rig.server, ADDRESS),
        json!({ "bestDifficulty": 0, "workersCount": 0, "workers": [] })
    );
    assert_eq!(
        (report::ckpool_user(&rig.server, ADDRESS), report::public_worker(&rig.server, ADDRESS, "rig")),
        (None, None)
    );
}

#[test]
fn workers_with_odd_names_are_found_by_the_name_as_it_was_sent_and_as_it_is_told() {
    let mut rig = even_rig();
    rig.work(light_work(1));
    for (name, told) in
        [("say \\\"hi\\\"", "say__hi_"), ("größe", "gr__e"), ("a/b", "a_b"), ("", "worker"), ("a.b", "a.b")]
    {
        let connection = rig.connect(SOLO);
        rig.ask(connection, "mining.subscribe", "[]");
        let granted = rig.ask(connection, "mining.authorize", &format!(r#"["{}","x"]"#, user(1, name)));
        assert_eq!(granted["result"], true);
        let sent = name.replace('\\', "");
        for asked in [&sent[..], told] {
            let worker = report::public_worker(&rig.server, ADDRESS, asked).expect("it is connected");
            assert_eq!((&worker["name"], &worker["bestDifficulty"]), (&json!(told), &json!(0)), "{asked}");
        }
        let user = report::ckpool_user(&rig.server, ADDRESS).expect("it is connected").to_string();
        assert!(user.contains(&format!("{}.{told}\"", ADDRESS.to_text(Network::Test))), "{user}");
        rig.hang_up(connection);
    }
}

#[test]
fn a_silent_worker_is_idle_and_stays_in_the_list_when_it_is_gone() {
    let mut rig = even_rig();
    rig.work(light_work(1));
    let mut busy = rig.miner(SOLO, &user(1, "rig"));
    let mut silent = rig.miner(SOLO, &user(1, "rig"));
    let unheard = rig.miner(SOLO, &user(1, "unheard"));
    mine(&mut rig, &mut [&mut silent], 1, 1);
    mine(&mut rig, &mut [&mut busy], 20, 4);
    let pool = report::ckpool_pool(&rig.server);
    assert_eq!((&pool["Workers"], &pool["Idle"], &pool["Users"]), (&json!(3), &json!(2), &json!(1)), "by connection");
    let last =
        |rig: &Rig, place: usize| report::ckpool_user(&rig.server, ADDRESS).expect("known")["worker"][place].clone();
    assert_eq!((&last(&rig, 1)["lastshare"], &last(&rig, 1)["hashrate1m"]), (&json!(0), &json!("0")), "unheard");
    for connection in [busy.connection, silent.connection, unheard.connection] {
        rig.hang_up(connection);
    }
    let pool = report::ckpool_pool(&rig.server);
    assert_eq!((&pool["Workers"], &pool["Idle"], &pool["Disconnected"]), (&json!(0), &json!(0), &json!(3)));
    let user = report::ckpool_user(&rig.server, ADDRESS).expect("it mined");
    assert_eq!((&user["workers"], user["worker"].as_array().map(Vec::len)), (&json!(0), Some(1)));
    assert_eq!(report::public_client(&rig.server, ADDRESS)["workers"], json!([]));
    assert!(report::public_worker(&rig.server, ADDRESS, "rig").is_some(), "its history stays");
}

#[test]
fn the_difficulty_of_what_was_refused_is_told_beside_what_was_accepted() {
    let mut rig = even_rig();
    rig.work(light_work(1));
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    let found = find(&mut miner);
    assert_eq!((code(&miner.submit(&mut rig, &found)), code(&miner.submit(&mut rig, &found))), (0, 22));
    let pool = report::ckpool_pool(&rig.server);
    assert_eq!(pool["rejected"], pool["accepted"]);
    assert_eq!(pool["accepted"].as_f64(), Some(1e-6));
}
