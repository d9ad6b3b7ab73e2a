//! Accounts that anchor under few names, so that they meet what is there already, with few digests, so that some are the same.
//!
//! They must not know what comes of it.

use std::collections::BTreeMap;

use anchors::{
    AgreementVersion, AnchorContract, AnchorHash, AnchorsCall, AttestAi, AttestationPayload, LogCheckpoint,
    PROOF_VERSION, PutDigest, RegisterService, ServicePayload,
};
use crypto::ecdsa_pure::SigningKey;
use testnet::sim::{Actor, Lots, Rest, Stage};
use types::{Address, Body, ByteString, Hash32};

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

    /// What an AI service says, of few names and by few keys: some of it again, some by another's key, some for another's account.
    fn of_service(&mut self, account: Address, other: Address, now_s: u64) -> AnchorsCall {
        let name: &str = self.lots.pick(&["demo", "tts"]);
        let key =
            SigningKey::from_bytes(&[u8::try_from(self.lots.between(1..=2)).expect("few"); 32]).expect("a scalar");
        // Few times, so that the same is said twice.
        let created_at = now_s / 2 * 2;
        match self.lots.below(8) {
            0 => AnchorsCall::RevokeService(ByteString::new(name.as_bytes().to_vec()).expect("at most 64")),
            1..=3 => {
                let scopes: &str = self.lots.pick(&["ai:attest", "ai:attest ai:train", "ai:train"]);
                let (scopes, service) = (scopes.to_owned(), name.to_owned());
                let bytes = ServicePayload { created_at, key: key.public_key(), scopes, service }.to_bytes();
                let txid = ServicePayload::txid(&bytes);
                let payload = ByteString::new(bytes).expect("short");
                AnchorsCall::RegisterService(RegisterService { payload, txid, signature: key.sign(txid.as_bytes()) })
            }
            turn => {
                let hashes = BTreeMap::from([("model_sha256", self.hash(2))]);
                let (artifact_type, service) = ("model".to_owned(), name.to_owned());
                let bytes = AttestationPayload { artifact_type, created_at, service, hashes }.to_bytes();
                let txid = AttestationPayload::txid(name, &bytes);
                let (signature, public_key) = (key.sign(txid.as_bytes()), key.public_key());
                let account = if turn == 4 { other } else { account };
                let payload = ByteString::new(bytes).expect("short");
                AnchorsCall::AttestAi(AttestAi { account, payload, txid, public_key, signature })
            }
        }
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
            let accounts = stage.accounts();
            let sender = self.lots.place(accounts.len());
            let call = match (self.lots.below(3), accounts.get(sender), accounts.first()) {
                (0, Some(own), Some(other)) => self.of_service(*own, *other, stage.unix_ms() / 1_000),
                _ => self.call(),
            };
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
