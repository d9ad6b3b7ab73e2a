//! The order in which known programs talk, as tables: what they send, and what has to come back before they mine.

mod rig;

use rig::{Rig, SOLO, code, template, user};
use serde_json::Value;

/// A line, the codes of its answers, and the methods of what comes unasked, in order.
type Step = (&'static str, &'static [u64], &'static [&'static str]);

const DIFFICULTY: &str = "mining.set_difficulty";
const NOTIFY: &str = "mining.notify";

/// cgminer 4.12 and what was made from it: configure first.
const CGMINER: &[Step] = &[
    (
        r#"{"id": 0, "method": "mining.configure", "params": [["version-rolling"], {"version-rolling.mask": "ffffffff"}]}"#,
        &[0],
        &[],
    ),
    (r#"{"id": 1, "method": "mining.subscribe", "params": ["cgminer/4.12.0"]}"#, &[0], &[]),
    (r#"{"id": 2, "method": "mining.authorize", "params": ["$U", "x"]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (r#"{"id": 3, "method": "mining.extranonce.subscribe", "params": []}"#, &[0], &[]),
    (r#"{"id": 4, "method": "mining.suggest_difficulty", "params": [0.0000001]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (
        r#"{"params": ["$U", "$J", "0000000000000000", "$T", "00000000", "00000000"], "id": 5, "method": "mining.submit"}"#,
        &[23],
        &[],
    ),
    (r#"{"id": 6, "result": "cgminer/4.12.0", "error": null}"#, &[], &[]),
];

/// bfgminer 5: ids that are texts, capabilities, the list of transactions.
const BFGMINER: &[Step] = &[
    (
        r#"{"id": 0, "method": "mining.capabilities", "params": [{"notify": [], "set_difficulty": {}, "suggested_target": "ff"}]}"#,
        &[0],
        &[],
    ),
    (r#"{"id": 1, "method": "mining.subscribe", "params": ["bfgminer/5.5.0"]}"#, &[0], &[]),
    (r#"{"id": "auth", "method": "mining.authorize", "params": ["$U", "x"]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (r#"{"id": "txlistj1", "method": "mining.get_transactions", "params": ["$J"]}"#, &[0], &[]),
    (r#"{"id": "xnsub", "method": "mining.extranonce.subscribe", "params": []}"#, &[0], &[]),
    (
        r#"{"params": ["$U", "$J", "0000000000000000", "$T", "00000000"], "id": 7, "method": "mining.submit"}"#,
        &[23],
        &[],
    ),
];

/// minerd (cpuminer): the same id for every submit, and lines of its own shape.
const MINERD: &[Step] = &[
    (r#"{"id": 1, "method": "mining.subscribe", "params": ["cpuminer/2.5.1"]}"#, &[0], &[]),
    (r#"{"id": 2, "method": "mining.authorize", "params": ["$U", "x"]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (
        r#"{"method": "mining.submit", "params": ["$U", "$J", "0000000000000000", "$T", "00000000"], "id":4}"#,
        &[23],
        &[],
    ),
    (
        r#"{"method": "mining.submit", "params": ["$U", "$J", "0000000000000000", "$T", "00000001"], "id":4}"#,
        &[23],
        &[],
    ),
];

/// NerdMiner and kin: no quotes around numbers, a suggestion right after the login, short hex.
const NERDMINER: &[Step] = &[
    (r#"{"id": 1, "method": "mining.subscribe", "params": ["NerdMinerV2/V1.6.3"]}"#, &[0], &[]),
    (r#"{"params": ["$U", "x"], "id": 2, "method": "mining.authorize"}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (r#"{"id": 3, "method": "mining.suggest_difficulty", "params": [0.00015]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (r#"{"id":4,"method":"mining.submit","params":["$U","$J","0000000000000000","$T","1f"]}"#, &[23], &[]),
];

/// A suggestion before anything else, an authorization before the subscription, and everything in one packet.
const UNUSUAL: &[Step] = &[
    ("{\"id\":0,\"method\":\"mining.suggest_difficulty\",\"params\":0.25}\r", &[0], &[]),
    (r#"{"id":1,"method":"mining.authorize","params":["$U"]}"#, &[0], &[]),
    (r#"{"id":2,"method":"mining.subscribe","params":[null,null]}"#, &[0], &[DIFFICULTY, NOTIFY]),
    (
        "{\"id\":3,\"method\":\"mining.ping\"}\n{\"id\":4,\"method\":\"mining.subscribe\",\"params\":[]}",
        &[0, 0],
        &[NOTIFY],
    ),
];

fn play(name: &str, steps: &[Step]) {
    let mut config = rig::config();
    for port in &mut config.ports {
        (port.difficulty_start, port.difficulty_min) = (rig::difficulty("0.01"), rig::difficulty("0.000001"));
    }
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let connection = rig.connect(SOLO);
    let (mut job, mut time) = (String::new(), String::new());
    for (line, codes, methods) in steps {
        let line = line.replace("$U", &user(1, "rig")).replace("$J", &job).replace("$T", &time);
        let lines = rig.say(connection, &line);
        let answers: Vec<u64> = lines.iter().filter(|line| line.get("result").is_some()).map(code).collect();
        let unasked: Vec<&str> = lines.iter().filter_map(|line| line["method"].as_str()).collect();
        assert_eq!((&answers[..], &unasked[..]), (*codes, *methods), "{name}: {line}");
        if let Some(notify) = lines.iter().rfind(|line| line["method"] == NOTIFY) {
            let text = |value: &Value| value.as_str().expect("a text").to_owned();
            (job, time) = (text(&notify["params"][0]), text(&notify["params"][7]));
        }
        let first = serde_json::from_str::<Value>(line.lines().next().expect("a line")).expect("JSON");
        if !codes.is_empty() {
            assert_eq!(lines[0]["id"], first["id"], "{name}: the answer comes first, with the same id");
        }
    }
    assert!(rig.closed.is_empty(), "{name}");
}

#[test]
fn known_programs_get_to_work_in_their_own_order() {
    for (name, steps) in [
        ("cgminer", CGMINER),
        ("bfgminer", BFGMINER),
        ("minerd", MINERD),
        ("NerdMiner", NERDMINER),
        ("unusual", UNUSUAL),
    ] {
        play(name, steps);
    }
}
