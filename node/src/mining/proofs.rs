//! From what a miner found to a system call that waits for a block.
//!
//! It must not know the rules: the module that admits the proof does.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use mining::{MiningReject, WorkProof};
use replica::CallRefusal;
use stratum::service::{Later, ProofSink};
use stratum::{Proof, Verdict};
use types::{ByteString, List, SystemCall};

use super::kept::Kept;
use crate::shell::{Port, Unavailable};

/// Time between two rounds of handing in what was kept.
const ROUND: Duration = Duration::from_secs(1);
/// So many rounds, while the node is not behind; a catching-up of a few blocks takes less.
const ROUNDS_MAX: u32 = 30;

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

/// Hands in what was found before the node stopped. A node that has just started may lack the work on which a proof builds, so
/// what is refused is offered again until the node has surely caught up; what is in a block already is refused for that.
pub(super) async fn hand_in_again(port: Port, calls: Vec<SystemCall>) {
    let (mut waiting, mut taken) = (calls, 0_usize);
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut rounds_left = ROUNDS_MAX;
    while !waiting.is_empty() && rounds_left > 0 {
        rounds.tick().await;
        // Rounds in which the node knows itself to be behind do not count.
        if matches!(super::offer(&port), Ok(Some(_))) {
            rounds_left -= 1;
        }
        let mut refused = Vec::new();
        for call in waiting {
            match port.submit_call(call.clone()).await {
                Ok(Ok(())) => taken += 1,
                Ok(Err(CallRefusal::Known)) => {}
                Ok(Err(CallRefusal::NotAdmitted(reject))) if reject == MiningReject::Duplicate.into() => {}
                Ok(Err(_)) | Err(Unavailable::Busy) => refused.push(call),
                Err(Unavailable::Stopping) => return,
            }
        }
        waiting = refused;
    }
    if taken > 0 {
        tracing::info!(taken, "proofs from before the stop wait for a block again");
    }
}
