//! Who is told of a certificate.
//!
//! Votes reach every validator over their signers' own streams, so as a rule everybody makes every certificate itself, and
//! sending each to all would be half of all messages. A certificate that ends a view goes, after a moment, to those alone
//! who have not shown that they know how it ended: whoever voted in a later view does, or voted *finalize* in this one. A
//! finalization is sent by the view's leader; a leader that tells only some is mended by the next one, because a later
//! finalization makes earlier blocks final too, and by resending while nothing else happens.

use types::{Certificate, PeerKey, TimeMs, ValidatorIndex, VoteKind};

use crate::output::Output;
use crate::{Engine, limits};

/// Certificates that some may not know.
#[derive(Clone, Debug, Default)]
pub(crate) struct Untold {
    /// With the time at which they are sent.
    waiting: Vec<(TimeMs, Certificate)>,
}

impl Untold {
    /// When the first is due.
    pub(crate) fn next(&self) -> Option<TimeMs> {
        self.waiting.iter().map(|(due, _)| *due).min()
    }

    /// How many wait.
    #[cfg(test)]
    pub(crate) fn count(&self) -> usize {
        self.waiting.len()
    }

    /// Forgets all.
    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}

impl Engine {
    /// [4] [5] [6] A certificate holds: the leader tells of finality, and how a view ended is told to who may not know.
    pub(crate) fn spread(&mut self, certificate: &Certificate) {
        let statement = &certificate.statement;
        if self.epoch.own.is_none() {
            return;
        }
        if statement.kind == VoteKind::Finalize {
            if Some(self.leader(statement.view)) == self.epoch.own {
                let to = self.streams_of(self.others());
                self.outputs.push(Output::Send { certificate: certificate.clone(), to });
            }
        } else if statement.view >= self.view {
            let due = self.now.saturating_add(self.timers.delta_ms() / limits::SPREAD_PARTS_OF_DELTA);
            if self.untold.waiting.len() < limits::UNTOLD_MAX {
                self.untold.waiting.push((due, certificate.clone()));
            }
        }
    }

    /// Sends what is due to those who have not shown that they know it.
    pub(crate) fn tell(&mut self) {
        let now = self.now;
        let due: Vec<Certificate> =
            self.untold.waiting.extract_if(.., |(due, _)| *due <= now).map(|(_, certificate)| certificate).collect();
        for certificate in due {
            let to = self.streams_of(self.others().filter(|member| !self.has_shown(*member, &certificate)));
            if !to.is_empty() {
                self.outputs.push(Output::Send { certificate, to });
            }
        }
    }

    fn streams_of(&self, members: impl Iterator<Item = ValidatorIndex>) -> Vec<PeerKey> {
        members.filter_map(|member| self.epoch.peer_of(member)).collect()
    }

    fn others(&self) -> impl Iterator<Item = ValidatorIndex> + use<> {
        let (count, own) = (u16::try_from(self.epoch.set.len()).unwrap_or(u16::MAX), self.epoch.own);
        (0..count).map(ValidatorIndex).filter(move |member| Some(*member) != own)
    }

    /// Whether a member has said what it could not say without knowing how this view ended.
    fn has_shown(&self, member: ValidatorIndex, certificate: &Certificate) -> bool {
        let view = certificate.statement.view;
        self.epoch.heard_in(member) > view
            || self.rounds.get(&view).is_some_and(|round| round.tally.has_kind(member, VoteKind::Finalize))
    }
}
