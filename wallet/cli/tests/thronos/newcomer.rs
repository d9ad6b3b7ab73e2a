//! A newcomer with rough hands, and no node: odd files, odd amounts, flags that do not fit, a home that cannot be written.

use std::fs;
use std::io::{BufRead, BufReader};
use std::os::unix::fs::PermissionsExt;
use std::process::{Output, Stdio};

use types::{Address, Network};

use crate::chain_maker::ChainMaker;
use crate::command::{Shell, text};

fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// What a person is told who does this.
fn told(shell: &Shell, arguments: &[&str]) -> String {
    errors(&shell.command(&[], arguments).output().expect("the command starts"))
}

/// A shell with the key alice, and the genesis of a test network.
fn offline() -> (Shell, String) {
    let shell = Shell::new();
    shell.import("alice", 1);
    let genesis = shell.genesis(&ChainMaker::new(&[]));
    let genesis = text(&genesis).to_owned();
    (shell, genesis)
}

/// `send` without a node, but for what is said.
fn send<'a>(genesis: &'a str, to: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let first = ["--genesis", genesis, "send", "--from", "alice", "--to", to, "--offline", "--nonce", "0"];
    [&first[..], more].concat()
}

// FAULTS RE9
#[test]
fn every_file_that_is_none_of_its_kind_is_refused_with_what_to_do_whatever_its_size() {
    let shell = Shell::new();
    shell.import("alice", 1);
    shell.private("empty", "");
    let giant = fs::File::create(shell.path("giant")).expect("own directory");
    giant.set_len(1 << 40).expect("a file with nothing in it");
    fs::set_permissions(shell.path("giant"), fs::Permissions::from_mode(0o600)).expect("own file");
    fs::write(shell.private("bytes", ""), [0xff, 0xfe, 0]).expect("own file");
    fs::create_dir(shell.path("folder")).expect("own directory");
    for file in ["empty", "giant", "bytes", "folder", "missing", "alice/below", "/dev/zero"] {
        for arguments in [
            &["verify", file][..],
            &["sign", file, "--from", "alice"],
            &["broadcast", file],
            &["wallet", "import", "bob", "--key-file", file],
            &["wallet", "import", "bob", "--mnemonic-file", file],
        ] {
            let told = told(&shell, arguments);
            assert!(told.starts_with("error[") && told.trim_end().lines().count() >= 2, "{arguments:?}: {told}");
        }
    }
    // A genesis may be long, and is read no further than one can be.
    for file in ["empty", "bytes", "folder", "missing", "/dev/null"] {
        let code = shell.bad(&["--genesis", file, "wallet", "list"]);
        assert!(["bad_genesis", "file"].contains(&code.as_str()), "{file}: {code}");
    }
}

// FAULTS RE11
#[test]
fn an_amount_is_digits_and_a_point_and_nothing_that_looks_like_it() {
    let (shell, genesis) = offline();
    let to = Address([2; 20]).to_text(Network::Test);
    let nines = "9".repeat(100_000);
    for amount in [
        "1,5",
        "1.000.000",
        "1_000",
        "1'000",
        "\u{661}\u{662}",
        "\u{ff11}",
        "\u{bd}",
        "1e3",
        "+1",
        "-1",
        "-0.5",
        " 1",
        "1\n",
        "",
        ".",
        ".5",
        "5.",
        "0x10",
        "NaN",
        "1THR",
        "00001",
        "1.0000001",
        &nines,
    ] {
        let told = told(&shell, &send(&genesis, &to, &["--amount", amount, "--fee-max", "0.1", "--out", "file"]));
        assert!(told.contains("error[bad_amount]") && told.contains("such as 1.5"), "{amount:.20}: {told:.300}");
        assert!(told.len() < 400, "{}", told.len());
        for option in ["--tip", "--fee-max"] {
            let all = send(&genesis, &to, &["--amount", "1", "--fee-max", "0.1", option, amount, "--out", "file"]);
            let told = self::told(&shell, &all);
            let is_named = told.contains("bad_amount") && told.contains(&format!("`{option}`: the amount"));
            assert!(is_named, "{option} {amount:.20}: {told:.300}");
        }
    }
    // What was forgotten is not taken from the next option.
    let output = shell.command(&[], &["send", "--from", "alice", "--amount", "--to", &to]).output().expect("it starts");
    assert!(output.status.code() == Some(2) && errors(&output).contains("--amount"), "{}", errors(&output));
    assert!(!shell.path("file").exists());
}

// FAULTS RE11
#[test]
fn without_a_node_none_is_asked_and_nothing_is_made_that_no_block_could_take() {
    let (mut shell, genesis) = offline();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket");
    shell.node = format!("http://{}", listener.local_addr().expect("bound"));
    let to = Address([2; 20]).to_text(Network::Test);
    for (more, code) in [
        (&["--asset", "GOLD", "--fee-max", "0.1"][..], "offline_needs"),
        (&["--asset", "1000", "--fee-max", "0.1"], "offline_needs"),
        (&["--asset", "", "--fee-max", "0.1"], "unknown_asset"),
        (&["--asset", "#", "--fee-max", "0.1"], "unknown_asset"),
        (&["--asset", "GOLD#", "--fee-max", "0.1"], "unknown_asset"),
        (&["--asset", "99999999999999999999", "--fee-max", "0.1"], "unknown_asset"),
        (&["--asset", "\u{1b}[2J", "--fee-max", "0.1"], "unknown_asset"),
        (&["--fee-max", "0"], "fee_max_too_low"),
        (&["--fee-max", "0.000001"], "fee_max_too_low"),
        (&[], "offline_needs"),
    ] {
        let all = send(&genesis, &to, &[&["--amount", "1", "--out", "file"], more].concat());
        assert_eq!(shell.bad(&all), code, "{more:?}");
    }
    let main = Address([2; 20]).to_text(Network::Main);
    let all = send(&genesis, &main, &["--amount", "1", "--out", "file", "--fee-max", "0.1"]);
    assert_eq!(shell.bad(&all), "address_of_other_network");
    let good = send(&genesis, &to, &["--amount", "1", "--out", "file", "--fee-max", "0.1"]);
    shell.good(&good);
    // A file that exists is not written over, and no password is asked for in vain.
    fs::remove_file(shell.path("password")).expect("there");
    let told = told(&shell, &good);
    assert!(told.contains("cannot write file") && told.contains("choose another name"), "{told}");
    assert_eq!(shell.bad(&["--checkpoint", "7", "verify", "file"]), "bad_checkpoint");
    assert!(listener.accept().is_err(), "nobody was asked");
}

// FAULTS RE12
#[test]
fn nothing_is_made_that_cannot_be_shown_and_what_cannot_be_read_is_not_called_absent() {
    let shell = Shell::new();
    shell.import("alice", 1);
    shell.import("bob", 2);
    let sound = shell.private("words", "legal winner thank year wave sausage worth useful legal winner thank yellow");
    // A genesis that cannot be read: the words would be lost, for they are shown only once.
    shell.private("wallet/genesis.json", "{");
    let import = ["wallet", "import", "carol", "--mnemonic-file", text(&sound)];
    for arguments in [&["wallet", "new", "carol", "--yes"][..], &import] {
        assert_eq!(shell.bad(arguments), "bad_genesis");
        assert!(!shell.path("wallet/keys/carol.json").exists(), "{arguments:?}");
    }
    fs::remove_file(shell.path("wallet/genesis.json")).expect("there");
    // One key that cannot be read hides no other and is not passed over.
    fs::write(shell.path("wallet/keys/alice.json"), "{").expect("own file");
    let list = shell.good(&["wallet", "list"]);
    assert_eq!((&list[0]["name"], &list[0]["error"]["code"]), (&"alice".into(), &"damaged_key_file".into()), "{list}");
    assert_eq!((&list[1]["name"], &list[1]["kind"]), (&"bob".into(), &"key".into()));
    assert!(shell.said(&["wallet", "list"]).contains("alice.json is no key file, or damaged"));
    assert_eq!(shell.bad(&["wallet", "export", "alice", "--yes"]), "damaged_key_file");
    fs::remove_file(shell.path("wallet/keys/bob.json")).expect("there");
    assert!(!shell.said(&["wallet", "list"]).contains("no accounts"), "there is one");
    // A file where a folder should be: neither an empty wallet nor a name that is not there.
    shell.private("not-a-wallet", "");
    let elsewhere = |arguments: &[&str]| shell.bad(&[&["--wallet-dir", "not-a-wallet"], arguments].concat());
    assert_eq!(elsewhere(&["wallet", "list"]), "file");
    assert_eq!(elsewhere(&["wallet", "new", "dave", "--yes"]), "file");
}

// FAULTS RE12
#[test]
fn a_home_that_cannot_be_written_is_told_with_its_path() {
    let shell = Shell::new();
    for place in ["/proc/thronos", "/dev/null/thronos"] {
        for arguments in [&["wallet", "new", "carol", "--yes"][..], &["wallet", "import", "carol", "--key-file", "key"]]
        {
            shell.private("key", &"11".repeat(32));
            let told = told(&shell, &[&["--wallet-dir", place], arguments].concat());
            assert!(told.contains("error[file]") && told.contains(place), "{told}");
            assert!(told.lines().count() == 2, "what to do: {told}");
        }
    }
}

// FAULTS RE12
#[test]
fn whoever_has_closed_input_or_output_gets_an_answer_or_an_error_and_no_panic() {
    let shell = Shell::new();
    shell.import("alice", 1);
    let script = |redirections: &str, arguments: &str| {
        let command = format!(
            "exec {} --wallet-dir {} {arguments} {redirections}",
            env!("CARGO_BIN_EXE_thronos"),
            text(&shell.path("wallet"))
        );
        let mut shell = std::process::Command::new("/bin/sh");
        shell.args(["-c", &command]).env_clear().stdin(Stdio::null()).output().expect("there is a shell")
    };
    for (redirections, arguments, code) in [
        ("<&-", "wallet list", 0),
        (">&-", "wallet list --json", 0),
        ("2>&-", "verify nothing", 1),
        ("<&- >&- 2>&-", "wallet list", 0),
        ("<&-", "wallet export alice", 1),
        ("<&-", "wallet new bob", 1),
        ("<&-", "wallet import bob", 1),
        ("<&-", "wallet password alice", 1),
        ("<&-", "send --from alice --to alice --amount 1 --node http://127.0.0.1:1", 1),
    ] {
        let output = script(redirections, arguments);
        assert_eq!(output.status.code(), Some(code), "{arguments} {redirections}: {}", errors(&output));
        assert!(!errors(&output).contains("panicked"), "{}", errors(&output));
    }
    assert!(!shell.path("wallet/keys/bob.json").exists());
}

// FAULTS RE12
#[test]
fn a_node_is_named_as_people_name_it_and_an_older_flag_still_works() {
    let shell = Shell::new();
    let told = |node: &str| told(&shell, &["--node", node, "status"]);
    assert!(told("127.0.0.1:1").contains("cannot talk to the node at http://127.0.0.1:1"), "{}", told("127.0.0.1:1"));
    assert!(told("node.example:26701").contains("https://node.example:26701"), "{}", told("node.example:26701"));
    for with in ["--with", "--from"] {
        assert_eq!(shell.bad(&["sign", "nothing", with, "alice"]), "file");
    }
    let help = shell.said(&["sign", "--help"]);
    assert!(help.contains("--from <NAME>") && !help.contains("--with"), "{help}");
}

// FAULTS RE12
#[test]
fn a_miner_ends_when_the_program_that_reads_it_has_gone() {
    let shell = Shell::new();
    let address = Address([7; 20]).to_text(Network::Test);
    let mine = ["mine", "--pool", "127.0.0.1:1", "--address", &address, "--threads", "1"];
    let mut child = shell.command(&["--json"], &mine).stdout(Stdio::piped()).spawn().expect("the command starts");
    let mut first = String::new();
    BufReader::new(child.stdout.take().expect("a pipe")).read_line(&mut first).expect("an event");
    assert!(first.contains("event"), "{first}");
    assert!(child.wait().expect("it ends").success());
}

// FAULTS RE5
#[test]
fn each_key_of_a_multisig_account_is_on_a_line_of_its_own() {
    let shell = Shell::new();
    for (name, seed) in [("one", 11), ("two", 12)] {
        shell.import(name, seed);
    }
    let made = shell.said(&["multisig", "create", "duo", "--threshold", "2", "--key", "one", "--key", "two"]);
    let keys = shell.good(&["multisig", "address", "duo"])["keys"].clone();
    let keys: Vec<_> = keys.as_array().expect("a list").iter().map(|key| key.as_str().expect("a text")).collect();
    assert_eq!(keys.len(), 2);
    for told in [made, shell.said(&["multisig", "address", "duo"])] {
        let shown: Vec<_> = told.lines().filter(|line| keys.iter().any(|key| line.ends_with(key))).collect();
        assert!(shown.len() == 2 && shown[0].starts_with("keys:") && shown[1].starts_with("      "), "{told}");
        assert_eq!(shown[0].len(), shown[1].len(), "below one another: {told}");
        assert!(!told.contains("\\u000a"), "{told}");
    }
}

// FAULTS RT15
#[test]
fn commands_that_a_message_names_have_the_wallet_that_was_typed_and_not_that_of_the_environment() {
    let shell = Shell::new();
    let typed = told(&shell, &["wallet", "address", "nobody"]);
    let command = format!("`thronos wallet list --wallet-dir {}`", text(&shell.path("wallet")));
    assert!(typed.contains(&command), "{typed}");
    let bare = |more: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_thronos"));
        command.args(["wallet", "address", "nobody"]).args(more).env_clear().env("HOME", shell.path("user"));
        command.env("THRONOS_NODE", &shell.node).stdin(Stdio::null());
        command
    };
    let set = bare(&[]).env("THRONOS_WALLET", shell.path("wallet")).output().expect("it starts");
    assert!(errors(&set).contains("`thronos wallet list`"), "{}", errors(&set));
    let home = text(&shell.path("my home")).to_owned();
    let given = bare(&["--home", &home]).output().expect("it starts");
    assert!(errors(&given).contains(&format!("`thronos wallet list --home '{home}'`")), "{}", errors(&given));
}

/// Answers each of so many connections with these bytes, and closes it.
fn answers(bytes: &'static [u8], connections: usize) -> String {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten().take(connections) {
            let _ = stream.read(&mut [0; 4096]);
            let _ = stream.write_all(bytes);
        }
    });
    address.to_string()
}

// FAULTS RT17
#[test]
fn tls_at_a_port_without_it_and_none_at_a_port_for_it_are_told_with_what_to_write() {
    let shell = Shell::new();
    let alert = &[0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x32];
    let (plain, refusal) = (
        &b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n"[..],
        b"HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n",
    );
    for (scheme, bytes, words) in
        [("https", plain, "write http://"), ("http", &alert[..], "write https://"), ("http", refusal, "write https://")]
    {
        let node = format!("{scheme}://{}", answers(bytes, 1));
        let told = told(&shell, &["--node", &node, "status"]);
        assert!(told.contains(words) && !told.contains("check that it runs"), "{scheme}: {told}");
    }
}

// FAULTS RT17
#[test]
fn what_is_signed_is_told_once_before_it_is_signed() {
    let (shell, genesis) = offline();
    let to = Address([2; 20]).to_text(Network::Test);
    let file = shell.path("transfer.json");
    let out = ["--amount", "1", "--fee-max", "0.01", "--out", text(&file)];
    shell.good(&send(&genesis, &to, &out));
    let signed = shell.command(&[], &["--genesis", &genesis, "sign", text(&file), "--from", "alice"]).output();
    let signed = signed.expect("it starts");
    let (before, after) = (errors(&signed), String::from_utf8_lossy(&signed.stdout).into_owned());
    assert!(signed.status.success() && before.contains("does: ") && before.contains("fee max: "), "{before}");
    assert!(after.contains("signatures: ") && after.contains(text(&file)) && !after.contains("does: "), "{after}");
}
