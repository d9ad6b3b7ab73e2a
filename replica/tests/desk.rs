//! The law of the log: a vote leaves when it is on disk, and a certificate costs no sync of its own.

use consensus::Record;
use journal::{Disk, Holder, MemoryDisk, Position};
use replica::wire::Message;
use replica::{Desk, Effect, LogRecord, Target};
use types::{
    BlsPublicKey, BlsSignature, Certificate, ChainId, Epoch, Hash32, SignerBitmap, ValidatorIndex, View, VoteKind,
    VoteStatement,
};

const CHAIN: ChainId = ChainId(Hash32([1; 32]));

fn statement(kind: VoteKind, view: u64) -> VoteStatement {
    VoteStatement { kind, epoch: Epoch(0), view: View(view), parent_view: View(0), block: Hash32([2; 32]) }
}

fn certificate(view: u64) -> Certificate {
    let signers = SignerBitmap::new(4, [0, 1, 2].map(ValidatorIndex));
    Certificate { statement: statement(VoteKind::Finalize, view), signers, signature: BlsSignature([3; 48]) }
}

fn log(record: Record) -> Effect {
    Effect::Persist(LogRecord::Engine(Box::new(record)))
}

fn send(certificate: Certificate) -> Effect {
    Effect::Send { to: Target::Validators, message: Message::Certificate(certificate) }
}

fn open(disk: &MemoryDisk, lease: &MemoryDisk) -> (Desk<MemoryDisk>, Vec<LogRecord>) {
    let holder = Holder { chain: CHAIN, key: Some(BlsPublicKey([4; 96])) };
    let mut opened = Desk::open(disk.clone(), lease.clone(), holder).expect("a good disk");
    opened.desk.vote_only_above(Position::default()).expect("a good disk");
    (opened.desk, opened.log)
}

fn synced(disk: &MemoryDisk) -> usize {
    let files = disk.list().expect("a good disk");
    files.iter().filter_map(|name| disk.synced_length(name)).sum()
}

fn settle(desk: &mut Desk<MemoryDisk>, effects: Vec<Effect>) -> Vec<Effect> {
    let mut performed = Vec::new();
    desk.settle(effects, |effect| performed.push(effect)).expect("a good disk");
    performed
}

#[test]
fn a_certificate_leaves_without_a_sync_and_is_on_disk_before_the_next_vote() {
    let (disk, lease) = (MemoryDisk::new(), MemoryDisk::new());
    let (mut desk, _) = open(&disk, &lease);
    let before = synced(&disk);
    let performed = settle(&mut desk, vec![log(Record::Certificate(certificate(1))), send(certificate(1))]);
    assert_eq!((performed.len(), synced(&disk)), (1, before), "sent, and nothing waited for");
    let vote = statement(VoteKind::Notarize, 2);
    let sign = Effect::Sign { statement: vote, header: None, again: false };
    assert_eq!(settle(&mut desk, vec![log(Record::Vote(vote)), sign]).len(), 1);
    assert!(synced(&disk) > before);
    disk.crash(|_, _| 0);
    let (_, found) = open(&disk, &lease);
    let expected =
        [Record::Certificate(certificate(1)), Record::Vote(vote)].map(|record| LogRecord::Engine(Box::new(record)));
    assert_eq!(found, expected, "in the order in which they were written");
}

#[test]
fn nothing_after_a_vote_leaves_when_the_disk_fails() {
    let (disk, lease) = (MemoryDisk::new(), MemoryDisk::new());
    let (mut desk, _) = open(&disk, &lease);
    disk.fail_next(journal::DiskOperation::Sync);
    let vote = statement(VoteKind::Notarize, 2);
    let effects = vec![
        send(certificate(1)),
        log(Record::Vote(vote)),
        Effect::Sign { statement: vote, header: None, again: false },
        send(certificate(2)),
    ];
    let mut performed = Vec::new();
    assert!(desk.settle(effects, |effect| performed.push(effect)).is_err());
    assert_eq!(performed.len(), 1, "only what rests on nothing: {performed:?}");
}

#[test]
fn who_never_votes_syncs_certificates_in_bulk() {
    let (disk, lease) = (MemoryDisk::new(), MemoryDisk::new());
    let (mut desk, _) = open(&disk, &lease);
    let before = synced(&disk);
    let syncs = (1..=1_000).filter(|view| {
        let length = synced(&disk);
        let _ = settle(&mut desk, vec![log(Record::Certificate(certificate(*view)))]);
        synced(&disk) > length
    });
    assert_eq!(syncs.count(), 1_000 / 64);
    assert!(synced(&disk) > before);
}
