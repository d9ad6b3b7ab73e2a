//! The files that TPMs are kept in: what outlives a stop, what a start refuses, and what is not changed by whoever saw something else.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use types::{Hash32, TimeMs};
use verifyid::DeviceId;
use verifyid_tpm::{LastQuote, TpmClock, TpmName};

use super::ek_key::{self, EkKey, EkMac};
use super::roots::Roots;
use super::table::{self, EkHolder, Enrolment, NotKept, Quoted, TpmTable};

fn device(number: u8) -> DeviceId {
    DeviceId(Hash32([number; 32]))
}

fn key(folder: &Path) -> EkKey {
    EkKey::open(folder, TpmTable::exists(folder).expect("readable"), &[7; 32]).expect("whole")
}

fn enrolment(key: &EkKey, tpm: u8) -> Enrolment {
    let ek = key.mac(&[tpm; 32]);
    Enrolment { key_id: Hash32([1; 32]), at: TimeMs(7), ek, attestation_key: vec![tpm; 90], quoted: None }
}

fn quoted(clock_ms: u64) -> Quoted {
    let clock = TpmClock { clock_ms, resets: 2, restarts: 3, is_safe: true };
    Quoted {
        at: TimeMs(8),
        signer: TpmName([9; 34]),
        last: LastQuote { clock, firmware: 5 },
        pcrs: Hash32([4; 32]),
        evidence: Hash32([6; 32]),
    }
}

// FAULTS VT8
#[test]
fn what_is_kept_of_tpms_outlives_a_stop_and_is_changed_by_who_saw_it_alone() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let key = key(folder);
    let table = TpmTable::open(folder, &key).expect("new");
    let (first, second) = (enrolment(&key, 1), enrolment(&key, 2));
    let seal = |tpm: u8| key.seal(&[tpm; 32]);
    table.enrol(device(1), first.clone(), (seal(1), EkHolder::Nobody)).expect("room");
    table.enrol(device(2), second.clone(), (seal(2), EkHolder::Nobody)).expect("room");
    // Somebody else was quicker.
    for seen in [EkHolder::Nobody, EkHolder::Device(device(2))] {
        let late = table.enrol(device(3), first.clone(), (seal(1), seen));
        assert!(matches!(late, Err(NotKept::Meanwhile)), "{seen:?}");
    }
    table.quoted(device(1), &first, quoted(10)).expect("room");
    assert!(matches!(table.quoted(device(1), &first, quoted(11)), Err(NotKept::Meanwhile)), "another came before");
    assert!(matches!(table.quoted(device(3), &first, quoted(11)), Err(NotKept::Meanwhile)), "it has none");
    let now = Enrolment { quoted: Some(quoted(10)), ..first.clone() };
    table.quoted(device(1), &now, quoted(12)).expect("room");
    // The second device is revoked: its TPM goes to the third.
    table.enrol(device(3), second.clone(), (seal(2), EkHolder::Device(device(2)))).expect("room");
    drop(table);
    let table = TpmTable::open(folder, &key).expect("whole");
    assert_eq!(table.of_device(&device(1)), Some(Enrolment { quoted: Some(quoted(12)), ..first.clone() }));
    assert_eq!((table.of_device(&device(2)), table.of_device(&device(3))), (None, Some(second)));
    assert_eq!((table.holder(&first.ek), table.devices()), (Some(device(1)), 2));
    // A device takes another TPM: the first stays its own.
    table.enrol(device(1), enrolment(&key, 3), (seal(3), EkHolder::Nobody)).expect("room");
    assert_eq!(table.holder(&first.ek), Some(device(1)));
    // No room: nothing counts, and it is written anew with what comes then.
    table.fill();
    let fourth = enrolment(&key, 4);
    table.enrol(device(4), fourth.clone(), (seal(4), EkHolder::Nobody)).expect("it is written anew");
    drop(table);
    let table = TpmTable::open(folder, &key).expect("whole");
    assert_eq!((table.of_device(&device(4)), table.devices()), (Some(fourth), 3));
    assert_eq!(table.holder(&first.ek), Some(device(1)), "it is not forgotten");
}

// FAULTS VT7
#[test]
fn a_table_without_its_key_or_with_another_or_damaged_is_refused_and_never_begun_anew() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    let own = key(folder);
    let table = TpmTable::open(folder, &own).expect("new");
    table.enrol(device(1), enrolment(&own, 1), (own.seal(&[1; 32]), EkHolder::Nobody)).expect("room");
    drop(table);
    let path = folder.join(ek_key::FILE);
    assert_eq!(fs::metadata(&path).expect("a file").permissions().mode() & 0o777, 0o600);
    let text = fs::read(&path).expect("our own");
    assert_eq!(ek_key::fault(folder), None);
    let code = || EkKey::open(folder, true, &[8; 32]).map(|_| ()).expect_err("refused").code;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).expect("our own");
    assert_eq!(code(), "ek_key");
    assert!(ek_key::fault(folder).is_some());
    fs::remove_file(&path).expect("our own");
    assert_eq!(code(), "ek_key", "it is not made anew");
    for wrong in ["", "7\n", &format!("{}\n", "g".repeat(64)), &"a".repeat(64), &"a".repeat(70)] {
        fs::write(&path, wrong).expect("our own");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("our own");
        assert_eq!(code(), "ek_key", "{wrong}");
    }
    fs::write(&path, format!("{}\n", "a".repeat(64))).expect("our own");
    let other = key(folder);
    assert_eq!(TpmTable::open(folder, &other).map(|_| ()).expect_err("of another key").code, "ek_key");
    fs::write(&path, text).expect("our own");
    assert_eq!(TpmTable::open(folder, &key(folder)).expect("its own").devices(), 1);
    let path = folder.join(table::FILE);
    let mut bytes = fs::read(&path).expect("our own");
    bytes[20] ^= 1;
    fs::write(&path, bytes).expect("our own");
    assert_eq!(TpmTable::open(folder, &own).map(|_| ()).expect_err("damaged").code, "tpm_log");
}

#[test]
fn what_a_tpm_is_recognised_by_is_opened_with_the_key_alone() {
    let [folder, other] = [tempfile::tempdir().expect("a directory"), tempfile::tempdir().expect("a directory")];
    let key = key(folder.path());
    let other = EkKey::open(other.path(), false, &[8; 32]).expect("new");
    let digest = [5; 32];
    let (mac, sealed) = (key.mac(&digest), key.seal(&digest));
    assert_eq!(key.open_seal(&mac, &sealed).as_deref(), Some(&digest));
    assert_ne!((mac.0, sealed.0), (digest, digest));
    assert_ne!(mac, other.mac(&digest));
    assert!(other.open_seal(&mac, &sealed).is_none());
    assert!(key.open_seal(&EkMac([5; 32]), &sealed).is_none());
    let mut changed = sealed;
    changed.0[0] ^= 1;
    assert!(key.open_seal(&mac, &changed).is_none());
}

#[test]
fn roots_that_are_missing_or_none_are_refused_with_the_setting() {
    let folder = tempfile::tempdir().expect("a directory");
    let at = |name: &str| folder.path().join(name).display().to_string();
    fs::create_dir(folder.path().join("empty")).expect("own directory");
    for (name, content) in [
        ("text", &b"no certificate"[..]),
        ("long", &[0x30; 40_000]),
        ("der", &[0x30, 0]),
        ("half", b"-----BEGIN CERTIFICATE-----\nMAA=\n"),
        ("pem", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
        ("two", b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"),
    ] {
        fs::write(folder.path().join(name), content).expect("own directory");
    }
    for name in ["missing", "empty", "text", "long", "der", "half", "pem", "two"] {
        let refusal = Roots::read(&[at(name)]).expect_err(name);
        assert_eq!(refusal.code, "tpm_roots");
        assert!(refusal.message.contains("`verifyid.tpm_roots`") && refusal.message.contains(name), "{refusal}");
    }
    assert_eq!(Roots::read(&["/dev/null".to_owned()]).expect_err("no file").code, "tpm_roots");
}
