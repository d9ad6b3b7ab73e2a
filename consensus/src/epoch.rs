//! The epoch in which this node votes, and the change to the next.
//!
//! Votes and certificates of an epoch are only ever looked at against that epoch's set. Those of earlier epochs are
//! nothing here (the store answers laggards); those of the next wait in a small buffer, and what does not fit is sent
//! again by its sender. What waits keeps the key of the stream by which it came, and is looked up in the set of its own
//! epoch when that begins: whoever left the set speaks for nobody there.

use std::collections::BTreeSet;
use std::sync::Arc;

use types::canary::{Canary, planted};
use types::{Epoch, PeerKey, ValidatorIndex, ValidatorSet, View};

use crate::input::{EpochStart, Input, KindSet, Route};
use crate::schedule::Schedule;
use crate::{Engine, limits};

/// What holds for a whole epoch.
#[derive(Clone, Debug)]
pub(crate) struct EpochState {
    pub(crate) epoch: Epoch,
    pub(crate) set: Arc<ValidatorSet>,
    /// This node's place in the set.
    pub(crate) own: Option<ValidatorIndex>,
    pub(crate) schedule: Schedule,
    /// The newest view in which each member was heard.
    heard: Vec<View>,
    /// Members that sent a bad signature by their own stream.
    pub(crate) distrusted: BTreeSet<ValidatorIndex>,
    /// Members that sent a bad certificate by their own stream.
    pub(crate) forgers: BTreeSet<ValidatorIndex>,
    /// Contradictions already looked into.
    pub(crate) accused: BTreeSet<(View, ValidatorIndex)>,
    /// A foreign vote by the own key was told; one is enough.
    pub(crate) twin_told: bool,
}

impl EpochState {
    pub(crate) fn new(start: &EpochStart, own_key: Option<&types::BlsPublicKey>) -> Self {
        Self {
            epoch: start.epoch,
            set: Arc::clone(&start.set),
            own: own_key.and_then(|key| start.set.index_of(key)),
            schedule: Schedule::new(&start.set),
            heard: vec![View::ZERO; start.set.len()],
            distrusted: BTreeSet::new(),
            forgers: BTreeSet::new(),
            accused: BTreeSet::new(),
            twin_told: false,
        }
    }

    pub(crate) fn power_of(&self, member: ValidatorIndex) -> u64 {
        self.set.get(member).map_or(0, |validator| validator.power.0)
    }

    /// A member said something in a view.
    pub(crate) fn hear(&mut self, member: ValidatorIndex, view: View) {
        if let Some(heard) = self.heard.get_mut(usize::from(member.0)) {
            *heard = view.max(*heard);
        }
    }

    /// The newest view in which a member was heard.
    pub(crate) fn heard_in(&self, member: ValidatorIndex) -> View {
        self.heard.get(usize::from(member.0)).copied().unwrap_or(View::ZERO)
    }

    /// Everybody counts as heard in a view.
    pub(crate) fn hear_all(&mut self, view: View) {
        for heard in &mut self.heard {
            *heard = view.max(*heard);
        }
    }

    /// Whether a member was unheard for long while a quorum was heard.
    pub(crate) fn is_silent(&self, member: ValidatorIndex, view: View) -> bool {
        let Some(oldest) = view.0.checked_sub(limits::SILENT_VIEWS).filter(|oldest| *oldest > 0) else { return false };
        let is_heard = |heard: &View| heard.0 >= oldest;
        if self.heard.get(usize::from(member.0)).is_none_or(is_heard) {
            return false;
        }
        let members = self.set.validators().iter().zip(&self.heard);
        let power = members
            .filter(|(_, heard)| is_heard(heard))
            .fold(0, |sum: u64, (validator, _)| sum.saturating_add(validator.power.0));
        self.set.is_quorum(power)
    }

    /// Whose stream a message came over, if that is a member of this set.
    pub(crate) fn sender(&self, route: Route) -> Option<ValidatorIndex> {
        match route {
            Route::Direct(peer) => self.set.index_of_peer(&peer),
            Route::Own | Route::Relayed => None,
        }
    }

    /// The stream by which a member speaks.
    pub(crate) fn peer_of(&self, member: ValidatorIndex) -> Option<PeerKey> {
        self.set.get(member).map(|validator| validator.peer)
    }

    /// The stream by which this node speaks, as a member.
    pub(crate) fn own_peer(&self) -> Option<PeerKey> {
        self.own.and_then(|own| self.peer_of(own))
    }

    pub(crate) fn has_forged(&self, route: Route) -> bool {
        self.sender(route).is_some_and(|sender| self.forgers.contains(&sender))
    }
}

impl Engine {
    /// The epoch's last block is final. Whatever was known of the epoch before is forgotten, except by the log.
    pub(crate) fn enter_epoch(&mut self, start: &EpochStart) {
        if start.epoch <= self.epoch.epoch {
            return;
        }
        let before = Arc::clone(&self.epoch.set);
        self.begin_epoch(start);
        self.replay_epoch(start);
        for early in std::mem::take(&mut self.early) {
            self.handle(if planted(Canary::IndicesAcrossEpochs) {
                by_place(early, &before, &start.set)
            } else {
                early
            });
        }
    }

    /// Sets everything to the beginning of an epoch.
    pub(crate) fn begin_epoch(&mut self, start: &EpochStart) {
        self.epoch = EpochState::new(start, self.config.own_key.as_ref());
        self.floor = start.floor;
        self.view = start.root_view;
        self.finalized = crate::Finalized { view: start.root_view, block: start.root, certificate: None };
        self.rounds.clear();
        self.candidates.clear();
        self.fetching.clear();
        self.jobs.clear();
        self.resumed_in = None;
        self.timers.checked();
        self.untold.clear();
    }

    /// Keeps a validator's message of the next epoch until that epoch is entered. Gives back every other message.
    pub(crate) fn keep_if_early(&mut self, input: Input) -> Option<Input> {
        let (epoch, route) = match &input {
            Input::Proposal { proposal, route, .. } => (proposal.vote.statement.epoch, *route),
            Input::Vote { vote, route } => (vote.statement.epoch, *route),
            Input::Certificate { certificate, route } => (certificate.statement.epoch, *route),
            _ => return Some(input),
        };
        if epoch <= self.epoch.epoch {
            return Some(input);
        }
        if let Route::Direct(sender) = route {
            self.behind_by_an_epoch(sender);
            let of_sender = self.early.iter().filter(|early| early.route() == Some(route)).count();
            if epoch == self.epoch.epoch.next()
                && of_sender < limits::EARLY_MESSAGES_PER_SENDER_MAX
                && self.early.len() < limits::EARLY_MESSAGES_MAX
                && !self.early.contains(&input)
            {
                self.early.push(input);
            }
        }
        None
    }

    /// [8] A validator says it is an epoch further: it must know how this view ended.
    fn behind_by_an_epoch(&mut self, sender: PeerKey) {
        self.fetch_certificate(self.view, KindSet::ALL, Some(sender));
    }

    /// The stream of a view's leader.
    pub(crate) fn leader_peer(&self, view: View) -> Option<PeerKey> {
        self.epoch.peer_of(self.leader(view))
    }
}

/// The mistake of keeping a place in one set for a place in the next.
fn by_place(early: Input, before: &ValidatorSet, after: &ValidatorSet) -> Input {
    let moved = |route: Route| match route {
        Route::Direct(peer) => {
            let member = before.index_of_peer(&peer).and_then(|place| after.get(place));
            member.map_or(Route::Relayed, |member| Route::Direct(member.peer))
        }
        route => route,
    };
    match early {
        Input::Proposal { proposal, hash, route } => Input::Proposal { proposal, hash, route: moved(route) },
        Input::Vote { vote, route } => Input::Vote { vote, route: moved(route) },
        Input::Certificate { certificate, route } => Input::Certificate { certificate, route: moved(route) },
        other => other,
    }
}
