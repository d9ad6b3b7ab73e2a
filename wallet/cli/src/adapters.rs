//! Between what two of the house's own commands want of a feature and the feature: what several keys are to sign is a payment, and
//! a fee is asked for one.

use clap::Args;
use types::Weight;
use wallet::Result;
use wallet::cli::{Context, Report};

/// A payment as people type it.
#[derive(Debug, Args)]
pub(crate) struct TypedPayment {
    #[command(flatten)]
    send: tokens_client::Send,
}

impl TypedPayment {
    /// Makes it, or writes it where several keys have to sign.
    ///
    /// # Errors
    /// What it is refused for.
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        self.send.run(context)
    }
}

/// The weight of a plain payment: the same whoever pays how much to whom.
///
/// # Errors
/// Never: it pays something.
pub(crate) fn payment_weight() -> Result<Weight> {
    tokens_client::transfer_weight()
}
