//! The address book under those who want to own it.

use super::*;

fn key(number: u32) -> PeerKey {
    let mut bytes = [0; 32];
    bytes[..4].copy_from_slice(&number.to_be_bytes());
    PeerKey(bytes)
}

fn from(text: &str) -> Prefix {
    Prefix::of(text.parse().expect("an address"))
}

fn has(book: &Book<String>, number: u32) -> bool {
    book.lines.contains_key(&key(number))
}

/// Honest peers with high keys, each of a provider of its own, half of them met.
fn honest(book: &mut Book<String>) {
    for number in 1_000_000..1_000_050_u32 {
        let ip = format!("{}.7.7.7", (number % 50).saturating_add(20));
        book.told(key(number), std::slice::from_ref(&ip), from(&ip), 0).expect("room");
        if number % 2 == 0 {
            book.met(key(number), &ip, from(&ip), 0).expect("room");
        }
    }
}

// FAULTS HC3: a thousand identities of low keys, whatever addresses they claim.
#[test]
fn many_identities_of_few_providers_own_a_corner_and_honest_peers_are_written_before_and_after() {
    let mut book = Book::default();
    honest(&mut book);
    let mut refused = 0;
    for number in 0..2_000_u32 {
        let claimed = format!("{}.{}.1.1", 1 + number % 200, number / 200);
        let source = from(&format!("1.{}.1.1", 2 + number % 3));
        refused += u32::from(book.told(key(number), &[claimed], source, 1).is_err());
    }
    assert_eq!((book.len(), refused), (50 + 3 * BUCKET_MAX, 2_000 - 3 * 32));
    assert!((1_000_000..1_000_050).all(|number| has(&book, number)));
    assert_eq!(book.told(key(7_000_000), &["99.1.1.1".to_owned()], from("99.1.1.1"), 2), Ok(true));
    // Drawn by chance, the attacker is met as seldom as any three others.
    let mut chance = 1_u64;
    let mut drawn = [0, 0];
    for turn in 0..1_000 {
        chance = chance.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let (peer, _) = book.draw(chance, turn, 0).expect("somebody");
        drawn[usize::from(peer >= key(1_000_000))] += 1;
    }
    assert!(drawn[0] < 120 && drawn[1] > 880, "{drawn:?}");
}

// FAULTS HC3
#[test]
fn when_the_book_is_full_the_fullest_bucket_gives_way_and_never_who_is_pinned_or_connected() {
    let mut book = Book::default();
    honest(&mut book);
    book.pin(BTreeSet::from([key(900_000)]));
    book.told(key(900_000), &["a".to_owned()], from("1.0.0.1"), 0).expect("room");
    for number in 0..20_000_u32 {
        let source = from(&format!("1.{}.1.1", number % 200));
        let _ = book.told(key(number), &["x".to_owned()], source, 1);
        book.connected(key(0), true, 1);
        assert!(book.len() <= LINES_MAX);
    }
    assert!(has(&book, 900_000) && has(&book, 0));
    assert!((1_000_000..1_000_050).all(|number| has(&book, number)));
    for number in 2_000_000..2_000_100_u32 {
        let ip = format!("{}.{}.1.1", 100 + number % 10, number % 100);
        assert_eq!(book.told(key(number), std::slice::from_ref(&ip), from(&ip), 2), Ok(true), "{number}");
    }
}

#[test]
fn what_a_peer_tells_is_replaced_and_is_at_most_eight_addresses() {
    let mut book = Book::default();
    let all = |turn: u32| (0..500).map(|number| format!("{turn}-{number}")).collect::<Vec<_>>();
    for turn in 0..1_000 {
        assert_eq!(book.told(key(1), &all(turn), from("1.2.3.4"), 0), Ok(true));
        assert_eq!(book.told(key(1), &all(turn), from("1.2.3.4"), 0), Ok(false));
        assert_eq!(book.addresses(key(1)), all(turn)[..8]);
    }
    book.met(key(1), &"here".to_owned(), from("9.9.9.9"), 0).expect("room");
    assert_eq!(book.addresses(key(1))[0], "here");
    assert_eq!(book.addresses(key(1)).len(), 8);
}

#[test]
fn lines_that_fail_are_forgotten_sooner_when_they_were_never_met_and_pinned_ones_never() {
    let mut book = Book::default();
    book.pin(BTreeSet::from([key(3)]));
    for number in 1..4 {
        book.told(key(number), &["a".to_owned()], from("1.2.3.4"), 0).expect("room");
    }
    book.met(key(2), &"a".to_owned(), from("1.2.3.4"), 0).expect("room");
    let tries = |book: &mut Book<String>, number| (1..100).find(|_| book.failed(key(number)));
    assert_eq!([1, 2, 3].map(|number| tries(&mut book, number)), [Some(3), Some(10), None]);
    assert!(has(&book, 3) && book.len() == 1);
}

#[test]
fn a_book_is_restored_as_it_was_listed_and_the_best_stand_first() {
    let mut book = Book::default();
    honest(&mut book);
    book.pin(BTreeSet::from([key(1_000_049)]));
    book.connected(key(1_000_031), true, 0);
    let listed = book.list();
    assert_eq!(listed[0].peer, key(1_000_049));
    assert_eq!(listed[1].peer, key(1_000_031));
    assert!(listed[2..27].iter().all(|line| line.met) && listed[27..].iter().all(|line| !line.met));
    let mut again = Book::default();
    listed.iter().cloned().for_each(|line| again.restore(line, 0));
    let sorted = |mut lines: Vec<BookLine<String>>| {
        lines.sort_by_key(|line| line.peer);
        lines
    };
    assert_eq!(sorted(again.list()), sorted(listed));
}
