//! What the share ledger owes to a crash, to damage and to hostile bytes.

use proptest::prelude::*;
use types::{Address, ByteString, Hash32, ModuleId, SystemCall};

use super::*;
use crate::book::{Settlement, Share};
use crate::worker::{Worker, WorkerName};

fn share(number: u8) -> Entry {
    Entry::Share(Share {
        time_ms: u64::from(number) * 1_000,
        work_height: 7,
        worker: Worker { address: Address([number % 3; 20]), name: WorkerName::from_untrusted("rig") },
        hash: [number; 32],
        billionths: 1_000 + u128::from(number),
        is_pooled: true,
    })
}

fn paid(reference: u8, amount: u128) -> Entry {
    Entry::Paid(Settlement { reference: Hash32([reference; 32]), address: Address([1; 20]), amount })
}

/// A few entries of every kind, the book after them, and their bytes.
fn entries() -> Vec<Entry> {
    let mut list =
        vec![Entry::Extranonces { below: 4_096 }, Entry::Work { work_height: 7, window_billionths: 1 << 60 }];
    list.extend((1..=20).map(share));
    list.push(Entry::Income { reference: Hash32([1; 32]), amount: 1_000_003, fee: 10 });
    list.push(paid(7, 100));
    list.push(Entry::Found { work_height: 7 });
    list.push(Entry::Work { work_height: 8, window_billionths: 1 << 59 });
    list
}

fn written(list: &[Entry]) -> (Book, Vec<u8>) {
    let (mut book, mut bytes) = (Book::default(), Vec::new());
    for entry in list {
        book.apply(entry).expect("a good entry");
        bytes.extend(encode(book.sequence(), entry));
    }
    (book, bytes)
}

#[test]
fn a_restart_finds_the_same_book() {
    let (book, journal) = written(&entries());
    let recovered = recover(&Stored { journal: journal.clone(), ..Stored::default() }).expect("a whole journal");
    let closed = recovered.closed.clone();
    assert_eq!(
        recovered,
        Recovered {
            book: book.clone(),
            replayed: book.sequence(),
            closed,
            proofs: KeptProofs::default(),
            torn_bytes: 0
        }
    );
    assert_eq!(recovered.closed.map(|closed| closed.receipts.root()), book.roots().back().map(|last| last.root));
    let snapshot = Some(snapshot(&book, &KeptProofs::default()));
    assert_eq!(recover(&Stored { snapshot: snapshot.clone(), ..Stored::default() }).expect("a snapshot").book, book);
    // The crash came between the new snapshot and the emptying of the journal.
    let again = recover(&Stored { snapshot, journal, ..Stored::default() }).expect("both");
    assert_eq!((again.book, again.replayed), (book, 0));
}

#[test]
fn a_journal_that_is_cut_anywhere_gives_every_entry_that_is_whole() {
    let list = entries();
    let (_, journal) = written(&list);
    let ends: Vec<usize> = (0..=list.len()).map(|count| written(&list[..count]).1.len()).collect();
    for cut in 0..=journal.len() {
        let whole = ends.iter().rposition(|end| *end <= cut).expect("the empty journal is whole");
        let recovered = recover(&Stored { journal: journal[..cut].to_vec(), ..Stored::default() }).expect("a torn end");
        assert_eq!(recovered.book.sequence(), whole as u64);
        assert_eq!(recovered.torn_bytes, cut - ends[whole]);
        let mut padded = journal[..ends[whole]].to_vec();
        padded.extend([0; 100]);
        assert_eq!(
            recover(&Stored { journal: padded, ..Stored::default() }).expect("zeros").book.sequence(),
            whole as u64
        );
    }
}

#[test]
fn a_changed_byte_before_the_end_is_an_error_that_names_the_record() {
    let list = entries();
    let (_, journal) = written(&list);
    let last = written(&list[..list.len() - 1]).1.len();
    for place in 0..last {
        let mut changed = journal.clone();
        changed[place] ^= 0x40;
        let error = recover(&Stored { journal: changed, ..Stored::default() }).expect_err("damage");
        assert!(matches!(error, LedgerError::Journal { offset, .. } if offset <= place), "{place}: {error}");
    }
    let mut bytes = snapshot(&written(&list).0, &KeptProofs::default());
    for place in 0..bytes.len() {
        bytes[place] ^= 1;
        let error = recover(&Stored { snapshot: Some(bytes.clone()), ..Stored::default() }).expect_err("damage");
        assert!(matches!(error, LedgerError::Snapshot(_)));
        bytes[place] ^= 1;
    }
}

#[test]
fn a_share_or_an_income_is_taken_once_also_after_a_restart() {
    let (book, journal) = written(&entries()[..23]);
    let mut book = [book, recover(&Stored { journal, ..Stored::default() }).expect("a whole journal").book];
    for book in &mut book {
        let before = book.clone();
        assert!(matches!(book.apply(&share(4)), Err(BookError::Duplicate { work_height: 7, .. })));
        let income = Entry::Income { reference: Hash32([1; 32]), amount: 5, fee: 0 };
        assert!(matches!(book.apply(&income), Err(BookError::KnownIncome(_))));
        let too_much = paid(8, u128::MAX);
        let endless = Entry::Income { reference: Hash32([9; 32]), amount: u128::MAX, fee: 0 };
        assert!(matches!(book.apply(&endless), Err(BookError::TooMuch(u128::MAX))));
        assert!(matches!(book.apply(&too_much), Err(BookError::Overpaid { .. })));
        assert_eq!(*book, before, "a refused entry changes nothing");
    }
}

// FAULTS RM5
#[test]
fn a_payment_is_marked_once_also_after_a_restart_and_the_oldest_references_are_forgotten() {
    let (book, journal) = written(&entries());
    let mut book = [book, recover(&Stored { journal, ..Stored::default() }).expect("a whole journal").book];
    for book in &mut book {
        let before = book.clone();
        for amount in [100, 101] {
            let known = Settlement { reference: Hash32([7; 32]), address: Address([1; 20]), amount: 100 };
            assert_eq!(book.apply(&paid(7, amount)), Err(BookError::KnownPayment(known)), "{amount}");
        }
        assert_eq!(*book, before, "a refused entry changes nothing");
        // One transaction may pay many.
        let other = Settlement { reference: Hash32([7; 32]), address: Address([2; 20]), amount: 100 };
        book.apply(&Entry::Paid(other)).expect("another address");
        assert_eq!(
            recover(&Stored { snapshot: Some(snapshot(book, &KeptProofs::default())), ..Stored::default() })
                .expect("whole")
                .book,
            *book
        );
    }
    let [mut book, _] = book;
    for number in 0..u64::try_from(crate::limits::PAYMENTS_MAX).expect("few") {
        let mut reference = [9; 32];
        reference[..8].copy_from_slice(&number.to_le_bytes());
        let payment = Settlement { reference: Hash32(reference), address: Address([1; 20]), amount: 1 };
        book.apply(&Entry::Paid(payment)).expect("so much is owed");
    }
    book.apply(&paid(7, 100)).expect("the oldest is forgotten");
}

#[test]
fn what_comes_in_is_owed_paid_or_kept() {
    let (book, _) = written(&entries());
    assert_eq!(book.owed().values().sum::<u128>() + book.kept() + 100, 1_000_003);
    assert_eq!(book.roots().iter().map(|root| root.work_height).collect::<Vec<_>>(), [0, 7]);
    assert_eq!(book.all().shares, 20);
    assert_eq!((book.all().best, book.all().best_ever), (None, Some([1; 32])));
}

#[test]
fn header_hashes_are_kept_for_the_work_and_the_one_before_it() {
    let (mut book, _) = written(&entries());
    assert_eq!(book.seen(), 20);
    assert!(book.apply(&share(77)).is_ok(), "one work of grace");
    book.apply(&Entry::Work { work_height: 9, window_billionths: 1 }).expect("the next work");
    assert_eq!(book.seen(), 0);
    assert_eq!(book.apply(&share(78)), Err(BookError::Closed(7)));
}

proptest! {
    #[test]
    fn hostile_bytes_on_the_disk_never_panic(snapshot: Option<Vec<u8>>, mut journal: Vec<u8>, cut: usize) {
        let _ = recover(&Stored { snapshot, journal: journal.clone(), ..Stored::default() });
        let mut good = written(&entries()).1;
        good.truncate(cut % (good.len() + 1));
        journal.splice(0..0, good);
        let _ = recover(&Stored { journal, ..Stored::default() });
    }
}

#[test]
fn ledgers_of_the_versions_before_are_read_with_what_they_owe() {
    let mut list = entries();
    list.retain(|entry| !matches!(entry, Entry::Paid(_)));
    let (book, _) = written(&list);
    let (address, owed) = book.owed().first_key_value().map(|(address, owed)| (*address, *owed)).expect("debts");
    for (magic, lacks) in FORMER_MAGICS {
        // As that version wrote it: another beginning, less at the end, and payments without a reference in the journal.
        let whole = snapshot(&book, &KeptProofs::default());
        let body = &whole[12..whole.len() - lacks * EMPTY_LIST.len()];
        let older = [&magic[..], &crc32c::crc32c(body).to_le_bytes(), body].concat();
        let payment = Entry::PaidUnnamed { address, amount: 100 };
        let encoded = borsh::to_vec(&payment).expect("memory");
        assert_eq!(encoded[0], 4, "the kind that it had");
        let journal = encode(book.sequence() + 1, &payment);
        let stored = Stored { snapshot: Some(older), journal, ..Stored::default() };
        let recovered = recover(&stored).expect("an older ledger");
        assert_eq!(recovered.book.owed().get(&address), Some(&(owed - 100)));
        assert_eq!(recovered.book.roots(), book.roots());
        let next = Entry::Paid(Settlement { reference: Hash32([9; 32]), address, amount: owed - 100 });
        let mut after = recovered.book;
        after.apply(&next).expect("so much is owed");
        assert_eq!(after.owed().get(&address), None);
    }
}

fn call(byte: u8) -> SystemCall {
    SystemCall { module: ModuleId(3), body: ByteString::new(vec![byte; 300]).expect("short") }
}

fn kept(proofs: &[u8]) -> KeptProofs {
    KeptProofs::from_before(proofs.iter().map(|byte| call(*byte)))
}

/// Three proofs between entries, and where each record of the journal ends.
fn with_proofs() -> (Vec<u8>, Vec<(usize, Option<u8>)>) {
    let (mut journal, mut ends, mut book) = (Vec::new(), Vec::new(), Book::default());
    for (number, entry) in entries().iter().take(6).enumerate() {
        if let Some(byte @ 1..=3) = u8::try_from(number).ok() {
            journal.extend(encode_proof(&KeptProof { work_height: 7, call: call(byte) }));
            ends.push((journal.len(), Some(byte)));
        }
        book.apply(entry).expect("a good entry");
        journal.extend(encode(book.sequence(), entry));
        ends.push((journal.len(), None));
    }
    (journal, ends)
}

#[test]
fn a_proof_is_there_after_a_restart_once_and_also_from_where_versions_before_kept_it() {
    let (journal, _) = with_proofs();
    let recovered = recover(&Stored { journal: journal.clone(), ..Stored::default() }).expect("a whole journal");
    assert_eq!((recovered.proofs.clone(), recovered.book.sequence()), (kept(&[1, 2, 3]), 6));
    // The crash came between the new snapshot and the emptying of the journal.
    let snapshot = Some(snapshot(&recovered.book, &recovered.proofs));
    let former_proofs = [call(9), call(2)].map(|call| record(&borsh::to_vec(&call).expect("memory"))).concat();
    let again = recover(&Stored { snapshot, journal, former_proofs }).expect("all of it");
    assert_eq!((again.proofs, again.replayed), (kept(&[9, 2, 1, 3]), 0));
}

// FAULTS HT11
#[test]
fn a_changed_byte_anywhere_in_the_journal_costs_the_proof_that_it_hit_and_no_other() {
    let (journal, ends) = with_proofs();
    for place in 0..journal.len() {
        let mut damaged = journal.clone();
        damaged[place] ^= 0x10;
        let hit = ends.iter().find(|(end, _)| place < *end).and_then(|(_, proof)| *proof);
        let rest: Vec<u8> = (1..=3).filter(|number| Some(*number) != hit).collect();
        let (recovered, _) = recover_whole(&Stored { journal: damaged, ..Stored::default() });
        assert_eq!(recovered.proofs, kept(&rest), "byte {place}");
    }
    let (recovered, error) = recover_whole(&Stored { snapshot: Some(vec![1; 40]), journal, ..Stored::default() });
    assert!(matches!(error, Some(LedgerError::Snapshot(_))));
    assert_eq!(recovered.proofs, kept(&[1, 2, 3]), "they need no book");
}

// FAULTS HT11
#[test]
fn a_long_damaged_journal_is_read_in_a_time_that_grows_with_its_length_alone() {
    // Heads of records that claim as much as one may have.
    let length = u32::try_from(PAYLOAD_BYTES_MAX).expect("short").to_le_bytes();
    let head = [&length[..], &crc32c::crc32c(&length).to_le_bytes(), &[0; 4]].concat();
    let proof = encode_proof(&KeptProof { work_height: 7, call: call(5) });
    // So many zeros took hours while each was compared with all that follow.
    let zeros = vec![0; 8 << 20];
    for damaged in [zeros.clone(), [head.repeat(300_000), zeros].concat()] {
        let journal = [damaged, proof.clone()].concat();
        let (recovered, error) = recover_whole(&Stored { journal, ..Stored::default() });
        assert!(matches!(error, Some(LedgerError::Journal { offset: 0, .. })), "{error:?}");
        assert_eq!(recovered.proofs, kept(&[5]));
    }
}
