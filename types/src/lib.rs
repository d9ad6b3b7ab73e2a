//! The values of the chain and their canonical bytes.
//!
//! Every value that is signed, hashed, stored or sent is defined here, with one byte form (borsh over bounded
//! lists, see [`codec`]) and, where people read it, one JSON form. This crate must not know keys, storage or the
//! network: hashes and ids of these values are made in `crypto`.
//!
//! Invariants: decoding and encoding again gives the same bytes; a decoder refuses trailing bytes, oversize
//! lengths (before it allocates) and values that have a second form.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod address;
mod amount;
mod asset;
mod block;
mod bytes;
pub mod canary;
mod certificate;
pub mod codec;
mod counted;
mod genesis;
pub mod limits;
mod list;
mod multisig;
mod numbers;
mod receipt;
mod transaction;
mod validator;
mod vote;

pub use address::{Address, AddressError, Network};
pub use amount::{Amount, AmountError};
pub use asset::{Asset, THR, THR_DECIMALS, VIBE, VIBE_DECIMALS, WBTC, WBTC_CAP, WBTC_DECIMALS};
pub use block::{Block, Body, Header, SystemCall};
pub use bytes::{BlsPublicKey, BlsSignature, ByteString, Hash32, PeerKey, Secp256k1Key, Secp256k1Signature, to_hex};
pub use certificate::{Certificate, CertificateShapeError, SignerBitmap};
pub use codec::{Canonical, DecodeError};
pub use counted::counted;
pub use genesis::{
    FeeParameters, Genesis, GenesisAllowance, GenesisBalance, GenesisGrant, GenesisSection, GenesisValidator, Limits,
    Parameters, Timing,
};
pub use list::List;
pub use multisig::{MultisigPolicy, PolicyError};
pub use numbers::{
    AssetId, ChainId, Epoch, Height, ModuleId, Nonce, Power, ProtocolVersion, TimeMs, ValidatorIndex, View, Weight,
};
pub use receipt::{Event, Receipt};
pub use transaction::{
    Auth, AuthKind, Call, Payer, PolicySignature, TRANSACTION_VERSION, Transaction, TransactionBody, Witness,
};
pub use validator::{Validator, ValidatorSet, ValidatorSetError};
pub use vote::{Proposal, Vote, VoteKind, VoteStatement};
