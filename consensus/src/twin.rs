//! Listening before speaking, and for whoever speaks with this node's key.
//!
//! A key on two machines contradicts itself sooner or later. What tells is a vote by the own key that is not among the
//! own votes. The limits are part of the rule: own votes are remembered above the floor only, and only of this epoch, so
//! that whatever was ever recorded can be sent again at any time and says nothing.

use types::{Certificate, VoteStatement};

use crate::Engine;
use crate::input::Voice;
use crate::output::Output;

impl Engine {
    /// [9] Begins to speak, or falls silent. What was not said meanwhile may be said now, and what was said, again.
    pub(crate) fn change_voice(&mut self, voice: Voice) {
        if std::mem::replace(&mut self.voice, voice) == voice || voice == Voice::Silent {
            return;
        }
        self.timers.enter(self.now, self.work);
        self.resend();
    }

    /// Whether such a vote, if this node's key signed it, shows that somebody else votes with the key. Once in an epoch is
    /// enough.
    #[must_use]
    pub fn is_foreign(&self, statement: &VoteStatement) -> bool {
        let said = self.rounds.get(&statement.view).is_some_and(|round| round.own.includes(statement));
        statement.epoch == self.epoch.epoch && statement.view > self.floor && !said && !self.epoch.twin_told
    }

    /// [9] Something verified was signed, by this node's key or not.
    pub(crate) fn notice_twin(&mut self, statement: &VoteStatement, is_own: bool) {
        if is_own && self.is_foreign(statement) {
            self.epoch.twin_told = true;
            self.outputs.push(Output::Twin(*statement));
        }
    }

    /// Whether a certificate says anything new: of a view, or of this node's key.
    pub(crate) fn is_news(&self, certificate: &Certificate) -> bool {
        let own = self.epoch.own.is_some_and(|own| certificate.signers.contains(own));
        !self.knows_certificate(certificate) || (own && self.is_foreign(&certificate.statement))
    }
}
