//! Coming back from the log.
//!
//! Records may stand in any order, twice, belong to older epochs, or miss the newest. Every record is merged into
//! what is remembered, so order cannot matter; the node resumes in the highest view it can have been in, says again
//! at once what it had said, and never contradicts it.

use types::{TimeMs, VoteKind};

use crate::config::Config;
use crate::input::EpochStart;
use crate::output::Output;
use crate::record::Record;
use crate::{Engine, verify};

impl Engine {
    /// Resumes from the records of the consensus log. `start` names the epoch with the newest finalized block that
    /// the store holds, and the log's floor. The outputs are the first to be carried out.
    #[must_use]
    pub fn recover(
        config: Config,
        start: &EpochStart,
        records: impl IntoIterator<Item = Record>,
        now: TimeMs,
    ) -> (Self, Vec<Output>) {
        let mut engine = Self::at_start(config, start, now);
        engine.later = records.into_iter().collect();
        engine.replay_epoch(start);
        let outputs = engine.finish();
        (engine, outputs)
    }

    /// Begins an epoch with what the log says of it. The store may be epochs behind the log, so the records of later
    /// epochs are kept until their epoch comes: what was voted there must not be contradicted there.
    pub(crate) fn replay_epoch(&mut self, start: &EpochStart) {
        let mut resumed = false;
        let mut logged = false;
        for record in std::mem::take(&mut self.later) {
            let epoch = record.place().0;
            if epoch == start.epoch {
                resumed = true;
                logged |= matches!(record, Record::Epoch { .. });
                self.replay(record);
            } else if epoch > start.epoch {
                self.later.push(record);
            }
        }
        if !logged {
            self.outputs.push(Output::Persist(Record::Epoch { epoch: start.epoch, root: start.root }));
        }
        self.resume(resumed);
    }

    /// Merges one record of this epoch. What the log holds was verified when it was written.
    fn replay(&mut self, record: Record) {
        match record {
            Record::Vote(statement) if statement.is_well_formed() => self.round(statement.view).own.remember(statement),
            Record::Proposal { view, header } => {
                self.round(view).own.proposed.get_or_insert(header);
            }
            Record::Certificate(certificate) if verify::signers_of(&self.epoch.set, &certificate).is_some() => {
                let place = self.round(certificate.statement.view).certificate_mut(certificate.statement.kind);
                place.get_or_insert(certificate);
            }
            Record::Vote(_) | Record::Certificate(_) | Record::Epoch { .. } => {}
        }
    }

    /// Follows from the merged records where this node stands.
    fn resume(&mut self, resumed: bool) {
        let newest =
            self.rounds.iter().rev().find(|(view, round)| **view > self.finalized.view && round.finalization.is_some());
        let finalization = newest.and_then(|(_, round)| round.finalization.clone());
        let mut view = self.finalized.view.next();
        for (at, round) in &self.rounds {
            let left = round.notarization.is_some() || round.nullification.is_some() || round.finalization.is_some();
            if left || round.own.finalize.is_some() {
                view = view.max(at.next());
            } else if round.own.notarize.is_some() || round.own.nullify.is_some() {
                view = view.max(*at);
            }
        }
        if let Some(certificate) = finalization {
            self.finalize(certificate);
        } else {
            let root = self.rounds.get(&self.finalized.view);
            self.finalized.certificate = root.and_then(|round| round.finalization.clone());
        }
        let notarized: Vec<_> = self
            .rounds
            .range(self.finalized.view.next()..)
            .filter_map(|(at, round)| Some((*at, round.notarization.clone()?)))
            .collect();
        for (at, certificate) in notarized {
            let block = certificate.statement.block;
            self.outputs.push(Output::Notarized(certificate));
            self.await_body(at, block);
        }
        self.resumed_in = resumed.then_some(view);
        self.enter_view(view);
        let own = self.rounds.get(&view).map(|round| &round.own);
        if own.is_some_and(|own| own.nullify.is_some()) {
            self.timers.stop();
        }
        self.resend();
    }
}

impl Engine {
    /// Whether the leader of the current view came back inside it without a vote of its own in the log.
    pub(crate) fn is_resumed_leader(&self) -> bool {
        self.resumed_in == Some(self.view)
            && self.rounds.get(&self.view).is_none_or(|round| !round.own.has(VoteKind::Notarize))
    }
}
