//! What is passed on costs somebody something (FAULTS HB2): an honest node passes on no transaction of an account that has none
//! which a block could take.
//!
//! Who those accounts are is known from the story, not from any rule: the clients', and no others.

use std::sync::Arc;

use super::super::ground::Ground;
use super::{Checker, Sighting};

pub(super) struct Worth {
    ground: Arc<Ground>,
}

impl Worth {
    pub(super) fn new(ground: &Arc<Ground>) -> Self {
        Self { ground: ground.clone() }
    }
}

impl Checker for Worth {
    fn property(&self) -> &'static str {
        "nothing for free"
    }

    fn see(&mut self, sighting: &Sighting<'_>) -> Result<(), String> {
        let Sighting::PassedOn { node, transactions } = sighting else { return Ok(()) };
        let worthless = |sender: &types::Address| !self.ground.is_client(sender);
        match transactions.iter().find(|transaction| worthless(&transaction.body.sender)) {
            Some(transaction) => Err(format!(
                "node {node} passes on {} transactions, one of which no block can take: nonce {}, fee at most {}, tip {}, \
                 valid until {}",
                transactions.len(),
                transaction.body.nonce,
                transaction.body.fee_max,
                transaction.body.tip,
                transaction.body.valid_until
            )),
            None => Ok(()),
        }
    }
}
