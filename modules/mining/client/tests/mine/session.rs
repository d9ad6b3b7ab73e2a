//! The conversation, with the crates `sv1_api` and `bitcoin` as judges of lines and headers.

use std::sync::Arc;

use bitcoin::hashes::Hash;
use mining_client::mine::job::{Job, Share};
use mining_client::mine::session::{Event, Session, VERSION_MASK};
use mining_client::mine::{Login, Pays};
use pow::Difficulty;
use serde_json::{Value, json};
use sv1_api::methods::Client2Server;
use sv1_api::utils::{HexU32Be, MerkleNode, PrevHash};
use sv1_api::{Message, server_to_client};

/// What `sv1_api` reads of a line of ours.
pub fn judged(line: &str) -> Client2Server {
    let message: Message = serde_json::from_str(line).unwrap_or_else(|error| panic!("{line}: {error}"));
    message.try_into().unwrap_or_else(|error| panic!("{line}: {error:?}"))
}

fn session_that(pays: Pays, connection: u32) -> Session {
    let login = Login { user: "thr1address.desk".to_owned(), password: "x".to_owned(), pays };
    Session::new(login, "pool.example", connection)
}

fn session_of(connection: u32) -> Session {
    session_that(Pays::Anybody, connection)
}

pub fn session() -> Session {
    session_of(1)
}

pub fn notify(id: &str, clean: bool) -> Value {
    json!({"id": null, "method": "mining.notify", "params": [
        id, "00".repeat(32), "01000000", "ffffffff", ["11".repeat(32)], "20000000", "1d00ffff", "65500000", clean]})
}

pub fn hear(session: &mut Session, line: &Value) -> Vec<Event> {
    session.hear(line.to_string().as_bytes()).unwrap_or_else(|error| panic!("{line}: {error}"))
}

/// A session that is let in, with version rolling and an extranonce of four and eight bytes.
pub fn ready() -> Session {
    let_in(session())
}

/// As [`ready`], but not everybody may be paid.
pub fn ready_to_pay(pays: Pays) -> Session {
    let_in(session_that(pays, 1))
}

fn let_in(mut session: Session) -> Session {
    assert_eq!(session.open().len(), 2);
    hear(
        &mut session,
        &json!({"id": 1, "result": {"version-rolling": true, "version-rolling.mask": "1fffe000"}, "error": null}),
    );
    hear(&mut session, &json!({"id": 2, "result": [[["mining.notify", "s"]], "0a0b0c0d", 8], "error": null}));
    hear(&mut session, &json!({"id": 3, "result": true, "error": null}));
    assert!(session.is_ready());
    session
}

pub fn work(events: &[Event]) -> Arc<Job> {
    let mut jobs = events.iter().filter_map(|event| if let Event::Work(job) = event { Some(job) } else { None });
    Arc::clone(jobs.next_back().unwrap_or_else(|| panic!("no work in {events:?}")))
}

pub fn share(job: &Job) -> Share {
    Share {
        serial: job.serial,
        job: job.notify.id.clone(),
        extranonce2: job.take().expect("there are many"),
        time: job.notify.time,
        nonce: 0x0102_0304,
        version: 0x2000_e000,
        mask: job.mask,
        difficulty: job.difficulty,
        worth: Difficulty::ONE,
    }
}

#[test]
fn the_lines_of_a_session_are_those_that_sv1_api_knows() {
    let mut session = session();
    let lines = session.open();
    let [Client2Server::Configure(configure), Client2Server::Subscribe(subscribe)] =
        [judged(&lines[0]), judged(&lines[1])]
    else {
        panic!("{lines:?}")
    };
    assert_eq!(configure.version_rolling_mask(), Some(HexU32Be(VERSION_MASK)));
    assert!(subscribe.agent_signature.starts_with("thronos/"));
    hear(
        &mut session,
        &json!({"id": 1, "result": {"version-rolling": true, "version-rolling.mask": "1fffe000"}, "error": null}),
    );
    let events = hear(&mut session, &json!({"id": 2, "result": [[], "0a0b0c0d", 8], "error": null}));
    let [Event::Send(authorize), Event::Send(extranonce)] = &events[..] else { panic!("{events:?}") };
    let Client2Server::Authorize(authorize) = judged(authorize) else { panic!("{authorize}") };
    assert_eq!((authorize.name.as_str(), authorize.password.as_str()), ("thr1address.desk", "x"));
    assert!(matches!(judged(extranonce), Client2Server::ExtranonceSubscribe(_)));
    hear(&mut session, &json!({"id": 3, "result": true, "error": null}));
    let job = work(&hear(&mut session, &notify("j1", true)));
    let line = session.submit(share(&job)).expect("its job counts");
    let Client2Server::Submit(submit) = judged(&line) else { panic!("{line}") };
    assert_eq!((submit.user_name.as_str(), submit.job_id.as_str()), ("thr1address.desk", "j1"));
    assert_eq!((submit.nonce, submit.time), (HexU32Be(0x0102_0304), HexU32Be(0x6550_0000)));
    assert_eq!((submit.version_bits, submit.extra_nonce2.len()), (Some(HexU32Be(0xe000)), 8));
}

#[test]
fn a_job_becomes_the_header_that_bitcoin_makes_of_it() {
    let previous: [u8; 32] = std::array::from_fn(|place| place as u8 * 7);
    let branch: Vec<[u8; 32]> = (1..4).map(|byte| [byte; 32]).collect();
    let line: Message = server_to_client::Notify {
        job_id: "a".to_owned(),
        prev_hash: PrevHash(previous.to_vec().try_into().expect("32 bytes")),
        coin_base1: "0102".try_into().expect("hexadecimal"),
        coin_base2: "0304".try_into().expect("hexadecimal"),
        merkle_branch: branch.iter().map(|node| MerkleNode::try_from(node.to_vec()).expect("32 bytes")).collect(),
        version: HexU32Be(0x2000_0004),
        bits: HexU32Be(0x1d00_ffff),
        time: HexU32Be(1_700_000_000),
        clean_jobs: true,
    }
    .into();
    let mut session = ready();
    let job = work(&session.hear(serde_json::to_string(&line).expect("JSON").as_bytes()).expect("a notify"));
    let extranonce2 = job.take().expect("the first");
    let coinbase = [&[1, 2, 0x0a, 0x0b, 0x0c, 0x0d][..], &extranonce2, &[3, 4]].concat();
    let mut root = bitcoin::hashes::sha256d::Hash::hash(&coinbase);
    for node in &branch {
        root = bitcoin::hashes::sha256d::Hash::hash(&[&root.to_byte_array()[..], node].concat());
    }
    let expected = bitcoin::block::Header {
        version: bitcoin::block::Version::from_consensus(0x2000_0004),
        prev_blockhash: bitcoin::BlockHash::from_byte_array(previous),
        merkle_root: bitcoin::TxMerkleNode::from_raw_hash(root),
        time: 1_700_000_000,
        bits: bitcoin::CompactTarget::from_consensus(0x1d00_ffff),
        nonce: 0,
    };
    assert_eq!(job.header(&extranonce2).to_bytes()[..], bitcoin::consensus::serialize(&expected)[..]);
}

#[test]
fn work_begins_when_the_pool_has_let_the_worker_in_and_handed_out_a_job() {
    let mut session = session();
    assert_eq!(session.open().len(), 2);
    assert!(hear(&mut session, &notify("early", true)).is_empty());
    hear(&mut session, &json!({"id": 2, "result": [[], "", 4], "error": null}));
    assert!(!session.is_ready());
    let events = hear(&mut session, &json!({"id": 3, "result": true, "error": null}));
    let job = work(&events);
    assert_eq!((job.notify.id.as_str(), job.mask, job.difficulty), ("early", 0, Difficulty::ONE));
    let line: Value = serde_json::from_str(&session.submit(share(&job)).expect("it counts")).expect("JSON");
    assert_eq!(line["params"].as_array().map(Vec::len), Some(5), "no version bits where none were granted");
}

#[test]
fn difficulty_and_extranonce_hold_from_the_next_job_on() {
    let mut session = ready();
    let first = work(&hear(&mut session, &notify("a", false)));
    let events = hear(&mut session, &json!({"id": null, "method": "mining.set_difficulty", "params": [0.00015]}));
    assert!(matches!(&events[..], [Event::Difficulty(_)]));
    hear(&mut session, &json!({"id": null, "method": "mining.set_extranonce", "params": ["ff", 2]}));
    let second = work(&hear(&mut session, &notify("b", false)));
    assert_eq!((first.difficulty, first.extranonce.second_bytes), (Difficulty::ONE, 8));
    assert_eq!((second.difficulty, second.extranonce.second_bytes), (Difficulty::parse("0.00015").expect("small"), 2));
    assert_eq!((second.extranonce.first.as_slice(), second.target()), (&[0xff][..], second.difficulty.target()));
    assert!(session.submit(share(&first)).is_some(), "jobs that are not clean leave earlier ones standing");
}

#[test]
fn clean_jobs_and_new_masks_make_earlier_jobs_count_no_more() {
    let mut session = ready();
    let first = work(&hear(&mut session, &notify("a", false)));
    let second = work(&hear(&mut session, &notify("b", true)));
    assert!(session.submit(share(&first)).is_none());
    let line = json!({"id": null, "method": "mining.set_version_mask", "params": ["00ffe000"]});
    let third = work(&hear(&mut session, &line));
    assert_eq!((third.notify.id.as_str(), third.mask), ("b", 0x00ff_e000));
    assert!(session.submit(share(&second)).is_none() && session.submit(share(&third)).is_some());
    assert!(hear(&mut session, &line).is_empty(), "the same mask changes nothing");
}

#[test]
fn answers_come_in_any_order_and_tell_which_share_counts() {
    let mut session = ready();
    let job = work(&hear(&mut session, &notify("a", true)));
    let mut ids = (0..4)
        .map(|_| {
            let line: Value = serde_json::from_str(&session.submit(share(&job)).expect("it counts")).expect("JSON");
            line["id"].clone()
        })
        .collect::<Vec<_>>();
    ids.reverse();
    let answers = [
        json!({"id": ids[0], "result": true, "error": null}),
        json!({"id": ids[1], "result": null, "error": [23, "Low difficulty", null]}),
        json!({"id": ids[2], "result": false, "error": {"code": 22, "message": "Duplicate\u{1b}[2J"}}),
        json!({"id": ids[3], "result": false, "error": null}),
    ];
    let told: Vec<String> = answers
        .iter()
        .flat_map(|answer| hear(&mut session, answer))
        .map(|event| match event {
            Event::Accepted(_) => "accepted".to_owned(),
            Event::Rejected(_, why) => why,
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(told, ["accepted", "Low difficulty (23)", "Duplicate\u{fffd}[2J (22)", "no reason given"]);
}

#[test]
fn a_pool_is_answered_and_may_send_to_another_port_but_to_no_other_host() {
    let mut session = ready();
    let mut first = |line: Value| format!("{:?}", hear(&mut session, &line).first());
    assert!(first(json!({"id": 9, "method": "mining.ping", "params": []})).contains("pong"));
    assert!(first(json!({"id": "v", "method": "client.get_version"})).contains("thronos/"));
    assert!(first(json!({"id": 10, "method": "client.dance", "params": []})).contains("Unknown method"));
    assert_eq!(first(json!({"id": null, "method": "mining.news", "params": {}})), "None".to_owned());
    let to = |host: &str| json!({"id": null, "method": "client.reconnect", "params": [host, "3335", 7]});
    assert!(first(to("evil.example")).contains("another host"));
    assert!(first(to("POOL.example")).contains("Reconnect { port: Some(3335), wait_s: 7 }"));
    assert!(first(json!({"id": null, "method": "client.reconnect", "params": []})).contains("port: None, wait_s: 0"));
    let text = first(json!({"id": null, "method": "client.show_message", "params": ["hi\u{1b}[31m\n\u{202e}there"]}));
    assert_eq!(text, "Some(Message(\"hi\u{fffd}[31m\u{fffd}\u{fffd}there\"))");
}

#[test]
fn a_pool_that_does_not_let_in_says_why() {
    for answer in
        [json!({"id": 3, "result": false}), json!({"id": 3, "result": null, "error": [24, "Unauthorized", null]})]
    {
        let mut session = session();
        assert_eq!(session.open().len(), 2);
        hear(&mut session, &json!({"id": 2, "result": [[], "00", 4], "error": null}));
        let events = hear(&mut session, &answer);
        assert!(matches!(&events[..], [Event::Unauthorized(_)]), "{events:?}");
    }
    let mut session = session();
    assert_eq!(session.open().len(), 2);
    let events = hear(&mut session, &json!({"id": 1, "result": null, "error": [20, "Unknown method", null]}));
    assert!(events.is_empty(), "an older pool without version rolling is one all the same");
}

#[test]
fn a_share_of_an_earlier_connection_is_not_handed_in_on_the_next() {
    let (mut first, mut second) = (ready(), let_in(session_of(2)));
    let old = work(&hear(&mut first, &notify("a", true)));
    let new = work(&hear(&mut second, &notify("a", true)));
    assert!(second.submit(share(&old)).is_none() && first.submit(share(&new)).is_none());
    assert!(second.submit(share(&new)).is_some() && first.submit(share(&old)).is_some());
}
