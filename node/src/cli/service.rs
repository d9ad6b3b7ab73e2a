//! `thronosd NAME VERB`: the verbs of services, which ask the running node over the socket in its home.
//!
//! It must not know any service but by the list.

use clap::builder::Resettable;
use clap::{ArgMatches, Args, Command, FromArgMatches, Subcommand};
use serde_json::Value;
use service::VerbContext;

use super::peers::Common;
use super::{Refusal, hint, written};
use crate::control::{Answer, Question, ask};
use crate::services::SERVICES;

/// A verb of a service, as it was typed.
#[derive(Debug)]
pub(crate) struct ServiceVerb {
    name: &'static str,
    typed: ArgMatches,
}

impl Subcommand for ServiceVerb {
    fn augment_subcommands(command: Command) -> Command {
        SERVICES.iter().filter_map(command_of).fold(command, Command::subcommand)
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        SERVICES.iter().any(|entry| entry.name == name && command_of(entry).is_some())
    }
}

impl FromArgMatches for ServiceVerb {
    fn from_arg_matches(typed: &ArgMatches) -> Result<Self, clap::Error> {
        let found = typed.subcommand().and_then(|(name, typed)| {
            let entry = SERVICES.iter().find(|entry| entry.name == name)?;
            Some(Self { name: entry.name, typed: typed.clone() })
        });
        found.ok_or_else(|| clap::Error::new(clap::error::ErrorKind::InvalidSubcommand))
    }

    fn update_from_arg_matches(&mut self, typed: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(typed)?;
        Ok(())
    }
}

/// The command of a service; nothing for one without verbs.
fn command_of(entry: &service::Listed) -> Option<Command> {
    let verbs = (entry.verbs)(Command::new(entry.name).visible_aliases(entry.aliases.iter().copied()));
    if !verbs.has_subcommands() {
        return None;
    }
    // A list of verbs brings a text of its own, which is the code's word for it.
    let verbs = verbs.about(entry.about).long_about(Resettable::Reset);
    Some(verbs.subcommand_required(true).arg_required_else_help(true).mut_subcommands(with_common))
}

/// A verb with the arguments that all of them have. Those bring a text of their own, and the verb keeps its.
fn with_common(verb: Command) -> Command {
    let (about, long_about) = (verb.get_about().cloned(), verb.get_long_about().cloned());
    Common::augment_args(verb).about(Resettable::from(about)).long_about(Resettable::from(long_about))
}

impl ServiceVerb {
    pub(crate) fn run(self) -> Result<(), Refusal> {
        let Some(entry) = SERVICES.iter().find(|entry| entry.name == self.name) else { return Ok(()) };
        let usage = |error: clap::Error| Refusal::new("usage", error.to_string());
        let common = self.typed.subcommand().map(|(_, typed)| Common::from_arg_matches(typed).map_err(usage));
        let Some(common) = common.transpose()? else { return Ok(()) };
        let home = common.home.home()?;
        home.check_is_there()?;
        let asking = |question: Value| {
            let question = Question::Service { name: self.name.to_owned(), question };
            let answer = ask(home.root(), &question);
            match answer.map_err(|error| service::Refusal::new(error.code(), error.to_string()))? {
                Answer::Service { said } => Ok(said),
                Answer::Refused { code, message } => Err(service::Refusal { code: code.into(), message }),
                _ => Err(service::Refusal::new("bad_answer", "the node answers something else than was asked")),
            }
        };
        let printing = |text: &str| {
            say!("{}", if common.json { text.into() } else { hint::as_typed(text) });
            Ok(())
        };
        let context = VerbContext { json: common.json, asking: &asking, printing: &printing };
        (entry.run_verb)(&self.typed, &context).map_err(|refusal| Refusal {
            exit: if refusal.code == "usage" { 2 } else { 1 },
            code: refusal.code,
            message: refusal.message,
        })?;
        written()
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;
    use clap::builder::StyledStr;

    use super::*;

    /// The texts of a command's verbs.
    fn texts(command: &Command) -> Vec<(&str, Option<String>, Option<String>)> {
        let verbs = command.get_subcommands().filter(|verb| verb.get_name() != "help");
        let text = |text: Option<&StyledStr>| text.map(StyledStr::to_string);
        verbs.map(|verb| (verb.get_name(), text(verb.get_about()), text(verb.get_long_about()))).collect()
    }

    #[test]
    fn the_help_of_every_service_says_what_the_command_and_each_of_its_verbs_is_for() {
        let whole = super::super::Command::command();
        for entry in SERVICES {
            let bare = (entry.verbs)(Command::new(entry.name));
            let Some(command) = whole.find_subcommand(entry.name) else {
                assert!(!bare.has_subcommands(), "{}", entry.name);
                continue;
            };
            assert_eq!(command.get_about().map(StyledStr::to_string).as_deref(), Some(entry.about));
            assert_eq!(command.get_long_about(), None, "{}", entry.name);
            assert_eq!(texts(command), texts(&bare), "{}", entry.name);
            assert!(texts(command).iter().all(|(_, about, _)| about.is_some()), "{}", entry.name);
            for verb in command.get_subcommands() {
                assert!(verb.get_arguments().any(|argument| argument.get_id() == "home"), "{}", verb.get_name());
            }
        }
        let mining =
            whole.find_subcommand("pool").expect("an older name of `mining`").clone().render_help().to_string();
        assert!(mining.contains("Show what is owed to whom") && !mining.contains("Where the node lives"), "{mining}");
    }
}
