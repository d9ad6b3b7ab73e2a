//! The list of families: whose verbs `thronos` has, in the order of its help. A feature's commands are one line here.

use wallet::cli::{Family, family};

use crate::commands::{Accounts, ChainVerbs, ProgramVerbs, Transactions};

/// Every verb of `thronos` is of one of these.
pub const FAMILIES: &[Family] = &[
    family::<Accounts>("Accounts"),
    family::<tokens_client::TokensVerbs>("Assets"),
    family::<Transactions>("Transactions"),
    family::<ChainVerbs>("The chain"),
    family::<mining_client::MiningVerbs>("Mining"),
    family::<verifyid_client::VerifyIdVerbs>("Devices"),
    family::<anchors_client::AnchorsVerbs>("Anchors"),
    family::<ProgramVerbs>("This program"),
];
