//! `thronosd verifyid`: what an operator does with the keys of this service, by the socket in the home.
//!
//! It must not know how a key is made. Invariant: what ends something that others hold is done only with `--yes`.

use std::sync::Arc;

use clap::{Args, Subcommand, ValueEnum};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use service::chain::Later;
use service::{Operator, Refusal, VerbContext, Verbs};

use crate::enrolled::Enrolled;
use crate::office::Office;
use crate::token_office::TokenOffice;

/// `thronosd verifyid …`.
#[derive(Debug, Subcommand)]
pub enum VerifyIdVerb {
    /// Put another key in the place of the present one at once, and end whatever the former made: by themselves keys give way after 90 days
    Rotate(KeyRotation),
}

/// Which key.
#[derive(Debug, Args)]
pub struct KeyRotation {
    /// The key
    key: RotatedKey,
    /// Answer yes: what the former key made is to end now
    #[arg(long)]
    yes: bool,
}

/// A key that can be replaced at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RotatedKey {
    /// The key that signs tokens: every token of this node ends, and customers ask for another
    Jwt,
    /// The secret of which those of older devices are made: each of them has to be enrolled anew
    Hmac,
}

/// What the operator wants.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case", deny_unknown_fields)]
enum Question {
    Rotate { key: RotatedKey },
}

/// What was done.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rotated {
    key: RotatedKey,
    /// What is so now, for people.
    sentence: String,
}

impl Verbs for VerifyIdVerb {
    fn run(self, context: &VerbContext<'_>) -> Result<(), Refusal> {
        let Self::Rotate(KeyRotation { key, yes }) = self;
        if !yes {
            let (what, again) = match key {
                RotatedKey::Jwt => {
                    ("every token that this node has given ends at once", "thronosd verifyid rotate jwt --yes")
                }
                RotatedKey::Hmac => {
                    ("each older device has to be enrolled anew", "thronosd verifyid rotate hmac --yes")
                }
            };
            return Err(Refusal::new("yes_needed", format!("{what}: if that is to be, give `{again}`")));
        }
        let question = serde_json::to_value(Question::Rotate { key }).map_err(|_| unexpected())?;
        let done: Rotated = serde_json::from_value(context.ask(question)?).map_err(|_| unexpected())?;
        if context.json { context.print_json(&done) } else { context.print(&done.sentence) }
    }
}

/// Who answers the operator.
pub(crate) struct KeyKeeper {
    pub(crate) office: Arc<Office>,
    pub(crate) tokens: Option<Arc<TokenOffice>>,
    pub(crate) enrolled: Option<Arc<Enrolled>>,
}

impl Operator for KeyKeeper {
    fn answer(&self, question: Value) -> Later<'_, Result<Value, Refusal>> {
        let (tokens, enrolled, office) = (self.tokens.clone(), self.enrolled.clone(), self.office.clone());
        let work = move || {
            let Question::Rotate { key } = serde_json::from_value(question).map_err(|_| unexpected())?;
            let sentence = match key {
                RotatedKey::Jwt => {
                    let tokens = tokens.ok_or_else(|| off("signed tokens", "verifyid.give_tokens"))?;
                    let kid = tokens.rotate(&office.now())?;
                    format!("the key {kid} signs tokens; those of the former are good for nothing")
                }
                RotatedKey::Hmac => {
                    let enrolled = enrolled.ok_or_else(|| off("answers of older devices", "verifyid.hmac_devices"))?;
                    let count = enrolled.rotate()?;
                    office.counts().enrolled(enrolled.len());
                    format!(
                        "another secret is in force; {} to be enrolled anew",
                        types::counted(count as u64, "older device")
                    )
                }
            };
            serde_json::to_value(Rotated { key, sentence }).map_err(|_| unexpected())
        };
        // It waits for the disk.
        let working = tokio::task::spawn_blocking(work);
        Box::pin(async move { working.await.unwrap_or_else(|_| Err(unexpected())) })
    }
}

fn off(what: &str, setting: &str) -> Refusal {
    Refusal::new("switched_off", format!("this node has no {what}: they are switched on with `{setting} = true`"))
}

fn unexpected() -> Refusal {
    Refusal::new("bad_answer", "the node is of another version than this command: use the `thronosd` that runs")
}
