//! What a newcomer meets: keys that are lost, settings with a slip in them, and whether messages tell what to do next. FAULTS RT15.

mod command;
mod support;

use std::path::Path;
use std::process::{Output, Stdio};

use command::{Daemon, Made, answer, done, files, refused, text, thronosd};
use node::home::write_file;
use node::keys::Password;
use support::{genesis, make_home};

#[test]
fn a_lost_key_is_told_with_what_helps_and_no_other_is_made_without_a_word() {
    let made = Made::new(&[]);
    let (home, root, of_validator) = (&made.home, made.root(), made.of_validator());
    let entry = || std::fs::read_to_string(home.validator_entry_file()).expect("it is written");
    let before = entry();

    let network = home.network_key_file();
    std::fs::remove_file(&network).expect("our own");
    for command in [&["run"][..], &["check"], &["keys", "show"], &["init"]] {
        let told = refused(&[command, &["--home", root]].concat(), "key_missing");
        let remedy = format!("`thronosd init --new-keys --home {root}`");
        for words in [text(&network), "put it back from its copy", &remedy, "another peer id"] {
            assert!(told.contains(words), "{command:?}: {told}");
        }
        assert!(!network.exists(), "{command:?} makes none");
    }
    let told = done(&["init", "--home", root, "--new-keys"]);
    assert!(told.contains("new: tell it to whoever names the former one"), "{told}");
    assert_ne!(entry(), before, "what is given to a genesis names the new one");
    assert!(!done(&["init", "--home", root, "--new-keys"]).contains("(new"), "what is there stays");

    let key = home.validator_key_file();
    std::fs::rename(&key, made.beside("copy")).expect("our own");
    let told = refused(&["run", "--home", root], "key_missing");
    for words in [text(&key), text(&home.lease()), "validator-entry.json", "put the key back from its copy"] {
        assert!(told.contains(words), "{told}");
    }
    let found = refused(&["check", "--home", root], "home_damaged");
    assert!(found.contains(&format!("{}: it is missing, though", text(&key))), "{found}");
    assert!(refused(&of_validator, "key_missing").contains("another validator"));
    refused(&["keys", "password", "--home", root], "key_missing");
    assert!(!key.exists(), "none is made");
    let another = done(&[&of_validator[..], &["--new-keys"]].concat());
    assert!(another.contains("validator key    ") && key.exists(), "{another}");
}

#[test]
fn any_trace_of_a_used_home_keeps_init_from_making_another_network_key() {
    for trace in
        ["chain-id", "peers.json", "bans.json", "store/", "log/", "lease/", "services/", "nothing but the genesis"]
    {
        let directory = tempfile::tempdir().expect("a directory");
        let (home, _) = make_home(directory.path(), &genesis(), &[]);
        let root = text(home.root()).to_owned();
        done(&["init", "--home", &root]);
        let left = |path: &Path| std::fs::read_dir(path).is_ok_and(|mut entries| entries.next().is_some());
        assert!(left(&home.keys()), "a key was made");
        std::fs::remove_file(home.network_key_file()).expect("our own");
        std::fs::remove_dir_all(home.data()).expect("our own");
        let place = home.data().join(trace);
        match trace {
            "nothing but the genesis" => {}
            folder if folder.ends_with('/') => std::fs::create_dir_all(&place).expect("our own"),
            _ => {
                std::fs::create_dir_all(home.data()).expect("our own");
                write_file(&place, b"").expect("our own");
            }
        }
        refused(&["init", "--home", &root], "key_missing");
        assert!(!home.network_key_file().exists(), "{trace}: none is made");
        let told = done(&["init", "--home", &root, "--new-keys"]);
        assert!(told.contains("new: tell it to whoever names the former one"), "{trace}: {told}");
    }
}

#[test]
fn settings_that_lie_ready_are_no_trace_of_a_used_home() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = node::home::Home::new(directory.path().join("home"));
    std::fs::create_dir_all(home.root()).expect("our own");
    write_file(&home.config_file(), b"[node]\nread_only = false\n").expect("our own");
    write_file(&home.genesis_file(), genesis::to_json(&genesis(), &runtime::registry()).as_bytes()).expect("our own");
    assert!(done(&["init", "--home", text(home.root())]).contains("(new)"));
}

#[test]
fn a_damaged_lease_is_named_with_its_path() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let key = support::validator_key();
    key.write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    home.begin_lease(key.public()).expect("our own");
    let lease = home.lease().join(journal::LEASE_FILE);
    let [_, password] = files(directory.path());
    std::fs::write(&lease, [7; 40]).expect("our own");
    let root = text(home.root());
    for command in [&["check"][..], &["run", "--password-file", text(&password)]] {
        let told = refused(&[command, &["--home", root]].concat(), "log");
        assert!(told.contains(&format!("{}: ", text(&lease))) && told.contains("move this file away"), "{told}");
    }
}

#[test]
fn what_no_start_would_take_is_refused_by_init_too_with_the_setting_and_its_place() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("home");
    let of_nobody = "/ip4/1.2.3.4/tcp/99999/p2p/12D3KooWBtg3aaRMjxwedh83aGiUkwSxDwUZkzuJcfaqUmo7R3pq";
    let same = ["--set", "metrics.listen=127.0.0.1:4711", "--api", "127.0.0.1:4711"];
    for (typed, code, words) in [
        (&["--bootstrap", of_nobody][..], "network", "command line: `network.bootstrap`: `/ip4/1.2.3.4/tcp/99999"),
        (&["--listen", "/dns4/localhost/tcp/1"], "network", "command line: `network.listen`: "),
        (&["--set", "network.external=/ip4/1.2.3.4/tcp/1/ws"], "network", "command line: `network.external`: "),
        (
            &["--set", "network.only_persistent=true"],
            "nobody_admitted",
            "command line: `network.only_persistent` is true",
        ),
        (&same, "same_port", "command line: `api.listen` and `metrics.listen`"),
        (
            &["--set", "mining.enabled=true", "--set", "mining.pool_listen=127.0.0.1:0"],
            "mining_settings",
            "`mining.pool_operator` is empty",
        ),
        (&["--set", "accounts.mining=/nowhere"], "home_io", "command line: `accounts.mining` names /nowhere"),
        (
            &["--validator", "--set", "node.password_file=/nowhere"],
            "home_io",
            "command line: `node.password_file` names ",
        ),
    ] {
        let told = refused(&[&["init", "--home", text(&root)][..], typed].concat(), code);
        assert!(told.contains(words), "{typed:?}: {told}");
        assert!(!root.exists(), "{typed:?}: nothing is made");
    }
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    for command in [&["run"][..], &["config", "check"]] {
        let typed = [command, &["--home", text(home.root()), "--set", "accounts.mining=/nowhere"]].concat();
        let told = refused(&typed, "home_io");
        assert!(told.contains("command line: `accounts.mining` names /nowhere, which cannot be read"), "{told}");
    }
    // What a person wrote into the file is told with the file, by a start and by a check.
    let written = std::fs::read_to_string(home.config_file()).expect("a file");
    let wrong = written.replace("bootstrap = []", &format!("bootstrap = [\"{of_nobody}\"]"));
    write_file(&home.config_file(), wrong.as_bytes()).expect("our own");
    for command in [&["run"][..], &["config", "check"], &["init"]] {
        let told = refused(&[command, &["--home", text(home.root())]].concat(), "network");
        let words = format!("{}: `network.bootstrap`: `{of_nobody}`", text(&home.config_file()));
        assert!(told.contains(&words), "{command:?}: {told}");
    }
}

#[test]
fn commands_that_a_message_names_have_the_home_that_was_typed() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("my home");
    let typed = format!(" --home '{}'`", text(&root));
    let named = |told: &str, command: &str| {
        assert!(told.contains(&format!("`thronosd {command}{typed}")), "{command}: {told}");
        assert_eq!(told.matches("`thronosd ").count(), told.matches(&typed).count(), "{told}");
    };
    let root = text(&root);
    for command in [&["run"][..], &["check"], &["status"], &["config", "check"], &["keys", "show"]] {
        named(&refused(&[command, &["--home", root]].concat(), "home_missing"), "init");
    }
    done(&["init", "--home", root]);
    named(&refused(&["run", "--home", root], "genesis_missing"), "init --genesis FILE");
    named(&refused(&["peers", "list", "--home", root], "not_running"), "run");
    named(&refused(&["mining", "owed", "--home", root], "not_running"), "run");
    let silent = ["status", "--home", root, "--api", "127.0.0.1:1"];
    named(&refused(&silent, "not_running"), "run --api 127.0.0.1:1");
    let above = ["keys", "allow-votes", "--above", "0:1", "--i-have-checked", "--home", root];
    // A new key would be a validator that no genesis names.
    let told = refused(&above, "no_validator_key");
    assert!(told.contains("put the key back from its copy") && !told.contains("init --validator"), "{told}");
    // Where the environment names it a bare command does.
    let mut bare = thronosd(&["run"]);
    let Output { stderr, .. } = bare.env("THRONOS_HOME", root).output().expect("the program runs");
    assert!(String::from_utf8_lossy(&stderr).contains("`thronosd init --genesis FILE`"));
}

#[test]
fn a_home_in_which_only_a_word_on_votes_was_said_is_sound() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().join("home");
    let root = text(&home);
    let genesis = directory.path().join("genesis.json");
    std::fs::write(&genesis, genesis::to_json(&support::genesis(), &runtime::registry())).expect("a file");
    let password = directory.path().join("password");
    write_file(&password, b"correct horse\n").expect("a file");
    let key = ["--validator", "--password-file", text(&password)];
    done(&[&["init", "--home", root, "--genesis", text(&genesis)][..], &key].concat());
    assert!(done(&["check", "--home", root]).contains("no node has run here yet"));
    done(&["keys", "allow-votes", "--above", "0:1", "--i-have-checked", "--home", root]);
    let told = done(&["check", "--home", root]);
    assert!(told.contains("above view 1 of epoch 0") && told.contains("no node has run here yet"), "{told}");
    assert!(told.contains("is sound"), "{told}");
}

#[test]
fn whoever_asks_the_node_of_a_home_that_is_not_there_hears_that() {
    let directory = tempfile::tempdir().expect("a directory");
    let nowhere = directory.path().join("nowhere");
    for command in [
        &["peers", "list"][..],
        &["peers", "ban", "203.0.113.7"],
        &["peers", "disconnect", "203.0.113.7"],
        &["mining", "owed"],
        &["mining", "pay"],
    ] {
        let told = refused(&[command, &["--home", text(&nowhere)]].concat(), "home_missing");
        assert!(told.contains(text(&nowhere)) && !told.contains("socket"), "{command:?}: {told}");
    }
}

#[test]
fn a_new_key_without_a_terminal_is_refused_with_the_ways_to_give_a_password() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("home");
    let told = refused(&["init", "--home", text(&root), "--validator"], "password_missing");
    for words in ["at least 8 characters", "mode 0600", "--password-file FILE", "systemd credential `thronos-password`"]
    {
        assert!(told.contains(words), "{told}");
    }
    let [_, password] = files(directory.path());
    done(&["init", "--home", text(&root), "--validator", "--password-file", text(&password)]);
    let told =
        refused(&["keys", "password", "--home", text(&root), "--password-file", text(&password)], "password_missing");
    assert!(told.contains("--new-password-file FILE") && !told.contains("credential"), "{told}");
    assert!(told.contains("another password is needed") && !told.contains("a new validator key"), "{told}");
}

#[test]
fn a_read_only_node_with_a_validators_key_says_the_same_everywhere() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[("node.read_only", "true")]);
    let key = support::validator_key();
    key.write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    home.begin_lease(key.public()).expect("our own");
    let root = text(home.root());
    assert!(done(&["check", "--home", root]).contains("votes       never: this node is read-only"));
    let api = format!("127.0.0.1:{}", tryout::free_port());
    let mut daemon = Daemon::start(&["run", "--home", root, "--api", &api, "--log-format", "json"]);
    assert!(daemon.line("not voting").contains("not voting: this node is read-only"));
    daemon.line("\"running\"");
    let status = done(&["status", "--api", &api]);
    assert!(status.starts_with("not voting: this node is read-only"), "{status}");
    assert!(!status.contains("no consensus key"), "{status}");
    // It needs no key, so one that is gone stops nothing.
    drop(daemon);
    std::fs::remove_file(home.validator_key_file()).expect("our own");
    assert!(done(&["check", "--home", root]).contains("is sound"));
    Daemon::start(&["run", "--home", root, "--api", "127.0.0.1:0", "--log-format", "json"]).line("\"running\"");
}

// FAULTS RT10
#[test]
fn check_names_a_damaged_log_of_payments_and_damaged_bans_and_changes_neither() {
    use service::log::{Log, LogBounds, OnDamage};
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let (root, folder) = (text(home.root()), home.service_folder("mining"));
    std::fs::create_dir_all(&folder).expect("our own");
    done(&["check", "--home", root]);
    let look = |file: &Path, words: &str| {
        let before = std::fs::read(file).expect("it is there");
        let told = refused(&["check", "--home", root], "home_damaged");
        assert!(told.contains(&format!("{}: {words}", text(file))), "{told}");
        assert_eq!(std::fs::read(file).expect("it is there"), before, "a look changes nothing");
    };
    for name in ["account.log", "payouts"] {
        let file = folder.join(name);
        std::fs::write(&file, [0xa5; 400]).expect("our own");
        look(&file, "damaged at byte 0 (");
        if name == "payouts" {
            refused(&["run", "--home", root, "--api", "127.0.0.1:0"], "payouts_log");
        }
        std::fs::remove_file(&file).expect("our own");
        let bounds = LogBounds { record_bytes_max: 100, file_bytes_max: 1_000 };
        let mut log = Log::open(&file, bounds, OnDamage::Refuse).expect("a new one").log;
        log.append([&[0xff; 3][..]]).expect("room");
        look(&file, "it holds a record that this version does not know");
        // A crash leaves the beginning of a record, and the next start cuts it off.
        std::fs::write(&file, [0xa5; 5]).expect("our own");
        let told = done(&["check", "--home", root]);
        assert!(told.contains(&format!("torn        {}: an incomplete last record", text(&file))), "{told}");
        std::fs::remove_file(&file).expect("our own");
    }
    std::fs::write(home.bans(), "[{\"whom\":\"nobody\"}]").expect("our own");
    look(&home.bans(), "damaged (");
    std::fs::remove_file(home.bans()).expect("our own");
    done(&["check", "--home", root]);
}

// FAULTS RT7
#[test]
fn what_a_start_refuses_of_the_files_that_settings_name_a_check_of_them_refuses_with_the_same_words() {
    use std::os::unix::fs::PermissionsExt;
    let chmod = |path: &Path, mode| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("our own");
    };
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let key = support::validator_key();
    key.write(&home.validator_key_file(), &Password::new("correct horse")).expect("a file");
    home.begin_lease(key.public()).expect("our own");
    let root = text(home.root());
    let [open, no_key, sealed] = ["open", "no-key", "sealed"].map(|name| directory.path().join(name));
    let account = signing::AccountKey::from_secret(&[13; 32]).expect("a key");
    let password = signing::password::Password::new("correct horse").expect("a password");
    let account = signing::keystore::seal(&signing::keystore::Secret::Key(account), &password).expect("it is sealed");
    for (path, content) in [(&open, "correct horse"), (&no_key, "{}"), (&sealed, &account)] {
        write_file(path, content.as_bytes()).expect("a file");
    }
    chmod(&open, 0o644);
    let set = |name: &str, path: &Path| format!("{name}={}", text(path));
    let of_key = set("accounts.mining", &sealed);
    let [enabled, payouts] = ["mining.enabled=true", "mining.payouts=true"].map(str::to_owned);
    let no_account = format!("command line and {}: `mining.payouts` is true", text(&home.config_file()));
    let (open_words, no_key_words) = (format!("{} can be read or changed by others", text(&open)), "it is no key file");
    for (settings, code, words) in [
        (vec![set("node.password_file", &open)], "home_readable_by_others", "command line: `node.password_file`: "),
        (vec![set("accounts.mining", &open)], "home_readable_by_others", "command line: `accounts.mining`: "),
        (
            vec![of_key.clone(), set("accounts.mining_password_file", &open)],
            "home_readable_by_others",
            "command line: `accounts.mining_password_file`: ",
        ),
        (vec![set("accounts.mining", &no_key)], "account_key", "command line: `accounts.mining` names "),
        (vec![enabled, payouts], "mining_settings", &no_account),
    ] {
        let flags: Vec<&str> = settings.iter().flat_map(|setting| ["--set", setting.as_str()]).collect();
        for command in [&["config", "check"][..], &["run"]] {
            let told = refused(&[command, &["--home", root], &flags].concat(), code);
            assert!(told.contains(&format!("thronosd: {words}")), "{command:?}: {told}");
            assert!(code != "home_readable_by_others" || told.contains(&open_words), "{told}");
            assert!(code != "account_key" || told.contains(no_key_words), "{told}");
        }
        done(&[&["config", "check", "--home", root, "--set", "node.read_only=true"][..], &flags].concat());
    }
    done(&["config", "check", "--home", root, "--set", &of_key]);
    chmod(&home.config_file(), 0o666);
    for command in [&["config", "check"][..], &["run"]] {
        let told = refused(&[command, &["--home", root]].concat(), "home_readable_by_others");
        assert!(told.contains(&format!("chmod 600 {}", text(&home.config_file()))), "{command:?}: {told}");
    }
}

// FAULTS RT15
#[test]
fn a_setting_of_a_service_that_is_refused_is_told_with_the_place_where_it_was_given() {
    let directory = tempfile::tempdir().expect("a directory");
    let settings = [("mining.enabled", "true"), ("mining.listen", "127.0.0.1:0"), ("mining.pool_listen", "")];
    let (home, _) = make_home(directory.path(), &genesis(), &settings);
    let root = text(home.root());
    for (settings, words) in [
        (
            &["mining.pool_listen=127.0.0.1:0", "mining.pool_operator=alice"][..],
            "command line: `mining.pool_operator` is `alice`",
        ),
        (
            &["mining.tls_listen=127.0.0.1:0", "mining.tls_certificate=/nowhere"],
            "command line: `mining.tls_certificate` cannot be used: cannot read /nowhere",
        ),
    ] {
        let flags: Vec<&str> = settings.iter().flat_map(|setting| ["--set", *setting]).collect();
        for command in [&["config", "check"][..], &["run"]] {
            let told = refused(&[command, &["--home", root], &flags].concat(), "mining_settings");
            assert!(told.contains(&format!("thronosd: {words}")), "{command:?}: {told}");
        }
    }
    let mut check = thronosd(&["config", "check", "--home", root]);
    let Output { stderr, .. } = check.env("THRONOS_MINING_ALLOW", "bob").output().expect("the program runs");
    let told = String::from_utf8_lossy(&stderr);
    assert!(told.contains("thronosd: environment variable THRONOS_MINING_ALLOW: `mining.allow` is `bob`"), "{told}");
    let written = std::fs::read_to_string(home.config_file()).expect("a file");
    write_file(&home.config_file(), written.replace("allow = []", "allow = [\"bob\"]").as_bytes()).expect("our own");
    let told = refused(&["config", "check", "--home", root], "mining_settings");
    let words = format!("thronosd: {}: `mining.allow` is `bob`", text(&home.config_file()));
    assert!(told.contains(&words), "{told}");
}

// FAULTS RT15
#[test]
fn a_home_that_was_a_validators_is_known_as_one_by_its_entry_and_by_its_lease_and_not_made_anew() {
    let made = Made::new(&[]);
    let (home, root, of_validator) = (&made.home, made.root(), made.of_validator());
    let (key, entry) = (home.validator_key_file(), home.validator_entry_file());
    let lease = home.lease().join(journal::LEASE_FILE);
    let written = std::fs::read(&lease).expect("it is written with the key");
    std::fs::remove_file(&key).expect("our own");
    for with_entry in [true, false] {
        if !with_entry {
            std::fs::remove_file(&entry).expect("our own");
        }
        let shown = done(&["keys", "show", "--home", root]);
        assert!(shown.contains(&format!("validator key    lost: {} is missing", text(&key))), "{shown}");
        let json = ["keys", "show", "--json", "--home", root];
        for command in
            [&["init", "--home", root][..], &["init", "--home", root, "--new-keys"], &of_validator[..], &json]
        {
            let (exit, told) = answer(command);
            assert!(exit == Some(1) && told.contains("key_missing"), "{command:?}: {told}");
            for words in [text(&key), text(&home.lease()), "put the key back from its copy"] {
                assert!(told.contains(words), "{command:?}: {told}");
            }
            assert!(!key.exists(), "{command:?} makes none");
        }
    }
    assert_eq!(std::fs::read(&lease).expect("it is there"), written, "it is as it was");
    // Who only follows needs none.
    done(&["init", "--home", root, "--set", "node.read_only=true"]);
    let told = done(&[&of_validator[..], &["--new-keys"]].concat());
    let kept = home.lease().join("lease.former-1");
    assert!(told.contains(&format!("former lease     {}", text(&kept))) && key.exists(), "{told}");
    assert_eq!(std::fs::read(&kept).expect("it is kept"), written);
    // A home without a lease and an entry was never a validator's.
    let other = made.beside("other");
    done(&["init", "--home", text(&other)]);
    assert!(done(&["keys", "show", "--home", text(&other)]).contains("none: this node follows the chain"));
}

// FAULTS RT15
#[test]
fn a_lost_entry_is_written_again_from_the_key_and_nothing_is_made_under_a_node_that_runs() {
    let made = Made::new(&["--listen", "/ip4/127.0.0.1/tcp/0", "--api", "127.0.0.1:0"]);
    let (home, root, password) = (&made.home, made.root(), made.password());
    let entry = home.validator_entry_file();
    let written = std::fs::read_to_string(&entry).expect("it is written with the key");
    std::fs::remove_file(&entry).expect("our own");
    let (exit, told) = answer(&["keys", "show", "--json", "--home", root]);
    assert!(exit == Some(1) && told.contains("\"entry_missing\"") && told.contains(text(&entry)), "{told}");
    assert!(told.contains(&format!("`thronosd keys entry --home {root}`")), "{told}");
    let told = done(&[&["keys", "entry", "--home", root], &password[..]].concat());
    assert_eq!(told.trim_end(), text(&entry));
    assert_eq!(std::fs::read_to_string(&entry).expect("it is written"), written, "the same again");
    assert_eq!(done(&["keys", "show", "--json", "--home", root]), written);

    let run = [&["run", "--home", root, "--log-format", "json"], &password[..]].concat();
    let mut daemon = Daemon::start(&run);
    daemon.line("\"running\"");
    for command in [&["init"][..], &["init", "--validator", "--new-keys"]] {
        let told = refused(&[command, &["--home", root], &password].concat(), "home_locked");
        assert!(told.contains("is used by another process: stop it"), "{told}");
    }
    let told = refused(&["init", "--home", root, "--set", "api.hosts=api.your.name"], "home_locked");
    for words in ["to change a setting under a node that runs, edit ", text(&home.config_file()), "SIGHUP"] {
        assert!(told.contains(words), "{told}");
    }
    drop(daemon);
    done(&["init", "--home", root]);
}

// FAULTS RT15
#[test]
fn of_two_inits_of_one_new_home_the_first_makes_the_keys_and_the_second_changes_nothing() {
    let directory = tempfile::tempdir().expect("a directory");
    let root = directory.path().join("home");
    let passwords = ["first", "second"].map(|name| directory.path().join(name));
    let begun = passwords.each_ref().map(|password| {
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, password, rustix::fs::FileType::Fifo, mode, 0).expect("a pipe");
        let arguments = ["init", "--validator", "--password-file", text(password), "--home", text(&root)];
        let child =
            thronosd(&arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the program runs");
        // It is opened once the command waits for the password: what can be refused before was not.
        (child, std::fs::File::options().write(true).open(password).expect("a pipe"))
    });
    let [first, second] = begun.map(|(child, mut password)| {
        std::io::Write::write_all(&mut password, b"correct horse").expect("it reads");
        drop(password);
        let Output { status, stdout, stderr } = child.wait_with_output().expect("it ends");
        let files = ["config.toml", "keys/network.key", "keys/validator.json", "keys/validator-entry.json"];
        let files = files.map(|file| std::fs::read(root.join(file)).expect("it is there"));
        (status.code(), String::from_utf8_lossy(&[stdout, stderr].concat()).into_owned(), files)
    });
    assert_eq!(first.0, Some(0), "{}", first.1);
    assert!(second.0 == Some(1) && second.1.contains("[home_locked]"), "{}", second.1);
    assert_eq!(first.2, second.2, "what the first has told to others stays");
}
