//! A disk without room: the node answers, says so, takes nothing in, and goes on where it can.

mod support;

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use node::shell::Space;
use serde_json::Value;
use support::{Running, genesis, make_home, start_on, until};

const PLENTY: u64 = 1 << 40;

/// A node on a disk with as much room as the number says.
fn start() -> (Running, Arc<AtomicU64>) {
    let free = Arc::new(AtomicU64::new(PLENTY));
    let directory = tempfile::tempdir().expect("a directory");
    let genesis = genesis();
    let (home, config) = make_home(directory.path(), &genesis, &[]);
    let asked = free.clone();
    let space = move || Ok(Space { free_bytes: asked.load(Ordering::Relaxed), total_bytes: 2 * PLENTY });
    let node = start_on(home, config, Some(Arc::new(space)));
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    (Running { node, directory, chain: genesis::chain_id(&genesis), agent }, free)
}

fn has(answer: &Value, list: &str, part: &str) -> bool {
    answer[list].as_array().is_some_and(|all| all.iter().any(|one| one.as_str().is_some_and(|one| one.contains(part))))
}

fn assert_reads(running: &Running, id: &str) {
    let account = format!("/api/v1/accounts/{}", support::address(&support::key(1)).to_text(types::Network::Test));
    let transaction = format!("/api/v1/transactions/{id}");
    for path in
        ["/livez", "/metrics", "/api/v1/status", "/api/v1/blocks/latest", "/api/v1/mempool", &account, &transaction]
    {
        let (status, body) = running.get(path);
        assert_eq!(status, 200, "{path}: {body}");
    }
}

// FAULTS HT12
#[test]
fn a_node_below_its_reserve_reads_says_so_refuses_writes_and_goes_on_by_itself_when_there_is_room() {
    let (running, free) = start();
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    free.store(1 << 29, Ordering::Relaxed);
    running.until("/readyz", |status, ready| status == 200 && has(ready, "warnings", "512 MiB"));

    free.store(1 << 20, Ordering::Relaxed);
    let ready =
        running.until("/readyz", |status, ready| status == 503 && has(ready, "reasons", "disk.reserve_mib = 256"));
    assert!(ready["sentence"].as_str().is_some_and(|said| said.starts_with("not voting: 1 MiB of ")), "{ready}");
    // What was under way ends first.
    let still = running.until("/api/v1/status", |_, status| status["health"]["final_age_ms"].as_u64() > Some(1_000));
    let height = still["final_height"].clone();
    assert_reads(&running, &id);
    let (_, metrics) = running.get("/metrics");
    let metrics = metrics.as_str().expect("text");
    for line in [
        "thronos_trouble{name=\"disk_full\"} 1",
        "thronos_consensus_voting 0",
        "thronos_ready 0",
        "thronos_disk_free_bytes 1048576",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
    let (status, refused) = running.submit(&running.transfer(1, |_| {}));
    assert_eq!((status, refused["code"].as_str()), (503, Some("disk_full")), "{refused}");
    // An idle chain of one would have made a block every two seconds.
    let later = running.until("/api/v1/status", |_, status| status["health"]["final_age_ms"].as_u64() > Some(5_000));
    assert_eq!(later["final_height"], height, "nothing becomes final");

    free.store(PLENTY, Ordering::Relaxed);
    running.until("/readyz", |status, _| status == 200);
    let id = running.submit(&running.transfer(1, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    running.node.stop().expect("a clean stop");
}

// FAULTS HT12
#[test]
fn after_a_write_that_failed_for_lack_of_room_the_node_reads_until_it_is_started_again() {
    let (running, _free) = start();
    let id = running.submit(&running.transfer(0, |_| {})).1["id"].as_str().expect("an id").to_owned();
    running.final_transaction(&id);
    running.node.faults().report("cannot append to `data/log/1`: No space left on device (os error 28)");
    let ready = running.until("/readyz", |status, _| status == 503);
    assert!(has(&ready, "reasons", "data/log/1") && has(&ready, "reasons", "start the node again"), "{ready}");
    assert_reads(&running, &id);
    let (status, refused) = running.submit(&running.transfer(1, |_| {}));
    assert_eq!((status, refused["code"].as_str()), (503, Some("disk_full")), "{refused}");
    running.node.stop().expect("it is no fault that ends the node");
}

/// A shell in a mount namespace of its own, with a small file system at the place of the homes, that starts nodes and fills it.
const SHELL: &str = r#"
mount -t tmpfs -o size=96m,mode=700 thronos "$1" || exit 9
cp -a "$2/." "$1/"
while read -r word; do
    case $word in
    start) "$3" run --home "$1/home" --password-file "$1/password" --log-format json & node=$! ;;
    fill) cat /dev/zero > "$1/fill" 2>/dev/null ;;
    empty) rm "$1/fill" ;;
    stop) kill -TERM $node; wait $node; echo "{\"ended\":$?}" >&2 ;;
    esac
done
"#;

struct Small {
    shell: Child,
    log: BufReader<ChildStderr>,
}

impl Small {
    fn order(&mut self, word: &str) {
        writeln!(self.shell.stdin.as_mut().expect("piped"), "{word}").expect("the shell listens");
    }

    /// Reads the log up to a line with this field; gives its value.
    fn wait_for(&mut self, field: &str) -> Value {
        let mut line = String::new();
        loop {
            line.clear();
            assert!(self.log.read_line(&mut line).expect("text") > 0, "it ended early");
            let entry: Value = serde_json::from_str(&line).unwrap_or_default();
            if let Some(value) = entry.get(field) {
                return value.clone();
            }
        }
    }
}

// FAULTS HT12
#[test]
fn a_file_system_that_is_filled_at_any_moment_leaves_a_node_that_reads_and_a_chain_that_goes_on() {
    if !Command::new("unshare").args(["-Urm", "true"]).status().is_ok_and(|status| status.success()) {
        eprintln!("namespaces may not be made here: nothing is tried");
        return;
    }
    let directory = tempfile::tempdir().expect("a directory");
    let genesis = genesis();
    let (home, _) = make_home(directory.path(), &genesis, &[("disk.reserve_mib", "0")]);
    let password = Path::new(directory.path()).join("password");
    node::home::write_file(&password, b"correct horse\n").expect("a file");
    let words = node::keys::find_password(&node::keys::PasswordSource::new(Some(password))).expect("a password");
    support::validator_key().write(&home.validator_key_file(), &words).expect("a file");
    let mount = tempfile::tempdir().expect("a directory");
    let places = [mount.path(), directory.path(), Path::new(env!("CARGO_BIN_EXE_thronosd"))];
    let mut command = Command::new("unshare");
    command.args(["-Urm", "--kill-child", "sh", "-c", SHELL, "sh"]).args(places);
    let mut shell = command.stdin(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a shell");
    let log = BufReader::new(shell.stderr.take().expect("piped"));
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut small = Small { shell, log };
    let (chain, sender) =
        (genesis::chain_id(&genesis), support::address(&support::key(1)).to_text(types::Network::Test));
    let mut nonce = 0;
    for round in 0..3_u64 {
        small.order("start");
        let api = small.wait_for("api").as_str().expect("an address").to_owned();
        let url = |path: &str| format!("http://{api}{path}");
        for _ in 0..=round * 5 {
            let request = support::request(chain, &support::transfer(chain, nonce, |_| {}));
            let posted =
                agent.post(url("/api/v1/transactions")).header("content-type", "application/json").send(&request);
            assert_eq!(posted.expect("an answer").status(), 202);
            nonce += 1;
        }
        // The sender's account tells when all of them are final.
        let account = url(&format!("/api/v1/accounts/{sender}"));
        until(&agent, &account, |_, account| account["nonce"].as_u64() == Some(nonce));
        small.order("fill");
        // Whatever is written next fails: at the latest the block that an idle chain owes.
        let ready = until(&agent, &url("/readyz"), |status, _| status == 503);
        assert!(has(&ready, "reasons", "No space left on device"), "{ready}");
        let (status, found) = support::get(&agent, &account);
        assert_eq!((status, found["nonce"].as_u64()), (200, Some(nonce)), "{found}");
        assert_eq!(support::get(&agent, &url("/livez")).0, 200);
        small.order("empty");
        small.order("stop");
        assert_eq!(small.wait_for("ended"), 0);
    }
    drop(small.shell.stdin.take());
    assert!(small.shell.wait().expect("our own child").success());
}
