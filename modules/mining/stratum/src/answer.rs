//! Lines to a miner.
//!
//! It must not know sessions. Invariant: nothing that a miner sent gets into a line, except the request's id, which
//! was parsed as a JSON scalar, and names of extensions, which are escaped as JSON.

use std::fmt::Write;

use pow::Difficulty;

use crate::call::Extension;
use crate::limits::{EXTRANONCE1_BYTES, EXTRANONCE2_BYTES};
use crate::refusal::Refusal;
use crate::request::Id;

/// Lines in the order in which they are sent.
#[derive(Debug, Default)]
pub struct Lines {
    text: String,
}

impl Lines {
    /// The bytes, each line with its newline.
    #[must_use]
    pub fn into_bytes(self) -> Vec<u8> {
        self.text.into_bytes()
    }

    /// Whether there is nothing to send.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// An answer with a result, which must be JSON.
    pub fn result(&mut self, id: Id<'_>, result: &str) {
        self.line(format_args!(r#"{{"id":{},"result":{result},"error":null}}"#, id.text()));
    }

    /// `true`.
    pub fn yes(&mut self, id: Id<'_>) {
        self.result(id, "true");
    }

    /// An answer with an error in the customary shape `[code, "message", null]`.
    pub fn refuse(&mut self, id: Id<'_>, refusal: Refusal) {
        let (code, sentence) = (refusal.code(), refusal.sentence());
        self.line(format_args!(r#"{{"id":{},"result":null,"error":[{code},"{sentence}",null]}}"#, id.text()));
    }

    /// The answer to `mining.subscribe`.
    pub fn subscribed(&mut self, id: Id<'_>, session: &str, extranonce1: [u8; EXTRANONCE1_BYTES]) {
        let extranonce1 = hex::encode(extranonce1);
        let subscriptions = format!(r#"[["mining.set_difficulty","{session}"],["mining.notify","{session}"]]"#);
        self.result(id, &format!(r#"[{subscriptions},"{extranonce1}",{EXTRANONCE2_BYTES}]"#));
    }

    /// The answer to `mining.configure`: the mask that was agreed on, yes to what is known, no to what is not.
    pub fn configured(&mut self, id: Id<'_>, extensions: &[Extension], mask: u32) {
        let mut fields = Vec::new();
        for extension in extensions {
            match extension {
                Extension::VersionRolling(_) => {
                    fields.push(format!(r#""version-rolling":{}"#, mask != 0));
                    fields.push(format!(r#""version-rolling.mask":"{mask:08x}""#));
                }
                Extension::MinimumDifficulty(value) => {
                    fields.push(format!(r#""minimum-difficulty":{}"#, value.is_some()));
                }
                Extension::SubscribeExtranonce => fields.push(r#""subscribe-extranonce":true"#.to_owned()),
                Extension::Info => fields.push(r#""info":true"#.to_owned()),
                Extension::Unknown(name) => {
                    fields.push(format!("{}:false", serde_json::Value::from(name.as_str())));
                }
            }
        }
        self.result(id, &format!("{{{}}}", fields.join(",")));
    }

    /// `mining.set_difficulty`.
    pub fn set_difficulty(&mut self, difficulty: Difficulty) {
        self.line(format_args!(r#"{{"id":null,"method":"mining.set_difficulty","params":[{difficulty}]}}"#));
    }

    /// `mining.set_version_mask`.
    pub fn set_version_mask(&mut self, mask: u32) {
        self.line(format_args!(r#"{{"id":null,"method":"mining.set_version_mask","params":["{mask:08x}"]}}"#));
    }

    /// `mining.notify`, with the fields that [`crate::Body::fields`] gave.
    pub fn notify(&mut self, job: u32, fields: &str, time: u32, clean_jobs: bool) {
        self.line(format_args!(
            r#"{{"id":null,"method":"mining.notify","params":["{job:x}",{fields},"{time:08x}",{clean_jobs}]}}"#
        ));
    }

    /// `client.show_message`; the message must be the server's own and need no escape.
    pub fn show_message(&mut self, message: &str) {
        self.line(format_args!(r#"{{"id":null,"method":"client.show_message","params":["{message}"]}}"#));
    }

    /// `client.reconnect` to the same host and port.
    pub fn reconnect(&mut self) {
        self.line(format_args!(r#"{{"id":null,"method":"client.reconnect","params":[]}}"#));
    }

    fn line(&mut self, text: std::fmt::Arguments<'_>) {
        writeln!(self.text, "{text}").expect("a String takes everything");
    }
}
