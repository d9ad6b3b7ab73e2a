//! A table of hostile and unusual lines, each with its code or close.

mod rig;

use rig::{Miner, POOLED, Rig, SOLO, code, template, user};
use serde_json::Value;
use stratum::CloseReason;

/// What a line is answered with.
#[derive(Debug, PartialEq)]
enum Answer {
    Code(u64),
    Result(&'static str),
    Close(CloseReason),
    Nothing,
}

use Answer::{Close, Code, Nothing, Result};
use CloseReason::{Flood, NotJson, Tls};

/// Lines to a connection that said nothing before. `$U` is a good user.
const FRESH: &[(&str, Answer)] = &[
    // Framing and JSON.
    ("\u{16}\u{3}\u{1}\u{2}", Close(Tls)),
    ("GET / HTTP/1.1", Close(NotJson)),
    ("[]", Close(NotJson)),
    ("[{\"id\":1,\"method\":\"mining.ping\"}]", Close(NotJson)),
    ("null", Close(NotJson)),
    ("\"mining.subscribe\"", Close(NotJson)),
    ("1", Close(NotJson)),
    ("\u{feff}{}", Close(NotJson)),
    ("\0", Close(NotJson)),
    ("{", Code(20)),
    ("{}{}", Code(20)),
    ("{\"id\":1,}", Code(20)),
    ("{'id':1}", Code(20)),
    ("{\"id\":NaN,\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":Infinity,\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":1,\"id\":2,\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":1,\"method\":1}", Code(20)),
    ("{\"id\":1,\"method\":[\"mining.ping\"]}", Code(20)),
    ("{\"id\":1,\"method\":\"\\ud800\"}", Code(20)),
    ("{\"id\":{},\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":{\"a\":1},\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":[1],\"method\":\"mining.ping\"}", Code(20)),
    ("{\"id\":true,\"method\":\"mining.ping\"}", Code(20)),
    ("{\"params\":[[[[[[[[[[1]]]]]]]]]]}", Code(20)),
    ("{\"params\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":{\"a\":1}}}}}}}}}", Code(20)),
    // Unusual and fine.
    ("{\"id\":1,\"method\":\"mining.ping\"}", Result("\"pong\"")),
    (" {\"id\":null,\"method\":\"mining.ping\",\"params\":null}\r", Result("\"pong\"")),
    ("{\"method\":\"mining.ping\",\"params\":{},\"jsonrpc\":\"2.0\",\"x\":[1,{}]}", Result("\"pong\"")),
    ("{\"id\":\"a\\\"b\",\"method\":\"mining.ping\",\"params\":7}", Result("\"pong\"")),
    ("{\"id\":1e30,\"method\":\"mining.get_transactions\",\"params\":[\"0\"]}", Result("[]")),
    ("{\"id\":1,\"method\":\"client.get_version\",\"params\":[]}", Result("\"thronos/0.1.0\"")),
    ("{\"id\":1,\"method\":\"client.show_message\",\"params\":[\"x\"]}", Result("true")),
    ("{\"id\":1,\"method\":\"client.reconnect\",\"params\":[\"evil.example\",3333,0]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.extranonce.subscribe\",\"params\":[]}", Result("true")),
    ("{\"id\":5,\"result\":\"cgminer/4.12\",\"error\":null}", Nothing),
    ("{}", Nothing),
    // Methods.
    ("{\"id\":1,\"method\":\"mining.nonsense\",\"params\":[]}", Code(20)),
    ("{\"id\":1,\"method\":\"MINING.PING\",\"params\":[]}", Code(20)),
    ("{\"id\":1,\"method\":\"eth_submitLogin\",\"params\":[\"0x0\"]}", Code(20)),
    ("{\"id\":1,\"method\":\"login\",\"params\":{\"login\":\"x\",\"pass\":\"x\"}}", Code(20)),
    // Subscribe and configure.
    ("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[1]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.subscribe\",\"params\":[\"a\",{}]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.configure\",\"params\":[]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.configure\",\"params\":[\"version-rolling\"]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.configure\",\"params\":[[1]]}", Code(20)),
    (
        "{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\",\"a\"]]}",
        Code(20),
    ),
    ("{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"\\\"x\\n\"]]}", Result("{\"\\\"x\\n\":false}")),
    (
        "{\"id\":1,\"method\":\"mining.configure\",\"params\":[[\"version-rolling\"],{\"version-rolling.mask\":\"zz\"}]}",
        Result("{\"version-rolling\":false,\"version-rolling.mask\":\"00000000\"}"),
    ),
    // Authorize.
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[1,2]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"\",\"\"]}", Code(24)),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"root\",\"toor\"]}", Code(24)),
    (
        "{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq\",\"x\"]}",
        Code(24),
    ),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"THR\",\"x\"]}", Code(24)),
    (
        "{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"THRzz1E76E8199196D454941C45D1B3A323F1433BD6\",\"x\"]}",
        Code(24),
    ),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"' OR 1=1;--\",\"x\"]}", Code(24)),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"$U\",null]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"$U\\n\\u202e\\\"}\",\"d=NaN\"]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":[\"$U\",\"d=1e400\"]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.authorize\",\"params\":\"$U\"}", Result("true")),
    // Suggestions.
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[NaN]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[\"NaN\"]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[1e400]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[-1]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[0]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[1e-9]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":1000}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.suggest_difficulty\",\"params\":[\"0.00015\"]}", Result("true")),
    ("{\"id\":1,\"method\":\"mining.suggest_target\",\"params\":[\"00\"]}", Code(20)),
    ("{\"id\":1,\"method\":\"mining.suggest_target\",\"params\":[7]}", Code(20)),
    // Submits out of order.
    ("{\"id\":1,\"method\":\"mining.submit\",\"params\":[\"$U\",\"0\",\"0000000000000000\",\"0\",\"0\"]}", Code(25)),
    ("{\"id\":1,\"method\":\"mining.submit\",\"params\":{}}", Code(20)),
];

/// Lines to a connection that mines. `$U` is its user, `$J` its job, `$T` the job's time.
const MINING: &[(&str, Answer)] = &[
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"0\",\"0\",\"0\"]", Code(20)),
    ("[\"$U\",7,\"0000000000000000\",\"$T\",\"0\"]", Code(20)),
    ("[7,\"$J\",\"0000000000000000\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"00000000\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"000000000000000000\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"000000000000000g\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000 \",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"00000000000000\\u0000\",\"$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"0$T\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"00000000\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"ffffffff\",\"0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"000000000\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"0x0\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"-1\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",0]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"0\",\"00000001\"]", Code(20)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"0\",\"xyz\"]", Code(20)),
    ("[\"$U\",\"\",\"0000000000000000\",\"$T\",\"0\"]", Code(21)),
    ("[\"$U\",\"deadbeef\",\"0000000000000000\",\"$T\",\"0\"]", Code(21)),
    ("[\"$U\",\"../../etc/passwd\",\"0000000000000000\",\"$T\",\"0\"]", Code(21)),
    ("[\"$U\",\"0$J\",\"0000000000000000\",\"$T\",\"0\"]", Code(23)),
    ("[\"$U\",\"$J\",\"0000000000000000\",\"$T\",\"0\"]", Code(23)),
    ("[\"$Ux\",\"$J\",\"0000000000000000\",\"$T\",\"0\"]", Code(24)),
    ("[\"\",\"$J\",\"0000000000000000\",\"$T\",\"0\"]", Code(24)),
];

fn judge(rig: &Rig, connection: stratum::ConnectionId, lines: &[Value]) -> Answer {
    if let Some(reason) = rig.closed.get(&connection) {
        return Close(*reason);
    }
    let Some(answer) = lines.iter().find(|line| line.get("result").is_some()) else { return Nothing };
    match code(answer) {
        0 => Result(answer["result"].to_string().leak()),
        code => Code(code),
    }
}

#[test]
fn every_hostile_line_of_a_stranger_gets_its_code_or_close() {
    for (line, expected) in FRESH {
        for port in [SOLO, POOLED] {
            let mut rig = Rig::new();
            rig.work(template(1));
            let connection = rig.connect(port);
            let line = line.replace("$U", &user(1, "rig"));
            let lines = rig.say(connection, &line);
            assert_eq!(&judge(&rig, connection, &lines), expected, "{line}");
            assert!(rig.server.book().all().shares == 0 && rig.proofs.is_empty());
        }
    }
    assert!(FRESH.len() + MINING.len() >= 90);
}

#[test]
fn every_hostile_submit_of_a_miner_gets_its_code() {
    for (params, expected) in MINING {
        let mut hard = rig::config();
        for port in &mut hard.ports {
            port.difficulty_min = rig::difficulty("0.01");
        }
        let mut rig = Rig::with(hard);
        rig.work(template(1));
        let mut miner: Miner = rig.miner(SOLO, &user(1, "rig"));
        // So that the version bits of the table are outside.
        rig.ask(miner.connection, "mining.configure", r#"[["version-rolling"],{"version-rolling.mask":"ffffffff"}]"#);
        miner.listen(&mut rig);
        let (job, time) = (miner.job().id.clone(), format!("{:08x}", miner.job().time));
        let params = params.replace("$U", &miner.user).replace("$J", &job).replace("$T", &time);
        let lines = rig.say(miner.connection, &format!(r#"{{"id":4,"method":"mining.submit","params":{params}}}"#));
        assert_eq!(&judge(&rig, miner.connection, &lines), expected, "{params}");
        assert_eq!(lines[0]["id"], 4);
        assert!(rig.server.book().all().shares == 0 && rig.proofs.is_empty());
    }
}

#[test]
fn w7_a_mebibyte_without_a_newline_is_closed_after_16_kib() {
    let mut rig = Rig::new();
    let connection = rig.connect(SOLO);
    let mut sent = 0;
    while !rig.closed.contains_key(&connection) {
        rig.send(connection, &if sent == 0 { [b'{'; 1_024] } else { [b'x'; 1_024] });
        sent += 1_024;
        assert!(sent <= 17 * 1_024);
    }
    assert_eq!(rig.closed[&connection], Flood);
    assert!(
        rig.send(connection, b"{\"id\":1,\"method\":\"mining.ping\"}\n").is_empty(),
        "nothing is read after a close"
    );
}

#[test]
fn w7_a_flood_of_newlines_is_closed() {
    let mut rig = Rig::new();
    let connection = rig.connect(SOLO);
    rig.send(connection, &[b'\n'; 200]);
    assert_eq!(rig.closed[&connection], Flood);
}

#[test]
fn the_id_comes_back_as_it_was_sent() {
    for id in ["4", "-0", "1.50", "184467440737095516159", "\"auth\"", "\"txlistj1\"", "\"\\u0041\"", "null"] {
        let mut rig = Rig::new();
        let connection = rig.connect(SOLO);
        let line = format!("{{\"params\":[],\"id\":{id},\"method\":\"mining.ping\"}}\n");
        let outputs = rig.server.step(rig.now_ms, stratum::Input::Received { connection, bytes: line.as_bytes() });
        let expected = format!("{{\"id\":{id},\"result\":\"pong\",\"error\":null}}\n");
        assert!(matches!(&outputs[..], [stratum::Output::Send { bytes, .. }] if bytes == expected.as_bytes()));
    }
}
