//! Commands of a service: `thronosd NAME VERB`, which asks the running node over the socket in its home.

use serde::Serialize;
use serde_json::Value;

use crate::Refusal;

/// Longest answer to an operator's question, in bytes.
pub const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What a verb is given.
pub struct VerbContext<'a> {
    /// Whether the answer is to be one JSON document.
    pub json: bool,
    /// Asks the service of the running node.
    pub asking: &'a dyn Fn(Value) -> Result<Value, Refusal>,
    /// Writes to standard output.
    pub printing: &'a dyn Fn(&str) -> Result<(), Refusal>,
}

impl VerbContext<'_> {
    /// Asks the service of the running node.
    ///
    /// # Errors
    /// The service's refusal, or that of the way to it.
    pub fn ask(&self, question: Value) -> Result<Value, Refusal> {
        (self.asking)(question)
    }

    /// Writes lines to standard output.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn print(&self, text: &str) -> Result<(), Refusal> {
        (self.printing)(text)
    }

    /// Writes one JSON document to standard output.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn print_json(&self, document: &impl Serialize) -> Result<(), Refusal> {
        let line = serde_json::to_string(document).map_err(|error| Refusal::new("bad_answer", error.to_string()))?;
        self.print(&line)
    }
}

/// The verbs of a service.
pub trait Verbs: clap::Subcommand {
    /// Does it.
    ///
    /// # Errors
    /// What is told to whoever typed it.
    fn run(self, context: &VerbContext<'_>) -> Result<(), Refusal>;
}

/// For services without any.
#[derive(Debug, clap::Subcommand)]
pub enum NoVerbs {}

impl Verbs for NoVerbs {
    fn run(self, _context: &VerbContext<'_>) -> Result<(), Refusal> {
        match self {}
    }
}
