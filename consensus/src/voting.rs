//! The whole of safety: which votes this node may cast, and the one place where it casts them.
//!
//! At most one notarize per view; finalize only with the notarization in hand and never after nullify; never nullify
//! after finalize; notarize and then nullify is allowed; a leader seen to equivocate gets neither notarize nor
//! finalize; at or below the log's floor no vote of any kind. The rules are pure functions of what is remembered.
//! Resending needs no rule: it repeats votes that were cast.

use types::canary::{Canary, planted};
use types::{Hash32, Header, View, VoteKind, VoteStatement};

use crate::Engine;
use crate::input::Voice;
use crate::output::Output;
use crate::record::Record;
use crate::view::OwnVotes;

/// Whether notarize may be voted in a view. After nullify it would serve nothing.
pub(crate) fn may_notarize(view: View, floor: View, own: &OwnVotes, leader_equivocated: bool) -> bool {
    view > floor && own.notarize.is_none() && own.nullify.is_none() && own.finalize.is_none() && !leader_equivocated
}

/// Whether nullify may be voted in a view.
pub(crate) fn may_nullify(view: View, floor: View, own: &OwnVotes) -> bool {
    view > floor && own.nullify.is_none() && own.finalize.is_none()
}

/// Whether finalize may be voted for the block that a quorum notarized in a view, if one did.
pub(crate) fn may_finalize(
    view: View,
    floor: View,
    own: &OwnVotes,
    notarized: Option<Hash32>,
    leader_equivocated: bool,
) -> bool {
    let nullified = own.nullify.is_some() && !planted(Canary::NoNullifyCheck);
    view > floor && notarized.is_some() && own.finalize.is_none() && !nullified && !leader_equivocated
}

impl Engine {
    /// [2] Votes for the proposal of the current view; with a header, as its leader.
    pub(crate) fn vote_notarize(&mut self, parent_view: View, block: Hash32, header: Option<Header>) {
        let (view, floor) = (self.view, self.floor);
        let round = self.round(view);
        if may_notarize(view, floor, &round.own, round.leader_equivocated) {
            self.cast(VoteKind::Notarize, view, parent_view, block, header);
        }
    }

    /// [3] Votes to let the current view go.
    pub(crate) fn vote_nullify(&mut self) {
        let (view, floor) = (self.view, self.floor);
        self.timers.stop();
        let round = self.round(view);
        if may_nullify(view, floor, &round.own) {
            self.cast(VoteKind::Nullify, view, View::ZERO, Hash32::ZERO, None);
        }
    }

    /// [4] Votes to finalize what is notarized, in any view that is not final yet, once the body is durable.
    pub(crate) fn vote_finalize(&mut self) {
        if self.voice == Voice::Silent {
            return;
        }
        let floor = self.floor;
        let waiting: Vec<View> = self.candidates.iter().copied().collect();
        for view in waiting {
            let Some(round) = self.rounds.get(&view) else {
                self.candidates.remove(&view);
                continue;
            };
            let notarized = round.notarized_block();
            if self.epoch.own.is_none() || !may_finalize(view, floor, &round.own, notarized, round.leader_equivocated) {
                self.candidates.remove(&view);
                continue;
            }
            if let Some(block) = notarized
                && self.available.contains(&block)
            {
                self.candidates.remove(&view);
                self.cast(VoteKind::Finalize, view, View::ZERO, block, None);
            }
        }
    }

    /// Remembers, logs, and only then has a vote signed and sent. A node outside the set, or that is silent, says nothing.
    fn cast(&mut self, kind: VoteKind, view: View, parent_view: View, block: Hash32, header: Option<Header>) {
        if self.epoch.own.is_none() || self.voice == Voice::Silent {
            return;
        }
        let statement = VoteStatement { kind, epoch: self.epoch.epoch, view, parent_view, block };
        let own = &mut self.round(view).own;
        own.remember(statement);
        if let Some(header) = &header {
            own.proposed = Some(header.clone());
            self.outputs.push(Output::Persist(Record::Proposal { view, header: header.clone() }));
        }
        self.outputs.push(Output::Persist(Record::Vote(statement)));
        self.outputs.push(Output::Sign { statement, header });
    }
}

#[cfg(test)]
mod tests {
    use types::Epoch;

    use super::*;

    const VIEW: View = View(7);
    const FLOOR: View = View(3);

    fn own(kinds: &[VoteKind]) -> OwnVotes {
        let mut own = OwnVotes::default();
        for kind in kinds {
            own.remember(VoteStatement {
                kind: *kind,
                epoch: Epoch(0),
                view: VIEW,
                parent_view: View(0),
                block: Hash32([1; 32]),
            });
        }
        own
    }

    #[test]
    fn every_combination_of_own_votes_allows_exactly_what_the_rules_say() {
        use VoteKind::{Finalize, Notarize, Nullify};
        // Said before; then whether notarize, nullify, finalize may follow.
        let table: [(&[VoteKind], bool, bool, bool); 8] = [
            (&[], true, true, true),
            (&[Notarize], false, true, true),
            (&[Nullify], false, true, false),
            (&[Finalize], false, false, false),
            (&[Notarize, Nullify], false, true, false),
            (&[Notarize, Finalize], false, false, false),
            (&[Nullify, Finalize], false, false, false),
            (&[Notarize, Nullify, Finalize], false, false, false),
        ];
        for (said, notarize, nullify, finalize) in table {
            let own = own(said);
            // Nullify is cast at most once, though casting it twice would say nothing new.
            let nullify = nullify && !said.contains(&Nullify);
            assert_eq!(may_notarize(VIEW, FLOOR, &own, false), notarize, "notarize after {said:?}");
            assert_eq!(may_nullify(VIEW, FLOOR, &own), nullify, "nullify after {said:?}");
            let block = Some(Hash32([1; 32]));
            assert_eq!(may_finalize(VIEW, FLOOR, &own, block, false), finalize, "finalize after {said:?}");
        }
    }

    #[test]
    fn nothing_is_voted_at_or_below_the_floor() {
        let (own, block) = (own(&[]), Some(Hash32([1; 32])));
        for (floor, allowed) in [(View(6), true), (View(7), false), (View(8), false)] {
            assert_eq!(may_notarize(VIEW, floor, &own, false), allowed);
            assert_eq!(may_nullify(VIEW, floor, &own), allowed);
            assert_eq!(may_finalize(VIEW, floor, &own, block, false), allowed);
        }
    }

    #[test]
    fn finalize_needs_the_notarization_in_hand() {
        assert!(!may_finalize(VIEW, FLOOR, &own(&[]), None, false));
    }

    #[test]
    fn a_leader_seen_to_equivocate_gets_neither_notarize_nor_finalize() {
        let own = own(&[]);
        assert!(!may_notarize(VIEW, FLOOR, &own, true));
        assert!(!may_finalize(VIEW, FLOOR, &own, Some(Hash32([1; 32])), true));
        assert!(may_nullify(VIEW, FLOOR, &own));
    }
}
