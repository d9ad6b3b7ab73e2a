//! `thronos module-name write`: leaves a note.

use clap::Args;
use module_name::{ModuleNameCall, ModuleNameWrite, NOTE_BYTES_MAX};
use types::{ByteString, Call};
use wallet::calls::checked_call;
use wallet::cli::context::Context;
use wallet::cli::report::Report;
use wallet::cli::submit::{TransactionArgs, carry_out};
use wallet::{Error, Result};

/// `module-name write`
#[derive(Debug, Args)]
pub struct Write {
    /// What the note says, on one line; public
    text: String,
    #[command(flatten)]
    transaction: TransactionArgs,
}

/// The call that leaves a note.
///
/// # Errors
/// `note_too_long`, and what the rules reject whatever the state is: `empty_note`, `malformed_note`.
pub fn note_call(text: &str) -> Result<Call> {
    let text = ByteString::new(text.as_bytes().to_vec()).map_err(|text| {
        let message = format!("the note has {} bytes, at most {NOTE_BYTES_MAX} are allowed", text.len());
        Error::new("note_too_long", message, "shorten it")
    })?;
    checked_call(ModuleNameCall::Write(ModuleNameWrite { text }).to_call())
}

impl Write {
    /// Builds the call; the wallet makes, says, signs and sends the transaction.
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let context = &self.transaction.within(context);
        carry_out(context, &self.transaction, vec![note_call(&self.text)?], &[])
    }
}
