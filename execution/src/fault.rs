//! Faults: this machine, or the code, is wrong. A fault stops the node and never becomes part of the chain.
//!
//! It must not be made of anything that a peer sent: that is a reject or an invalid block.

use types::{Address, AssetId};

/// Why a block could not be executed on this machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// An asset was not conserved.
    #[error("asset {asset} was not conserved: balances and escrow do not match what was minted and burned")]
    Conservation {
        /// The asset.
        asset: AssetId,
    },
    /// A fee could not be taken although the block was found valid.
    #[error("the fee of {sender:?} cannot be taken from its account: the block was not validated against this state")]
    FeeNotTaken {
        /// The sender.
        sender: Address,
    },
    /// The block does not follow this state.
    #[error("the block does not follow the state it is executed on")]
    OtherParent,
    /// A value of the ledger is beyond its bounds although every way to it is checked.
    #[error("a fee cannot be settled: the ledger is beyond its bounds")]
    Ledger,
}
