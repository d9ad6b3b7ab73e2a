//! From what a miner found to a system call that waits for a block.
//!
//! It must not know the rules: the module that admits the proof does.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mining::{MiningReject, WorkProof};
use p2p::Reminder;
use pow::Coinbase;
use service::chain::{Chain, Reason, Unavailable};
use stratum::service::{Handle, Later, ProofSink};
use stratum::{Proof, Verdict};
use tokio::sync::watch;
use types::{ByteString, Canonical, List, SystemCall};

use crate::unix_ms;

/// Time between two rounds of handing in what was kept; a block that comes begins another one.
const ROUND: Duration = Duration::from_millis(500);
/// So many rounds, while the node is not behind; a catching-up of a few blocks takes less.
const ROUNDS_MAX: u32 = 60;
/// After so many of them miners no longer wait for what is still refused.
const ROUNDS_BEFORE_MINERS: u32 = 6;

/// Submits proofs to the chain, which tells the other validators.
pub(super) struct ToChain {
    chain: Arc<dyn Chain>,
    /// How many proofs wait is what miners can bring about.
    reminder: Arc<Mutex<Reminder>>,
}

impl ToChain {
    pub(super) fn new(chain: Arc<dyn Chain>) -> Self {
        Self { chain, reminder: Arc::default() }
    }
}

impl ProofSink for ToChain {
    /// Nothing if a part is longer than a block may have it.
    fn call(&self, proof: &Proof) -> Option<SystemCall> {
        let coinbase = ByteString::new(proof.coinbase.clone()).ok()?;
        let branch = List::new(proof.branch.clone()).ok()?;
        Some(WorkProof { header: proof.header, anchor: proof.anchor_height, coinbase, branch }.to_system_call())
    }

    fn submit(&self, proof: &Proof, call: SystemCall) -> Later<Verdict> {
        let (chain, reminder) = (self.chain.clone(), self.reminder.clone());
        let (work, is_work) = (proof.work_height, proof.is_work);
        Box::pin(async move {
            match chain.submit_system(call).await {
                Ok(()) => return if is_work { Verdict::Work } else { Verdict::Share },
                Err(refused) if matches!(refused.reason, Reason::Unavailable(_)) => {
                    let says = "the chain has no room for a proof; it is kept, and offered once more at the next start while its work is one of the two newest";
                    let due = reminder.lock().unwrap_or_else(PoisonError::into_inner).about("proof", unix_ms());
                    match due {
                        Some(withheld) => tracing::warn!(work, is_work, %refused, withheld, "{says}"),
                        None => tracing::debug!(work, is_work, %refused, "{says}"),
                    }
                }
                Err(refused) => tracing::debug!(work, is_work, %refused, "the chain does not take a proof"),
            }
            Verdict::Refused
        })
    }
}

/// Of proofs from before a start those that may still count, the newest first: the chain was at the newest one's work at least, and
/// takes none of a work before the last. What cannot be read was no proof.
pub(super) fn of_use(calls: Vec<SystemCall>) -> Vec<SystemCall> {
    let height = |call: &SystemCall| {
        let proof = WorkProof::from_canonical(&call.body).ok()?;
        Some(Coinbase::parse(&proof.coinbase).ok()?.work_height)
    };
    let calls: Vec<_> = calls.into_iter().filter_map(|call| Some((height(&call)?, call))).collect();
    let newest = calls.iter().map(|(height, _)| *height).max().unwrap_or_default();
    let of_use = calls.into_iter().rev().filter(|(height, _)| height.saturating_add(1) >= newest);
    of_use.map(|(_, call)| call).collect()
}

/// What becomes of a proof from before the stop that was offered to the chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    /// It waits for a block, or stands in one that is not final yet.
    Waits { is_new: bool },
    /// No block will take it: it counts already, or never will.
    Settled,
    /// It may be taken later.
    Open,
    /// The node is stopping.
    Left,
}

impl Fate {
    fn of(answer: Result<(), Reason>) -> Self {
        match answer {
            Ok(()) => Self::Waits { is_new: true },
            Err(Reason::Known) => Self::Waits { is_new: false },
            Err(Reason::Unavailable(Unavailable::Stopping)) => Self::Left,
            Err(Reason::Rule(reject)) if !PASSING.iter().any(|passing| reject == (*passing).into()) => Self::Settled,
            Err(_) => Self::Open,
        }
    }
}

/// What a rule refuses for what this node does not know yet, or for the time. All else it refuses for ever: the chain asks for the
/// block that a proof binds, and for room among the shares of its work, before it looks whether the proof was counted already.
const PASSING: [MiningReject; 5] = [
    MiningReject::UnknownPrevious,
    MiningReject::UnknownAnchor,
    MiningReject::TimeTooLate,
    MiningReject::TooSoon,
    MiningReject::AnotherWork,
];

/// Submits what was found before the node stopped, and then lets `begin` know that miners may go on: two works that they find
/// sooner would make it worthless. A node that has just started may lack the work on which a proof builds, so what is refused for
/// that is offered again until the node has surely caught up; what is settled is kept no longer.
pub(super) async fn submit_again(
    chain: Arc<dyn Chain>,
    port: Handle,
    calls: Vec<SystemCall>,
    begin: watch::Sender<bool>,
) {
    let (mut waiting, mut taken, mut settled) = (calls, 0_usize, Vec::new());
    let mut heads = chain.heads();
    let mut rounds = tokio::time::interval(ROUND);
    rounds.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let mut rounds_left = ROUNDS_MAX;
    while !waiting.is_empty() && rounds_left > 0 {
        let is_tick = tokio::select! {
            _ = rounds.tick() => true,
            // A sender that is gone means that the node is gone.
            head = heads.changed() => if head.is_err() { return } else { false },
        };
        let mut open = Vec::new();
        for call in waiting {
            match Fate::of(chain.submit_system(call.clone()).await.map_err(|refused| refused.reason)) {
                Fate::Waits { is_new } => taken += usize::from(is_new),
                Fate::Settled => settled.push(call),
                Fate::Open => open.push(call),
                Fate::Left => return,
            }
        }
        waiting = open;
        // Rounds in which the node knows itself to be behind do not count.
        if is_tick && !chain.standing().is_behind {
            rounds_left -= 1;
        }
        if rounds_left + ROUNDS_BEFORE_MINERS <= ROUNDS_MAX {
            begin.send_replace(true);
        }
    }
    begin.send_replace(true);
    if taken > 0 {
        tracing::info!(taken, "proofs from before the stop wait for a block again");
    }
    if !settled.is_empty() {
        tracing::info!(settled = settled.len(), "proofs from before the stop are in a block, or cannot count any more");
        // A port that has stopped finds out at the next start.
        let _ = port.settled(settled).await;
    }
}

#[cfg(test)]
mod tests {
    use pow::Commitment;
    use types::{Address, ChainId, Hash32, Height};

    use super::*;

    #[test]
    fn only_what_a_later_block_may_take_is_offered_again() {
        let of = |reject: MiningReject| Fate::of(Err(Reason::Rule(reject.into())));
        for passing in PASSING {
            assert_eq!(of(passing), Fate::Open, "{passing:?}");
        }
        // A share of an hour ago binds a block that is too old, be it counted or not; one of a full height finds no room.
        for settled in [
            MiningReject::Duplicate,
            MiningReject::AnchorTooOld,
            MiningReject::SharesFull,
            MiningReject::WrongBits,
            MiningReject::AboveTarget,
            MiningReject::MalformedProof,
            MiningReject::OtherCommitment,
        ] {
            assert_eq!(of(settled), Fate::Settled, "{settled:?}");
        }
        assert_eq!(Fate::of(Ok(())), Fate::Waits { is_new: true });
        assert_eq!(Fate::of(Err(Reason::Known)), Fate::Waits { is_new: false });
        assert_eq!(Fate::of(Err(Reason::Full)), Fate::Open);
        assert_eq!(Fate::of(Err(Reason::Unavailable(Unavailable::Busy))), Fate::Open);
        assert_eq!(Fate::of(Err(Reason::Unavailable(Unavailable::Stopping))), Fate::Left);
    }

    fn call(work_height: u64, number: u8) -> SystemCall {
        let commitment = Commitment {
            chain_id: ChainId(Hash32([1; 32])),
            work_height,
            payee: Address([2; 20]),
            anchor: Hash32([3; 32]),
        };
        let coinbase = commitment.coinbase_parts(b"").expect("no tag").assemble([number; 4], [0; 8]);
        let coinbase = ByteString::new(coinbase).expect("short");
        WorkProof { header: [0; 80], anchor: Height(1), coinbase, branch: List::default() }.to_system_call()
    }

    #[test]
    fn only_proofs_of_the_two_newest_works_are_of_use_after_a_start_and_the_newest_come_first() {
        let broken = SystemCall { body: ByteString::new(vec![1]).expect("short"), ..call(9, 0) };
        let calls = vec![call(1, 1), call(7, 2), broken, call(8, 3), call(7, 4)];
        assert_eq!(of_use(calls), [call(7, 4), call(8, 3), call(7, 2)]);
        assert_eq!(of_use(Vec::new()), []);
    }
}
