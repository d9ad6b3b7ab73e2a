//! I3: over all votes that ever left honest nodes, across restarts, no key signs two different notarize or finalize
//! votes in a view, nor nullify and finalize in one view.

use std::collections::BTreeMap;

use types::{Epoch, Hash32, ValidatorIndex, View, VoteKind};

use super::{Checker, Sighting};

/// What one validator said in one view.
#[derive(Clone, Copy, Default)]
struct Said {
    notarize: Option<(View, Hash32)>,
    nullify: bool,
    finalize: Option<Hash32>,
}

#[derive(Default)]
pub(super) struct NeverTwice {
    said: BTreeMap<(ValidatorIndex, Epoch, View), Said>,
}

impl Checker for NeverTwice {
    fn property(&self) -> &'static str {
        "never twice"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        let Sighting::Vote { vote, honest: true } = sighting else { return Ok(()) };
        let statement = vote.statement;
        let said = self.said.entry((vote.signer, statement.epoch, statement.view)).or_default();
        let is_new_or_same = match statement.kind {
            VoteKind::Notarize => {
                let now = (statement.parent_view, statement.block);
                *said.notarize.get_or_insert(now) == now
            }
            VoteKind::Nullify => {
                said.nullify = true;
                true
            }
            VoteKind::Finalize => *said.finalize.get_or_insert(statement.block) == statement.block,
        };
        let allowed = is_new_or_same && !(said.nullify && said.finalize.is_some());
        if allowed {
            return Ok(());
        }
        let (signer, epoch, view) = (vote.signer, statement.epoch, statement.view);
        Err(format!("validator {signer} contradicted itself in view {view} of epoch {epoch}: {statement:?}"))
    }
}
