//! What a pool may say to harm its miners: each line is refused with a reason, or means nothing.

use mining_client::mine::session::Event;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::session::{notify, ready, session};

/// A job with one parameter replaced.
fn job_with(place: usize, value: Value) -> String {
    let mut line = notify("a", true);
    line["params"][place] = value;
    line.to_string()
}

fn method(name: &str, params: &str) -> String {
    format!("{{\"id\":null,\"method\":\"{name}\",\"params\":{params}}}")
}

/// Lines that end the connection, each with what is said about it.
fn refused() -> Vec<(String, &'static str)> {
    let deep = format!("{}{}", "[".repeat(4_000), "]".repeat(4_000));
    let difficulty = |text: &str| method("mining.set_difficulty", text);
    vec![
        ("GET / HTTP/1.1".to_owned(), "is no message"),
        ("HTTP/1.1 400 Bad Request\r".to_owned(), "it speaks HTTP"),
        ("\u{16}\u{3}\u{1}\u{2}".to_owned(), "is no message"),
        (String::new(), "is no message"),
        ("{".to_owned(), "is no message"),
        ("[]".to_owned(), "is no message"),
        ("null".to_owned(), "is no message"),
        ("{\"id\":1,\"id\":2}".to_owned(), "duplicate field"),
        ("{\"method\":5}".to_owned(), "is no message"),
        ("{\"id\":1}{\"id\":1}".to_owned(), "is no message"),
        (format!("{{\"id\":1,\"result\":{deep}}}"), "recursion limit"),
        (method("mining.notify", &deep), "no text"),
        ("x".repeat(16 * 1024 + 1), "at most 16384"),
        ("{}".to_owned(), "was not asked"),
        ("{\"id\":77,\"result\":true}".to_owned(), "request 77"),
        ("{\"id\":-1,\"result\":true}".to_owned(), "was not asked"),
        ("{\"id\":1e30,\"result\":true}".to_owned(), "was not asked"),
        ("{\"id\":\"1\",\"result\":true}".to_owned(), "was not asked"),
        ("{\"id\":{\"a\":[1]},\"result\":true}".to_owned(), "was not asked"),
        ("{\"id\":3,\"result\":true}".to_owned(), "request 3"),
        (difficulty("[0]"), "difficulty"),
        (difficulty("[-1]"), "difficulty"),
        (difficulty("[1e400]"), "difficulty"),
        (difficulty("[1e-400]"), "difficulty"),
        (difficulty("[\"NaN\"]"), "difficulty"),
        (difficulty("[null]"), "difficulty"),
        (difficulty("[true]"), "difficulty"),
        (difficulty("[[1]]"), "difficulty"),
        (difficulty("[]"), "parameter 1 is missing"),
        (difficulty("{}"), "no list"),
        (difficulty("5"), "no list"),
        (method("mining.notify", "[]"), "parameter 1 is missing"),
        (method("mining.notify", "[\"a\"]"), "missing"),
        (job_with(0, json!(5)), "parameter 1 is no text"),
        (job_with(0, json!("j".repeat(129))), "129 bytes"),
        (job_with(1, json!("00".repeat(31))), "31 bytes instead of 32"),
        (job_with(1, json!("0".repeat(63))), "not hexadecimal"),
        (job_with(1, json!("zz".repeat(32))), "not hexadecimal"),
        (job_with(2, json!("0")), "not hexadecimal"),
        (job_with(3, json!(null)), "parameter 4 is no text"),
        (job_with(3, json!("\u{1b}[2J")), "not hexadecimal"),
        (job_with(4, json!("00")), "no list of texts"),
        (job_with(4, json!([1])), "no list of texts"),
        (job_with(4, json!(["00"])), "1 byte instead of 32"),
        (job_with(4, json!(vec!["00".repeat(32); 17])), "a branch of 17"),
        (job_with(5, json!("2000000")), "not hexadecimal"),
        (job_with(5, json!("+2000000")), "not hexadecimal"),
        (job_with(6, json!("1d00ffff00")), "5 bytes instead of 4"),
        (job_with(7, json!(1_700_000_000)), "parameter 8 is no text"),
        (job_with(8, json!("true")), "neither true nor false"),
        (job_with(8, json!(1)), "neither true nor false"),
        (method("mining.set_extranonce", "[\"00\"]"), "parameter 2 is missing"),
        (method("mining.set_extranonce", "[\"00\",0]"), "0 bytes"),
        (method("mining.set_extranonce", "[\"00\",17]"), "17 bytes"),
        (method("mining.set_extranonce", "[\"00\",18446744073709551615]"), "18446744073709551615 bytes"),
        (method("mining.set_extranonce", "[\"00\",-1]"), "no whole number"),
        (method("mining.set_extranonce", &format!("[\"{}\",4]", "00".repeat(33))), "33 bytes"),
        (method("mining.set_version_mask", "[\"fff\"]"), "not hexadecimal"),
        (method("mining.set_version_mask", "[4294967295]"), "no text"),
        (method("client.reconnect", "[\"pool.example\",\"99999\"]"), "port"),
        (method("client.reconnect", "[\"pool.example\",-5]"), "port"),
        (method("client.show_message", "[{\"a\":1}]"), "no text"),
    ]
}

#[test]
fn what_is_not_the_protocol_is_refused_with_its_reason() {
    let lines = refused();
    assert!(lines.len() >= 60, "{}", lines.len());
    for (line, why) in lines {
        let mut session = ready();
        let shown: String = line.chars().take(100).collect();
        let nonsense = session.hear(line.as_bytes()).err().unwrap_or_else(|| panic!("{shown} was taken")).to_string();
        assert!(nonsense.contains(why), "{shown}: {nonsense}");
        assert!(nonsense.chars().count() < 400 && !nonsense.contains(char::is_control), "{shown}: {nonsense}");
    }
    assert!(ready().hear(b"\xff\xfe{}").is_err(), "not UTF-8");
}

#[test]
fn what_is_odd_but_harmless_is_taken() {
    for (line, events) in [
        (method("mining.set_difficulty", "[\"512\"]"), 1),
        (method("mining.set_difficulty", "[1e-6, \"surplus\"]"), 1),
        (method("mining.set_extranonce", "[\"\",1,{}]"), 0),
        (method("mining.set_version_mask", "[\"FFFFFFFF\"]"), 0),
        (method("mining.nothing", &format!("{}{}", "[".repeat(8_000), "]".repeat(8_000))), 0),
        (method("mining.nothing", "{\"a\":[]}"), 0),
        ("{\"id\":null,\"result\":null,\"error\":[20,\"slow down\",null]}".to_owned(), 1),
        ("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"client.show_message\",\"params\":[\"hi\"]}".to_owned(), 1),
        ("{\"id\":null,\"method\":\"client.reconnect\",\"params\":null}".to_owned(), 1),
        (format!(" {} ", notify("a", true)), 1),
    ] {
        let mut session = ready();
        let taken = session.hear(line.as_bytes());
        assert_eq!(taken.unwrap_or_else(|error| panic!("{line}: {error}")).len(), events, "{line}");
    }
}

#[test]
fn a_subscription_without_usable_extranonces_ends_the_session() {
    for result in [
        json!(null),
        json!(true),
        json!([]),
        json!([[], "00"]),
        json!([[], 5, 4]),
        json!([[], "00", "4"]),
        json!([[], "0", 4]),
        json!([[], "00", 0]),
        json!([[], "00", 1e9]),
        json!([[], "00".repeat(33), 4]),
    ] {
        let mut session = session();
        assert_eq!(session.open().len(), 2);
        let line = json!({"id": 2, "result": result, "error": null});
        assert!(session.hear(line.to_string().as_bytes()).is_err(), "{line}");
    }
}

#[test]
fn a_pool_that_answers_nothing_is_not_told_without_end() {
    let mut session = ready();
    let events = session.hear(notify("a", true).to_string().as_bytes()).expect("a job");
    let job = crate::session::work(&events);
    let sent = (0..10_000).filter(|_| session.submit(crate::session::share(&job)).is_some()).count();
    assert!((4_000..=4_096).contains(&sent), "{sent}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_bytes_make_the_session_panic(lines in proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..200), 1..5)) {
        let mut session = ready();
        for line in lines {
            let _ = session.hear(&line);
        }
    }

    #[test]
    fn no_line_that_is_nearly_right_makes_the_session_panic(
        which in 0_usize..70,
        place in any::<prop::sample::Index>(),
        byte: u8,
        cut in any::<prop::sample::Index>(),
    ) {
        let lines = refused();
        let mut line = lines.get(which).map_or_else(|| notify("a", false).to_string(), |(line, _)| line.clone()).into_bytes();
        if !line.is_empty() {
            let place = place.index(line.len());
            line[place] = byte;
            line.truncate(cut.index(line.len()) + 1);
        }
        let mut session = ready();
        if let Ok(events) = session.hear(&line) {
            let mut work = events.into_iter().filter_map(|event| if let Event::Work(job) = event { Some(job) } else { None });
            prop_assert!(work.all(|job| job.take().is_some_and(|second| job.header(&second).to_bytes().len() == 80)));
        }
    }
}
