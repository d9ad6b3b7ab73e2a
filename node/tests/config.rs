//! Settings: every key, every source, every mistake.

use std::collections::BTreeMap;

use node::config::{Config, ConfigError, Sources};

/// One file per released version; none is ever changed.
const OLDER: &[(&str, &str)] = &[("0.1.0", include_str!("configs/0.1.0.toml"))];

fn file(text: &str) -> Result<Config, ConfigError> {
    let file = Some(("config.toml".to_owned(), text.to_owned()));
    Config::read(&Sources { file, ..Sources::default() })
}

#[test]
fn the_generated_file_has_every_key_with_a_comment_and_gives_the_same_settings() {
    let text = Config::default().to_toml();
    assert_eq!(file(&text), Ok(Config::default()));
    for setting in Config::default().settings() {
        let line = format!("\n{} = ", setting.entry.key);
        assert!(text.contains(&line), "{} is missing", setting.name);
        assert!(setting.entry.about.len() > 20, "{} is not explained", setting.name);
        let variable = format!("THRONOS_{}", setting.name.to_uppercase().replace('.', "_"));
        assert_eq!(setting.variable(), variable);
    }
}

// FAULTS A7
#[test]
fn an_unknown_key_is_refused_by_name_and_the_right_one_is_suggested() {
    let error = file("[network]\nlisten_on = []\n").expect_err("a typo");
    assert!(error.to_string().contains("`network.listen_on`"), "{error}");
    let error = file("[api]\nlisen = \"127.0.0.1:1\"\n").expect_err("a typo");
    assert!(error.to_string().contains("did you mean `api.listen`"), "{error}");
    for text in ["listen = 1", "[nowhere]\nx = 1", "[nowhere]", "[network.deep]\nx = 1"] {
        assert!(matches!(file(text), Err(ConfigError::UnknownKey { .. })), "{text}");
    }
}

#[test]
fn a_value_of_the_wrong_kind_or_range_is_refused_with_what_is_expected() {
    for (text, key, expected) in [
        ("[network]\nlisten = \"x\"", "network.listen", "list"),
        ("[network]\nlisten = [1]", "network.listen", "list"),
        ("[network]\nlisten = [\"127.0.0.1:1\"]", "network.listen", "multiaddresses"),
        ("[network]\npeers_max = -1", "network.peers_max", "number"),
        ("[network]\npeers_max = 0", "network.peers_max", "1 to 10000"),
        ("[api]\nlisten = \"localhost\"", "api.listen", "127.0.0.1:26701"),
        ("[node]\nread_only = 1", "node.read_only", "true or false"),
        ("[mining]\nlisten = \"3334\"", "mining.listen", "0.0.0.0:3334"),
        ("[mining]\ndifficulty = \"NaN\"", "mining.difficulty", "0.00015"),
        ("[mining]\nidle_s = 10", "mining.idle_s", "600 to 86400"),
        ("[log]\nformat = \"xml\"", "log.format", "json"),
        ("[log]\nfilter = \"a=b=c\"", "log.filter", "info"),
        ("[log]\nfilter = \"loud\"", "log.filter", "info"),
    ] {
        let error = file(text).expect_err(text);
        let sentence = error.to_string();
        assert!(sentence.contains(key) && sentence.contains(expected), "{text}: {sentence}");
    }
    assert!(matches!(file("[network"), Err(ConfigError::Syntax { .. })));
}

#[test]
fn flags_go_before_the_environment_and_the_environment_before_the_file() {
    let mut sources = Sources {
        file: Some(("config.toml".to_owned(), "[network]\npeers_max = 1\n[node]\nworkers = 5\n".to_owned())),
        environment: BTreeMap::from([("THRONOS_NETWORK_PEERS_MAX".to_owned(), "2".to_owned())]),
        flags: vec![("network.peers_max".to_owned(), "3".to_owned())],
    };
    let read = |sources: &Sources| Config::read(sources).expect("sound").network.peers_max;
    assert_eq!(read(&sources), 3);
    sources.flags.clear();
    assert_eq!(read(&sources), 2);
    sources.environment.clear();
    assert_eq!(read(&sources), 1);
    assert_eq!(Config::read(&sources).expect("sound").node.workers, 5);
    sources.environment.insert("THRONOS_NETWORK_PEERS_MAX".to_owned(), "many".to_owned());
    let error = Config::read(&sources).expect_err("not a number");
    assert!(error.to_string().contains("THRONOS_NETWORK_PEERS_MAX"), "{error}");
}

#[test]
fn files_of_older_versions_are_still_read() {
    for (name, text) in OLDER {
        file(text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
}

// FAULTS RF1
#[test]
fn a_variable_that_nothing_reads_is_an_error_like_an_unknown_key() {
    let read = |name: &str| {
        Config::read(&Sources {
            environment: BTreeMap::from([(name.to_owned(), "x".to_owned())]),
            ..Sources::default()
        })
    };
    for (name, hint) in [
        ("THRONOS_API_LISTN", "did you mean `THRONOS_API_LISTEN`?"),
        ("THRONOS_NETWORK_PEERS", "unset it"),
        ("THRONOS_", "unset it"),
    ] {
        let error = read(name).expect_err(name);
        assert_eq!(error.code(), "config_unknown_key", "{error}");
        assert!(error.to_string().contains(name) && error.to_string().contains(hint), "{error}");
    }
    for name in ["THRONOS_HOME", "THRONOS_NODE", "THRONOS_WALLET", "PATH"] {
        assert_eq!(read(name), Ok(Config::default()), "{name}");
    }
}

// FAULTS RT7
#[test]
fn a_file_that_was_cut_is_refused_wherever_it_was_cut_and_one_of_a_persons_own_needs_no_end() {
    let whole = Config::default().to_toml();
    for end in (0..whole.trim_end().len()).filter(|end| whole.is_char_boundary(*end)).step_by(7) {
        let half = &whole[..end];
        // Before the first line is whole nobody can tell whose file it is, and nothing is set yet.
        if end == 0 || half.lines().count() > 1 {
            let error = file(half).expect_err("it was cut");
            assert!(
                ["config_cut", "config_syntax", "config_value", "config_unknown_key"].contains(&error.code()),
                "{error}"
            );
        }
    }
    assert_eq!(file("").expect_err("it is empty").code(), "config_cut");
    assert_eq!(file(" \n\n").expect_err("it is empty").code(), "config_cut");
    assert!(file("# My own.\n").is_ok() && file("[log]\nfilter = \"warn\"\n").is_ok());
    assert!(file(&format!("{whole}# and more\n")).is_ok());
}

#[test]
fn what_is_taken_anew_is_compared_with_what_runs_and_what_waits_is_named_each_time() {
    let names = ["log.filter", "api.hosts"];
    let mut runs = Config::default();
    let mut read = Config::default();
    for (name, value) in [("log.filter", "debug"), ("pool.bytes_max", "2097152"), ("mining.idle_s", "700")] {
        read.set(name, value).expect("a setting");
    }
    let waiting = ["pool.bytes_max", "mining.idle_s"];
    assert_eq!(runs.take(&read, &names), waiting);
    assert_eq!(runs.take(&read, &names), waiting, "they still wait");
    assert_eq!(runs.log.filter, "debug");
    assert_eq!(runs.pool, Config::default().pool, "it does not run yet");
    read.set("pool.bytes_max", &runs.pool.bytes_max.to_string()).expect("a setting");
    assert_eq!(runs.take(&read, &names), ["mining.idle_s"], "what was changed back runs already");
    assert_eq!(runs.take(&Config::default(), &names), Vec::<String>::new());
    assert_eq!(runs, Config::default());
}

// FAULTS A7
#[test]
fn sentences_about_unknown_names_end_their_question_once() {
    let error = file("[api]\nlisen = \"127.0.0.1:1\"\n").expect_err("a typo");
    let expected = "config.toml: there is no setting `api.lisen` (did you mean `api.listen`?); `thronosd config print --defaults` lists all";
    assert_eq!(error.to_string(), expected);
}

#[test]
fn every_service_has_a_section_of_its_own_name() {
    let sections: Vec<&str> = Config::default().services.iter().map(|section| section.name()).collect();
    let services: Vec<&str> = node::services::SERVICES.iter().map(|entry| entry.name).collect();
    assert_eq!(sections, services);
}
