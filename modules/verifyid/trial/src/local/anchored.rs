//! What a service acknowledges comes into a batch on the chain by itself, and is proven from the genesis on where no node is.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use testnet::devnet::{Failure, Outcome, send};
use types::Amount;
use verifyid::{DeviceId, VerifyIdCall};

use super::cast::{PATIENCE, Troupe, equal};
use super::programs::edit;
use crate::keys::Key;

/// For the fees of batches.
const FEES: Amount = Amount(1_000_000_000);
/// A batch closes after so many seconds.
pub(super) const BATCH_S: u64 = 2;

impl Troupe<'_> {
    /// An account of the service's own, which the authority lists and the owner allows; node 0 then batches from it.
    pub(super) fn let_node_anchor(&mut self, more: &[String]) -> Outcome<()> {
        let (owner, authority) = (self.owner.clone(), self.authority.clone());
        let carol = self.network.wallets.somebody(&self.network.plan.layout, "carol")?;
        let transfer = (self.network.plan.transfers()?.call)(carol.address(), FEES);
        send(&self.client, &mut self.network.chain, &owner.key, transfer, PATIENCE)?;
        let verifier = carol.address();
        self.expect(&authority, &VerifyIdCall::SetVerifier { verifier, listed: true }, "ok")?;
        self.expect(&owner, &VerifyIdCall::AllowVerifier { verifier, allowed: true }, "ok")?;
        let password = self.network.plan.layout.password().display().to_string();
        let mut settings = vec![
            format!("accounts.verifyid={}", self.key_file("carol")),
            format!("accounts.verifyid_password_file={password}"),
            format!("verifyid.batch_seconds={BATCH_S}"),
        ];
        settings.extend_from_slice(more);
        self.restart_with(&settings)
    }

    /// A verification is acknowledged, batched, anchored and proven; with anything changed it proves nothing.
    pub(super) fn anchor(&mut self, device: Key, key: Key) -> Outcome<u64> {
        let verdict = self.answered(device, key)?.map_err(|code| Failure::new(format!("refused: {code}")))?;
        let id = verdict["challenge_id"].as_str().ok_or_else(|| Failure::new(format!("without an id: {verdict}")))?;
        // A node that is killed between the verdict and its batch loses nothing of it.
        let stop = self.network.stop.clone();
        let node = self.network.node(0)?;
        node.kill()?;
        node.start()?;
        node.wait_ready(PATIENCE, &stop)?;
        let begun = Instant::now();
        while self.good(&["device", "verification", id])?["is_anchored"] != json!(true) {
            if begun.elapsed() > PATIENCE {
                return Err(Failure::new("a verification that was acknowledged is not on the chain"));
            }
            stop.pause(Duration::from_millis(200))?;
        }
        let file = self.network.plan.layout.root().join("verification.json");
        let name = file.display().to_string();
        self.good(&["device", "verification", id, "--out", &name])?;
        let told = self.good(&["verify-batch", &name])?;
        let device = DeviceId(device.id()).to_text(self.network.chain.network());
        let expected = [json!(device), json!(1), json!(true)];
        equal("what is proven", &[told["device"].clone(), told["result"].clone(), told["checked"].clone()], &expected)?;
        // Whoever knows another block at this height is told of two histories.
        let known = |hash: &Value| format!("{}:{}", told["proof_height"], hash.as_str().unwrap_or_default());
        self.good(&["verify-batch", &name, "--checkpoint", &known(&told["header"])])?;
        let found =
            self.thronos(&["verify-batch", &name, "--checkpoint", &known(&json!("00".repeat(32)))])?.map(|_| ());
        self.refused += 1;
        equal("a proof of another history", &found, &Err("checkpoint_conflict".to_owned()))?;
        let text = std::fs::read_to_string(&file).map_err(Failure::file("read", &file))?;
        for (place, other) in [
            ("/leaf/result", json!(2)),
            ("/leaf/time", json!(1)),
            ("/leaf/answer_sha256", json!("00".repeat(32))),
            ("/leaf/device", json!("11".repeat(32))),
            ("/path/index", json!(7)),
            ("/batch/sequence", json!(9)),
            ("/batch/height", json!(1)),
            ("/proof/state/value_hex", Value::Null),
        ] {
            std::fs::write(&file, &text).map_err(Failure::file("write", &file))?;
            edit(&file, |value| {
                if let Some(found) = value.pointer_mut(place) {
                    *found = other;
                }
            })?;
            let found = self.thronos(&["verify-batch", &name])?.map(|_| ());
            self.refused += 1;
            equal(&format!("a proof with another {place}"), &found, &Err("wrong_proof".to_owned()))?;
        }
        told["sequence"].as_u64().ok_or_else(|| Failure::new(format!("without a sequence: {told}")))
    }
}
