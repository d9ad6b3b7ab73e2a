//! The list over restarts, damage, a disk that takes nothing, and holders who take back whatever they are given.

use std::sync::Barrier;

use service::token::Role;

use super::*;

const NOW_S: u64 = 1_771_111_111;
const DAY_S: u64 = 86_400;

fn at(second: u64) -> TwoClocks {
    TwoClocks { wall_ms: (NOW_S + second) * 1_000, own_ms: second * 1_000 }
}

fn claims(number: u128, second: u64) -> Claims {
    let (issued_s, expires_s) = (NOW_S + second, NOW_S + second + DAY_S);
    let (subject, jti) = ("thrt1somebody".to_owned(), Jti(number.to_le_bytes()));
    Claims { subject, role: Role::Verifier, version: 1, jti, issued_s, expires_s, device: None }
}

fn holder(number: u32) -> Address {
    let mut address = [0; 20];
    address[..4].copy_from_slice(&number.to_le_bytes());
    Address(address)
}

fn has(list: &TakenBack, of: u32, claims: &Claims) -> bool {
    list.has(&holder(of), &claims.jti, claims.issued_s)
}

// FAULTS VS8
#[test]
fn what_was_taken_back_is_known_after_a_restart_whatever_the_clock_says_at_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let folder = folder.path();
    assert!(!TakenBack::exists(folder).expect("the system says so"));
    let list = TakenBack::open(folder, at(0)).expect("none");
    for _ in 0..3 {
        list.add(holder(1), &claims(1, 0), at(0)).expect("room");
    }
    list.add(holder(1), &claims(2, 0), at(0)).expect("room");
    assert_eq!(list.file.lock().expect("nobody panics").log.bytes(), 2 * 58, "the same again is written once");
    for second in [0, 2 * DAY_S] {
        let list = TakenBack::open(folder, at(second)).expect("whole");
        assert!(TakenBack::exists(folder).expect("the system says so"));
        assert!(has(&list, 1, &claims(1, 0)) && has(&list, 1, &claims(2, 0)) && !has(&list, 1, &claims(3, 0)));
        assert!(!has(&list, 2, &claims(1, 0)), "it was another's");
        // The clock is two days ahead for a while, and then right again.
        let ahead = TwoClocks { wall_ms: at(2 * DAY_S).wall_ms, own_ms: at(second).own_ms + 1 };
        list.add(holder(2), &claims(9 + u128::from(second), 2 * DAY_S), ahead).expect("room");
        assert!(has(&list, 1, &claims(1, 0)));
    }
    std::fs::write(folder.join(FILE), [1; 100]).expect("our own");
    let refusal = TakenBack::open(folder, at(0)).map(drop).expect_err("it is damaged");
    assert!(refusal.code == "token_log" && refusal.message.contains("move it away"), "{refusal}");
}

// FAULTS VS8
#[test]
fn a_record_that_is_not_known_is_refused_at_the_start_as_a_look_says() {
    let good = to_bytes((holder(1), Revocation::One { jti: Jti([1; 16]), expires_s: 1 }));
    let of = |version: u8, kind: u8, length: usize| [&[version, kind][..], &vec![0; length]].concat();
    for record in
        [of(2, ONE, 44), of(1, 0, 44), of(1, 3, 44), of(1, ONE, 28), of(1, ALL_TO, 44), vec![1; 10], vec![7; 24]]
    {
        let folder = tempfile::tempdir().expect("a directory");
        let opened = Log::open(&folder.path().join(FILE), BOUNDS, OnDamage::Refuse).expect("none");
        let mut log = opened.log;
        log.append([good.as_slice()]).expect("room");
        drop(TakenBack::open(folder.path(), at(0)).expect("it is known"));
        log.append([record.as_slice()]).expect("room");
        let refusal = TakenBack::open(folder.path(), at(0)).map(drop).expect_err("it is not known");
        assert!(refusal.code == "token_log" && refusal.message.contains("does not know"), "{refusal}");
        let wrong = crate::look::look(folder.path()).wrong;
        assert!(wrong.iter().any(|found| found.to_string().contains("does not know")), "{wrong:?}");
    }
}

// FAULTS VS8
#[test]
fn one_customer_takes_nobodys_room_whatever_it_takes_back() {
    let folder = tempfile::tempdir().expect("a directory");
    let list = TakenBack::open(folder.path(), at(0)).expect("none");
    for number in 0..2_000_u32 {
        let second = u64::from(number / 100);
        list.add(holder(1), &claims(u128::from(number), second), at(second)).expect("room");
    }
    list.add(holder(2), &claims(9_999, 0), at(30)).expect("room");
    for list in [list, TakenBack::open(folder.path(), at(30)).expect("whole")] {
        for (number, second) in [(0, 0), (7, 0), (1_999, 19), (77_777, 0)] {
            assert!(has(&list, 1, &claims(number, second)), "{number}: all that it was given are taken back");
        }
        assert!(!has(&list, 1, &claims(5_000, 100)), "what it is given later is good");
        assert!(has(&list, 2, &claims(9_999, 0)) && !has(&list, 2, &claims(9_998, 0)));
        assert!(list.list.read().expect("nobody panics").all().count() < 20);
    }
}

// FAULTS VS8
#[test]
fn a_list_that_is_full_says_so_and_has_room_when_some_are_over() {
    let folder = tempfile::tempdir().expect("a directory");
    let list = TakenBack::open(folder.path(), at(0)).expect("none");
    for number in 0..20_000 {
        let mut list = list.list.write().expect("nobody panics");
        list.restore(holder(number), Revocation::One { jti: Jti([1; 16]), expires_s: NOW_S + DAY_S }, 0);
    }
    assert!(matches!(list.add(holder(20_000), &claims(1, 0), at(DAY_S + 59)), Err(NotTakenBack::Full)));
    list.add(holder(7), &claims(2, DAY_S), at(DAY_S + 59)).expect("who has a place keeps it");
    list.add(holder(20_000), &claims(1, DAY_S), at(DAY_S + 60)).expect("room came back");
}

// FAULTS VS8
#[test]
fn nobody_is_told_of_what_could_not_be_written_and_all_of_it_is_written_once_the_disk_takes_it() {
    let folder = tempfile::tempdir().expect("a directory");
    let list = TakenBack::open(folder.path(), at(0)).expect("none");
    list.add(holder(1), &claims(1, 0), at(0)).expect("room");
    list.fill();
    // Where the file is written anew stands something that does not give way.
    let hindrance = folder.path().join("token.new");
    std::fs::create_dir(&hindrance).expect("a free name");
    let start = Barrier::new(8);
    std::thread::scope(|threads| {
        for _ in 0..8 {
            threads.spawn(|| {
                start.wait();
                for _ in 0..3 {
                    let told = list.add(holder(1), &claims(2, 0), at(0));
                    assert!(matches!(told, Err(NotTakenBack::NotWritten(_))), "{told:?}");
                }
            });
        }
    });
    assert!(has(&list, 1, &claims(2, 0)), "as long as the service runs");
    std::fs::remove_dir(&hindrance).expect("it is empty");
    list.add(holder(1), &claims(2, 0), at(0)).expect("the disk takes it");
    let list = TakenBack::open(folder.path(), at(0)).expect("whole");
    assert!(has(&list, 1, &claims(1, 0)) && has(&list, 1, &claims(2, 0)) && !has(&list, 1, &claims(3, 0)));
}
