//! Homes and keys that are refused, and why.

mod support;

use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Arc, Mutex};

use node::home::{Home, HomeError};
use node::keys::{KeyFileError, NetworkKey, Password, PasswordError, PasswordSource, ValidatorKey, find_password};
use support::{genesis, make_home};

fn chmod(path: &std::path::Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("our own file");
}

// FAULTS S10
#[test]
fn a_directory_without_a_node_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let error = Home::new(directory.path()).check().expect_err("it is empty");
    assert!(matches!(error, HomeError::Missing(_)) && error.to_string().contains("thronosd init"), "{error}");
}

// FAULTS RF1
#[test]
fn a_home_or_settings_that_others_can_change_are_refused_and_the_remedy_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let root = home.root().to_owned();
    for (path, modes, right) in
        [(root, [0o777, 0o770, 0o722], 0o700), (home.config_file(), [0o666, 0o660, 0o622], 0o600)]
    {
        for mode in modes {
            chmod(&path, mode);
            let error = home.check().expect_err("others can change it");
            assert!(error.to_string().contains(&format!("chmod {right:o}")), "{error}");
        }
        chmod(&path, right);
        home.check().expect("sound again");
    }
}

// FAULTS A7, S10
#[test]
fn keys_that_others_can_read_are_refused_and_the_remedy_is_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    home.check().expect("sound");
    for mode in [0o640, 0o604, 0o644, 0o660] {
        chmod(&home.network_key_file(), mode);
        let error = NetworkKey::read(&home.network_key_file()).expect_err("others can read it");
        assert!(matches!(error, KeyFileError::Home(HomeError::Open { .. })), "{error}");
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }
    chmod(&home.network_key_file(), 0o600);
    NetworkKey::read(&home.network_key_file()).expect("sound again");
    chmod(&home.keys(), 0o755);
    let error = home.check().expect_err("others can look into it");
    assert!(matches!(error, HomeError::Open { .. }) && error.to_string().contains("chmod 700"), "{error}");
    chmod(&home.keys(), 0o700);
    chmod(&home.data(), 0o777);
    assert!(matches!(home.check(), Err(HomeError::Open { .. })));
}

#[test]
fn a_home_of_another_chain_is_refused() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let (_, chain) = home.read_genesis().expect("a genesis");
    drop(home.lock(chain).expect("nobody has it"));
    let other = types::ChainId(types::Hash32([1; 32]));
    let error = home.lock(other).expect_err("another chain");
    assert!(matches!(error, HomeError::OtherChain { .. }), "{error}");
    assert_eq!(error.code(), "home_of_another_chain");
}

// FAULTS S10
#[test]
fn a_home_is_held_by_one_process_at_a_time() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, _) = make_home(directory.path(), &genesis(), &[]);
    let (_, chain) = home.read_genesis().expect("a genesis");
    let held = home.lock(chain).expect("nobody has it");
    assert!(matches!(home.lock(chain), Err(HomeError::Locked(_))));
    drop(held);
    home.lock(chain).expect("it was let go");
}

// FAULTS K2, K4
#[test]
fn a_validator_key_opens_with_its_password_only_and_notices_every_change() {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("validator.json");
    let (key, password) = (support::validator_key(), Password::new("correct horse"));
    key.write_new(&path, &password).expect("a file");
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    assert!(matches!(key.write_new(&path, &password), Err(KeyFileError::Exists(_))));
    assert_eq!(ValidatorKey::read(&path, &password).expect("the right password").public(), key.public());
    assert_eq!(ValidatorKey::read_public(&path).expect("a key file"), key.public());
    let wrong = ValidatorKey::read(&path, &Password::new("battery staple"));
    assert!(matches!(wrong, Err(KeyFileError::WrongPassword { .. })));

    let text = fs::read_to_string(&path).expect("a file");
    let mut json: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    json["passes"] = 4.into();
    fs::write(&path, json.to_string()).expect("a file");
    assert!(
        matches!(ValidatorKey::read(&path, &password), Err(KeyFileError::WrongPassword { .. })),
        "the header counts"
    );
    json["memory_kib"] = u32::MAX.into();
    fs::write(&path, json.to_string()).expect("a file");
    assert!(matches!(ValidatorKey::read(&path, &password), Err(KeyFileError::Malformed { .. })), "costs are bounded");
    fs::write(&path, &text[..40]).expect("a file");
    assert!(matches!(ValidatorKey::read(&path, &password), Err(KeyFileError::Malformed { .. })));
}

// FAULTS K3: a password is never an argument.
#[test]
fn passwords_come_from_a_private_file_or_a_credential_and_never_from_a_closed_terminal() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("thronos-password");
    fs::write(&file, "correct horse\n").expect("a file");
    chmod(&file, 0o644);
    let source = PasswordSource { file: Some(file.clone()), credentials: None };
    assert!(matches!(find_password(&source), Err(PasswordError::File(HomeError::Open { .. }))));
    chmod(&file, 0o600);
    find_password(&source).expect("a private file");
    let source = PasswordSource { file: None, credentials: Some(directory.path().to_owned()) };
    find_password(&source).expect("a credential");
    assert_eq!(format!("{:?}", Password::new("secret")), "Password(…)");
}

// FAULTS RF2
#[test]
fn a_credential_may_be_readable_by_an_access_list_but_not_be_changed_and_a_file_elsewhere_may_not() {
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("thronos-password");
    fs::write(&file, "correct horse\n").expect("a file");
    let credentials = Some(directory.path().to_owned());
    let named = PasswordSource { file: Some(file.clone()), credentials: credentials.clone() };
    let unnamed = PasswordSource { file: None, credentials };
    for (mode, is_right) in
        [(0o440, true), (0o400, true), (0o600, true), (0o640, false), (0o460, false), (0o444, false), (0o540, false)]
    {
        chmod(&file, mode);
        for source in [&named, &unnamed] {
            let found = find_password(source);
            assert_eq!(found.is_ok(), is_right, "{mode:o}: {found:?}");
        }
    }
    chmod(&file, 0o440);
    // Elsewhere the same file is an open one, also where a link leads out of the directory.
    let elsewhere = tempfile::tempdir().expect("a directory");
    symlink(&file, elsewhere.path().join("thronos-password")).expect("a link");
    for source in [
        PasswordSource { file: Some(file), credentials: None },
        PasswordSource { file: None, credentials: Some(elsewhere.path().to_owned()) },
    ] {
        assert!(matches!(find_password(&source), Err(PasswordError::File(HomeError::Open { .. }))));
    }
}

/// Where a log is written, to be read.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("nobody panicked").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// Opens the folder of mining as a start does; what it gave, and what the log says.
fn open_mining(home: &Home) -> (Result<std::path::PathBuf, HomeError>, String) {
    let log = Log::default();
    let writer = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || writer.clone()).finish();
    let opened = tracing::subscriber::with_default(subscriber, || home.service("mining", Some("mining")));
    let told = log.0.lock().expect("nobody panicked").clone();
    (opened, String::from_utf8(told).expect("text"))
}

#[test]
fn what_an_older_version_kept_is_moved_once_and_a_link_still_leads_where_it_led() {
    for is_link in [false, true] {
        let directory = tempfile::tempdir().expect("a directory");
        let (home, _) = make_home(directory.path(), &genesis(), &[]);
        let former = home.data().join("mining");
        let kept = if is_link { directory.path().join("large disk") } else { former.clone() };
        fs::create_dir(&kept).expect("our own");
        fs::write(kept.join("shares.snapshot"), b"what is owed").expect("our own");
        if is_link {
            symlink("../../large disk", &former).expect("our own");
        }
        let (folder, told) = open_mining(&home);
        let folder = folder.expect("it is moved");
        assert_eq!(folder, home.service_folder("mining"));
        assert_eq!(fs::read(folder.join("shares.snapshot")).expect("it is there"), b"what is owed");
        assert_eq!(folder.is_symlink(), is_link);
        assert!(former.symlink_metadata().is_err(), "nothing is left");
        assert!(told.contains("what an older version kept was moved") && told.contains("services/mining"), "{told}");
        let (again, told) = open_mining(&home);
        assert_eq!((again.expect("it is there"), told.as_str()), (folder, ""), "nothing more is to be done");
    }
}

#[test]
fn a_folder_of_an_older_version_beside_the_present_one_is_left_and_named() {
    let directory = tempfile::tempdir().expect("a directory");
    let (home, config) = make_home(directory.path(), &genesis(), &[]);
    drop(home.lock(home.read_genesis().expect("a genesis").1).expect("nobody has it"));
    let former = home.data().join("mining");
    let (folder, told) = open_mining(&home);
    assert_eq!((folder.expect("it is made"), told.as_str()), (home.service_folder("mining"), ""));
    fs::create_dir(&former).expect("our own");
    fs::write(former.join("shares.snapshot"), b"what is owed").expect("our own");
    let (folder, told) = open_mining(&home);
    assert_eq!(folder.expect("it is there"), home.service_folder("mining"));
    assert!(told.contains("WARN") && told.contains(&former.display().to_string()), "{told}");
    assert_eq!(fs::read(former.join("shares.snapshot")).expect("it is left"), b"what is owed");
    let found = node::shell::verify_home(&home, &config).expect("no start is refused for it");
    assert_eq!(found.ignored.iter().map(|finding| &finding.file).collect::<Vec<_>>(), [&former]);
    // Two names of one folder are none beside the other.
    fs::remove_dir_all(&former).expect("our own");
    symlink("services/mining", &former).expect("our own");
    assert_eq!(open_mining(&home).1, "");
}

#[test]
fn a_link_that_leads_nowhere_is_refused_and_nothing_is_begun_in_its_place() {
    for name in ["mining", "services/mining"] {
        let directory = tempfile::tempdir().expect("a directory");
        let (home, config) = make_home(directory.path(), &genesis(), &[]);
        drop(home.lock(home.read_genesis().expect("a genesis").1).expect("nobody has it"));
        let link = home.data().join(name);
        fs::create_dir_all(home.data().join("services")).expect("our own");
        symlink("/nowhere/that/is/mounted", &link).expect("our own");
        let error = open_mining(&home).0.expect_err("its disk is not there");
        assert!(matches!(&error, HomeError::LeadsNowhere(path) if *path == link), "{error}");
        assert!(error.to_string().contains("mount what it leads to"), "{error}");
        assert!(link.is_symlink() && !home.service_folder("mining").exists(), "all is as it was");
        let found = node::shell::verify_home(&home, &config).expect("the rest is looked at");
        assert!(found.wrong.iter().any(|finding| finding.file == link), "{found:?}");
    }
}
