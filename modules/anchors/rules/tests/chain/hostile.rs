//! Whatever bytes a call holds, it is judged and carried out without a panic, and the same each time.

use anchors::{Anchors, AnchorsCall, LogCheckpoint, PutDigest};
use execution::{Module, Words};
use proptest::prelude::*;
use types::{Address, Amount, AssetId, ByteString, Call, Canonical, Hash32, ModuleId, TimeMs};

use crate::harness::{ALICE, Chain, ServiceKey, attest, register, registry, string};

struct Plain;

impl Words for Plain {
    fn address(&self, address: Address) -> String {
        types::to_hex(&address.0)
    }

    fn amount(&self, _: AssetId, amount: Amount) -> String {
        amount.to_string()
    }

    fn time(&self, time: TimeMs) -> String {
        time.to_string()
    }
}

/// Calls of every variant that are good at this time.
fn good(account: Address, seconds: u64) -> Vec<AnchorsCall> {
    let hash = Hash32([3; 32]);
    vec![
        AnchorsCall::Put(PutDigest { namespace: string("export"), key: string("pack-1"), digest: hash }),
        AnchorsCall::Anchor(anchors::AnchorHash { kind: 1, hash }),
        AnchorsCall::Contract(anchors::AnchorContract {
            proof_version: 1,
            document_sha256: hash,
            manifest_sha256: hash,
            contract_ref_hash: hash,
            tenant_ref_hash: hash,
            agreement_version: anchors::AgreementVersion([1, 0, 0]),
            signing_method_class: 3,
        }),
        AnchorsCall::RegisterService(register("demo", "ai:attest", ServiceKey(1), seconds)),
        AnchorsCall::AttestAi(attest(account, "demo", (seconds, 1), ServiceKey(1))),
        AnchorsCall::OpenLog(hash),
        AnchorsCall::Checkpoint(LogCheckpoint { log: hash, sequence: 1, head: hash }),
        AnchorsCall::RevokeService(string("demo")),
    ]
}

proptest! {
    #[test]
    fn any_bytes_are_a_call_or_none(mut bytes in proptest::collection::vec(any::<u8>(), 1..512), variant in 0..9_u8) {
        bytes[0] = variant;
        let registry = registry();
        let call = Call { module: ModuleId(8), body: ByteString::new(bytes.clone()).expect("short") };
        prop_assert_eq!(registry.weigh_call(&call), registry.weigh_call(&call));
        let said = registry.say_call(&call, &Plain);
        let read = AnchorsCall::from_canonical(&bytes);
        prop_assert_eq!(said.is_some(), read.is_ok());
        if let Ok(read) = read {
            prop_assert_eq!(read.to_canonical(), bytes);
        }
    }

    #[test]
    fn events_of_any_bytes_are_described_or_not(kind in 0..10_u16, bytes in proptest::collection::vec(any::<u8>(), 0..128)) {
        let described = Anchors.describe_event(kind, &bytes);
        prop_assert_eq!(described, Anchors.describe_event(kind, &bytes));
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, max_shrink_iters: 100, ..ProptestConfig::default() })]

    /// One byte of a good call is another. Either it is refused before a block, or a block holds it, and whatever becomes of it every
    /// invariant holds; a signature of a service never covers what was changed in its payload.
    #[test]
    fn a_changed_call_is_judged_and_carried_out(changes in proptest::collection::vec((0..8_usize, any::<prop::sample::Index>(), 1..=255_u8), 1..12)) {
        let mut chain = Chain::new();
        let (account, seconds) = (chain.address(ALICE), chain.seconds());
        for call in good(account, seconds).into_iter().take(4) {
            chain.done(ALICE, call);
        }
        for (which, place, by) in changes {
            let mut bytes = good(account, seconds)[which].to_canonical();
            let place = place.index(bytes.len());
            bytes[place] ^= by;
            let Ok(call) = AnchorsCall::from_canonical(&bytes) else { continue };
            if chain.judged(&call).is_err() {
                continue;
            }
            let is_signed = matches!(call, AnchorsCall::AttestAi(_) | AnchorsCall::RegisterService(_));
            let verdict = chain.run(ALICE, call);
            if which == 4 && is_signed {
                prop_assert!(verdict.is_err(), "an attestation with a changed byte");
            }
        }
    }
}

#[test]
fn calls_that_are_good_are_good() {
    let mut chain = Chain::new();
    let (account, seconds) = (chain.address(ALICE), chain.seconds());
    for call in good(account, seconds) {
        chain.done(ALICE, call);
    }
}
