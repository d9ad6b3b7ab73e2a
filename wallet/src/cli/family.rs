//! A family of commands: what one feature, or the house for one purpose, adds to `thronos` at its top level.
//!
//! Inside a family everything is typed, by `clap::Subcommand`; outside it is four values, so that a list can hold families of
//! different types. It must not know which families there are.

use clap::{ArgMatches, Command, Subcommand};

use super::context::Context;
use super::report::Report;
use crate::{Error, Result};

/// Verbs at the top level of `thronos`, such as `send`.
pub trait Verbs: Subcommand {
    /// Does what was asked for.
    ///
    /// # Errors
    /// Whatever the verb is refused for or fails with.
    fn run(self, context: &Context) -> Result<Report>;
}

/// One line of the list of families.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    /// What its verbs stand under in the help.
    pub heading: &'static str,
    describe: fn(Command) -> Command,
    has: fn(&str) -> bool,
    run: fn(&ArgMatches, &Context) -> Result<Report>,
}

/// The family of these verbs.
#[must_use]
pub const fn family<V: Verbs>(heading: &'static str) -> Family {
    Family { heading, describe: V::augment_subcommands, has: V::has_subcommand, run: run::<V> }
}

fn run<V: Verbs>(matches: &ArgMatches, context: &Context) -> Result<Report> {
    let verbs = V::from_arg_matches(matches);
    verbs.map_err(|error| Error::new("usage", error.to_string(), "see `thronos help`"))?.run(context)
}

impl Family {
    /// The program with this family's verbs behind those that it has.
    #[must_use]
    pub fn describe(&self, program: Command) -> Command {
        (self.describe)(program)
    }

    /// Whether a verb, by its name or another name of it, is of this family.
    #[must_use]
    pub fn has(&self, verb: &str) -> bool {
        (self.has)(verb)
    }

    /// Runs the verb that was typed.
    ///
    /// # Errors
    /// What the verb fails with.
    pub fn run(&self, matches: &ArgMatches, context: &Context) -> Result<Report> {
        (self.run)(matches, context)
    }
}
