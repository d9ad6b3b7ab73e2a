//! Damaged files under a real node: it gets its blocks again from a peer and serves them. FAULTS HT3.

mod support;

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use node::home::Home;
use node::keys::NetworkKey;
use node::{Node, NodeOptions};
use support::{Running, make_home, start};
use types::Auth;

/// Flips a byte where these bytes stand in a sorted file of the database; says in how many files.
fn flip(database: &Path, needle: &[u8]) -> usize {
    let files = fs::read_dir(database).expect("a directory").map(|entry| entry.expect("an entry").path());
    let mut flipped = 0;
    for path in files.filter(|path| path.extension().is_some_and(|extension| extension == "sst")) {
        let mut bytes = fs::read(&path).expect("a file");
        if let Some(place) = bytes.windows(needle.len()).position(|window| window == needle) {
            bytes[place] = !bytes[place];
            fs::write(&path, bytes).expect("a file");
            flipped += 1;
        }
    }
    flipped
}

fn follow(home: &Home) -> Node {
    let file = Some(("config.toml".to_owned(), home.read_config().expect("a file")));
    let sources = node::config::Sources { file, ..node::config::Sources::default() };
    let config = node::config::Config::read(&sources).expect("settings");
    let network = NetworkKey::from_seed([4; 32]);
    let options = NodeOptions {
        home: home.clone(),
        config,
        validator: None,
        network,
        accounts: node::keys::AccountKeys::default(),
        space: None,
    };
    Node::start(options).unwrap_or_else(|error| panic!("{error}"))
}

/// Asks until the transaction is final; the status of the first answer, and the last answer. A block may come later than the gossip
/// that tells of its transaction, which is pending then.
fn ask(running: &Running, path: &str) -> (u16, serde_json::Value) {
    let until = Instant::now() + Duration::from_secs(60);
    let first = running.get(path).0;
    loop {
        let (status, answer) = running.get(path);
        if status == 200 && answer["status"] == "final" {
            return (first, answer);
        }
        assert!(Instant::now() < until, "{status}: {answer}; {:?}", running.node.faults().first());
    }
}

// FAULTS HT3: two transfers were answered with 503 for ever.
#[test]
fn a_transfer_whose_block_cannot_be_read_any_more_is_fetched_again_and_answered() {
    let validator = start(&[]);
    let transaction = validator.transfer(0, |_| {});
    let id = validator.submit(&transaction).1["id"].as_str().expect("an id").to_owned();
    let expected = validator.final_transaction(&id);
    let genesis = Home::new(validator.directory.path().join("home")).read_genesis().expect("a genesis").0;
    let directory = tempfile::tempdir().expect("a directory");
    let bootstrap = validator.node.listen_addresses().join(",");
    let settings = [("network.bootstrap", bootstrap.as_str()), ("network.private_addresses", "true")];
    let (home, _) = make_home(directory.path(), &genesis, &settings);
    let path = format!("/api/v1/transactions/{id}");
    let agent = validator.agent.clone();
    let follower = Running { node: follow(&home), directory, chain: validator.chain, agent: agent.clone() };
    assert_eq!(ask(&follower, &path).1["height"], expected["height"]);
    let Running { node, directory, chain, .. } = follower;
    node.stop().expect("a clean stop");
    // Opening moves the log into sorted files.
    follow(&home).stop().expect("a clean stop");
    let Some(Auth::Single { signature, .. }) = transaction.witness.auths.iter().next() else { panic!("it is signed") };
    assert!(flip(&home.store().join("db"), &signature.0) > 0, "the body lies in a file");
    let follower = Running { node: follow(&home), directory, chain, agent };
    let (first, answer) = ask(&follower, &path);
    assert_eq!(first, 503, "it was damaged");
    assert_eq!(answer["height"], expected["height"]);
    assert_eq!(follower.node.faults().first(), None);
    follower.node.stop().expect("a clean stop");
    validator.node.stop().expect("a clean stop");
}
