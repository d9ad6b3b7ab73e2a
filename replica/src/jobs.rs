//! Which jobs are under way, and what follows when one is done.

use std::collections::BTreeMap;
use std::sync::Arc;

use consensus::{Input, Ticket};
use types::{Epoch, Hash32, PeerKey, View};

use crate::effect::Effect;
use crate::event::{GossipToken, RequestId, Via};
use crate::job::{Executed, Job, JobAnswer, JobId, ReplayError};
use crate::replica::Replica;
use crate::shares::Load;
use crate::wire::Message;

/// Where transactions came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    pub(crate) peer: PeerKey,
    pub(crate) via: Via,
    /// Whether the peer was a validator when they came.
    pub(crate) is_validator: bool,
    /// What they are charged with.
    pub(crate) load: Load,
}

/// How a body came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodySource {
    /// Made of a leader's sketch.
    Sketch,
    /// As a whole, by its block's hash.
    Whole,
}

/// Why a job was started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    Verify(Ticket),
    Gossip(GossipToken, Box<Message>),
    Check(Origin),
    Body {
        hash: Hash32,
        from: PeerKey,
        source: BodySource,
    },
    Build(Epoch, View),
    Validate(Epoch, View, Hash32),
    Execute(Hash32),
    /// Checking blocks of this question ahead of their replay.
    Ahead(RequestId),
    Replay,
    /// Comparing a block that this peer gave with the one that the store lost.
    Mend(PeerKey),
}

/// Jobs under way.
#[derive(Debug, Default)]
pub(crate) struct Jobs {
    next_id: u64,
    purposes: BTreeMap<JobId, Purpose>,
}

impl Jobs {
    /// Whether a body of this block is being checked.
    pub(crate) fn is_checking_body(&self, block: &Hash32) -> bool {
        self.purposes.values().any(|purpose| matches!(purpose, Purpose::Body { hash, .. } if hash == block))
    }

    /// Whether these very words are being checked, by whatever way they came.
    pub(crate) fn is_checking_gossip(&self, message: &Message) -> bool {
        self.purposes.values().any(|purpose| matches!(purpose, Purpose::Gossip(_, other) if **other == *message))
    }

    /// Checks of gossip of the same sort under way.
    pub(crate) fn gossip_under_way(&self, message: &Message) -> usize {
        let sort = std::mem::discriminant(message);
        let is_same = |purpose: &Purpose| match purpose {
            Purpose::Gossip(_, other) => std::mem::discriminant(other.as_ref()) == sort,
            _ => false,
        };
        self.purposes.values().filter(|purpose| is_same(purpose)).count()
    }
}

impl Replica {
    pub(crate) fn start_job(&mut self, job: Job, purpose: Purpose) {
        self.jobs.next_id = self.jobs.next_id.wrapping_add(1);
        let id = JobId(self.jobs.next_id);
        self.jobs.purposes.insert(id, purpose);
        self.effects.push(Effect::Job { id, job: Box::new(job) });
    }

    pub(crate) fn job_done(&mut self, id: JobId, answer: JobAnswer) {
        let Some(purpose) = self.jobs.purposes.remove(&id) else { return };
        match (purpose, answer) {
            (Purpose::Verify(ticket), JobAnswer::Verify(answer)) => {
                self.tell_engine(Input::Verified { ticket, answer });
            }
            (Purpose::Gossip(token, message), JobAnswer::Verify(answer)) => {
                self.heard_gossip(token, *message, &answer);
            }
            (Purpose::Check(origin), JobAnswer::Check(results)) => self.heard_transactions(origin, results),
            (Purpose::Ahead(id), JobAnswer::Check(_)) => self.checked_ahead(id),
            (Purpose::Body { hash, from, source }, JobAnswer::CheckBody { header, result }) => {
                self.body_checked((hash, from, source), &header, result);
            }
            (Purpose::Build(epoch, view), JobAnswer::Build(built)) => self.built((epoch, view), built),
            (Purpose::Validate(epoch, view, block), JobAnswer::Validate(result)) => {
                self.validated((epoch, view), block, result);
            }
            (Purpose::Execute(_), JobAnswer::Execute(Executed::Fault(fault))) => self.stop(fault),
            (Purpose::Execute(hash), JobAnswer::Execute(executed)) => self.executed(hash, executed),
            (Purpose::Replay, JobAnswer::Replay(replayed)) => {
                if let Some(ReplayError::Fault(fault)) = replayed.error {
                    self.stop(fault);
                }
                self.replayed(replayed);
            }
            (Purpose::Mend(from), JobAnswer::Mend(lost, result)) => self.mended(from, lost, result),
            // A shell that answers a job with another kind of answer has a bug; the job counts as lost.
            _ => {}
        }
    }

    pub(crate) fn stop(&mut self, fault: execution::Fault) {
        self.effects.push(Effect::Stop(fault));
    }

    /// What jobs on transactions share with the pool: one check per exact transaction.
    #[must_use]
    pub fn verified(&self) -> Arc<crate::verified::Verified> {
        self.verified.clone()
    }
}
