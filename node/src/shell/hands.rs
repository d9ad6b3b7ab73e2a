//! What the replica wants done, done: one arm per effect.
//!
//! It must not decide, and never waits for a peer, the API or the store. Signing happens here, behind the desk, which has checked the lease.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::sync::mpsc::Sender;

use execution::FinalizedBlock;
use mempool::PoolReject;
use p2p::{Channel, Network, Reminder, Severity, Verdict};
use replica::wire::{Lane, Message};
use replica::{CallRefusal, DecidedBlock, Effect, Event, GossipVerdict, Notice, Offence, SubmissionToken, Target};
use types::{Canonical, Epoch, Hash32, Header, Proposal, ValidatorSet, Vote, VoteStatement};

use super::clock::Clock;
use super::fair::FairSender;
use super::jobs::JobPool;
use super::mend::Mending;
use super::notices::{Notices, PoolChange};
use super::serve::Question;
use super::signer::NodeSigner;
use super::storing::Writing;
use super::tickets::Tickets;
use super::{CallSubmission, Submission};
use crate::metrics::Metrics;
use crate::stages::Stage;

/// Sets of so many epochs are kept, for votes of the one before.
const SETS_MAX: usize = 3;

/// The way back of a submission.
type SubmissionAnswer = tokio::sync::oneshot::Sender<Vec<Result<Hash32, PoolReject>>>;

/// The way back of a system call that was handed in.
type CallAnswer = tokio::sync::oneshot::Sender<Result<(), CallRefusal>>;

/// Everything through which effects are performed.
pub(crate) struct Hands {
    pub(crate) network: Network,
    pub(crate) signer: Arc<NodeSigner>,
    pub(crate) sets: BTreeMap<Epoch, Arc<ValidatorSet>>,
    pub(crate) jobs: JobPool,
    pub(crate) writing: Sender<Writing>,
    pub(crate) mending: Arc<Sender<Mending>>,
    pub(crate) serving: FairSender<Question>,
    pub(crate) notices: Notices,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) gossip: Tickets<p2p::GossipToken>,
    pub(crate) requests: Tickets<p2p::RequestToken>,
    pub(crate) asked: BTreeMap<p2p::RequestId, replica::RequestId>,
    pub(crate) submissions: Tickets<SubmissionAnswer>,
    pub(crate) calls: Tickets<CallAnswer>,
    /// When the replica wants to be woken, monotonic ms.
    pub(crate) wake_ms: u64,
    /// What follows at once from what was done.
    pub(crate) own: VecDeque<Event>,
    /// Why the node has to stop.
    pub(crate) fault: Option<String>,
    pub(crate) clock: Clock,
    /// What strangers cause is not said as often as it happens.
    pub(crate) reminder: Reminder,
}

impl Hands {
    pub(crate) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Sign { statement, header, again: _ } => self.sign(statement, header),
            Effect::Send { to, message } => self.send(to, message),
            Effect::Gossip(message) => self.publish(&message),
            Effect::Verdict { token, verdict } => self.verdict(token.0, verdict),
            Effect::Request { id, to, request } => match self.network.request(to, request.to_canonical()) {
                Ok(asked) => drop(self.asked.insert(asked, id)),
                Err(_) => self.own.push_back(Event::Response { id, from: to, response: None }),
            },
            Effect::Respond { token, response } => {
                if let Some(token) = self.requests.take(token.0) {
                    // A peer that is gone or too slow gets no answer.
                    let _ = self.network.respond(token, response.to_canonical());
                }
            }
            Effect::RespondFromStore { token, request } => {
                if let Some(token) = self.requests.take(token.0) {
                    self.serve(Question { token, request });
                }
            }
            Effect::Punish { peer, offence } => self.punish(peer, offence),
            Effect::Job { id, job } => match self.jobs.push(id, *job) {
                Ok(done) => self.own.extend(done),
                Err(error) => drop(self.fault.get_or_insert(error.to_string())),
            },
            Effect::Commit(block) => self.write(Writing::Commit(block)),
            Effect::Mend { lost, kept } => {
                // The thread is gone only when the node stops.
                let _ = self.mending.send(Mending::Given(lost, kept));
            }
            Effect::SyncStore => self.write(Writing::Sync),
            Effect::WakeAt(at) => self.wake_ms = at,
            Effect::Submission { token, results } => {
                if let Some(answer) = self.submissions.take(token.0) {
                    // Whoever asked may have gone away.
                    let _ = answer.send(results);
                }
            }
            Effect::CallSubmission { token, result } => {
                if let Some(answer) = self.calls.take(token.0) {
                    // Whoever asked may have gone away.
                    let _ = answer.send(result);
                }
            }
            Effect::Notify(notice) => self.tell(notice),
            Effect::Stop(fault) => self.fault = Some(fault.to_string()),
            // The desk keeps these to itself.
            Effect::Persist(_) | Effect::Floor { .. } | Effect::Bound(_) => {}
        }
    }

    /// The validators of the newest epoch that was entered.
    pub(crate) fn newest_set(&self) -> Arc<ValidatorSet> {
        self.sets.last_key_value().map(|(_, set)| set.clone()).expect("the set of the start is kept")
    }

    pub(crate) fn submitted(&mut self, submission: Submission) -> Event {
        let token = SubmissionToken(self.submissions.keep(submission.answer));
        Event::Submitted { token, transactions: submission.transactions }
    }

    pub(crate) fn call_submitted(&mut self, submission: CallSubmission) -> Event {
        let token = SubmissionToken(self.calls.keep(submission.answer));
        Event::CallSubmitted { token, call: submission.call }
    }

    /// Nothing more is performed: lets jobs under way end; the store ends when its sender is dropped.
    pub(crate) fn finish(self) {
        self.jobs.stop();
    }

    fn sign(&mut self, statement: VoteStatement, header: Option<Box<Header>>) {
        let set = self.sets.get(&statement.epoch);
        let signer = set.zip(self.signer.public()).and_then(|(set, key)| set.index_of(&key));
        let Some(signer) = signer else { return };
        let signature = self.metrics.stages.time(Stage::Sign, || self.signer.sign_vote(&statement));
        let Some(signature) = signature else { return };
        let vote = Vote { statement, signer, signature };
        let message = match header {
            Some(header) => Message::Proposal(Proposal { vote, header: *header }),
            None => Message::Vote(vote),
        };
        self.metrics.votes_signed.inc();
        self.send(Target::Validators, message);
        self.own.push_back(Event::Signed { vote });
    }

    fn send(&self, to: Target, message: Message) {
        let channel = channel_of(message.lane());
        let bytes: Arc<[u8]> = message.to_canonical().into();
        match to {
            Target::Members(peers) => {
                let missed = |peer: &types::PeerKey| self.network.send(*peer, channel, bytes.clone()).is_err();
                let unreached = peers.iter().filter(|peer| missed(peer)).count();
                if unreached > 0 && matches!(channel, Channel::Votes | Channel::Proposals) {
                    let _ = self.network.publish(Channel::Consensus, bytes);
                }
            }
            Target::Validators => {
                let report = self.network.broadcast_direct(channel, &bytes).unwrap_or_default();
                match channel {
                    Channel::Votes | Channel::Proposals if !report.unreached.is_empty() => {
                        // Full queues are no fault: what matters is said again.
                        let _ = self.network.publish(Channel::Consensus, message.to_canonical().into());
                    }
                    Channel::TransactionPush if report.reached == 0 => self.publish(&message),
                    _ => {}
                }
            }
        }
    }

    fn publish(&self, message: &Message) {
        let channel = match message {
            Message::Transactions(_) => Channel::Transactions,
            Message::SystemCalls(calls) => match calls.first() {
                Some(call) => Channel::Module(call.module),
                None => return,
            },
            Message::Certificate(_) => Channel::Certificate,
            Message::Proposal(_) | Message::Vote(_) => Channel::Consensus,
            // Bodies never travel by gossip.
            Message::Sketch(_) => return,
        };
        let bytes = message.to_canonical();
        if bytes.len() <= channel.row().bytes_max {
            let _ = self.network.publish(channel, bytes.into());
        } else if let Message::Transactions(all) = message {
            let (left, right) = all.split_at(all.len() / 2);
            for half in [left, right] {
                if let Ok(half) = types::List::new(half.to_vec())
                    && half.len() < all.len()
                {
                    self.publish(&Message::Transactions(half));
                }
            }
        }
    }

    fn verdict(&mut self, token: u64, verdict: GossipVerdict) {
        let verdict = match verdict {
            GossipVerdict::Accept => Verdict::Accept,
            GossipVerdict::Reject => Verdict::Reject,
            GossipVerdict::Ignore => Verdict::Ignore,
        };
        if let Some(token) = self.gossip.take(token) {
            // A verdict that is lost means that the message is not passed on.
            let _ = self.network.verdict(token, verdict);
        }
    }

    /// Whether a warning of this name may be said now, and how many were not since the last.
    fn may_warn(&mut self, name: &'static str) -> Option<u64> {
        self.reminder.about(name, self.clock.now().monotonic_ms)
    }

    fn punish(&mut self, peer: types::PeerKey, offence: Offence) {
        let (why, severity) = match offence {
            Offence::InvalidSignature => ("invalid signature", Severity::Serious),
            Offence::InvalidCertificate => ("invalid certificate", Severity::Serious),
            Offence::InvalidBlock => ("invalid block", Severity::Serious),
            Offence::InvalidTransaction => ("invalid transaction", Severity::Serious),
            Offence::UselessAnswer => ("useless answers", Severity::Slight),
        };
        if let Some(withheld) = self.may_warn(why) {
            tracing::warn!(peer = %crate::peer_id::text(&peer), why, withheld, "peer misbehaves");
        }
        self.metrics.offences.inc();
        let _ = self.network.punish(peer, why, severity);
    }

    fn serve(&self, question: Question) {
        if !self.serving.push(question.token.origin(), question) {
            // Dropping the token tells the peer that we are busy.
            self.metrics.questions_refused.inc();
        }
    }

    fn write(&mut self, writing: Writing) {
        if self.writing.send(writing).is_err() {
            self.fault.get_or_insert_with(|| "the store thread has ended".to_owned());
        }
    }

    fn tell(&mut self, notice: Notice) {
        match notice {
            Notice::Decided { block } => self.notices.decided(block),
            Notice::Final { block } => {
                self.metrics.block_is_final(&block, &self.sets);
                let FinalizedBlock { header, body, outcome, .. } = block.as_ref().clone();
                self.notices.decided(Arc::new(DecidedBlock { header, body, outcome }));
                self.write(Writing::Tell(block));
            }
            Notice::Pooled { ids } => ids.into_iter().for_each(|id| self.notices.pool(PoolChange::Pooled(id))),
            Notice::Dropped { id, why } => self.notices.pool(PoolChange::Dropped { id, why }),
            Notice::View { epoch, view, leader } => {
                tracing::debug!(%epoch, %view, %leader, "view");
                self.metrics.view.set(i64::try_from(view.0).unwrap_or(i64::MAX));
            }
            Notice::InvalidProposal { hash, error } => {
                if let Some(withheld) = self.may_warn("invalid proposal") {
                    tracing::warn!(%hash, %error, withheld, "a proposal is invalid");
                }
                self.metrics.invalid_proposals.inc();
            }
            Notice::Evidence { signer, epoch, view } => {
                if let Some(withheld) = self.may_warn("evidence") {
                    tracing::warn!(%signer, %epoch, %view, withheld, "a validator contradicts itself");
                }
                self.metrics.evidence.inc();
            }
            Notice::Twin { epoch, view, peers } => {
                tracing::error!(%epoch, %view, peers, "another machine votes with this key: this node votes no more");
            }
            Notice::Validators { epoch, set } => {
                tracing::info!(%epoch, validators = set.len(), "epoch");
                let peers = set.validators().iter().map(|validator| validator.peer).collect();
                let _ = self.network.pin(peers);
                self.metrics.epoch_begins(epoch, &set);
                self.sets.insert(epoch, set);
                while self.sets.len() > SETS_MAX {
                    self.sets.pop_first();
                }
            }
        }
    }
}

/// Which stream a class of messages travels on.
pub(crate) const fn channel_of(lane: Lane) -> Channel {
    match lane {
        Lane::Proposals => Channel::Proposals,
        Lane::Votes => Channel::Votes,
        Lane::Bodies => Channel::Bodies,
        Lane::Transactions => Channel::TransactionPush,
    }
}
