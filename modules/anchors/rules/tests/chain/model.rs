//! The rules beside a model of plain maps: the same calls, right and wrong, the same answers and the same records.

use std::collections::{BTreeMap, BTreeSet};

use anchors::{
    AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, AnchorsReject, AttestAi, HashKind, LogCheckpoint,
    PutDigest,
};
use proptest::prelude::*;
use types::{Hash32, Secp256k1Signature};

use crate::harness::{Chain, POOR, ServiceKey, attest, register, string};

const NAMESPACES: [&str; 3] = ["a", "ab", "earth-task"];
const KEYS: [&str; 3] = ["b", "bb", "20261130"];
const SERVICES: [&str; 3] = ["demo", "demo2", "x"];
const SCOPES: [&str; 3] = ["ai:attest", "ai:train", "ai:attest ai:train"];

/// What somebody tries; names are places in the lists above.
#[derive(Clone, Debug)]
enum Try {
    Put { namespace: usize, key: usize, digest: u8 },
    Anchor { kind: u8, hash: u8 },
    Contract { manifest: u8, document: u8 },
    Register { service: usize, scopes: usize, key: u8, offset: i64, is_signed: bool },
    Revoke { service: usize },
    Attest { of: usize, service: usize, key: u8, model: u8, offset: i64, is_signed: bool },
    Again(prop::sample::Index),
    OpenLog(u8),
    Checkpoint { log: u8, sequence: u64, head: u8 },
    Pass(u64),
}

#[derive(Clone, Debug, PartialEq)]
struct Service {
    key: u8,
    scopes: usize,
    txid: Hash32,
    is_revoked: bool,
}

#[derive(Default)]
struct Model {
    puts: BTreeMap<(usize, usize, usize), u8>,
    hashes: BTreeSet<(usize, u8, u8)>,
    contracts: BTreeMap<(usize, u8), u8>,
    services: BTreeMap<(usize, usize), Service>,
    attestations: BTreeSet<(usize, usize, Hash32)>,
    logs: BTreeMap<(usize, u8), Option<(u64, u8)>>,
    /// Attestations that were tried, to be sent again by whomever.
    sent: Vec<(usize, AttestAi, Attested)>,
}

/// What decides about an attestation.
#[derive(Clone, Copy, Debug)]
struct Attested {
    of: usize,
    service: usize,
    key: u8,
    created_at: u64,
    is_signed: bool,
}

type Verdict = Result<(), AnchorsReject>;

/// The first one stays, the same has no effect, and another is this reject.
fn first<K: Ord, V: PartialEq>(map: &mut BTreeMap<K, V>, key: K, value: V, reject: AnchorsReject) -> Verdict {
    match map.get(&key) {
        Some(before) if *before == value => Ok(()),
        Some(_) => Err(reject),
        None => {
            map.insert(key, value);
            Ok(())
        }
    }
}

fn is_near(created_at: u64, now_ms: u64) -> Verdict {
    let drift = i128::from(created_at) * 1_000 - i128::from(now_ms);
    if drift.abs() <= 600_000 { Ok(()) } else { Err(AnchorsReject::TimeDrift) }
}

impl Model {
    fn register(&mut self, now: u64, place: (usize, usize), new: Service, (at, is_signed): (u64, bool)) -> Verdict {
        match self.services.get(&place) {
            Some(before) if before.is_revoked => return Err(AnchorsReject::ServiceRevoked),
            Some(before) if before.txid == new.txid => return Ok(()),
            Some(_) => return Err(AnchorsReject::ServiceConflict),
            None => {}
        }
        is_near(at, now)?;
        if !is_signed {
            return Err(AnchorsReject::BadSignature);
        }
        self.services.insert(place, new);
        Ok(())
    }

    fn revoke(&mut self, place: (usize, usize)) -> Verdict {
        let service = self.services.get_mut(&place).ok_or(AnchorsReject::UnregisteredService)?;
        service.is_revoked = true;
        Ok(())
    }

    fn attest(&mut self, who: usize, now: u64, txid: Hash32, attested: Attested) -> Verdict {
        let Attested { of, service, key, created_at, is_signed } = attested;
        if of != who {
            return Err(AnchorsReject::NotServiceAccount);
        }
        if self.attestations.contains(&(of, service, txid)) {
            return Ok(());
        }
        let found = self.services.get(&(of, service)).filter(|service| !service.is_revoked);
        let found = found.ok_or(AnchorsReject::UnregisteredService)?;
        if found.scopes == 1 {
            return Err(AnchorsReject::MissingScope);
        }
        if found.key != key {
            return Err(AnchorsReject::PubkeyNotAllowlisted);
        }
        is_near(created_at, now)?;
        if !is_signed {
            return Err(AnchorsReject::BadSignature);
        }
        self.attestations.insert((of, service, txid));
        Ok(())
    }

    fn checkpoint(&mut self, place: (usize, u8), sequence: u64, head: u8) -> Verdict {
        let log = self.logs.get_mut(&place).ok_or(AnchorsReject::UnknownLog)?;
        match *log {
            Some((last, _)) if sequence < last => return Err(AnchorsReject::CheckpointOrder),
            Some((last, before)) if sequence == last && head != before => {
                return Err(AnchorsReject::CheckpointConflict);
            }
            _ => *log = Some((sequence, head)),
        }
        Ok(())
    }
}

/// The call that tries it, and what the model says of it; nothing where there is nothing to try.
fn step(chain: &Chain, model: &mut Model, who: usize, tried: &Try) -> Option<(AnchorsCall, Verdict)> {
    let (now, hash) = (chain.time().0, |byte| Hash32([byte; 32]));
    let at = |offset: i64| chain.seconds().checked_add_signed(offset).expect("long after 1970");
    Some(match *tried {
        Try::Put { namespace, key, digest } => {
            let verdict = first(&mut model.puts, (who, namespace, key), digest, AnchorsReject::AnchorConflict);
            let (namespace, key) = (string(NAMESPACES[namespace]), string(KEYS[key]));
            (AnchorsCall::Put(PutDigest { namespace, key, digest: hash(digest) }), verdict)
        }
        Try::Anchor { kind, hash: byte } => {
            model.hashes.insert((who, kind, byte));
            (AnchorsCall::Anchor(AnchorHash { kind, hash: hash(byte) }), Ok(()))
        }
        Try::Contract { manifest, document } => {
            let verdict = first(&mut model.contracts, (who, manifest), document, AnchorsReject::IdempotencyConflict);
            (AnchorsCall::Contract(contract(manifest, document)), verdict)
        }
        Try::Register { service, scopes, key, offset, is_signed } => {
            let mut call = register(SERVICES[service], SCOPES[scopes], ServiceKey(key), at(offset));
            let new = Service { key, scopes, txid: call.txid, is_revoked: false };
            let verdict = model.register(now, (who, service), new, (at(offset), is_signed));
            if !is_signed {
                call.signature = Secp256k1Signature([1; 64]);
            }
            (AnchorsCall::RegisterService(call), verdict)
        }
        Try::Revoke { service } => {
            (AnchorsCall::RevokeService(string(SERVICES[service])), model.revoke((who, service)))
        }
        Try::Attest { of, service, key, model: made, offset, is_signed } => {
            let created_at = at(offset);
            let mut call = attest(chain.address(of), SERVICES[service], (created_at, made), ServiceKey(key));
            if !is_signed {
                call.signature = Secp256k1Signature([1; 64]);
            }
            let attested = Attested { of, service, key, created_at, is_signed };
            model.sent.push((who, call.clone(), attested));
            let verdict = model.attest(who, now, call.txid, attested);
            (AnchorsCall::AttestAi(call), verdict)
        }
        Try::Again(which) => {
            let count = model.sent.len();
            let (_, call, attested) = model.sent.get(which.index(count.max(1)))?.clone();
            let verdict = model.attest(who, now, call.txid, attested);
            (AnchorsCall::AttestAi(call), verdict)
        }
        Try::OpenLog(log) => {
            model.logs.entry((who, log)).or_default();
            (AnchorsCall::OpenLog(hash(log)), Ok(()))
        }
        Try::Checkpoint { log, sequence, head } => {
            let verdict = model.checkpoint((who, log), sequence, head);
            (AnchorsCall::Checkpoint(LogCheckpoint { log: hash(log), sequence, head: hash(head) }), verdict)
        }
        Try::Pass(_) => return None,
    })
}

fn contract(manifest: u8, document: u8) -> AnchorContract {
    AnchorContract {
        proof_version: 1,
        document_sha256: Hash32([document; 32]),
        manifest_sha256: Hash32([manifest; 32]),
        contract_ref_hash: Hash32([1; 32]),
        tenant_ref_hash: Hash32([2; 32]),
        agreement_version: AgreementVersion([1, 0, 0]),
        signing_method_class: 1,
    }
}

/// Every record of the model is in the state, and no other.
fn compare(chain: &Chain, model: &Model) {
    let (view, hash) = (chain.view(), |byte: u8| Hash32([byte; 32]));
    for ((who, namespace, key), digest) in &model.puts {
        let found = anchors::put(&view, &chain.address(*who), NAMESPACES[*namespace], KEYS[*key]);
        assert_eq!(found.map(|found| found.digest), Some(hash(*digest)));
    }
    for (who, kind, byte) in &model.hashes {
        let kind = HashKind::of(*kind).expect("a kind");
        assert!(anchors::hash(&view, &chain.address(*who), kind, &hash(*byte)).is_some());
    }
    for ((who, manifest), document) in &model.contracts {
        let found = anchors::contract(&view, &chain.address(*who), &hash(*manifest));
        assert_eq!(found.map(|found| found.document_sha256), Some(hash(*document)));
    }
    for ((who, service), expected) in &model.services {
        let found = anchors::service(&view, &chain.address(*who), SERVICES[*service]).expect("it is registered");
        assert_eq!((found.key, found.txid), (ServiceKey(expected.key).public(), expected.txid));
        assert_eq!((found.scopes.as_str(), found.revoked.is_some()), (SCOPES[expected.scopes], expected.is_revoked));
    }
    for (who, service, txid) in &model.attestations {
        assert!(anchors::attestation(&view, &chain.address(*who), SERVICES[*service], txid).is_some());
    }
    for ((who, log), newest) in &model.logs {
        let found = anchors::log(&view, &chain.address(*who), &hash(*log)).expect("it is open");
        assert_eq!(found.sequence.zip(found.head), newest.map(|(sequence, head)| (sequence, hash(head))));
    }
    let count = model.puts.len() + model.hashes.len() + model.contracts.len() + model.services.len();
    let count = count + model.attestations.len() + model.logs.len();
    assert_eq!(chain.records().len(), count + 1, "and the numbers of the genesis");
}

fn tries() -> impl Strategy<Value = Try> {
    let mostly = || prop_oneof![9 => Just(true), 1 => Just(false)];
    let key = || prop_oneof![4 => Just(1_u8), 1 => Just(2_u8)];
    let offset = || prop_oneof![8 => -600..=600_i64, 1 => Just(601_i64), 1 => Just(-601_i64)];
    prop_oneof![
        4 => (0..3_usize, 0..3_usize, 0..3_u8)
            .prop_map(|(namespace, key, digest)| Try::Put { namespace, key, digest }),
        2 => (1..=7_u8, 0..2_u8).prop_map(|(kind, hash)| Try::Anchor { kind, hash }),
        3 => (0..3_u8, 0..2_u8).prop_map(|(manifest, document)| Try::Contract { manifest, document }),
        4 => (0..3_usize, 0..3_usize, key(), offset(), mostly())
            .prop_map(|(service, scopes, key, offset, is_signed)| Try::Register { service, scopes, key, offset, is_signed }),
        1 => (0..3_usize).prop_map(|service| Try::Revoke { service }),
        6 => (0..POOR, 0..3_usize, key(), 0..3_u8, offset(), mostly()).prop_map(
            |(of, service, key, model, offset, is_signed)| Try::Attest { of, service, key, model, offset, is_signed }
        ),
        3 => any::<prop::sample::Index>().prop_map(Try::Again),
        2 => (0..2_u8).prop_map(Try::OpenLog),
        4 => (0..2_u8, 0..6_u64, 0..2_u8).prop_map(|(log, sequence, head)| Try::Checkpoint { log, sequence, head }),
        1 => prop_oneof![Just(600_000_u64), 1_000..2_000_000_u64].prop_map(Try::Pass),
    ]
}

/// Who tries: whoever it falls on, but attestations are mostly sent by whose they are.
fn actor(model: &Model, tried: &Try, chance: usize) -> usize {
    let right = match tried {
        Try::Attest { of, .. } => Some(*of),
        Try::Again(which) => model.sent.get(which.index(model.sent.len().max(1))).map(|(who, ..)| *who),
        _ => None,
    };
    right.filter(|_| !chance.is_multiple_of(8)).unwrap_or(chance % POOR)
}

proptest! {
    // `PROPTEST_CASES` makes it longer.
    #![proptest_config(ProptestConfig { max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_and_the_model_agree(tried in proptest::collection::vec((tries(), any::<usize>()), 1..80)) {
        let (mut chain, mut model) = (Chain::new(), Model::default());
        for (tried, chance) in &tried {
            if let Try::Pass(ms) = tried {
                chain.pass(*ms);
                continue;
            }
            let who = actor(&model, tried, *chance);
            let Some((call, expected)) = step(&chain, &mut model, who, tried) else { continue };
            let before = chain.records();
            let verdict = chain.run(who, call);
            prop_assert_eq!(verdict, expected.map_err(AnchorsReject::code), "{} {:?}", who, tried);
            // Something is reported if and only if something was written.
            prop_assert_eq!(chain.events.len(), usize::from(chain.records() != before), "{:?}", tried);
        }
        compare(&chain, &model);
    }
}
