//! The list by itself: vectors, serials, restarts, damage, and a disk that takes nothing.

use std::sync::Arc;

use tempfile::TempDir;
use tryout::{TryoutChain, ground};
use types::TimeMs;
use verifyid::{Challenge, Purpose, VerifyId, tags};

use super::*;

const OWNER: Address = Address([7; 20]);

fn place() -> (Arc<TryoutChain>, TempDir) {
    let chain = TryoutChain::with(vec![Box::new(VerifyId)], |_| {}).expect("a good genesis");
    (Arc::new(chain), tempfile::tempdir().expect("a directory"))
}

fn open(place: &(Arc<TryoutChain>, TempDir), start: u8) -> Result<Enrolled, Refusal> {
    Enrolled::open(&Ground { entropy: [start; 32], ..ground(&place.0, place.1.path()) })
}

fn mac(secret: &Key, message: &[u8]) -> [u8; MAC_BYTES] {
    hmac(secret.as_slice(), message).finalize().into_bytes().into()
}

fn device(number: u8) -> DeviceId {
    DeviceId(Hash32([number; 32]))
}

// FAULTS VS1
#[test]
fn the_secret_of_an_older_device_and_its_mac_are_those_computed_elsewhere() {
    let chain = ChainId(Hash32([0x11; 32]));
    let id: Hash32 = "749438e38893282c2c596ea771824f5e529b1920232752b2937ec01fd56f19f7".parse().expect("a hash");
    let secret = secret_of(&Key::new([0x77; 32]), &[0x88; 32], (chain, &DeviceId(id)), 0);
    assert_eq!(hex::encode(secret.as_slice()), "0e9157183d06c2a1013b471d20e0482200ab73cb3d552d337566ba50db06e452");
    let asked = Challenge {
        chain_id: chain,
        id: std::array::from_fn(|place| 0xa0 + u8::try_from(place).expect("few")),
        nonce: std::array::from_fn(|place| 0x40 + u8::try_from(place).expect("few")),
        device: DeviceId(id),
        key_id: id,
        audience: Hash32(crypto::hash::sha256(b"https://fleet.example")),
        purpose: Purpose::Presence,
        issued: TimeMs(1_771_111_111_000),
        expires: TimeMs(1_771_111_411_000),
    };
    let made = mac(&secret, &asked.to_bytes(tags::CHALLENGE_MAC));
    assert_eq!(hex::encode(made), "ccf3fead4878265f89648249c6e8939c0add1ba4dea705479b2e77c6b050c2da");
    let others = [
        secret_of(&Key::new([0x78; 32]), &[0x88; 32], (chain, &DeviceId(id)), 0),
        secret_of(&Key::new([0x77; 32]), &[0x89; 32], (chain, &DeviceId(id)), 0),
        secret_of(&Key::new([0x77; 32]), &[0x88; 32], (ChainId(id), &DeviceId(id)), 0),
        secret_of(&Key::new([0x77; 32]), &[0x88; 32], (chain, &device(1)), 0),
        secret_of(&Key::new([0x77; 32]), &[0x88; 32], (chain, &DeviceId(id)), 1),
    ];
    assert!(others.iter().all(|other| *other != secret), "each part of it counts");
}

// FAULTS VS12
#[test]
fn the_next_serial_ends_the_former_secret_and_a_restart_changes_nothing() {
    let place = place();
    let list = open(&place, 1).expect("nothing forbids it");
    let first = list.enrol(device(1), OWNER, 0).expect("room");
    let other = list.enrol(device(2), OWNER, 3).expect("room");
    assert_eq!((first.serial, other.serial, list.len()), (0, 0, 2));
    let good = ByMac::Right { owner: OWNER, rotation: 0 };
    assert_eq!(list.judge(&device(1), b"asked", &mac(&first.secret, b"asked")), good);
    for (who, message, of) in
        [(1, &b"other"[..], &first), (2, b"asked", &first), (1, b"asked", &other), (3, b"asked", &first)]
    {
        assert_eq!(list.judge(&device(who), message, &mac(&of.secret, b"asked")), ByMac::Wrong);
    }
    let second = list.enrol(device(1), OWNER, 1).expect("room");
    drop(list);
    let list = open(&place, 2).expect("whole");
    assert_eq!((second.serial, list.len()), (1, 2));
    assert_eq!(list.judge(&device(1), b"asked", &mac(&first.secret, b"asked")), ByMac::Wrong, "it is dead");
    let good = ByMac::Right { owner: OWNER, rotation: 1 };
    assert_eq!(list.judge(&device(1), b"asked", &mac(&second.secret, b"asked")), good);
    let third = list.enrol(device(1), OWNER, 1).expect("room");
    assert_eq!(third.serial, 2);
    assert!(third.secret != second.secret && third.secret != first.secret);
    let kept = std::fs::read(place.1.path().join(FILE)).expect("our own");
    for secret in [&first.secret, &second.secret, &third.secret] {
        assert!(!kept.windows(MAC_BYTES).any(|bytes| bytes == secret.as_slice()), "no secret is kept");
    }
}

// FAULTS VS12
#[test]
fn a_list_that_is_gone_damaged_or_elsewhere_makes_no_former_secret_good() {
    let place = place();
    let list = open(&place, 1).expect("nothing forbids it");
    let given = list.enrol(device(1), OWNER, 0).expect("room");
    let answer = mac(&given.secret, b"asked");
    drop(list);
    // A copy of the folder knows the device, and makes other secrets.
    let elsewhere = (place.0.clone(), tempfile::tempdir().expect("a directory"));
    for file in [FILE, secret::OLDER_DEVICES.name] {
        std::fs::copy(place.1.path().join(file), elsewhere.1.path().join(file)).expect("room");
    }
    let copied = open(&elsewhere, 2).expect("another secret is made");
    assert_eq!((copied.len(), copied.judge(&device(1), b"asked", &answer)), (1, ByMac::Wrong));
    let path = place.1.path().join(FILE);
    let whole = std::fs::read(&path).expect("our own");
    for place_of_damage in [13, 20, whole.len() - 1] {
        let mut damaged = whole.clone();
        damaged[place_of_damage] ^= 1;
        std::fs::write(&path, damaged).expect("our own");
        let refused = open(&place, 3).err().expect("it is refused");
        assert!(refused.code == "hmac_log" && refused.message.contains("move it away"), "{refused}");
    }
    let mut log = Log::open(&elsewhere.1.path().join("later"), BOUNDS, OnDamage::Refuse).expect("room").log;
    log.append([[9; RECORD_BYTES].as_slice()]).expect("room");
    std::fs::copy(elsewhere.1.path().join("later"), &path).expect("room");
    assert!(open(&place, 3).err().is_some_and(|refused| refused.message.contains("does not know")));
    std::fs::remove_file(&path).expect("our own");
    let anew = open(&place, 3).expect("another secret is made");
    assert_eq!((anew.len(), anew.judge(&device(1), b"asked", &answer)), (0, ByMac::Wrong));
    assert_ne!(anew.enrol(device(1), OWNER, 0).expect("room").secret, given.secret);
}

// FAULTS VS12
#[test]
fn killed_at_any_byte_of_an_enrolment_one_secret_is_good_and_never_two() {
    let place = place();
    let path = place.1.path().join(FILE);
    let list = open(&place, 1).expect("nothing forbids it");
    let first = list.enrol(device(1), OWNER, 0).expect("room");
    let before = std::fs::read(&path).expect("our own");
    let second = list.enrol(device(1), OWNER, 0).expect("room");
    drop(list);
    let after = std::fs::read(&path).expect("our own");
    for length in before.len()..=after.len() {
        std::fs::write(&path, &after[..length]).expect("our own");
        let list = open(&place, 2).expect("it is whole or torn");
        let is_good =
            |given: &GivenSecret| list.judge(&device(1), b"asked", &mac(&given.secret, b"asked")) != ByMac::Wrong;
        assert_eq!((is_good(&first), is_good(&second)), (length < after.len(), length == after.len()), "{length}");
    }
}

// FAULTS VS12
#[test]
fn what_could_not_be_written_down_is_not_enrolled_and_the_former_secret_stays_good() {
    let place = place();
    let list = open(&place, 1).expect("nothing forbids it");
    let first = list.enrol(device(1), OWNER, 0).expect("room");
    {
        let mut file = list.file.lock().expect("nobody panics");
        let record = to_bytes(&device(9), &NOBODY);
        while file.log.append(vec![record.as_slice(); 10_000]).is_ok() {}
        while file.log.append([record.as_slice(); 100]).is_ok() {}
        while file.log.append([record.as_slice()]).is_ok() {}
    }
    // It is written anew, with what is known alone.
    let second = list.enrol(device(1), OWNER, 0).expect("it is made shorter");
    assert_eq!(list.judge(&device(1), b"asked", &mac(&first.secret, b"asked")), ByMac::Wrong);
    assert!(list.file.lock().expect("nobody panics").log.bytes() < 1_000);
    // Its folder is gone: nothing can be written anew.
    list.file.lock().expect("nobody panics").is_failing = true;
    std::fs::remove_dir_all(place.1.path()).expect("our own");
    assert!(matches!(list.enrol(device(1), OWNER, 0), Err(NotEnrolled::NotWritten(_))));
    assert_ne!(list.judge(&device(1), b"asked", &mac(&second.secret, b"asked")), ByMac::Wrong);
}

// FAULTS VS12
#[test]
fn a_full_list_takes_no_other_device_and_enrols_its_own_anew() {
    let place = place();
    let list = open(&place, 1).expect("nothing forbids it");
    {
        let mut all = list.list.write().expect("nobody panics");
        for number in 0..DEVICES_MAX {
            let mut id = [0; 32];
            id[..8].copy_from_slice(&number.to_le_bytes());
            all.insert(DeviceId(Hash32(id)), NOBODY);
        }
    }
    let mut own = [0; 32];
    own[..8].copy_from_slice(&17_usize.to_le_bytes());
    let own = DeviceId(Hash32(own));
    assert_eq!((list.has_room(&device(9)), list.has_room(&own)), (false, true));
    assert!(matches!(list.enrol(device(9), OWNER, 0), Err(NotEnrolled::Full)));
    assert_eq!(list.enrol(own, OWNER, 0).expect("it has its place").serial, 1);
    list.list.write().expect("nobody panics").insert(own, Enrolment { serial: u32::MAX, ..NOBODY });
    assert!(matches!(list.enrol(own, OWNER, 0), Err(NotEnrolled::Full)), "a serial never comes again");
}
