//! From what a miner found to a system call that waits for a block.
//!
//! It must not know the rules: the module that admits the proof does.

use std::io;
use std::sync::Arc;

use mining::WorkProof;
use stratum::service::{Later, ProofSink};
use stratum::{Proof, Verdict};
use types::{ByteString, List, SystemCall};

use super::kept::Kept;
use crate::shell::Port;

/// Hands proofs to this node's replica, which tells the other validators.
pub(super) struct ToReplica {
    port: Port,
    kept: Arc<Kept>,
}

impl ToReplica {
    pub(super) const fn new(port: Port, kept: Arc<Kept>) -> Self {
        Self { port, kept }
    }
}

impl ProofSink for ToReplica {
    fn keep(&self, proofs: &[&Proof]) -> io::Result<()> {
        let calls = proofs.iter().filter_map(|proof| Some((proof.work_height, system_call(proof)?)));
        self.kept.keep(&calls.collect::<Vec<_>>())
    }

    fn submit(&self, proof: Proof) -> Later<Verdict> {
        let (port, taken) = (self.port.clone(), if proof.is_work { Verdict::Work } else { Verdict::Share });
        Box::pin(async move {
            let Some(call) = system_call(&proof) else { return Verdict::Refused };
            match port.submit_call(call).await {
                Ok(Ok(())) => taken,
                Ok(Err(refusal)) => {
                    tracing::debug!(work = proof.work_height, is_work = proof.is_work, %refusal, "the chain does not take a proof");
                    Verdict::Refused
                }
                Err(error) => {
                    tracing::warn!(%error, "a proof waits until the next start of the node");
                    Verdict::Refused
                }
            }
        })
    }
}

/// The proof as it stands in a block; nothing if a part is longer than a block may have it.
fn system_call(proof: &Proof) -> Option<SystemCall> {
    let coinbase = ByteString::new(proof.coinbase.clone()).ok()?;
    let branch = List::new(proof.branch.clone()).ok()?;
    Some(WorkProof { header: proof.header, anchor: proof.anchor_height, coinbase, branch }.to_system_call())
}

/// Hands in what was found before the node stopped. What is in a block already is refused, and that is well.
pub(super) async fn hand_in_again(port: Port, calls: Vec<SystemCall>) {
    let mut taken: u32 = 0;
    for call in calls {
        if matches!(port.submit_call(call).await, Ok(Ok(()))) {
            taken += 1;
        }
    }
    if taken > 0 {
        tracing::info!(taken, "proofs from before the stop wait for a block again");
    }
}
