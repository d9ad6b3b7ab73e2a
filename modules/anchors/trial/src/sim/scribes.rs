//! Accounts that anchor under few names, so that they meet what is there already, with few digests, so that some are the same.
//!
//! They must not know what comes of it.

use anchors::{AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, LogCheckpoint, PROOF_VERSION, PutDigest};
use testnet::sim::{Actor, Lots, Rest, Stage};
use types::{Body, ByteString, Hash32};

/// So many calls at most wait for clients to send them.
const UNSENT_MAX: usize = 4;

pub(super) struct Scribes {
    lots: Lots,
    /// Time between two calls, in microseconds; 0 for none.
    pace_us: u64,
}

impl Scribes {
    pub(super) const fn new(seed: u64) -> Self {
        // Lots of its own, so that a network without anchors is the same as before.
        Self { lots: Lots::new(seed ^ 0xa2c4_0125_0000_5eed), pace_us: 0 }
    }

    fn hash(&mut self, count: u64) -> Hash32 {
        Hash32([u8::try_from(self.lots.below(count)).expect("few"); 32])
    }

    fn call(&mut self) -> AnchorsCall {
        match self.lots.below(8) {
            0..=2 => {
                let namespace: &str = self.lots.pick(&["a", "ab", "earth-task"]);
                let key: &str = self.lots.pick(&["b", "bb", "20270131"]);
                let [namespace_bytes, key_bytes] = [namespace, key].map(|text| text.as_bytes().to_vec());
                let namespace = ByteString::new(namespace_bytes).expect("at most 16");
                let key = ByteString::new(key_bytes).expect("at most 64");
                AnchorsCall::Put(PutDigest { namespace, key, digest: self.hash(3) })
            }
            3 => {
                let kind = u8::try_from(self.lots.between(1..=7)).expect("below 8");
                AnchorsCall::Anchor(AnchorHash { kind, hash: self.hash(4) })
            }
            4 => AnchorsCall::Contract(AnchorContract {
                proof_version: PROOF_VERSION,
                document_sha256: self.hash(3),
                manifest_sha256: self.hash(3),
                contract_ref_hash: Hash32([1; 32]),
                tenant_ref_hash: Hash32([2; 32]),
                agreement_version: AgreementVersion([1, 0, 0]),
                signing_method_class: 1,
            }),
            5 => AnchorsCall::OpenLog(self.hash(2)),
            _ => {
                let (log, head) = (self.hash(2), self.hash(2));
                AnchorsCall::Checkpoint(LogCheckpoint { log, sequence: self.lots.below(40), head })
            }
        }
    }
}

impl Actor for Scribes {
    fn begin(&mut self, pace_us: u64) {
        self.pace_us = pace_us;
    }

    fn act(&mut self, stage: &mut Stage<'_>) {
        if self.pace_us == 0 {
            return;
        }
        stage.again(self.lots.between(self.pace_us / 2..=self.pace_us * 3 / 2));
        if stage.calls_unsent() < UNSENT_MAX {
            let sender = self.lots.place(stage.accounts().len());
            let call = self.call();
            stage.account_calls(sender, call.to_call());
        }
    }

    fn told(&mut self, _: &Body) {}

    fn answered(&mut self, _: bool) {}

    fn rest(&mut self) -> Rest {
        self.pace_us = 0;
        Rest { quiet_ms: 500, final_ms_max: 0 }
    }

    /// What clients have sent they send until it is final; nothing comes after it.
    fn last(&mut self, _: &mut Stage<'_>) {}

    fn settled(&self) -> Result<(), String> {
        Ok(())
    }
}
