//! Waiting for a transaction on a chain that stands, and what a person and a program are told meanwhile.

use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

use tokens_client::{TransferRequest, build_transfer};
use types::{Amount, Network, Nonce, TimeMs};
use wallet::delivery::submit_and_wait;
use wallet::patience::{Slow, Waiter};
use wallet::{Envelope, NodeClient, sign_transaction};

use crate::chain_maker::{ChainMaker, key};
use crate::command_with_node::{shell_with, to};
use crate::node::{Conduct, TestNode};
use crate::script::Act;

// FAULTS RE10
#[test]
fn a_node_that_answers_questions_is_not_called_silent_and_silence_is_not_its_word() {
    let (shell, node) = shell_with(Conduct::Stands);
    let send = ["send", "--from", "alice", "--to", &to(), "--amount", "0.1"];
    let mut person = shell.command(&[], &send).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut told = BufReader::new(person.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    told.find(|line| line.contains("handing in")).expect("it leaves");
    node.acts("GET /status", Act::Silent, true);
    let told = told.find(|line| line.starts_with("still waiting")).expect("it says so, and goes on");
    assert!(told.contains("how its chain is;"), "{told}");
    person.kill().expect("it waits");
    person.wait().expect("it has ended");
    assert_eq!(Slow::Silent(Duration::from_secs(12)).to_string(), "the node has not answered for 12 s");
}

/// Remembers what it hears.
#[derive(Default)]
struct Listener(Vec<Slow>);

impl Waiter for Listener {
    fn slow(&mut self, why: &Slow) {
        self.0.push(why.clone());
    }
}

// FAULTS RE10
#[test]
fn whoever_waits_while_the_chain_stands_is_told_for_how_long_and_how_to_leave() {
    let (shell, _node) = shell_with(Conduct::Stands);
    let to = to();
    let send = ["send", "--from", "alice", "--to", &to, "--amount", "0.1"];
    let mut person = shell.command(&[], &send).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut program =
        shell.command(&["--json"], &send).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut told = BufReader::new(person.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let told = told.find(|line| line.starts_with("still waiting")).expect("it says so, and goes on");
    assert!(told.contains("no block has become final for 63 s") && told.contains("Ctrl-C"), "{told}");
    assert!(told.contains("`thronos tx ") && told.contains("`thronos status"), "{told}");
    assert!(told.contains("would pay a second time") && !told.contains("--tip"), "no tip helps here: {told}");
    // A program is told the same, a document a line.
    let mut documents = BufReader::new(program.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let told = documents.find(|line| line.contains("still waiting")).expect("it says so, and goes on");
    let note: serde_json::Value = serde_json::from_str(&told).expect("a document");
    assert!(note["note"].as_str().is_some_and(|note| note.contains("Ctrl-C")), "{told}");
    program.kill().expect("it waits");
    program.wait().expect("it has ended");
    // Whoever leaves and types it again hears that it would be paid twice.
    let mut again = shell.command(&[], &send).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("it starts");
    let mut told = BufReader::new(again.stderr.take().expect("a pipe")).lines().map_while(Result::ok);
    let told = told.find(|line| line.starts_with("warning: ")).expect("it says so, and goes on");
    assert!(told.contains("does the same and may still be included") && told.contains("`thronos broadcast "), "{told}");
    again.kill().expect("it waits");
    again.wait().expect("it has ended");
    person.kill().expect("it waits");
    person.wait().expect("it has ended");
    assert!(std::fs::read_dir(shell.path("wallet/sent")).expect("a folder").count() >= 2, "the bytes are kept");
}

// FAULTS RE10
#[test]
fn the_end_of_patience_says_that_the_chain_stood() {
    let maker = ChainMaker::new(&[(key(1).address(), Amount(5_000_000))]);
    let (mut chain, account) = (maker.chain(), (key(1).address().to_text(Network::Test), 0, Amount(5_000_000)));
    let node = TestNode::start(maker, Conduct::Stands, account);
    let envelope = Envelope::single(key(1).address(), Nonce(0), TimeMs(1_800_000_000_000), Amount(5_000));
    let transfer = TransferRequest { to: types::Address([2; 20]), asset: types::THR, amount: Amount(1), memo: vec![] };
    let body = build_transfer(&envelope, &transfer).expect("a short memo");
    let transaction = sign_transaction(&key(1), chain.id(), body).expect("the sender's key");
    let client = NodeClient::new(&node.url).expect("an address");
    let mut listener = Listener::default();
    let limit = Duration::from_millis(5_100);
    let error = submit_and_wait(&client, &mut chain, &transaction, limit, &mut listener).expect_err("it stands");
    assert_eq!(error.code, "not_final_yet", "{error:?}");
    // FAULTS RT17: the node that took it has nobody to pass it on to.
    let words = "no block has become final for 63 s, as the node says, and of itself: no peer for 63 s";
    assert!(error.message.contains(words), "{error:?}");
    assert!(error.hint.contains("thronos status"), "{error:?}");
    let of_itself = Some("no peer for 63 s: check `network.bootstrap`".to_owned());
    assert_eq!(listener.0, [Slow::Standing(Duration::from_millis(63_400), of_itself)], "once");
}

// FAULTS RE10
#[test]
fn a_dry_run_behind_waiting_transactions_says_that_they_wait_and_asks_for_none_of_them() {
    let (shell, node) = shell_with(Conduct::Queues);
    let to = to();
    let send = ["send", "--from", "alice", "--to", &to, "--amount", "0.1"];
    shell.good(&[&send[..], &["--no-wait"]].concat());
    assert_eq!(node.queued(), [4]);
    let output = shell.command(&[], &[&send[..], &["--dry-run"]].concat()).output().expect("the command starts");
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.code() == Some(1) && told.contains("error[nonce_gap]: a dry run sees only what is final"),
        "{told}"
    );
    assert!(told.contains("`alice`") && told.contains("still waiting") && !told.contains("send the"), "{told}");
}

// FAULTS RE10
#[test]
fn a_stream_that_drags_on_holds_nobody_up() {
    let dragged: [&[u8]; 4] = [b"\n", b": x\n", b"event: x\ndata: y\n\n", b"a"];
    std::thread::scope(|scope| {
        for text in dragged {
            scope.spawn(move || {
                let (shell, node) = shell_with(Conduct::Honest);
                node.drags(text);
                let send = ["send", "--from", "alice", "--to", &to(), "--amount", "0.1", "--valid-for", "5m"];
                let (null, begun) = (Stdio::null, std::time::Instant::now());
                let mut person = shell.command(&[], &send).stdout(null()).stderr(null()).spawn().expect("it starts");
                let ended = loop {
                    let ended = person.try_wait().expect("it runs");
                    if ended.is_some() || begun.elapsed() > Duration::from_secs(60) {
                        break ended;
                    }
                    std::thread::park_timeout(Duration::from_millis(50));
                };
                if ended.is_none() {
                    person.kill().expect("it waits");
                    person.wait().expect("it has ended");
                }
                assert!(ended.is_some_and(|status| status.success()), "{:?}: {ended:?}", String::from_utf8_lossy(text));
            });
        }
    });
}
