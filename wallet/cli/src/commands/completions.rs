//! `thronos completions`: what a shell needs to complete a command line.

use clap::Args;
use serde_json::json;
use wallet::cli::Report;

use crate::program;

/// `completions`
#[derive(Debug, Args)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: clap_complete::Shell,
}

impl Completions {
    pub(crate) fn run(&self) -> Report {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut program::program(), "thronos", &mut script);
        let script = String::from_utf8_lossy(&script).into_owned();
        Report::new(script.clone(), json!({"script": script}))
    }
}
