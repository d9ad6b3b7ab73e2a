//! How a replica is doing, and above all: why it is or is not voting.

use types::{Epoch, Hash32, Height, ValidatorIndex, View};

use crate::replica::Replica;

/// Whether this node votes, with the reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Voting {
    /// It votes.
    Active {
        /// Its place in the set.
        index: ValidatorIndex,
        /// The set's size.
        validators: usize,
    },
    /// It is no validator of this epoch.
    NotInSet,
    /// It has no consensus key.
    NoKey,
    /// It is behind and gets the blocks it missed first.
    CatchingUp {
        /// Its own height.
        height: Height,
        /// The highest height that a peer claims.
        known: Height,
    },
    /// Its log was lost: it votes only above this place.
    Barred {
        /// The epoch.
        epoch: Epoch,
        /// The view.
        view: View,
    },
}

impl std::fmt::Display for Voting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Active { index, validators } => {
                write!(formatter, "voting as validator {index} of {validators}")
            }
            Self::NotInSet => {
                formatter.write_str("not voting: this node's key is not in the validator set of this epoch")
            }
            Self::NoKey => formatter.write_str("not voting: this node has no consensus key and follows the chain"),
            Self::CatchingUp { height, known } => {
                write!(formatter, "not voting yet: catching up, at block {height} of at least {known}")
            }
            Self::Barred { epoch, view } => write!(
                formatter,
                "not voting: the consensus log was lost, and votes may exist up to view {view} of epoch {epoch}"
            ),
        }
    }
}

/// How a replica is doing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status {
    /// The newest final block.
    pub height: Height,
    /// Its hash.
    pub hash: Hash32,
    /// The newest block in the store.
    pub committed: Height,
    /// The highest height that any peer claims.
    pub known: Height,
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The view's leader.
    pub leader: ValidatorIndex,
    /// Transactions in the pool.
    pub pooled: usize,
    /// Whether it votes.
    pub voting: Voting,
    /// Whether blocks are being fetched in ranges.
    pub catching_up: bool,
}

impl Replica {
    /// How this replica is doing.
    #[must_use]
    pub fn status(&self) -> Status {
        let tip = self.chain.tip();
        Status {
            height: tip.header.height,
            hash: tip.hash,
            committed: self.chain.committed_height(),
            known: self.height_known(),
            epoch: self.epoch,
            view: self.view,
            leader: self.leader,
            pooled: self.pool.status().transactions,
            voting: self.voting(),
            catching_up: self.sync.is_busy(),
        }
    }

    fn voting(&self) -> Voting {
        let Some(_) = &self.config.own_key else { return Voting::NoKey };
        let Some(index) = self.own_index() else { return Voting::NotInSet };
        let (epoch, view) = self.votes_above;
        if (self.epoch, self.view) <= (epoch, view) {
            return Voting::Barred { epoch, view };
        }
        if self.sync.is_busy() {
            return Voting::CatchingUp { height: self.chain.tip().header.height, known: self.height_known() };
        }
        Voting::Active { index, validators: self.set.len() }
    }
}
