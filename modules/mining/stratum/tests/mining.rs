//! Whole sessions: what is counted, what is refused, and what survives.

mod rig;

use pow::{Coinbase, Difficulty, Target};
use rig::{Found, OPERATOR, POOLED, Rig, SOLO, START_MS, code, difficulty, template, user};
use stratum::{CloseReason, Entry, Input, Receipts, Refusal, Settlement, Template, Verdict, ledger, limits, report};
use types::{Address, Hash32};

fn ready(port: usize) -> (Rig, rig::Miner) {
    let mut rig = Rig::new();
    rig.work(template(1));
    let miner = rig.miner(port, &user(1, "rig"));
    (rig, miner)
}

#[test]
fn w1_a_share_counts_once_in_whatever_spelling() {
    let (mut rig, mut miner) = ready(SOLO);
    // A nonce with a leading zero and letters, so that every spelling differs.
    let found = loop {
        let found = miner.find();
        if found.nonce < 0x0fff_ffff && format!("{:x}", found.nonce).contains(|char: char| char.is_alphabetic()) {
            break found;
        }
    };
    let (connection, user) = (miner.connection, miner.user.clone());
    let (extranonce2, time, nonce) = (hex::encode(found.extranonce2), found.time, found.nonce);
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    let spellings = [
        format!(
            r#"["{user}","{}","{}","{time:08X}","{nonce:08X}"]"#,
            found.job.to_uppercase(),
            extranonce2.to_uppercase()
        ),
        format!(r#"["{user}","{}","{extranonce2}","{time:x}","{nonce:x}"]"#, found.job),
        format!(r#"["{user}","{}","{extranonce2}","{time:08x}","0{nonce:x}"]"#, found.job),
        format!(r#"["{user}","0{}","{extranonce2}","{time:08x}","{nonce:08x}"]"#, found.job),
    ];
    for params in spellings {
        assert_eq!(code(&rig.ask(connection, "mining.submit", &params)), 22, "{params}");
    }
    for (tail, expected) in [("zz", 20), ("00", 20)] {
        let params = format!(r#"["{user}","{}","{extranonce2}{tail}","{time:08x}","{nonce:08x}"]"#, found.job);
        assert_eq!(code(&rig.ask(connection, "mining.submit", &params)), expected);
    }
    assert_eq!(rig.server.book().all().shares, 1);
}

#[test]
fn w2_a_share_is_refused_again_from_another_worker_job_and_run() {
    let (mut rig, mut miner) = ready(SOLO);
    let found = miner.find();
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    // A second worker on the same connection, and the same work in a renewed job.
    let second = user(1, "other");
    assert_eq!(code(&rig.ask(miner.connection, "mining.authorize", &format!(r#"["{second}","x"]"#))), 0);
    assert_eq!(code(&rig.ask(miner.connection, "mining.submit", &found.params(&second))), 22);
    rig.wait(30_000);
    miner.listen(&mut rig);
    let renewed = Found { job: miner.job().id.clone(), ..found.clone() };
    assert_ne!(renewed.job, found.job);
    assert_eq!(code(&miner.submit(&mut rig, &renewed)), 22);
    // Another connection has another extranonce1: the same numbers are another header there.
    let mut stranger = rig.miner(SOLO, &user(1, "rig"));
    assert_ne!(stranger.extranonce1, miner.extranonce1);
    let stolen = Found { job: stranger.job().id.clone(), ..found.clone() };
    let answer = stranger.submit(&mut rig, &stolen);
    assert!([0, 23].contains(&code(&answer)), "{answer}");
    let shares = rig.server.book().all().shares;
    // The session is resumed before and the server restarted after.
    rig.hang_up(miner.connection);
    let connection = rig.connect(SOLO);
    let resumed = rig.ask(connection, "mining.subscribe", &format!(r#"["ua","{}"]"#, miner.session));
    assert_eq!(resumed["result"][1], hex::encode(&miner.extranonce1), "the same extranonce1");
    let mut rig = rig.restart();
    rig.work(template(1));
    assert_eq!(rig.server.book().all().shares, shares);
    let answer = rig.server.book().check_share(&share_of(&found));
    assert!(matches!(answer, Err(stratum::BookError::Duplicate { work_height: 1, .. })), "the header hash survived");
}

fn share_of(found: &Found) -> stratum::Share {
    stratum::Share {
        time_ms: 0,
        work_height: 1,
        worker: stratum::Worker { address: Address([1; 20]), name: stratum::WorkerName::from_untrusted("rig") },
        hash: found.hash,
        billionths: 1,
        is_pooled: false,
    }
}

#[test]
fn w3_stale_time_mask_and_foreign_jobs_are_refused_by_their_codes() {
    let (mut rig, mut miner) = ready(SOLO);
    let other = rig.miner(SOLO, &user(2, "rig"));
    let found = miner.find();
    let foreign = Found { job: other.job().id.clone(), ..found.clone() };
    assert_eq!(code(&miner.submit(&mut rig, &foreign)), 21, "a job of another miner");
    for time in [template(1).time_min - 1, template(1).time_max + 1] {
        assert_eq!(code(&miner.submit(&mut rig, &Found { time, ..found.clone() })), 20);
    }
    let params = found.params(&miner.user).replace(']', r#","00002000"]"#);
    assert_eq!(code(&rig.ask(miner.connection, "mining.submit", &params)), 20, "nothing was negotiated");
    rig.ask(miner.connection, "mining.configure", r#"[["version-rolling"],{"version-rolling.mask":"00002000"}]"#);
    let params = found.params(&miner.user).replace(']', r#","00004000"]"#);
    assert_eq!(code(&rig.ask(miner.connection, "mining.submit", &params)), 20, "outside of what was negotiated");
    // A new work: shares of the one before count for a while.
    rig.work(template(2));
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0, "within the grace");
    let late =
        miner.jobs.first().cloned().map(|job| miner.search(&job, Difficulty::MIN.target(), None)).expect("a job");
    rig.now_ms += 5_000;
    assert_eq!(code(&miner.submit(&mut rig, &late)), 21, "after it");
    assert_eq!(rig.server.metrics().shares_accepted, 1);
}

#[test]
fn version_bits_are_rolled_within_the_mask() {
    let (mut rig, mut miner) = ready(SOLO);
    let answer =
        rig.ask(miner.connection, "mining.configure", r#"[["version-rolling"],{"version-rolling.mask":"ffffffff"}]"#);
    assert_eq!(answer["result"]["version-rolling.mask"], "1fffe000");
    let job = miner.job().clone();
    let bits = 0x0012_2000;
    let found = (0..).find(|nonce| {
        let header = job.header(&miner.extranonce1, [0; 8], job.time, *nonce, job.version | bits);
        Difficulty::MIN.target().is_met_by(&header.hash())
    });
    let params = format!(
        r#"["{}","{}","{}","{:08x}","{:08x}","{bits:08x}"]"#,
        miner.user,
        job.id,
        "0".repeat(16),
        job.time,
        found.expect("one in four")
    );
    assert_eq!(code(&rig.ask(miner.connection, "mining.submit", &params)), 0);
    rig.step(Input::VersionMask(0x00ff_e000));
    let lines = rig.inbox.remove(&miner.connection).expect("news");
    assert_eq!(lines[0]["params"][0], "00ffe000");
    miner.listen(&mut rig);
}

#[test]
fn a_share_of_an_older_job_is_credited_at_the_difficulty_of_that_job() {
    let (mut rig, mut miner) = ready(POOLED);
    let easy = miner.job().clone();
    rig.ask(miner.connection, "mining.suggest_difficulty", "[1e-6]");
    miner.listen(&mut rig);
    let hard = miner.job().clone();
    assert!(hard.clean && hard.difficulty == Some(1e-6) && easy.difficulty == Some(1e-9));
    let light = miner.search(&easy, Difficulty::MIN.target(), Some(difficulty("1e-6").target()));
    assert_eq!(code(&miner.submit(&mut rig, &light)), 0);
    assert_eq!(rig.server.book().all().billionths, 1);
    assert_eq!(code(&miner.submit(&mut rig, &Found { job: hard.id.clone(), ..light })), 23);
    let light = miner.search(&hard, Difficulty::MIN.target(), Some(difficulty("1e-6").target()));
    assert_eq!(code(&miner.submit(&mut rig, &light)), 23);
    let heavy = miner.search(&hard, difficulty("1e-6").target(), None);
    assert_eq!(code(&miner.submit(&mut rig, &heavy)), 0);
    assert_eq!(rig.server.book().all().billionths, 1_001);
}

#[test]
fn a_solo_miner_stands_in_its_own_coinbase_and_the_operator_in_that_of_the_pool() {
    for (port, payee) in [(SOLO, Address([1; 20])), (POOLED, OPERATOR)] {
        let (_, miner) = ready(port);
        let job = miner.job();
        let coinbase = [&job.coinbase1[..], &miner.extranonce1, &[0; 8], &job.coinbase2[..]].concat();
        let read = Coinbase::parse(&coinbase).expect("a coinbase of a work");
        assert_eq!((read.payee, read.work_height), (payee, 1));
    }
}

#[test]
fn a_share_that_is_heavy_enough_goes_to_the_chain_and_its_verdict_is_counted() {
    let mut rig = Rig::new();
    let easiest = Target::from_compact(pow::CompactBits(0x207f_ffff)).expect("valid bits");
    rig.work(Template { bits: pow::CompactBits(0x207f_ffff), share_target: easiest.times(64), ..template(1) });
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    let found = miner.search(&miner.job().clone(), Difficulty::MIN.target(), None);
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    let proof = rig.proofs.pop().expect("a proof");
    assert!(proof.is_work && proof.hash == found.hash && proof.anchor_height == template(1).anchor_height);
    assert_eq!(Coinbase::parse(&proof.coinbase).expect("a coinbase").payee, Address([1; 20]));
    assert_eq!(pow::WorkHeader::from_bytes(&proof.header).hash(), found.hash);
    for _ in 0..2 {
        rig.step(Input::Verdict { proof: proof.id, verdict: Verdict::Work });
    }
    assert_eq!(rig.server.metrics().proofs_works, 1, "a verdict counts once");
}

#[test]
fn a_work_is_ours_when_the_chain_builds_on_it_and_counts_once_over_restarts() {
    let (mut rig, mut miner) = ready(SOLO);
    let found = miner.find();
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    rig.step(Input::Verdict { proof: stratum::ProofId(0), verdict: Verdict::Work });
    assert_eq!(rig.server.book().found(), 0, "admitted is not accepted");
    let next = Template { previous: found.hash, ..template(2) };
    for _ in 0..2 {
        rig.work(next.clone());
        assert_eq!(rig.server.book().found(), 1);
        rig = rig.restart();
    }
    rig.work(next);
    rig.work(template(3));
    assert_eq!((rig.server.book().found(), rig.server.book().work_height()), (1, 3), "the next one is a stranger's");
    assert!(!rig.saved.iter().any(|entry| matches!(entry, Entry::Found { .. })), "not again after the restarts");
}

#[test]
fn a_job_is_renewed_after_30_seconds_and_replaced_at_once_by_a_new_work() {
    let (mut rig, mut miner) = ready(SOLO);
    assert_eq!((miner.jobs.len(), miner.job().clean), (1, true));
    (0..29).for_each(|_| rig.wait(1_000));
    miner.listen(&mut rig);
    assert_eq!(miner.jobs.len(), 1);
    rig.wait(1_000);
    miner.listen(&mut rig);
    // The silent miner also got an easier job at 30 s if the floor allowed; here the floor is reached.
    assert_eq!((miner.jobs.len(), miner.job().clean), (2, false));
    assert_eq!(miner.job().time, template(1).time + 30);
    rig.work(template(2));
    miner.listen(&mut rig);
    assert_eq!((miner.jobs.len(), miner.job().clean), (3, true));
    rig.work(Template { anchor: Hash32([10; 32]), ..template(2) });
    miner.listen(&mut rig);
    assert_eq!(miner.jobs.len(), 3, "a younger anchor can wait for the renewal");
}

#[test]
fn w7_more_than_60_requests_in_a_minute_lead_to_a_ban_and_60_do_not() {
    let (mut rig, miner) = ready(SOLO);
    for _ in 0..58 {
        assert_eq!(code(&rig.ask(miner.connection, "mining.ping", "[]")), 0);
    }
    rig.say(miner.connection, r#"{"id":1,"method":"mining.ping"}"#);
    assert_eq!(rig.closed[&miner.connection], CloseReason::TooManyRequests);
    rig.hang_up(miner.connection);
    let again = rig.connect(SOLO);
    rig.ask(again, "mining.subscribe", "[]");
    let banned = rig.ask(again, "mining.authorize", &format!(r#"["{}","x"]"#, miner.user));
    assert_eq!((code(&banned), rig.closed[&again]), (24, CloseReason::Banned));
    // Another machine at the same address, and this one elsewhere, go on.
    assert_eq!(rig.miner(SOLO, &user(1, "other")).jobs.len(), 1);
    let elsewhere = rig.connect_from(SOLO, Rig::restful_ip(9));
    assert_eq!(rig.miner_on(elsewhere, &miner.user).jobs.len(), 1);
    rig.now_ms += 300_000;
    rig.step(Input::Tick);
    assert_eq!(rig.miner(SOLO, &miner.user).jobs.len(), 1, "five minutes later");
}

#[test]
fn w7_more_than_12_invalid_submits_in_a_minute_lead_to_a_ban_and_accepted_shares_never_do() {
    let mut config = rig::config();
    config.ports[SOLO].difficulty_max = Difficulty::MIN;
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let mut miner = rig.miner(SOLO, &user(1, "rig"));
    for _ in 0..500 {
        let found = miner.find();
        assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    }
    // What is handed in twice was good once.
    let found = miner.find();
    assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    for _ in 0..500 {
        assert_eq!(code(&miner.submit(&mut rig, &found)), 22);
    }
    let light = (1..).map(|nonce| Found { nonce, ..found.clone() }).filter(|light| {
        let hash = miner
            .job()
            .header(&miner.extranonce1, light.extranonce2, light.time, light.nonce, miner.job().version)
            .hash();
        !Difficulty::MIN.target().is_met_by(&hash)
    });
    for found in light.take(13).collect::<Vec<_>>() {
        assert!(rig.closed.is_empty());
        assert_eq!(code(&miner.submit(&mut rig, &found)), 23);
    }
    assert_eq!(rig.closed[&miner.connection], CloseReason::TooManyInvalid);
    assert_eq!(rig.server.metrics().bans, 1);
}

#[test]
fn w7_connections_are_bounded_per_ip_and_in_all_and_silent_ones_are_closed() {
    let mut config = rig::config();
    (config.connections_max, config.connections_per_ip_max) = (5, 3);
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let open: Vec<_> = (0..4).map(|_| rig.connect_from(SOLO, Rig::restful_ip(1))).collect();
    assert_eq!(rig.closed.get(&open[3]), Some(&CloseReason::FullForIp));
    let more: Vec<_> = (2..4).map(|byte| rig.connect_from(SOLO, Rig::restful_ip(byte))).collect();
    for connection in open[..3].iter().chain(&more) {
        rig.miner_on(*connection, &user(1, "rig"));
    }
    let late = rig.connect_from(SOLO, Rig::restful_ip(4));
    assert_eq!(rig.closed.get(&late), Some(&CloseReason::Full), "whoever has a worker keeps its place");
    rig.hang_up(open[0]);
    assert!(!rig.closed.contains_key(&open[0]));
    rig.wait(rig.server.config().idle_ms - 1);
    assert!(!rig.closed.contains_key(&open[1]));
    rig.wait(1);
    assert_eq!(rig.closed.get(&open[1]), Some(&CloseReason::Idle));
}

// FAULTS RM10
#[test]
fn whoever_does_not_say_who_it_is_keeps_no_place_for_long_and_gives_way_when_all_are_taken() {
    let mut config = rig::config();
    (config.connections_max, config.connections_per_ip_max) = (3, 2);
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let [silent, talker, miner] = [1, 2, 3].map(|byte| rig.connect_from(SOLO, Rig::restful_ip(byte)));
    rig.miner_on(miner, &user(1, "rig"));
    rig.ask(talker, "mining.ping", "[]");
    let next = rig.connect_from(SOLO, Rig::restful_ip(4));
    assert_eq!(rig.closed.get(&silent), Some(&CloseReason::GaveWay), "the oldest without a worker");
    assert_eq!(rig.server.connections(), 3);
    rig.hang_up(silent);
    rig.miner_on(next, &user(2, "rig"));
    rig.wait(limits::LOGIN_MS - 1);
    assert!(!rig.closed.contains_key(&talker));
    rig.wait(1);
    assert_eq!(rig.closed.get(&talker), Some(&CloseReason::NoLogin), "a ping is no login");
    // It is told of its end once, also when its place is needed before it is gone.
    let subscriber = rig.connect_from(SOLO, Rig::restful_ip(5));
    assert_eq!(rig.server.connections(), 3);
    rig.ask(subscriber, "mining.subscribe", "[]");
    rig.wait(limits::LOGIN_MS);
    assert_eq!(rig.closed.len(), 2, "those that mine or are about to stay: {:?}", rig.closed);
    let last = rig.connect_from(SOLO, Rig::restful_ip(6));
    assert_eq!(rig.closed.get(&subscriber), Some(&CloseReason::GaveWay));
    rig.hang_up(last);
    let metrics = &rig.server.metrics().connections_closed;
    assert_eq!((metrics[&CloseReason::NoLogin], metrics.get(&CloseReason::Full)), (1, None), "{metrics:?}");
}

// FAULTS RM10
#[test]
fn limits_and_bans_hold_for_all_of_an_ipv6_64() {
    let mut config = rig::config();
    config.connections_per_ip_max = 2;
    let mut rig = Rig::with(config);
    let mut from = |text: &str| rig.connect_from(SOLO, text.parse().expect("an address"));
    let open = ["2001:db8::1", "2001:db8::ffff:1", "2001:db8::2", "2001:db8:0:1::1"].map(&mut from);
    let closed: Vec<_> = open.iter().map(|connection| rig.closed.get(connection).copied()).collect();
    assert_eq!(closed, [None, None, Some(CloseReason::FullForIp), None]);
    rig.hang_up(open[0]);
    rig.work(template(1));
    let miner = rig.miner_on(open[1], &user(1, "rig"));
    for _ in 0..59 {
        rig.say(open[1], r#"{"id":1,"method":"mining.ping"}"#);
    }
    assert_eq!(rig.closed[&open[1]], CloseReason::TooManyRequests);
    rig.hang_up(open[1]);
    let again = rig.connect_from(SOLO, "2001:db8::3".parse().expect("an address"));
    rig.ask(again, "mining.authorize", &format!(r#"["{}","x"]"#, miner.user));
    assert_eq!(rig.closed[&again], CloseReason::Banned);
}

#[test]
fn w8_a_hostile_worker_name_appears_nowhere_as_it_was_sent() {
    let mut rig = Rig::new();
    rig.work(template(1));
    let name = r#"a\n{}\"},\u202e'; DROP"#;
    let miner = rig.connect(SOLO);
    rig.ask(miner, "mining.subscribe", r#"["evil\n\"agent{}"]"#);
    let answer = rig.ask(miner, "mining.authorize", &format!(r#"["{}{name}{}","x"]"#, user(1, ""), "x".repeat(900)));
    assert_eq!(answer["result"], true);
    let address = Address([1; 20]);
    let everything = [
        format!("{:?}", rig.events),
        report::public_info(&rig.server).to_string(),
        report::public_client(&rig.server, address).to_string(),
        report::ckpool_user(&rig.server, address).expect("it is connected").to_string(),
    ];
    for text in everything {
        for bad in ["\\n", "\\u202e", "\u{202e}", "DROP ", "';", "{}\\\"", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxx"] {
            assert!(!text.contains(bad), "{bad} in {text}");
        }
    }
}

#[test]
fn an_accepted_share_is_saved_before_its_sender_hears_of_it_and_survives_a_restart() {
    let (mut rig, mut miner) = ready(POOLED);
    let found = miner.find();
    let line = format!("{{\"id\":1,\"method\":\"mining.submit\",\"params\":{}}}\n", found.params(&miner.user));
    let outputs = rig.server.step(rig.now_ms, Input::Received { connection: miner.connection, bytes: line.as_bytes() });
    let save = outputs.iter().position(|output| matches!(output, stratum::Output::Save { entry: Entry::Share(_), .. }));
    let send = outputs.iter().position(|output| matches!(output, stratum::Output::Send { .. }));
    assert!(save.expect("a save") < send.expect("an answer"));
    for output in outputs {
        if let stratum::Output::Save { sequence, entry } = output {
            rig.journal.extend(ledger::encode(sequence, &entry));
        }
    }
    let (before, extranonce1) = (rig.server.book().clone(), miner.extranonce1.clone());
    let mut rig = rig.restart();
    assert_eq!(rig.server.book(), &before);
    rig.work(template(1));
    assert_ne!(rig.miner(POOLED, &user(1, "rig")).extranonce1, extranonce1, "no extranonce1 twice");
}

#[test]
fn the_income_of_a_pool_is_shared_out_by_weight_with_receipts() {
    let mut rig = Rig::new();
    rig.work(template(1));
    for byte in [1, 2] {
        let mut miner = rig.miner(POOLED, &user(byte, "rig"));
        for _ in 0..usize::from(byte) * 10 {
            let found = miner.find();
            assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
        }
    }
    let mut solo = rig.miner(SOLO, &user(3, "rig"));
    let found = solo.find();
    assert_eq!(code(&solo.submit(&mut rig, &found)), 0);
    let receipts = Receipts::of(rig.server.book().window(), 1);
    let (receipt, proof) = receipts.prove(&Address([2; 20])).expect("it mined");
    assert!(receipt.is_in(&receipts.root(), &proof) && receipts.list().len() == 2);
    rig.step(Input::Income { reference: Hash32([1; 32]), amount: 3_100, fee: 100 });
    rig.step(Input::Income { reference: Hash32([1; 32]), amount: 3_100, fee: 100 });
    let owed: Vec<u128> = rig.server.book().owed().values().copied().collect();
    assert_eq!(owed, [1_000, 2_000], "once, and nothing for the solo miner");
    let payment = Settlement { reference: Hash32([2; 32]), address: Address([2; 20]), amount: 2_000 };
    rig.step(Input::Paid(payment));
    rig.step(Input::Paid(payment));
    assert_eq!(rig.server.book().owed().len(), 1);
    rig.work(template(2));
    assert_eq!(rig.server.book().roots().back().map(|root| root.root), Some(receipts.root()));
}

#[test]
fn a_login_may_wait_for_a_verdict_from_outside() {
    let mut config = rig::config();
    config.asks_admission = true;
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let connection = rig.connect(SOLO);
    rig.ask(connection, "mining.subscribe", "[]");
    for (answer, expected) in [(Err(Refusal::NotAllowed), 24), (Ok(None), 0)] {
        let line = format!(r#"{{"id":"auth","method":"mining.authorize","params":["{}","x"]}}"#, user(1, "rig"));
        assert!(rig.say(connection, &line).is_empty());
        let (connection, ticket) = rig.admissions.pop().expect("a question");
        rig.step(Input::Admission { connection, ticket, answer });
        let lines = rig.inbox.remove(&connection).expect("an answer");
        assert_eq!((lines[0]["id"].as_str(), code(&lines[0])), (Some("auth"), expected));
        assert_eq!(lines.len(), if answer.is_ok() { 3 } else { 1 }, "true, difficulty, job");
    }
}

#[test]
fn only_listed_addresses_mine_where_there_is_a_list_and_a_solo_connection_has_one_payee() {
    let mut config = rig::config();
    config.allow = Some([Address([1; 20]), Address([2; 20])].into());
    let mut rig = Rig::with(config);
    rig.work(template(1));
    let miner = rig.miner(SOLO, &user(1, "a"));
    let mut log_in = |user: String| code(&rig.ask(miner.connection, "mining.authorize", &format!(r#"["{user}","x"]"#)));
    assert_eq!((log_in(user(3, "a")), log_in(user(2, "a")), log_in(user(1, "b"))), (24, 24, 0));
    assert_eq!((0..6).map(|index| log_in(user(1, &format!("c{index}")))).collect::<Vec<_>>(), [0; 6]);
    assert_eq!(log_in(user(1, "ninth")), 24);
}

#[test]
fn a_draining_server_asks_to_reconnect_and_closes() {
    let (mut rig, miner) = ready(SOLO);
    rig.step(Input::Drain);
    let methods: Vec<_> = rig.inbox[&miner.connection].iter().map(|line| line["method"].clone()).collect();
    assert_eq!(methods, ["client.show_message", "client.reconnect"]);
    assert_eq!(rig.closed[&miner.connection], CloseReason::Drained);
}

#[test]
fn statistics_have_both_customary_shapes() {
    let (mut rig, mut miner) = ready(SOLO);
    for _ in 0..30 {
        rig.now_ms += 1_000;
        let found = miner.find();
        assert_eq!(code(&miner.submit(&mut rig, &found)), 0);
    }
    let address = Address([1; 20]);
    let user = report::ckpool_user(&rig.server, address).expect("it mined");
    for key in [
        "hashrate1m",
        "hashrate5m",
        "hashrate1hr",
        "hashrate1d",
        "hashrate7d",
        "lastshare",
        "workers",
        "shares",
        "bestshare",
        "bestever",
        "authorised",
        "worker",
    ] {
        assert!(user.get(key).is_some(), "{key} in {user}");
    }
    assert_eq!((user["workers"].as_u64(), user["lastshare"].as_u64()), (Some(1), Some((START_MS + 30_000) / 1_000)));
    let pool = report::ckpool_pool(&rig.server);
    assert_eq!(
        (pool["Users"].as_u64(), pool["Workers"].as_u64(), pool["runtime"].as_u64()),
        (Some(1), Some(1), Some(30))
    );
    let billionths = rig.server.book().all().billionths;
    assert!(billionths > 0 && billionths < 1_000_000_000, "shares of which none is worth a whole one");
    for told in [&pool["accepted"], &user["shares"], &user["worker"][0]["shares"]] {
        assert_eq!(told.as_f64().map(|told| (told * 1e9).round() as u128), Some(billionths));
    }
    let client = report::public_client(&rig.server, address);
    assert_eq!((client["workersCount"].as_u64(), client["workers"][0]["name"].as_str()), (Some(1), Some("rig")));
    assert_eq!(report::public_pool(&rig.server)["totalMiners"], 1);
    assert_eq!(report::public_network(&rig.server, "test")["blocks"], 1);
    assert!(report::public_worker(&rig.server, address, "rig").is_some());
    assert!(report::public_worker(&rig.server, address, "nobody").is_none());
    assert_eq!(report::public_info(&rig.server)["userAgents"][0]["count"], "1");
}

// FAULTS RM7
#[test]
fn what_comes_late_bans_nobody_and_a_machine_that_never_takes_up_a_job_is_let_go_by_its_own_name() {
    let (mut rig, mut miner) = ready(SOLO);
    let first = miner.find();
    for height in 2..6 {
        rig.work(template(height));
    }
    miner.listen(&mut rig);
    for _ in 0..6_000 {
        assert_eq!(code(&miner.submit(&mut rig, &first)), 21);
    }
    assert!(rig.closed.is_empty());
    let params = first.params(&miner.user);
    let lines = rig.say(miner.connection, &format!(r#"{{"id":1,"method":"mining.submit","params":{params}}}"#));
    assert_eq!((code(&lines[0]), lines[1]["method"].as_str()), (21, Some("client.show_message")), "it is told why");
    assert_eq!((rig.closed[&miner.connection], rig.server.metrics().bans), (CloseReason::TooManyLate, 0));
    rig.hang_up(miner.connection);
    assert_eq!(rig.miner(SOLO, &user(1, "rig")).jobs.len(), 1, "it may come back at once");
}

// FAULTS RM4
#[test]
fn jobs_of_another_run_are_late_however_often_they_are_answered_and_numbers_begin_elsewhere() {
    let (mut rig, mut miner) = ready(SOLO);
    let mut numbers = std::collections::BTreeSet::from([miner.job().id.clone()]);
    let found = miner.find();
    for _ in 0..3 {
        rig.now_ms += 1;
        rig = rig.restart();
        rig.work(template(1));
        miner = rig.miner(SOLO, &user(1, "rig"));
        assert!(numbers.insert(miner.job().id.clone()), "{numbers:?}");
        for _ in 0..50 {
            assert_eq!(code(&miner.submit(&mut rig, &found)), 21);
        }
    }
    assert!(rig.closed.is_empty() && rig.server.metrics().bans == 0);
}

// FAULTS RM3
#[test]
fn a_session_that_comes_back_finds_its_jobs_and_what_is_older_is_stale() {
    let (mut rig, mut miner) = ready(SOLO);
    let old = miner.find();
    let mut others = Vec::new();
    for _ in 0..2 {
        (0..30).for_each(|_| rig.wait(1_000));
        miner.listen(&mut rig);
        others.push(miner.find());
    }
    rig.hang_up(miner.connection);
    let resume = |rig: &mut Rig, miner: &mut rig::Miner, user: &str| {
        miner.connection = rig.connect(SOLO);
        let answer = rig.ask(miner.connection, "mining.subscribe", &format!(r#"["x","{}"]"#, miner.session));
        assert_eq!(answer["result"][1], hex::encode(&miner.extranonce1));
        rig.ask(miner.connection, "mining.authorize", &format!(r#"["{user}","x"]"#));
    };
    let user = miner.user.clone();
    resume(&mut rig, &mut miner, &user);
    let answers: Vec<_> = others.iter().map(|found| code(&miner.submit(&mut rig, found))).collect();
    assert_eq!(answers, [0, 0]);
    for _ in 0..20 {
        assert_eq!(miner.submit(&mut rig, &old)["error"][1], "Stale job");
    }
    // What was asked of one payee pays nobody else.
    let third = miner.find();
    rig.hang_up(miner.connection);
    miner.user = rig::user(9, "rig");
    let user = miner.user.clone();
    resume(&mut rig, &mut miner, &user);
    assert_eq!(miner.submit(&mut rig, &third)["error"][1], "Stale job");
}

// FAULTS RM2
#[test]
fn two_nodes_with_the_same_settings_give_out_different_work_for_one_address() {
    let jobs: Vec<_> = [[0, 0, 0, 1], [0, 0, 0, 2]]
        .map(|builder| {
            let mut rig = Rig::with(stratum::Config { builder, ..rig::config() });
            rig.work(template(1));
            let miner = rig.miner(SOLO, &user(1, "rig"));
            let job = miner.job().clone();
            job.header(&miner.extranonce1, [0; 8], job.time, 0, job.version).hash()
        })
        .to_vec();
    assert_ne!(jobs[0], jobs[1]);
}

/// A work whose shares are found in some hundred hashes.
fn easy_shares() -> Template {
    Template { share_target: difficulty("0.0000001").target(), ..template(1) }
}

// FAULTS RD6
#[test]
fn a_flood_of_light_shares_of_one_connection_is_bounded_and_the_chains_get_through() {
    let mut config = rig::config();
    config.ports[POOLED].difficulty_max = Difficulty::MIN;
    let mut rig = Rig::with(config);
    rig.work(easy_shares());
    let mut miner = rig.miner(POOLED, &user(1, "rig"));
    let job = miner.job().clone();
    for count in 0..2_500 {
        let found = miner.search(&job, Difficulty::MIN.target(), Some(easy_shares().share_target));
        assert_eq!(code(&miner.submit(&mut rig, &found)), if count < 2_400 { 0 } else { 20 }, "{count}");
    }
    let heavy = miner.search(&job, easy_shares().share_target, None);
    assert_eq!((code(&miner.submit(&mut rig, &heavy)), rig.proofs.len()), (0, 1));
    assert_eq!((code(&miner.submit(&mut rig, &heavy)), rig.proofs.len()), (22, 1));
    assert!(rig.closed.is_empty());
}

// FAULTS RD6
#[test]
fn a_book_without_room_keeps_nothing_from_the_chain_and_nothing_reaches_it_twice() {
    let mut book = stratum::Book::default();
    book.apply(&Entry::Work { work_height: 1, window_billionths: u128::MAX }).expect("a work");
    for number in 0..limits::ADDRESSES_PER_ROUND_MAX as u32 {
        let mut address = [0xaa; 20];
        address[..4].copy_from_slice(&number.to_be_bytes());
        let mut hash = [0; 32];
        hash[..4].copy_from_slice(&number.to_be_bytes());
        hash[31] = 1;
        let name = stratum::WorkerName::from_untrusted("rig");
        let worker = stratum::Worker { address: Address(address), name };
        let share = stratum::Share { time_ms: 1, work_height: 1, worker, hash, billionths: 1, is_pooled: true };
        book.apply(&Entry::Share(share)).expect("there is room");
    }
    let mut rig = Rig::resumed(rig::config(), book, Vec::new(), START_MS);
    rig.work(easy_shares());
    let mut miner = rig.miner(POOLED, &user(1, "rig"));
    let job = miner.job().clone();
    let light = miner.search(&job, Difficulty::MIN.target(), Some(easy_shares().share_target));
    assert_eq!((code(&miner.submit(&mut rig, &light)), rig.proofs.len()), (20, 0));
    let heavy = miner.search(&job, easy_shares().share_target, None);
    assert_eq!((code(&miner.submit(&mut rig, &heavy)), rig.proofs.len()), (0, 1));
    assert_eq!((code(&miner.submit(&mut rig, &heavy)), rig.proofs.len()), (22, 1));
}

#[test]
fn the_latest_header_time_moves_on_with_the_clock_of_the_job_that_it_belongs_to() {
    let (mut rig, mut miner) = ready(SOLO);
    let job = miner.job().clone();
    rig.now_ms += 100_000;
    let late = template(1).time_max + 100;
    let found = |miner: &mut rig::Miner, time: u32| {
        let job = rig::WireJob { time, ..job.clone() };
        miner.search(&job, Difficulty::MIN.target(), None)
    };
    let (right, wrong) = (found(&mut miner, late), found(&mut miner, late + 1));
    // A new work does not turn back the clock of the job before it.
    rig.work(template(2));
    assert_eq!(code(&miner.submit(&mut rig, &wrong)), 20);
    assert_eq!(code(&miner.submit(&mut rig, &right)), 0);
}
