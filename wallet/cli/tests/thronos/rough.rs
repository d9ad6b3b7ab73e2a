//! Rough hands: outputs that break, files that editors mangled, texts that act, and calls that nobody can name.

use std::fs::OpenOptions;
use std::process::Output;

use serde_json::Value;
use tokens_client::{TransferRequest, build_transfer};
use types::{Amount, ByteString, Call, ModuleId, Network, Nonce, TimeMs};
use wallet::delivery::submit_and_wait;
use wallet::transaction::build;
use wallet::{Envelope, NodeClient, TransactionFile, sign_transaction};

use crate::chain_maker::{ChainMaker, key};
use crate::command::{Shell, text};
use crate::command_with_node::{shell_with, to};
use crate::node::{Conduct, TestNode};

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

// FAULTS RT5
#[test]
fn an_answer_that_cannot_be_written_is_an_error_and_a_reader_that_goes_early_is_none() {
    let shell = Shell::new();
    shell.import("alice", 1);
    for arguments in [
        &["wallet", "export", "alice", "--yes"][..],
        &["wallet", "list"],
        &["address", "check", "thr1x"],
        &["completions", "bash"],
        &["help"],
        &["--version"],
    ] {
        let full = OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
        let output = shell.command(&[], arguments).stdout(full).output().expect("the command starts");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        let is_refused = arguments[0] == "address";
        assert!(is_refused || errors(&output).contains("error[output_failed]"), "{arguments:?}: {}", errors(&output));
    }
    // What was done and must not be done again is said.
    let full = OpenOptions::new().write(true).open("/dev/full").expect("every Linux has it");
    let output = shell.command(&[], &["wallet", "new", "dave", "--yes"]).stdout(full).output();
    let told = errors(&output.expect("the command starts"));
    assert!(told.contains("the account is made: `thronos wallet export dave"), "{told}");
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let status = shell.command(&[], &["wallet", "list"]).stdout(writer).status().expect("the command starts");
    assert!(status.success(), "{status}");
}

// FAULTS RT7
#[test]
fn a_wrong_command_line_is_told_to_programs_as_every_other_error() {
    let shell = Shell::new();
    for arguments in [&["fly"][..], &["send"], &["send", "--amount"], &["wallet", "lisst"]] {
        let output = shell.run(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let error: Value = serde_json::from_str(&errors(&output)).expect("one JSON document");
        assert_eq!(error["code"], "usage", "{error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
        let words = shell.command(&[], arguments).output().expect("the command starts");
        assert!(words.status.code() == Some(2) && errors(&words).starts_with("error: "), "{}", errors(&words));
    }
}

// FAULTS RT7
#[test]
fn without_a_home_there_is_no_wallet_in_whatever_directory_one_stands() {
    let shell = Shell::new();
    let command = std::process::Command::new(env!("CARGO_BIN_EXE_thronos"))
        .args(["--json", "wallet", "list"])
        .env_clear()
        .current_dir(shell.path("."))
        .output()
        .expect("the command starts");
    assert!(command.status.code() == Some(1) && errors(&command).contains("no_home"), "{}", errors(&command));
    assert!(!shell.path(".thronos").exists());
}

// FAULTS RT7
#[test]
fn marks_that_editors_leave_are_no_part_of_a_secret_and_what_nobody_can_type_is_refused() {
    let shell = Shell::new();
    let words = "legal winner thank year wave sausage worth useful legal winner thank yellow";
    let import = |name: &str, passphrase: &str| {
        let (file, passphrase) = (shell.private("words", words), shell.private("extra", passphrase));
        let (file, passphrase) = (text(&file).to_owned(), text(&passphrase).to_owned());
        ["wallet", "import", "--name", name, "--mnemonic-file", &file, "--passphrase-file", &passphrase]
            .map(str::to_owned)
    };
    let good = |arguments: [String; 8]| shell.good(&arguments.each_ref().map(String::as_str))["public_key"].clone();
    let plain = good(import("plain", "TREZOR\n"));
    assert_eq!(good(import("marked", "\u{feff}TREZOR\r\n")), plain, "a mark of the byte order");
    for passphrase in ["TRE\0ZOR", "TREZOR\0", "TRE\nZOR", "TREZOR\u{feff}", "\u{1b}[2J"] {
        let arguments = import("refused", passphrase);
        assert_eq!(shell.bad(&arguments.each_ref().map(String::as_str)), "bad_file", "{passphrase:?}");
    }
    shell.private("password", "\u{feff}a long password\r\n");
    shell.import("carol", 3);
    shell.private("password", "a long password\n");
    assert!(shell.good(&["wallet", "export", "carol", "--yes"]).is_object(), "the same password");
}

// FAULTS RE6
#[test]
fn a_call_that_this_wallet_cannot_name_is_signed_only_blindly_and_with_its_bytes_in_sight() {
    let shell = Shell::new();
    let maker = ChainMaker::new(&[]);
    let genesis = shell.genesis(&maker);
    shell.import("alice", 1);
    let sender = key(1).address();
    let envelope = Envelope::single(sender, Nonce(0), TimeMs(1_800_000_000_000), Amount(5_000));
    let bytes = ByteString::new(b"nobody knows".to_vec()).expect("short");
    for (module, body) in [(ModuleId(999), bytes.clone()), (ModuleId(1), bytes)] {
        let call = Call { module, body };
        let body = build(&envelope, vec![call.clone()]).expect("one call");
        let file = TransactionFile::unsigned(maker.chain().id(), Network::Test, body, None);
        let path = shell.private("unknown.json", &file.to_json());
        let sign = ["--genesis", text(&genesis), "sign", text(&path), "--with", "alice"];
        assert_eq!(shell.bad(&sign), "unknown_call");
        assert!(
            !TransactionFile::parse(&std::fs::read_to_string(&path).expect("there")).expect("a file").is_complete()
        );
        let output = shell.run(&[&sign[..], &["--blind"]].concat());
        assert!(output.status.success() && errors(&output).contains(&hex::encode(&*call.body)), "{}", errors(&output));
        assert!(TransactionFile::parse(&std::fs::read_to_string(&path).expect("there")).expect("a file").is_complete());
    }
}

// FAULTS RT2
#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_bytes_and_nobody_pays_twice() {
    let (shell, node) = shell_with(Conduct::LosesAnswer);
    let send = ["send", "--from", "alice", "--to", &to(), "--amount", "1.5"];
    let output = shell.run(&send);
    assert!(output.status.success(), "{}", errors(&output));
    let done: Value = serde_json::from_slice(&output.stdout).expect("one JSON document");
    let id = done["id"].as_str().expect("an id").to_owned();
    assert!(errors(&output).contains(&format!("handing in {id}, kept in ")), "it is said before it leaves");
    let kept = shell.path(&format!("wallet/sent/{id}.json"));
    assert!(!kept.exists(), "it is known what became of it");
    // The same bytes once more: they are final already.
    let taken = node.taken().expect("handed in");
    let types::Auth::Single { key, signature } = taken.witness.auths.first().expect("one").clone() else {
        panic!("one key")
    };
    let mut file = TransactionFile::unsigned(shell.genesis_id(), Network::Test, taken.body.clone(), None);
    file.add(key, signature).expect("the sender's");
    let path = shell.private("again.json", &file.to_json());
    for more in [&[][..], &["--no-wait"]] {
        let again = shell.run(&[&["broadcast", text(&path)][..], more].concat());
        let error: Value = serde_json::from_str(errors(&again).lines().last().expect("an error")).expect("JSON");
        assert_eq!(error["code"], "already_final", "{error}");
        assert!(
            error["message"].as_str().is_some_and(|text| text.contains(&id) && text.contains("block 1")),
            "{error}"
        );
    }
}

// FAULTS RT2
#[test]
fn an_outcome_that_nobody_knows_is_called_so_with_the_id_and_the_bytes_are_kept() {
    let (shell, node) = shell_with(Conduct::Deaf);
    for more in [&[][..], &["--no-wait"]] {
        let output = shell.run(&[&["send", "--from", "alice", "--to", &to(), "--amount", "1"][..], more].concat());
        let error: Value = serde_json::from_str(errors(&output).lines().last().expect("an error")).expect("JSON");
        assert_eq!((output.status.code(), error["code"].as_str()), (Some(1), Some("outcome_unknown")), "{error}");
        assert!(output.stdout.is_empty() && node.taken().is_none());
        let kept: Vec<_> = std::fs::read_dir(shell.path("wallet/sent")).expect("there").flatten().collect();
        let newest = kept.iter().map(|entry| entry.file_name().into_string().expect("plain"));
        let ids: Vec<String> = newest.map(|name| name.trim_end_matches(".json").to_owned()).collect();
        assert!(
            ids.iter().any(|id| error["message"].as_str().is_some_and(|text| text.contains(id))),
            "{ids:?} {error}"
        );
    }
    for entry in std::fs::read_dir(shell.path("wallet/sent")).expect("there").flatten() {
        assert_eq!(shell.good(&["verify", text(&entry.path())])["complete"], true, "it can be handed in again");
    }
}

// FAULTS RE3
#[test]
fn nothing_is_called_expired_on_the_word_of_a_node() {
    let maker = ChainMaker::new(&[(key(1).address(), Amount(5_000_000))]);
    let (mut chain, account) = (maker.chain(), (key(1).address().to_text(Network::Test), 0, Amount(5_000_000)));
    // Its status is years ahead, and the newest block that it can prove is not.
    let node = TestNode::start(maker, Conduct::Forgets, account);
    let envelope = Envelope::single(key(1).address(), Nonce(0), TimeMs(1_800_000_000_000), Amount(5_000));
    let transfer = TransferRequest { to: types::Address([2; 20]), asset: types::THR, amount: Amount(1), memo: vec![] };
    let body = build_transfer(&envelope, &transfer).expect("a short memo");
    let transaction = sign_transaction(&key(1), chain.id(), body).expect("the sender's key");
    let client = NodeClient::new(&node.url).expect("an address");
    let patience = std::time::Duration::from_millis(600);
    let error = submit_and_wait(&client, &mut chain, &transaction, patience, &mut ()).expect_err("it is not final");
    assert_eq!(error.code, "not_final_yet", "{error:?}");
}

// FAULTS RT6
#[test]
fn twelve_commands_at_once_take_one_nonce_after_the_other_and_another_wallet_only_costs_a_try() {
    let (shell, node) = shell_with(Conduct::Queues);
    let to = to();
    let send = ["send", "--from", "alice", "--to", &to, "--amount", "0.1", "--no-wait"];
    let codes: Vec<_> = std::thread::scope(|scope| {
        let running: Vec<_> = (0..12).map(|_| scope.spawn(|| shell.run(&send))).collect();
        running
            .into_iter()
            .map(|one| one.join().expect("no panic"))
            .map(|output| (output.status.success(), errors(&output)))
            .collect()
    });
    assert!(codes.iter().all(|(is_done, _)| *is_done), "{codes:?}");
    assert_eq!(node.queued(), (4..16).collect::<Vec<_>>());
    let (shell, node) = shell_with(Conduct::Races);
    assert!(shell.run(&send).status.success());
    assert_eq!(node.queued(), [7]);
    // Who names the nonce means that one.
    let (shell, node) = shell_with(Conduct::Races);
    assert_eq!(shell.bad(&[&send[..], &["--nonce", "4"]].concat()), "node_refuses");
    assert!(node.queued().is_empty());
}

// FAULTS RT7
#[test]
fn what_a_dry_run_sees_rejected_is_not_sent_unless_it_is_forced() {
    let (shell, node) = shell_with(Conduct::Rejects);
    let to = to();
    let send = ["send", "--from", "alice", "--to", &to, "--amount", "0.1"];
    assert_eq!(shell.bad(&send), "would_be_rejected");
    assert!(node.taken().is_none());
    assert_eq!(shell.bad(&[&send[..], &["--force"]].concat()), "insufficient_balance");
    assert!(node.taken().is_some());
}
