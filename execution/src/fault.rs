//! Faults: this machine, or the code, is wrong. A fault stops the node and never becomes part of the chain.
//!
//! It must not be made of anything that a peer sent: that is a reject or an invalid block.

use types::{Address, AssetId, Hash32, ModuleId, ProtocolVersion};

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
    /// A backed asset and what backs it differ.
    #[error("of asset {asset} there is not what module {module} keeps as its backing: issuing and backing fell apart")]
    Unbacked {
        /// The asset.
        asset: AssetId,
        /// Who backs it.
        module: ModuleId,
    },
    /// A module's own check after a block.
    #[error("module {module} finds its books wrong after the block: {breach}")]
    Audit {
        /// The module.
        module: ModuleId,
        /// What does not hold.
        breach: &'static str,
    },
    /// The chain goes on by rules that this program does not know.
    #[error(
        "the chain goes on with protocol version {version}, this program knows versions up to {known}: stop here, install a \
         release that knows version {version} (SHA-256 of the announced one: {release}), and start again"
    )]
    TooOld {
        /// The version in force.
        version: ProtocolVersion,
        /// The newest that this program knows.
        known: ProtocolVersion,
        /// The hash of the release that was announced with it; zero if none was.
        release: Hash32,
    },
    /// A value of the ledger is beyond its bounds although every way to it is checked.
    #[error("a fee cannot be settled: the ledger is beyond its bounds")]
    Ledger,
}
