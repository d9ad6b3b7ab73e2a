//! The older name of the section of settings: still read, told, and written anew.

use std::collections::BTreeMap;

use node::config::{Config, ConfigError, Sources, in_present_names, older_names};

use crate::program::thronosd;

fn file(text: &str) -> Result<Config, ConfigError> {
    let file = Some(("config.toml".to_owned(), text.to_owned()));
    Config::read(&Sources { file, ..Sources::default() })
}

#[test]
fn a_section_is_still_read_under_the_name_that_older_files_give_it() {
    let read = file("[stratum]\nenabled = true\nidle_s = 700\n").expect("an older file");
    let value = |config: &Config, name: &str| {
        let setting = config.settings().into_iter().find(|setting| setting.name == name);
        setting.map(|setting| setting.entry.value.to_string())
    };
    assert_eq!(value(&read, "mining.enabled").as_deref(), Some("true"));
    assert_eq!(value(&read, "mining.idle_s").as_deref(), Some("700"));
    let sources = Sources {
        environment: BTreeMap::from([
            ("THRONOS_STRATUM_IDLE_S".to_owned(), "800".to_owned()),
            ("THRONOS_MINING_TAG".to_owned(), "new".to_owned()),
        ]),
        flags: vec![("stratum.enabled".to_owned(), "true".to_owned())],
        ..Sources::default()
    };
    let read = Config::read(&sources).expect("older names");
    assert_eq!(value(&read, "mining.idle_s").as_deref(), Some("800"));
    assert_eq!(value(&read, "mining.enabled").as_deref(), Some("true"));
    assert_eq!(value(&read, "mining.tag").as_deref(), Some("\"new\""));
    assert_eq!(value(&read, "stratum.tag"), None);
}

// FAULTS RT7
#[test]
fn a_file_with_a_setting_under_both_of_its_names_is_refused_with_both() {
    for text in ["[mining]\nidle_s = 700\n[stratum]\nidle_s = 800\n", "[stratum]\nidle_s = 1\n[mining]\nidle_s = 700\n"]
    {
        let error = file(text).expect_err(text);
        assert_eq!(error.code(), "config_twice", "{error}");
        let sentence = error.to_string();
        assert!(sentence.contains("`stratum.idle_s` is the older name of `mining.idle_s`"), "{sentence}");
        assert!(sentence.ends_with("remove `stratum.idle_s`"), "{sentence}");
    }
    let read = file("[mining]\nidle_s = 700\n[stratum]\ntag = \"old\"\n").expect("each is given once");
    let value = |name: &str| read.settings().into_iter().find(|one| one.name == name).expect("it is there").entry.value;
    assert_eq!((value("mining.idle_s").to_string(), value("mining.tag").to_string()), ("700".into(), "\"old\"".into()));
}

#[test]
fn older_names_are_told_wherever_they_stand_with_those_to_write_instead() {
    let sources = Sources {
        file: Some(("config.toml".to_owned(), "[stratum]\nenabled = true\n[log]\n".to_owned())),
        environment: BTreeMap::from([
            ("THRONOS_STRATUM_IDLE_S".to_owned(), "800".to_owned()),
            ("THRONOS_MINING_TAG".to_owned(), "new".to_owned()),
        ]),
        flags: vec![("stratum.tag".to_owned(), "x".to_owned()), ("mining.tag".to_owned(), "y".to_owned())],
    };
    let told = older_names(&sources);
    assert_eq!(
        told,
        [
            "config.toml: `[stratum]` is the older name of `[mining]`; rename it",
            "environment: `THRONOS_STRATUM_IDLE_S` is the older name of `THRONOS_MINING_IDLE_S`; rename it",
            "command line: `stratum.tag` is the older name of `mining.tag`; rename it",
        ]
    );
    assert_eq!(older_names(&Sources::default()), Vec::<String>::new());
    let present = Config::default().to_toml();
    let file = Some(("config.toml".to_owned(), present.clone()));
    assert_eq!(older_names(&Sources { file, ..Sources::default() }), Vec::<String>::new());
    let former = present.replace("[mining]", "[stratum]").replace("`mining.", "`stratum.");
    assert_ne!(former, present);
    assert_eq!(in_present_names(&former), present);
    assert_eq!(in_present_names(&present), present);
    assert_eq!(in_present_names("tag = \"[stratum]\" # mine"), "tag = \"[stratum]\" # mine");
}

// FAULTS RT15
#[test]
fn the_place_of_a_setting_is_the_one_whose_word_holds_also_under_its_older_name() {
    let mut sources = Sources {
        file: Some(("/home/config.toml".to_owned(), String::new())),
        environment: BTreeMap::from([("THRONOS_STRATUM_LISTEN".to_owned(), "x".to_owned())]),
        flags: vec![("stratum.tag".to_owned(), "x".to_owned())],
    };
    assert_eq!(sources.place_of("mining.tag"), "command line");
    assert_eq!(sources.place_of("mining.listen"), "environment variable THRONOS_STRATUM_LISTEN");
    assert_eq!(sources.place_of("network.listen"), "/home/config.toml");
    sources.file = None;
    assert_eq!(sources.place_of("network.listen"), "defaults");
}

// FAULTS RT7
#[test]
fn a_file_with_older_names_that_nobody_has_edited_is_written_anew() {
    let directory = tempfile::tempdir().expect("a directory");
    let home = directory.path().join("home").to_str().expect("UTF-8").to_owned();
    let output = |arguments: &[&str]| {
        let mut command = thronosd();
        command.args(arguments).args(["--home", &home]).env_remove("THRONOS_HOME");
        let output = command.output().expect("the program runs");
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).expect("text")
    };
    output(&["init", "--set", "mining.enabled=true"]);
    let file = std::path::Path::new(&home).join("config.toml");
    let read = || std::fs::read_to_string(&file).expect("it is there");
    let older = read().replace("[mining]", "[stratum]").replace("`mining.", "`stratum.");
    assert_ne!(older, read());
    node::home::write_file(&file, older.as_bytes()).expect("a file");
    let told = output(&["config", "check"]);
    assert!(told.contains("`[stratum]` is the older name of `[mining]`"), "{told}");
    output(&["init", "--set", "mining.idle_s=700"]);
    let printed = output(&["config", "print"]);
    assert!(printed.contains("idle_s = 700") && printed.contains("enabled = true"), "{printed}");
    assert!(!read().contains("stratum."), "written anew");
}
