//! Simplex consensus over BLS certificates, without I/O.
//!
//! The engine is one function, [`Engine::step`]: an input and the monotonic time go in, outputs come out. It knows
//! block hashes and headers but not what a block contains; validators by their place in a set, and whose stream a message came over by its key; spans of
//! time but not the clock; votes to be signed but not keys. Signatures are checked by jobs ([`verify`]) that the
//! caller runs wherever it likes.
//!
//! # The protocol
//!
//! A quorum is `3 · signed > 2 · total` power. Per view `v` with leader `L(v)`:
//!
//! 1. *Enter `v`.* A leader timer of 2Δ and an advance timer of 3Δ start, both extended by the idle allowance while
//!    there is nothing to do. `L(v)` proposes a block on the newest parent it can justify: the parent is notarized in
//!    view `p`, and every view between `p` and `v` is nullified. A leader silent for long while a quorum was not is
//!    skipped at once. A leader that restarts inside `v` with no vote of its own in the log does not propose there.
//! 2. *Proposal.* `L(v)`'s signed notarize vote with the header; the first counts. When its parent is justified it is
//!    validated. Valid: vote *notarize*. Invalid: vote *nullify*. Not yet known: fetch, and wait for the timers. The
//!    last block of an epoch is proposed again under its own hash, its parent being itself.
//! 3. A timer fires, or `L(v)`'s own nullify is seen: vote *nullify*. Δ doubles for the next view, up to its cap, however
//!    this one ends, and comes down a step with each final view that would have been in time there (`timers.rs`).
//! 4. *Quorum of notarize*: log the certificate, tell those who seem not to know, enter `v + 1`, and vote *finalize* for `v` unless
//!    nullify was voted in `v`, as soon as the block's body is durable.
//! 5. *Quorum of nullify*: log the certificate, tell those who seem not to know, enter `v + 1`.
//! 6. *Quorum of finalize*: the block and all its ancestors are final: for this node when the votes are heard over their
//!    senders' own streams, for others when the certificate is checked. Votes for older views still count.
//! 7. *Resend*, at intervals while a view is unfinished and at once after a restart, to all and to itself: own votes
//!    of the current view, own finalize votes not yet superseded, and the best certificates for entering the view.
//! 8. *Fetch* missing certificates by view and kind, first from the leader, and bodies by hash.
//! 9. *Listen*: while it is silent a node does all of this but 1's proposal, votes, and 7's votes. A vote by its own key
//!    that it never cast is told, above the floor only: below it the node has forgotten what it said.
//!
//! Which votes are allowed is `voting.rs` and nothing else.
//!
//! # Driving it
//!
//! Give every input with the monotonic time, and a [`Input::Tick`] at the latest [`Output::WakeAt`]. Append all records
//! in order, and sync before anything happens that follows a vote or an epoch; a certificate binds nobody. Sign what [`Output::Sign`] and [`Output::Resend`] name,
//! send it to all, and give it back as [`Input::Signed`]. Answer `Verify`, `Build`, `Validate` and the fetches whenever
//! their results are there; none of them is waited for. After a restart, say again which bodies are durable.
//!
//! # Promises
//!
//! Outputs of one step are in order: a [`Record`] precedes every vote and certificate that rests on it. Nothing from
//! outside can make the engine panic or grow beyond `limits.rs`.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod available;
#[cfg(test)]
mod bounds_tests;
mod certify;
mod config;
mod epoch;
mod evidence;
mod fetch;
mod input;
pub mod limits;
mod output;
mod proposal;
mod record;
mod recover;
mod schedule;
mod scheme;
mod spread;
mod tally;
mod timers;
mod twin;
pub mod verify;
mod view;
mod voting;
mod worth;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use types::{Certificate, Epoch, Hash32, TimeMs, ValidatorIndex, ValidatorSet, View, VoteKind};

pub use config::Config;
pub use evidence::{Evidence, contradicts};
pub use input::{
    BuiltBlock, CertificateRequest, EpochStart, Input, KindSet, PeerToken, Route, Ticket, Verdict, Voice, WorkState,
};
pub use output::{Misconduct, Output, Resend};
pub use record::Record;
pub use scheme::{Aggregated, EqualVotes, Scheme};
pub use worth::Worth;

/// The newest finalized block.
#[derive(Clone, Debug)]
struct Finalized {
    view: View,
    block: Hash32,
    /// Absent when it came from the store or is the last block of the epoch before.
    certificate: Option<Certificate>,
}

/// One node's part in consensus.
#[derive(Clone, Debug)]
pub struct Engine {
    config: Config,
    now: TimeMs,
    epoch: epoch::EpochState,
    voice: Voice,
    /// No vote at or below this view.
    floor: View,
    /// The current view.
    view: View,
    finalized: Finalized,
    /// Boxed: inline, a half-filled node of the map would hold 15 KiB.
    rounds: BTreeMap<View, Box<view::Round>>,
    /// Notarized views above finality whose finalize vote may still be cast.
    candidates: BTreeSet<View>,
    available: available::Available,
    timers: timers::Timers,
    work: WorkState,
    jobs: certify::Jobs,
    untold: spread::Untold,
    /// Asked for since the last resend.
    fetching: BTreeSet<CertificateRequest>,
    /// Messages of the next epoch.
    early: Vec<Input>,
    /// Records of the log that belong to epochs after this one: this node was there before it came back.
    later: Vec<Record>,
    /// The view in which this node came back from its log.
    resumed_in: Option<View>,
    /// The wake-up last asked for.
    wake_at: Option<TimeMs>,
    outputs: Vec<Output>,
}

impl Engine {
    /// Starts where nothing was logged before. The outputs are the first to be carried out.
    #[must_use]
    pub fn new(config: Config, start: &EpochStart, now: TimeMs) -> (Self, Vec<Output>) {
        Self::recover(config, start, [], now)
    }

    fn at_start(config: Config, start: &EpochStart, now: TimeMs) -> Self {
        Self {
            config,
            now,
            epoch: epoch::EpochState::new(start, config.own_key.as_ref()),
            voice: config.voice,
            floor: start.floor,
            view: start.root_view,
            finalized: Finalized { view: start.root_view, block: start.root, certificate: None },
            rounds: BTreeMap::new(),
            candidates: BTreeSet::new(),
            available: available::Available::default(),
            timers: timers::Timers::new(config, now),
            work: WorkState::Idle,
            jobs: certify::Jobs::default(),
            untold: spread::Untold::default(),
            fetching: BTreeSet::new(),
            early: Vec::new(),
            later: Vec::new(),
            resumed_in: None,
            wake_at: None,
            outputs: Vec::new(),
        }
    }

    /// Takes in one thing that happened and says what is to be done, in this order.
    #[must_use]
    pub fn step(&mut self, now: TimeMs, input: Input) -> Vec<Output> {
        self.now = self.now.max(now);
        if let Some(input) = self.keep_if_early(input) {
            self.handle(input);
        }
        self.finish()
    }

    fn handle(&mut self, input: Input) {
        match input {
            // [3] [7]
            Input::Tick => {}
            // [2]
            Input::Proposal { proposal, hash, route } => self.receive_proposal(proposal, hash, route),
            // [3] [4] [5] [6]
            Input::Vote { vote, route } => self.receive_vote(vote, route),
            // [4] [5] [6] [8]
            Input::Certificate { certificate, route } => self.receive_certificate(certificate, route),
            // [4] [5] [6]
            Input::Verified { ticket, answer } => self.job_done(ticket, answer),
            // [1]
            Input::Built { view, block } => self.built(view, block),
            // [2]
            Input::Verdict { view, block, verdict } => self.judged(view, block, verdict),
            // [4]
            Input::Available { block } => self.available.insert(block),
            // [7]
            Input::Signed { vote } => self.receive_own_vote(vote),
            // [1]
            Input::Work(work) => self.work_changed(work),
            Input::Floor { epoch, view } => self.raise_floor(epoch, view),
            Input::Voice(voice) => self.change_voice(voice),
            Input::EnterEpoch(start) => self.enter_epoch(&start),
            // [8]
            Input::Asked { peer_token, request } => self.answer(peer_token, request),
        }
    }

    /// After any input: whatever the rules now allow. None of these enters a view, so once is enough.
    fn finish(&mut self) -> Vec<Output> {
        self.vote_finalize();
        self.judge();
        self.propose();
        self.give_up();
        if let Some(resends) = self.timers.resend(self.now) {
            self.resend_due(resends);
        }
        if self.timers.check_due(self.now) {
            self.check_with_put_off(Vec::new());
        }
        self.start_jobs();
        self.tell();
        let next = self.untold.next().map_or(self.timers.next(), |due| due.min(self.timers.next()));
        if self.wake_at != Some(next) {
            self.wake_at = Some(next);
            self.outputs.push(Output::WakeAt(next));
        }
        std::mem::take(&mut self.outputs)
    }

    /// [3] A timer fired, or the leader itself gave its view up.
    fn give_up(&mut self) {
        let leader = self.leader(self.view);
        let nullify = types::VoteStatement {
            kind: VoteKind::Nullify,
            epoch: self.epoch.epoch,
            view: self.view,
            parent_view: View::ZERO,
            block: Hash32::ZERO,
        };
        let given_up = self
            .rounds
            .get(&self.view)
            .is_some_and(|round| !round.own.has(VoteKind::Nullify) && round.tally.has(leader, &nullify));
        if given_up || self.timers.expired(self.now) {
            self.timers.give_up();
            self.vote_nullify();
        }
    }

    /// [6] The block of this certificate and all its ancestors are final.
    fn finalize(&mut self, certificate: Certificate) {
        let statement = certificate.statement;
        self.finalized =
            Finalized { view: statement.view, block: statement.block, certificate: Some(certificate.clone()) };
        if let Some(enough) = self.rounds.get(&statement.view).and_then(|round| round.enough) {
            self.timers.come_down(enough);
        }
        self.candidates = self.candidates.split_off(&statement.view.next());
        self.outputs.push(Output::Finalized(certificate));
        self.forget_old_views();
    }

    /// [7] Sends again, asks again for what is missing, and after some time how the view ended.
    fn resend_due(&mut self, resends: u32) {
        self.fetching.clear();
        self.resend();
        self.fetch_missing_blocks();
        self.judge();
        self.propose();
        if resends >= limits::RESENDS_BEFORE_ASKING {
            self.fetch_certificate(self.view, KindSet::ALL, None);
        }
    }

    /// [7] Own votes of the current view, own finalize votes above finality, and the best certificates.
    fn resend(&mut self) {
        let mut again = Vec::new();
        if let Some(round) = self.rounds.get(&self.view)
            && self.view > self.floor
            && self.voice == Voice::Free
        {
            match (round.own.notarize, &round.own.proposed) {
                (Some(statement), Some(header)) => {
                    again.push(Resend::Proposal { statement, header: header.clone() });
                }
                (Some(statement), None) => again.push(Resend::Vote(statement)),
                (None, _) => {}
            }
            again.extend(round.own.nullify.map(Resend::Vote));
        }
        let above = self.rounds.range(self.floor.max(self.finalized.view).next()..).rev();
        let finalizes = above.filter_map(|(_, round)| round.own.finalize).filter(|_| self.voice == Voice::Free);
        again.extend(finalizes.take(limits::FINALIZES_RESENT_MAX).map(Resend::Vote));
        let entry = self.view.0.checked_sub(1).and_then(|before| self.rounds.get(&View(before)));
        let entry = entry.and_then(|round| round.notarization.as_ref().or(round.nullification.as_ref()));
        let best = entry.into_iter().chain(self.finalized.certificate.as_ref());
        again.extend(best.cloned().map(Resend::Certificate));
        if !again.is_empty() {
            self.outputs.push(Output::Resend(again));
        }
    }

    /// [1] The idle allowance holds only while there is nothing to do.
    fn work_changed(&mut self, work: WorkState) {
        self.work = work;
        if matches!(work, WorkState::Pending) {
            self.timers.work_arrived(self.now);
        }
    }

    fn raise_floor(&mut self, epoch: Epoch, view: View) {
        if epoch == self.epoch.epoch {
            self.floor = self.floor.max(view);
            self.forget_old_views();
        }
    }

    /// Forgets each part of a view when nothing can rest on it any more.
    fn forget_old_views(&mut self) {
        let finalized = self.finalized.view;
        let votes = View(finalized.0.saturating_sub(limits::VIEWS_SUSPECTED_MAX))
            .max(View(self.view.0.saturating_sub(limits::VIEWS_BEHIND_MAX)));
        let certificates = View(finalized.0.saturating_sub(limits::VIEWS_KEPT_MAX));
        let floor = self.floor;
        self.rounds.retain(|view, round| {
            if *view < votes {
                round.forget_votes();
            }
            if *view < certificates {
                round.forget_certificates();
            }
            if *view <= floor && *view <= finalized {
                round.forget_own();
            }
            !round.is_empty()
        });
        self.epoch.accused.retain(|(view, _)| *view >= votes);
    }

    fn round(&mut self, view: View) -> &mut view::Round {
        self.rounds.entry(view).or_default()
    }

    const fn finalized_view(&self) -> View {
        self.finalized.view
    }

    /// The epoch.
    #[must_use]
    pub const fn epoch(&self) -> Epoch {
        self.epoch.epoch
    }

    /// The current view.
    #[must_use]
    pub const fn view(&self) -> View {
        self.view
    }

    /// The newest finalized view and its block.
    #[must_use]
    pub const fn finalized(&self) -> (View, Hash32) {
        (self.finalized.view, self.finalized.block)
    }

    /// No vote is cast at or below this view.
    #[must_use]
    pub const fn floor(&self) -> View {
        self.floor
    }

    /// The epoch's set.
    #[must_use]
    pub const fn set(&self) -> &Arc<ValidatorSet> {
        &self.epoch.set
    }

    /// This node's place in the epoch's set.
    #[must_use]
    pub const fn own_index(&self) -> Option<ValidatorIndex> {
        self.epoch.own
    }

    /// The leader of a view of this epoch.
    #[must_use]
    pub fn leader(&self, view: View) -> ValidatorIndex {
        self.epoch.schedule.leader(view)
    }
}
