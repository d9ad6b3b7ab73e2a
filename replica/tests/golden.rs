//! Recorded hashes of what travels between nodes and of what lies on a validator's disk: neither may change silently.

use consensus::{CertificateRequest, KindSet, Record};
use journal::{Disk, Floor, Holder, Journal, Lease, LogState, MemoryDisk, Position, SEGMENT_BYTES};
use replica::LogRecord;
use replica::wire::{
    CertifiedBlock, Given, KeptBlock, Kinds, Message, PeerStatus, Request, Response, Shared, ShortId, Sketch,
    SnapshotClaim, StatusField, Unread, WireBlock,
};
use types::{
    Auth, BlsPublicKey, BlsSignature, Body, ByteString, Canonical, Certificate, ChainId, Epoch, Hash32, Header, Height,
    List, Proposal, ProtocolVersion, SignerBitmap, TimeMs, Transaction, ValidatorIndex, View, Vote, VoteKind,
    VoteStatement,
};

fn header() -> Header {
    Header {
        version: ProtocolVersion(1),
        chain_id: ChainId(Hash32([1; 32])),
        epoch: Epoch(2),
        view: View(3),
        height: Height(4),
        parent: Hash32([5; 32]),
        time: TimeMs(6),
        proposer: ValidatorIndex(7),
        body_root: Hash32([8; 32]),
        state_root: Hash32([9; 32]),
        receipts_root: Hash32([10; 32]),
        price: 11 << 32,
        validators_hash: Hash32([12; 32]),
        next_validators_hash: Some(Hash32([13; 32])),
    }
}

fn statement() -> VoteStatement {
    let (epoch, view, parent_view) = (Epoch(2), View(3), View(1));
    VoteStatement { kind: VoteKind::Notarize, epoch, view, parent_view, block: Hash32([14; 32]) }
}

fn vote() -> Vote {
    Vote { statement: statement(), signer: ValidatorIndex(2), signature: BlsSignature([15; 48]) }
}

fn certificate() -> Certificate {
    let signers = SignerBitmap::new(9, [0, 3, 8].map(ValidatorIndex));
    Certificate { statement: statement(), signers, signature: BlsSignature([16; 48]) }
}

fn transaction() -> Transaction {
    let key = types::Secp256k1Key([2; 33]);
    let auth = Auth::Single { key, signature: types::Secp256k1Signature([17; 64]) };
    Transaction {
        body: types::TransactionBody {
            version: 1,
            sender: types::Address([18; 20]),
            auth: types::AuthKind::Single,
            nonce: types::Nonce(19),
            valid_until: TimeMs(20),
            fee_max: types::Amount(21),
            tip: types::Amount(22),
            payer: None,
            calls: List::new(vec![types::Call { module: types::ModuleId(1), body: ByteString::default() }])
                .expect("one"),
        },
        witness: types::Witness { auths: List::new(vec![auth]).expect("one") },
    }
}

fn block() -> WireBlock {
    let transactions = List::new(vec![transaction()]).expect("one");
    WireBlock { header: header(), body: Shared::from(Body { transactions, ..Body::default() }) }
}

fn sketch() -> Sketch {
    let given = vec![Given { place: 1, transaction: Shared::from(transaction()) }];
    Sketch {
        header: header(),
        system_calls: List::default(),
        transactions: List::new(vec![ShortId([31; 8]), ShortId([32; 8])]).expect("two"),
        given: List::new(given).expect("one"),
    }
}

fn fingerprint(bytes: &[u8]) -> String {
    let hash = Hash32(crypto::hash::sha256(bytes)).to_string();
    hash.chars().take(16).collect()
}

fn line(name: &str, value: &impl Canonical) -> String {
    format!("{name} {}", fingerprint(&value.to_canonical()))
}

#[test]
fn what_nodes_say_to_each_other_has_the_recorded_bytes() {
    let WireBlock { header, body } = block();
    let body = Body::clone(&body);
    let certified = CertifiedBlock { header: header.clone(), body, certificate: certificate() };
    let snapshot = SnapshotClaim { height: Height(36), epoch: Epoch(37), root: Hash32([38; 32]) };
    let unknown = StatusField { tag: 0xffff, bytes: ByteString::new(vec![40; 64]).expect("short") };
    let status = PeerStatus {
        chain_id: header.chain_id,
        height: Height(23),
        epoch: Epoch(24),
        base: Height(35),
        snapshots: List::new(vec![snapshot]).expect("one"),
        software: ByteString::new(b"test".to_vec()).expect("short"),
        more: List::new(vec![StatusField::clock(39), unknown]).expect("two"),
    };
    let kinds = KindSet::of(&[VoteKind::Nullify, VoteKind::Finalize]);
    let asked = CertificateRequest { epoch: Epoch(25), view: View(26), kinds };
    let places = List::new(vec![0, 34]).expect("two");
    let found = [
        line("proposal", &Message::Proposal(Proposal { vote: vote(), header })),
        line("vote", &Message::Vote(vote())),
        line("certificate", &Message::Certificate(certificate())),
        line("sketch", &Message::Sketch(Box::new(sketch()))),
        line("transactions", &Message::Transactions(List::new(vec![transaction().into()]).expect("one"))),
        line("system calls", &Message::SystemCalls(List::new(sketch().system_calls.to_vec()).expect("a few"))),
        line("ask status", &Request::Status),
        line("ask certificates", &Request::Certificates(asked)),
        line("ask block", &Request::Block { hash: Hash32([27; 32]) }),
        line("ask range", &Request::Range { from: Height(28), count: 29 }),
        line("ask transactions", &Request::Transactions { block: Hash32([33; 32]), places }),
        line("ask headers", &Request::Headers { last: Hash32([35; 32]), count: 36 }),
        line("ask kept", &Request::Kept { height: Height(37) }),
        line("status", &Response::Status(status)),
        line("certificates", &Response::Certificates(List::new(vec![certificate()]).expect("one"))),
        line("no block", &Response::Block(None)),
        line("block", &Response::Block(Some(Box::new(block())))),
        line("range", &Response::Range(List::new(vec![certified.clone()]).expect("one"))),
        line("headers", &Response::Headers(List::new(vec![certified.header.clone()]).expect("one"))),
        line("nothing kept", &Response::Kept(None)),
        line("kept", &Response::Kept(Some(Box::new(KeptBlock { block: certified, receipts: List::default() })))),
        line("asked transactions", &Response::Transactions(List::new(vec![transaction().into()]).expect("one"))),
    ];
    assert_eq!(found.join("\n"), include_str!("golden/wire.txt").trim_end());
}

#[test]
fn what_lies_on_a_validators_disk_has_the_recorded_bytes() {
    let disk = MemoryDisk::new();
    let chain = ChainId(Hash32([1; 32]));
    let mut lease = Lease::open(disk.clone(), Holder { chain, key: Some(BlsPublicKey([40; 96])) }, LogState::Absent)
        .expect("a new lease");
    lease.settle(Position { epoch: Epoch(1), view: View(2) }).expect("a sound disk");
    lease.extend(Epoch(2), View(3)).expect("a sound disk");
    let (mut journal, _, _) = Journal::open(disk.clone(), chain, SEGMENT_BYTES).expect("a new log");
    let records = [
        LogRecord::Engine(Box::new(Record::Epoch { epoch: Epoch(2), root: Hash32([30; 32]) })),
        LogRecord::Block(Box::new(block())),
        LogRecord::Engine(Box::new(Record::Vote(statement()))),
        LogRecord::Engine(Box::new(Record::Proposal { view: View(3), header: header() })),
        LogRecord::Engine(Box::new(Record::Certificate(certificate()))),
    ];
    for record in &records {
        assert_eq!(LogRecord::from_record(&record.to_record()).as_ref(), Ok(record));
        journal.append(record.to_record()).expect("within the bounds");
    }
    journal.floor(Floor { height: Height(4), epoch: Epoch(2), view: View(3) }).expect("a sound disk");
    journal.sync().expect("a sound disk");
    let mut names = disk.list().expect("a sound disk");
    names.sort();
    let found: Vec<String> = names
        .iter()
        .map(|name| format!("{name} {}", fingerprint(&disk.read(name).expect("a sound disk").expect("it is listed"))))
        .collect();
    assert_eq!(found.join("\n"), include_str!("golden/disk.txt").trim_end());
}

/// The first byte beyond the known kinds is one that the decoder does not know, and the last known one is one that it does.
fn kinds_are_counted<T: Kinds + std::fmt::Debug + PartialEq>() {
    let decoders = |kind: u8| T::from_canonical(&[kind]).err().map(|error| error.to_string()).unwrap_or_default();
    let unknown = |kind: u8| decoders(kind).contains(&format!("Unexpected variant tag: {kind}"));
    assert!(unknown(T::KINDS) && !unknown(T::KINDS - 1), "{} kinds", T::KINDS);
    for kind in T::KINDS..=u8::MAX {
        assert_eq!(T::read(&[kind, 1, 2, 3]), Err(Unread::UnknownKind(kind)));
    }
    assert!(matches!(T::read(&[]), Err(Unread::Malformed(_))));
}

// FAULTS HC6
#[test]
fn a_kind_beyond_the_known_ones_is_told_apart_from_malformed_bytes() {
    kinds_are_counted::<Message>();
    kinds_are_counted::<Request>();
    kinds_are_counted::<Response>();
    let vote = Message::Vote(vote());
    assert_eq!(Message::read(&vote.to_canonical()), Ok(vote.clone()));
    let cut = vote.to_canonical().len() - 1;
    assert!(matches!(Message::read(&vote.to_canonical()[..cut]), Err(Unread::Malformed(_))));
}
