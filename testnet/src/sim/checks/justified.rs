//! The rule of parents (DESIGN 5): who notarizes a block in view v on a parent of view p knows that a quorum notarized
//! p and that a quorum nullified every view between. And of finality: who finalizes v knows that a quorum notarized it.
//!
//! Votes are counted as they leave, before any node can have received them, so a quorum that a voter may rest on is
//! always known here.

use std::collections::{BTreeMap, BTreeSet};

use types::{Epoch, Hash32, ValidatorIndex, View, VoteKind, VoteStatement};

use super::{Checker, Quorum, Sighting};

pub(super) struct Justified {
    quorum: Quorum,
    nullified: BTreeMap<(Epoch, View), BTreeSet<ValidatorIndex>>,
    notarized: BTreeMap<(Epoch, View), BTreeMap<Hash32, BTreeSet<ValidatorIndex>>>,
    finalized: BTreeSet<(Epoch, View)>,
}

impl Justified {
    pub(super) fn new(quorum: Quorum) -> Self {
        let (nullified, notarized, finalized) = Default::default();
        Self { quorum, nullified, notarized, finalized }
    }

    fn is_nullified(&self, epoch: Epoch, view: View) -> bool {
        self.nullified.get(&(epoch, view)).is_some_and(|signers| self.quorum.is_met(epoch, signers.iter().copied()))
    }

    fn is_notarized(&self, epoch: Epoch, view: View, block: Option<Hash32>) -> bool {
        let Some(blocks) = self.notarized.get(&(epoch, view)) else { return false };
        let fits = |hash: &Hash32| block.is_none_or(|block| block == *hash);
        blocks.iter().any(|(hash, signers)| fits(hash) && self.quorum.is_met(epoch, signers.iter().copied()))
    }

    fn check(&self, signer: ValidatorIndex, statement: &VoteStatement) -> Result<(), String> {
        let VoteStatement { kind, epoch, view, parent_view, block } = *statement;
        if kind == VoteKind::Finalize && !self.is_notarized(epoch, view, Some(block)) {
            return Err(format!("validator {signer} finalizes view {view} of epoch {epoch} without a notarization"));
        }
        if kind != VoteKind::Notarize {
            return Ok(());
        }
        // A node may stand on a final block whose view it knows only from the finalization.
        if parent_view > View::ZERO && !self.is_notarized(epoch, parent_view, None) {
            return Err(format!(
                "validator {signer} notarizes view {view} on view {parent_view}, which nobody notarized"
            ));
        }
        let between = (parent_view.0 + 1..view.0).map(View);
        match between.into_iter().find(|between| !self.is_nullified(epoch, *between)) {
            Some(gap) => Err(format!(
                "validator {signer} notarizes view {view} of epoch {epoch} on view {parent_view}, though view {gap} between \
                 them is not nullified"
            )),
            None => Ok(()),
        }
    }
}

impl Checker for Justified {
    fn property(&self) -> &'static str {
        "justified votes"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        let Sighting::Vote { vote, honest } = sighting else { return Ok(()) };
        let statement = vote.statement;
        let place = (statement.epoch, statement.view);
        let checked = if *honest { self.check(vote.signer, &statement) } else { Ok(()) };
        match statement.kind {
            VoteKind::Nullify => drop(self.nullified.entry(place).or_default().insert(vote.signer)),
            VoteKind::Notarize => {
                let blocks = self.notarized.entry(place).or_default();
                blocks.entry(statement.block).or_default().insert(vote.signer);
            }
            VoteKind::Finalize => drop(self.finalized.insert(place)),
        }
        checked
    }
}
