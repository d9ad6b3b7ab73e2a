//! `thronos module-name read`: reads a note, proven by the state root that the validators have signed.

use clap::Args;
use execution::Module;
use module_name::{ModuleName, note_key, read_note};
use serde_json::json;
use wallet::cli::context::Context;
use wallet::cli::report::{Report, lines, when};
use wallet::cli::submit::finality;
use wallet::proof::check_state;
use wallet::{Error, Result};

/// `module-name read`
#[derive(Debug, Args)]
pub struct Read {
    /// Address, or name of an account in this wallet
    account: String,
}

impl Read {
    pub(crate) fn run(&self, context: &Context) -> Result<Report> {
        let client = context.client()?;
        let chain = context.chain(&client)?;
        let author = context.resolve(&self.account, chain.network())?;
        let key = note_key(&author);
        // A proof is asked for by the module and the key behind its number.
        let answer = client.state_proof(ModuleName::NAME, key.get(2..).unwrap_or_default())?;
        let proven = check_state(&chain, &answer, &key)?;
        context.remember(&chain, &proven.header)?;
        let address = author.to_text(chain.network());
        let Some(bytes) = proven.value else {
            let message = format!("it is proven that {address} has left no note up to block {}", proven.height);
            return Err(Error::new("no_note", message, "leave one with `thronos module-name write`"));
        };
        let note = read_note(author, &bytes)
            .ok_or_else(|| Error::new("unknown_note", "the note has a form that this wallet does not know", "use a newer wallet"))?;
        let header = &proven.header;
        let text = lines(&[
            ("note:", note.text.clone()),
            ("author:", address.clone()),
            ("written:", when(note.time)),
            ("in:", finality(header.header.height.0, header.signers, header.validators)),
        ]);
        let json = json!({
            "author": address, "text": note.text, "time": note.time, "written": note.written,
            "height": proven.height, "checked": true,
        });
        Ok(Report::new(text, json))
    }
}
