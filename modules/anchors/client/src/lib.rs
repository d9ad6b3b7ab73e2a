//! Anchors, for people: the verb `anchor`, which puts the digest of a file on the chain, shows it, and compares a file with it.
//!
//! It must not know how a transaction is signed, handed in or found final, nor how a proof is checked: that is the wallet's. What a
//! call does the rules say.

mod found;
mod put;
mod read;

use clap::Subcommand;
use wallet::Result;
use wallet::cli::{Context, Report, Verbs};

pub use put::put_call;

/// Digests that were there before a time.
#[derive(Debug, Subcommand)]
pub enum AnchorsVerbs {
    /// Put the digest of a file on the chain, show it, and compare a file with it
    #[command(subcommand)]
    Anchor(AnchorVerb),
}

/// What can be done with digests.
#[derive(Debug, Subcommand)]
pub enum AnchorVerb {
    /// Put the digest of a file under a name, where it stays
    Put(put::Put),
    /// Show the digest that an account has put under a name, proven
    Show(read::ShowPut),
    /// Compare a file with the digest under a name, proven; it fails when they differ
    Verify(read::VerifyPut),
}

impl Verbs for AnchorsVerbs {
    fn run(self, context: &Context) -> Result<Report> {
        match self {
            Self::Anchor(AnchorVerb::Put(put)) => put.run(context),
            Self::Anchor(AnchorVerb::Show(show)) => show.run(context),
            Self::Anchor(AnchorVerb::Verify(verify)) => verify.run(context),
        }
    }
}
