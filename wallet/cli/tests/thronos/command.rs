//! The built command without a node: keys, files, wrong input, exit codes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use types::{Address, Network};

use crate::chain_maker::ChainMaker;

const WORDS: &str = "legal winner thank year wave sausage worth useful legal winner thank yellow";

/// A person at a shell, with a directory of their own.
pub struct Shell {
    directory: tempfile::TempDir,
    pub node: String,
}

impl Shell {
    pub fn new() -> Self {
        let shell =
            Self { directory: tempfile::tempdir().expect("a directory"), node: "http://127.0.0.1:1".to_owned() };
        shell.private("password", "a long password\n");
        shell
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    pub fn private(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, text).expect("own directory");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("own file");
        path
    }

    pub fn genesis(&self, maker: &ChainMaker) -> PathBuf {
        self.private("genesis.json", &maker.genesis_json())
    }

    /// The chain that the wallet has pinned.
    pub fn genesis_id(&self) -> types::ChainId {
        let json = fs::read_to_string(self.path("wallet/genesis.json")).expect("pinned");
        wallet::Chain::from_json(&json).expect("a genesis").id()
    }

    pub fn run(&self, arguments: &[&str]) -> Output {
        self.started(&["--json"], arguments)
    }

    /// What a command prints for people.
    pub fn said(&self, arguments: &[&str]) -> String {
        String::from_utf8_lossy(&self.started(&[], arguments).stdout).into_owned()
    }

    fn started(&self, first: &[&str], arguments: &[&str]) -> Output {
        self.command(first, arguments).output().expect("the command starts")
    }

    /// A command that has not been started.
    pub fn command(&self, first: &[&str], arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_thronos"));
        command
            .args(first)
            .arg("--password-file")
            .arg(self.path("password"))
            .arg("--wallet-dir")
            .arg(self.path("wallet"))
            .args(arguments)
            .env_clear()
            .env("THRONOS_NODE", &self.node)
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// The JSON of a command that succeeds.
    pub fn good(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        serde_json::from_slice(&output.stdout).expect("one JSON document")
    }

    /// The code of the error of a command that is refused.
    pub fn bad(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let errors = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {errors}");
        assert!(output.stdout.is_empty(), "an error is no answer");
        let documents: Vec<Value> =
            errors.lines().map(|line| serde_json::from_str(line).expect("a program reads JSON only")).collect();
        let error = documents.last().expect("an error");
        let has_next = error["hint"].as_str().is_some_and(|hint| !hint.is_empty());
        assert!(has_next, "{arguments:?}: an error says what to do next: {error}");
        assert!(error["message"].as_str().is_some_and(|message| message.len() > 10), "{error}");
        error["code"].as_str().expect("a code").to_owned()
    }

    pub fn import(&self, name: &str, seed: u8) -> Value {
        let key = hex::encode([seed; 32]);
        self.private("key", &key);
        let file = self.path("key");
        self.good(&["wallet", "import", "--name", name, "--key-file", text(&file)])
    }
}

pub fn text(path: &Path) -> &str {
    path.to_str().expect("plain")
}

#[test]
fn words_come_back_as_the_same_account_and_never_by_accident() {
    let shell = Shell::new();
    assert_eq!(shell.bad(&["wallet", "new", "--name", "alice"]), "confirmation_needed");
    let made = shell.good(&["wallet", "new", "--name", "alice", "--words", "12", "--yes"]);
    let words = made["mnemonic"].as_str().expect("the words, once").to_owned();
    assert_eq!(words.split(' ').count(), 12);
    for arguments in [vec!["wallet", "list"], vec!["wallet", "address", "alice"]] {
        let output = shell.run(&arguments);
        assert!(!String::from_utf8_lossy(&output.stdout).contains(&words), "{arguments:?}");
    }
    assert_eq!(shell.bad(&["wallet", "export", "alice"]), "confirmation_needed");
    assert_eq!(shell.good(&["wallet", "export", "alice", "--yes"])["mnemonic"], words.as_str());
    let file = shell.private("words", &format!("{}\n", words.to_uppercase()));
    let again = shell.good(&["wallet", "import", "--name", "bob", "--mnemonic-file", text(&file)]);
    assert_eq!(
        (made["address"].is_null(), again["main"].as_str().map(|main| &main[..4])),
        (true, Some("thr1")),
        "no chain is known"
    );
    assert_eq!((&again["public_key"], &again["legacy"]), (&made["public_key"], &made["legacy"]));
    let next = shell.good(&["wallet", "import", "--name", "carol", "--mnemonic-file", text(&file), "--index", "1"]);
    assert_ne!(next["public_key"], made["public_key"]);
    let passphrase = shell.private("passphrase", "extra");
    let other = shell.good(&[
        "wallet",
        "import",
        "--name",
        "dave",
        "--mnemonic-file",
        text(&file),
        "--passphrase-file",
        text(&passphrase),
    ]);
    assert_ne!(other["public_key"], made["public_key"]);
    assert_eq!(shell.good(&["wallet", "list"]).as_array().map(Vec::len), Some(4));
}

#[test]
fn a_new_password_replaces_the_old_one() {
    let shell = Shell::new();
    shell.import("alice", 1);
    let new = shell.private("new", "quite another one");
    shell.good(&["wallet", "password", "alice", "--new-password-file", text(&new)]);
    assert_eq!(shell.bad(&["wallet", "export", "alice", "--yes"]), "wrong_password");
    shell.private("password", "quite another one");
    assert_eq!(shell.good(&["wallet", "export", "alice", "--yes"])["key"], hex::encode([1; 32]));
}

// FAULTS K1, K2, A7
#[test]
fn wrong_words_passwords_and_modes_are_refused_with_their_code() {
    let shell = Shell::new();
    shell.import("alice", 1);
    for (words, code) in [
        (WORDS.replace("winner", "winer"), "mnemonic_word"),
        (WORDS.replacen("legal winner", "winner legal", 1), "mnemonic_checksum"),
        ("legal winner".to_owned(), "mnemonic_word_count"),
        (String::new(), "mnemonic_word_count"),
    ] {
        let file = shell.private("words", &words);
        assert_eq!(shell.bad(&["wallet", "import", "--name", "bob", "--mnemonic-file", text(&file)]), code, "{words}");
    }
    for (key, code) in [("00".repeat(32), "bad_key"), ("ff".repeat(32), "bad_key"), ("zz".to_owned(), "bad_key")] {
        let file = shell.private("key", &key);
        assert_eq!(shell.bad(&["wallet", "import", "--name", "bob", "--key-file", text(&file)]), code, "{key}");
    }
    let file = shell.private("words", WORDS);
    let import = ["wallet", "import", "--name", "bob", "--mnemonic-file", text(&file)];
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("own file");
    assert_eq!(shell.bad(&import), "file_readable_by_others");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("own file");
    let password = shell.path("password");
    fs::set_permissions(&password, fs::Permissions::from_mode(0o640)).expect("own file");
    assert_eq!(shell.bad(&import), "file_readable_by_others");
    shell.private("password", "short");
    assert_eq!(shell.bad(&import), "short_password");
    shell.private("password", "two\nlines of it");
    assert_eq!(shell.bad(&import), "bad_password");
    shell.private("password", "not the right one");
    let export = ["wallet", "export", "alice", "--yes"];
    let told = |arguments: &[&str]| String::from_utf8_lossy(&shell.run(arguments).stderr).into_owned();
    assert_eq!(shell.bad(&export), "wrong_password");
    let words =
        format!("the password in {}, that `--password-file` names, does not open the key `alice`", text(&password));
    assert!(told(&export).contains(&words), "{}", told(&export));
    fs::remove_file(&password).expect("there");
    assert_eq!((shell.bad(&import), shell.bad(&export)), ("file".to_owned(), "file".to_owned()));
    assert!(told(&export).contains("`--password-file`: cannot read "), "{}", told(&export));
    assert!(!shell.path("wallet/keys/bob.json").exists(), "nothing was written");
}

#[test]
fn a_password_is_asked_on_a_terminal_or_not_at_all() {
    let shell = Shell::new();
    shell.import("alice", 1);
    let output = Command::new(env!("CARGO_BIN_EXE_thronos"))
        .args(["wallet", "export", "alice", "--yes", "--wallet-dir", text(&shell.path("wallet"))])
        .env_clear()
        .env("THRONOS_PASSWORD", "a long password")
        .stdin(Stdio::null())
        .output()
        .expect("the command starts");
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stderr).starts_with("error[password_needed]: "));
}

#[test]
fn wrong_input_is_refused_before_anything_is_asked_or_sent() {
    let shell = Shell::new();
    let maker = ChainMaker::new(&[]);
    let genesis = shell.genesis(&maker);
    shell.import("alice", 1);
    let to = Address([2; 20]).to_text(Network::Test);
    let last = if to.ends_with('q') { "p" } else { "q" };
    let typo = format!("{}{last}", &to[..to.len() - 1]);
    let main = Address([2; 20]).to_text(Network::Main);
    let legacy = Address([2; 20]).to_legacy_text();
    let long = "m".repeat(257);
    let out = shell.path("out.json");
    let send = |extra: &[&str]| {
        let mut arguments =
            vec!["--genesis", text(&genesis), "send", "--from", "alice", "--offline", "--out", text(&out)];
        arguments.extend(["--nonce", "0", "--fee-max", "0.01"]);
        arguments.extend(extra);
        shell.bad(&arguments)
    };
    for (to, code) in [
        (typo.as_str(), "address_typo"),
        (&main, "address_of_other_network"),
        ("bob", "bad_address"),
        ("", "bad_address"),
        ("thrt1\u{1b}[2J", "bad_address"),
        (&legacy, "confirmation_needed"),
    ] {
        assert_eq!(send(&["--to", to, "--amount", "1"]), code, "{to}");
    }
    for (amount, code) in [
        ("0.0000001", "bad_amount"),
        ("-1", "bad_amount"),
        ("1e3", "bad_amount"),
        ("01", "bad_amount"),
        ("", "bad_amount"),
        ("1,5", "bad_amount"),
        ("340282366920938463463374607431768211456", "bad_amount"),
        ("0", "zero_amount"),
    ] {
        assert_eq!(send(&["--to", &to, "--amount", amount]), code, "{amount}");
    }
    for (extra, code) in [
        (["--valid-for", "10"], "bad_span"),
        (["--valid-for", "2d"], "valid_too_long"),
        (["--tip", "x"], "bad_amount"),
        (["--memo", &long], "memo_too_long"),
        (["--password-file", "nowhere"], "file"),
    ] {
        let mut arguments = vec!["--to", &to, "--amount", "1"];
        arguments.extend(extra);
        assert_eq!(send(&arguments), code, "{extra:?}");
    }
    assert!(!out.exists(), "nothing was written");
    let alone = |arguments: &[&str]| shell.bad(arguments);
    assert_eq!(alone(&["send", "--from", "alice", "--to", &to, "--amount", "1"]), "node_unreachable");
    assert_eq!(alone(&["send", "--from", "nobody", "--to", &to, "--amount", "1"]), "unknown_name");
    assert_eq!(alone(&["--node", "localhost", "status"]), "bad_node_url");
    assert_eq!(alone(&["status"]), "node_unreachable");
    assert_eq!(alone(&["--genesis", "nowhere", "balance"]), "node_unreachable");
    assert_eq!(alone(&["tx", "abc"]), "bad_id");
    assert_eq!(alone(&["wallet", "new", "--name", "../x", "--yes"]), "bad_name");
    assert_eq!(alone(&["wallet", "new", "--name", "alice", "--yes"]), "name_taken");
    assert_eq!(alone(&["verify", text(&genesis)]), "bad_transaction_file");
    assert_eq!(alone(&["verify", "nowhere"]), "file");
}

#[test]
fn a_wrong_command_line_exits_with_two_and_help_with_zero() {
    let shell = Shell::new();
    for arguments in
        [vec![], vec!["fly"], vec!["send"], vec!["wallet", "new", "--words", "13"], vec!["--password", "x", "status"]]
    {
        assert_eq!(shell.run(&arguments).status.code(), Some(2), "{arguments:?}");
    }
    for arguments in [vec!["--help"], vec!["--version"], vec!["help", "send"], vec!["completions", "bash"]] {
        assert_eq!(shell.run(&arguments).status.code(), Some(0), "{arguments:?}");
    }
}

#[test]
fn addresses_are_checked_converted_and_drawn() {
    let shell = Shell::new();
    let address = Address([7; 20]);
    let (main, test, legacy) =
        (address.to_text(Network::Main), address.to_text(Network::Test), address.to_legacy_text());
    for (text, form) in [(&main, "main"), (&test, "test"), (&legacy, "legacy"), (&test.to_uppercase(), "test")] {
        let checked = shell.good(&["address", "check", text]);
        assert_eq!(
            (checked["form"].as_str(), checked["legacy"].as_str(), checked["main"].as_str()),
            (Some(form), Some(legacy.as_str()), Some(main.as_str()))
        );
    }
    assert_eq!(shell.good(&["address", "convert", &legacy, "--to", "test"])["address"], test.as_str());
    assert_eq!(shell.bad(&["address", "check", &main[..main.len() - 1]]), "address_typo");
    assert_eq!(shell.bad(&["address", "check", "hello"]), "bad_address");
    assert_eq!(shell.good(&["qr", &test])["address"], test.as_str());
}

#[test]
fn a_transfer_is_signed_without_a_node_and_verified_anywhere() {
    let shell = Shell::new();
    let maker = ChainMaker::new(&[]);
    let genesis = shell.genesis(&maker);
    shell.import("alice", 1);
    let (to, out) = (Address([2; 20]).to_text(Network::Test), shell.path("signed.json"));
    let send = [
        "--genesis",
        text(&genesis),
        "send",
        "--from",
        "alice",
        "--to",
        &to,
        "--amount",
        "1.5",
        "--memo",
        "rent",
        "--offline",
    ];
    assert_eq!(shell.bad(&[send.as_slice(), &["--out", text(&out)]].concat()), "offline_needs");
    let complete = [send.as_slice(), &["--out", text(&out), "--nonce", "3", "--fee-max", "0.01"]].concat();
    let made = shell.good(&complete);
    assert_eq!(
        (made["complete"].as_bool(), made["nonce"].as_u64(), made["fee_max"].as_str()),
        (Some(true), Some(3), Some("10000"))
    );
    assert_eq!(made["calls"][0]["sentence"], format!("transfer 1.5 THR to {to}, memo \"rent\"").as_str());
    assert_eq!(shell.bad(&complete), "file", "a file is not overwritten");
    let verified = shell.good(&["verify", text(&out)]);
    assert_eq!((&verified["id"], &verified["complete"]), (&made["id"], &Value::Bool(true)));
    // The same file with another amount in the body: the signature does not fit any more.
    let file = fs::read_to_string(&out).expect("written");
    let amount = hex::encode(1_500_000_u128.to_le_bytes());
    let forged = shell.private("forged.json", &file.replace(&amount, &hex::encode(9_500_000_u128.to_le_bytes())));
    assert_ne!(fs::read_to_string(&forged).expect("written"), file);
    assert_eq!(shell.bad(&["verify", text(&forged)]), "wrong_signature");
    let other = ChainMaker::new(&[(Address([9; 20]), types::Amount(1))]);
    let elsewhere = shell.private("other.json", &other.genesis_json());
    assert_eq!(shell.bad(&["--genesis", text(&elsewhere), "verify", text(&out)]), "other_chain");
    assert_eq!(shell.bad(&["broadcast", text(&out)]), "node_unreachable");
    let told = shell.run(&["broadcast", text(&out)]).stderr;
    let told = String::from_utf8_lossy(&told);
    assert!(told.contains("refused") && !told.contains("os error"), "{told}");
}
