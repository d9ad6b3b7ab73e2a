//! Slips of the hand: each is refused at once, with the value, the rule, and what to do instead. FAULTS RT17.

mod command;
mod support;

use std::path::Path;

use command::{Daemon, Made, done, refused, text};
use node::home::write_file;
use node::keys::NetworkKey;
use support::{address, genesis, key, make_home, validator_key};
use types::Network;

/// The entry of a validator of another seed, in a file.
fn entry(folder: &Path, seed: u8) -> String {
    let validator = node::keys::ValidatorKey::from_secret(crypto::bls::SecretKey::from_ikm(&[seed; 32]));
    let peer = NetworkKey::from_seed([seed; 32]).peer_key().expect("a seed");
    let path = folder.join(format!("entry-{seed}.json"));
    std::fs::write(&path, serde_json::to_vec(&validator.entry(peer)).expect("JSON")).expect("our own");
    text(&path).to_owned()
}

#[test]
fn a_genesis_takes_no_step_that_could_never_start_a_chain() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("genesis.json");
    let account = |number| address(&key(number)).to_text(Network::Test);
    let (file, first, second) = (text(&file), account(1), account(2));
    let new = ["genesis", "new", file, "--ecosystem", &first];
    let long = "x".repeat(65);
    let rule = "1 to 64 lower-case letters, digits and hyphens";
    for (arguments, value, rule) in [
        (&["--name", "My Chain"][..], "`My Chain`", rule),
        (&["--name", ""], "``", rule),
        (&["--name", "Ünder"], "`Ünder`", rule),
        (&["--name", &long], "65 bytes", rule),
        (&["--name", "fine", "--time", "99999999999999999"], "99999999999999999", "before the year 10000"),
    ] {
        let told = refused(&[&new[..], arguments].concat(), "genesis_parameter");
        assert!([value, rule, "nothing was written"].iter().all(|words| told.contains(words)), "{told}");
        assert!(!Path::new(file).exists());
    }
    done(&[&new[..], &["--name", "fine"]].concat());
    let [one, other] = [1, 2].map(|seed| entry(directory.path(), seed));
    let (of_first, too_much) = (format!("with the account {first} is in the file already"), (1_u64 << 60).to_string());
    let good = "";
    for (verb, typed, code, words) in [
        (
            "add-validator",
            &["--entry", &one, "--account", &first, "--power", "0"][..],
            "genesis_power",
            "`--power` is 0: ",
        ),
        ("add-validator", &["--entry", &one, "--account", &first, "--power", &too_much], "genesis_power", "below 2^60"),
        ("add-validator", &["--entry", &one, "--account", &first], good, "is complete"),
        ("add-validator", &["--entry", &one, "--account", &second], "genesis_duplicate_validator", "with the key "),
        ("add-validator", &["--entry", &other, "--account", &first], "genesis_duplicate_validator", &of_first),
        ("add-validator", &["--entry", &other, "--account", &second], good, "is complete"),
        (
            "add-balance",
            &[&first, "5", "--asset", "7"],
            "genesis_balance",
            "asset 7): there is no such asset: add it to ",
        ),
        ("add-balance", &[&first, "0"], "amount", "`0`, which is nothing"),
        ("add-balance", &[&first, "99999999999"], "genesis_cap_exceeded", "its cap is"),
        ("add-balance", &[&first, "5"], good, "is complete"),
    ] {
        let typed = [&["genesis", verb, file][..], typed].concat();
        let before = std::fs::read(file).expect("it is there");
        let told = if code == good { done(&typed) } else { refused(&typed, code) };
        assert!(told.contains(words), "{typed:?}: {told}");
        assert_eq!(std::fs::read(file).expect("it is there") == before, code != good, "{typed:?}: {told}");
    }
}

#[test]
fn a_key_or_mark_that_is_damaged_is_named_with_its_file_and_what_helps() {
    let made = Made::new(&[]);
    let (home, root) = (&made.home, made.root());
    for (file, commands) in [
        (home.network_key_file(), &[&["check"][..], &["run"], &["init"], &["keys", "show"]][..]),
        (home.validator_key_file(), &[&["check"], &["run"], &["init"]]),
    ] {
        let whole = std::fs::read(&file).expect("it is there");
        write_file(&file, b"nothing").expect("our own");
        for &command in commands {
            let told = refused(&[command, &["--home", root][..]].concat(), "key_malformed");
            for words in [text(&file), "put it back from its copy", "move it away and start again"] {
                assert!(told.contains(words), "{command:?}: {told}");
            }
        }
        write_file(&file, &whole).expect("our own");
    }
    let mark = home.data().join("chain-id");
    for (content, code) in
        [("garbage\n", "home_damaged"), ("", "home_damaged"), (&"7".repeat(64), "home_of_another_chain")]
    {
        std::fs::write(&mark, content).expect("our own");
        let told = refused(&["check", "--home", root], code);
        assert!(told.contains(text(&mark)), "{content}: {told}");
        assert_eq!(told.contains("remove the file"), code == "home_damaged", "{told}");
    }
    std::fs::remove_file(&mark).expect("our own");
    done(&["check", "--home", root]);
}

#[test]
fn a_home_that_is_a_file_is_called_that_by_every_command() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("file");
    std::fs::write(&file, "mine").expect("our own");
    for command in [&["init"][..], &["run"], &["check"], &["config", "check"], &["config", "print"], &["peers", "list"]]
    {
        let told = refused(&[command, &["--home", text(&file)]].concat(), "home_is_no_directory");
        assert!(told.contains(&format!("{} is no directory", text(&file))), "{command:?}: {told}");
    }
    assert_eq!(std::fs::read_to_string(&file).expect("it is there"), "mine");
}

#[test]
fn a_validator_that_has_never_voted_is_told_to_be_one() {
    let told = done(&["check", "--home", Made::new(&[]).root()]);
    assert!(told.contains("votes       none: this validator has not voted yet"), "{told}");
    assert!(!told.contains("view 0"), "{told}");
}

#[test]
fn an_address_of_another_machine_is_not_called_one_in_use() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let root = text(home.root());
    // Of no machine: an address for examples.
    for set in [
        "api.listen=203.0.113.9:26701",
        "metrics.listen=203.0.113.9:26709",
        "network.listen=/ip4/203.0.113.9/tcp/26700",
        "network.listen=/ip4/203.0.113.9/udp/26700/quic-v1",
        "mining.listen=203.0.113.9:3334",
    ] {
        let told = refused(&["run", "--home", root, "--set", set], "cannot_listen");
        assert!(told.contains("no network interface of this machine has that address"), "{set}: {told}");
        assert!(told.contains("203.0.113.9") && !told.contains("stop what uses it"), "{set}: {told}");
    }
    let told = refused(&["run", "--home", root, "--set", "network.external=/ip4/0.0.0.0/tcp/26700"], "network");
    assert!(told.contains("`network.external`") && told.contains("at which others reach this node"), "{told}");
    for set in ["api.origins=foo", "api.hosts=https://api.example"] {
        let told = refused(&["config", "check", "--home", root, "--set", set], "config_value");
        assert!(told.contains(&format!("`{}`", set.split_once('=').expect("both").0)), "{told}");
    }
}

#[test]
fn a_file_for_tls_that_is_the_wrong_one_is_told_with_the_setting_that_should_name_it() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let [certificate, its_key, other_key, nothing] =
        ["certificate.pem", "key.pem", "other.pem", "nothing"].map(|name| directory.path().join(name));
    let [one, other] =
        [(), ()].map(|()| rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).expect("a certificate"));
    std::fs::write(&certificate, one.cert.pem()).expect("our own");
    write_file(&its_key, one.key_pair.serialize_pem().as_bytes()).expect("our own");
    write_file(&other_key, other.key_pair.serialize_pem().as_bytes()).expect("our own");
    std::fs::write(&nothing, "nothing").expect("our own");
    let [certificate, its_key, other_key, nothing] =
        [&certificate, &its_key, &other_key, &nothing].map(|path| text(path));
    let check = |[certificate, key]: [&str; 2], listen: &str, code: Option<&str>| {
        let sets = [("tls_certificate", certificate), ("tls_key", key), ("tls_listen", listen)];
        let sets = sets.map(|(name, value)| format!("mining.{name}={value}"));
        let flags: Vec<&str> = sets.iter().flat_map(|set| ["--set", set.as_str()]).collect();
        let typed = [&["config", "check", "--home", text(home.root())][..], &flags].concat();
        code.map_or_else(|| done(&typed), |code| refused(&typed, code))
    };
    let (listen, none) = ("127.0.0.1:0", "");
    for (named, listen, words) in [
        ([certificate, ""], none, "`mining.tls_key` is empty, and `mining.tls_certificate` needs it".to_owned()),
        (["", its_key], none, "`mining.tls_certificate` is empty, and `mining.tls_key` needs it".to_owned()),
        (["", ""], listen, "`mining.tls_certificate` is empty, and `mining.tls_listen` needs it".to_owned()),
        (
            [its_key, its_key],
            listen,
            format!(
                "names {its_key}, which cannot be used: it holds a private key, which `mining.tls_key` should name"
            ),
        ),
        (
            [certificate, certificate],
            listen,
            format!(
                "names {certificate}, which cannot be used: it holds a certificate, which `mining.tls_certificate`"
            ),
        ),
        (
            [nothing, its_key],
            listen,
            format!("`mining.tls_certificate` names {nothing}, which cannot be used: it holds no"),
        ),
        (
            [certificate, nothing],
            listen,
            format!("`mining.tls_key` names {nothing}, which cannot be used: it holds no"),
        ),
        ([certificate, other_key], listen, format!("it is not the key of the certificate in {certificate}")),
    ] {
        let told = check(named, listen, Some("mining_settings"));
        assert!(told.contains(&words), "{words}: {told}");
    }
    check([certificate, its_key], listen, None);
    let open = |mode| {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(mode);
        std::fs::set_permissions(its_key, mode).expect("our own");
    };
    open(0o644);
    let told = check([certificate, its_key], listen, Some("mining_settings"));
    assert!(told.contains(&format!("(mode 0644): run `chmod 600 {its_key}`")), "{told}");
    // Some systems have a group for the keys of servers.
    open(0o640);
    check([certificate, its_key], listen, None);
}

#[test]
fn a_read_only_node_says_that_it_pays_nothing_whatever_account_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0"), ("node.read_only", "true")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let root = text(home.root());
    validator_key().write(&home.validator_key_file(), &node::keys::Password::new("correct horse")).expect("a file");
    let mut daemon = Daemon::start(&["run", "--home", root, "--log-format", "json"]);
    daemon.line("\"running\"");
    for command in [&["mining", "pay"][..], &["mining", "pay", "--dry-run"]] {
        let told = refused(&[command, &["--home", root]].concat(), "read_only");
        assert!(told.contains("this node is read-only, and such a node pays nothing"), "{told}");
        assert!(told.contains("the node that serves the miners"), "{told}");
    }
}

#[test]
fn the_file_of_a_password_is_written_into_the_settings_and_the_help_says_so() {
    let made = Made::new(&[]);
    let written = made.home.read_config().expect("a file");
    let [_, file] = made.password();
    assert!(written.contains(&format!("password_file = \"{file}\"")), "{written}");
    assert!(done(&["init", "--help"]).contains("`node.password_file`"));
    assert!(include_str!("../../docs/OPERATING.md").contains("`node.password_file`"));
}

// FAULTS RT17
#[test]
fn a_password_that_opens_nothing_is_told_with_its_file_and_what_names_it() {
    let made = Made::new(&[]);
    let (root, [option, file]) = (made.root(), made.password());
    let (config, key) = (made.home.config_file(), made.home.validator_key_file());
    let setting = format!("`node.password_file` of {}", text(&config));
    write_file(Path::new(file), b"another password").expect("our own");
    for command in [&["run"][..], &["keys", "entry"], &["keys", "password"]] {
        let told = refused(&[command, &["--home", root]].concat(), "wrong_password");
        for words in
            [&format!("the password in {file}, that {setting} names, does not open {}", text(&key)), "write the"]
        {
            assert!(told.contains(words), "{command:?}: {told}");
        }
        let told = refused(&[command, &["--home", root, option, file]].concat(), "wrong_password");
        assert!(told.contains("that `--password-file` names") && !told.contains("node.password_file"), "{told}");
    }
    std::fs::remove_file(file).expect("our own");
    for command in [&["run"][..], &["keys", "entry"], &["config", "check"]] {
        let told = refused(&[command, &["--home", root]].concat(), "home_io");
        for words in ["`node.password_file`", text(&config), file, "name a file that is there"] {
            assert!(told.contains(words), "{command:?}: {told}");
        }
    }
    for command in [&["run"][..], &["keys", "entry"]] {
        let told = refused(&[command, &["--home", root, option, "/nowhere"]].concat(), "home_io");
        assert!(told.contains("`--password-file`: cannot read /nowhere: "), "{command:?}: {told}");
    }
    let new = ["--new-password-file", "/nowhere"];
    write_file(Path::new(file), b"correct horse").expect("our own");
    let told = refused(&[&["keys", "password", "--home", root][..], &new].concat(), "home_io");
    assert!(told.contains("`--new-password-file`: cannot read /nowhere: "), "{told}");
    std::fs::remove_file(made.home.validator_key_file()).expect("our own");
    // Another key is closed by the password that the settings name, as the next start opens it; what is wrong with that is told so.
    let anew = ["init", "--home", root, "--validator", "--new-keys"];
    write_file(Path::new(file), b"short").expect("our own");
    let told = refused(&anew, "password_short");
    assert!(told.contains(&format!("{setting}: the password is shorter")), "{told}");
    write_file(Path::new(file), b"correct horse").expect("our own");
    done(&anew);
    done(&["keys", "entry", "--home", root]);
    let other = made.beside("other");
    let init = ["init", "--home", text(&other)];
    let told = refused(&[&init[..], &["--genesis", "/nowhere"]].concat(), "home_io");
    assert!(
        told.contains("`--genesis`: cannot read /nowhere: ") && told.contains("name a file that is there"),
        "{told}"
    );
    let told = refused(&[&init[..], &["--validator", option, "/nowhere"]].concat(), "password_missing");
    assert!(told.contains("`--password-file`: cannot read /nowhere: "), "{told}");
    assert!(!other.exists(), "nothing is made");
}

// FAULTS RT17
#[test]
fn a_setting_that_stands_twice_is_told_in_one_line_with_what_helps() {
    let made = Made::new(&[]);
    let file = made.home.config_file();
    let whole = made.home.read_config().expect("a file");
    for (from, to, words) in [
        ("[api]\n", "[api]\nhosts = [\"node.example\"]\n", "`: duplicate key; it stands further up already"),
        ("# end", "[api]\nhosts = [\"node.example\"]\n# end", "`[api]`: duplicate key; it stands further up already"),
        ("[api]\n", "[api]\nhosts: node.example\n", "`hosts: node.example`: "),
    ] {
        write_file(&file, whole.replace(from, to).as_bytes()).expect("our own");
        for command in [&["run"][..], &["config", "check"], &["init"]] {
            let told = refused(&[command, &["--home", made.root()]].concat(), "config_syntax");
            assert!(told.contains(&format!("{} is not valid TOML, line ", text(&file))), "{command:?}: {told}");
            assert!(told.contains(words) && told.trim_end().lines().count() == 1, "{command:?}: {told}");
        }
    }
}

// FAULTS RT17
#[test]
fn lost_settings_are_told_as_that_and_init_writes_others_beside_the_keys_that_are_there() {
    let made = Made::new(&[]);
    let (root, file) = (made.root(), made.home.config_file());
    let keys = done(&["keys", "show", "--home", root]);
    std::fs::remove_file(&file).expect("our own");
    for command in [&["run"][..], &["check"], &["config", "check"], &["status"], &["keys", "show"], &["peers", "list"]]
    {
        let told = refused(&[command, &["--home", root]].concat(), "config_missing");
        assert!(told.contains(&format!("{} is missing", text(&file))) && told.contains("`thronosd init "), "{told}");
    }
    let [option, password] = made.password();
    done(&["init", "--home", root, option, password, "--set", "api.listen=127.0.0.1:7"]);
    assert_eq!(done(&["keys", "show", "--home", root]), keys);
    let printed = done(&["config", "print", "--home", root]);
    assert!(printed.contains(password) && printed.contains("127.0.0.1:7"), "{printed}");
}

// FAULTS RT17
#[test]
fn the_home_of_another_user_is_called_that_and_not_missing() {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::process::CommandExt;
    let made = Made::new(&[]);
    let open = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("our own");
    };
    let program = made.beside("thronosd");
    std::fs::copy(env!("CARGO_BIN_EXE_thronosd"), &program).expect("our own");
    open(&program, 0o755);
    open(program.parent().expect("a directory"), 0o755);
    let is_root = rustix::process::geteuid().is_root();
    open(made.home.root(), if is_root { 0o700 } else { 0 });
    let other = |command: &[&str]| {
        let mut typed = std::process::Command::new(&program);
        typed.args(command).args(["--home", made.root()]).env_remove("THRONOS_HOME").current_dir("/");
        if is_root {
            typed.uid(65_534).gid(65_534);
        }
        String::from_utf8_lossy(&typed.output().expect("the program runs").stderr).into_owned()
    };
    for command in
        [&["run"][..], &["check"], &["config", "check"], &["config", "print"], &["status"], &["keys", "show"]]
    {
        let told = other(command);
        let words = if is_root { "[home_owner]" } else { "Permission denied; run this as the user whose it is" };
        assert!(told.contains(words) && !told.contains("there is no node"), "{command:?}: {told}");
    }
    for command in [&["peers", "list"][..], &["mining", "owed"]] {
        let told = other(command);
        assert!(told.contains("by its own user only; become that user, as with `sudo -u`"), "{command:?}: {told}");
    }
    open(made.home.root(), 0o700);
}

// FAULTS RT17
#[test]
fn the_page_on_proxies_sets_a_host_as_it_says() {
    let page = include_str!("../../docs/OPERATING.md");
    let line = page.lines().find(|line| line.contains("sed -i") && line.contains("config.toml")).expect("a command");
    let change = line.split('\'').nth(1).expect("in quotes");
    let made = Made::new(&[]);
    let file = made.home.config_file();
    let changed = std::process::Command::new("sed").args(["-i", change, text(&file)]).status().expect("it runs");
    assert!(changed.success());
    let told = done(&["config", "print", "--home", made.root()]);
    assert_eq!(told.matches("hosts = [\"api.your.name\"]").count(), 1, "{told}");
    done(&["config", "check", "--home", made.root()]);
}
