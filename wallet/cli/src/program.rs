//! The command line: the options of every command, and the verbs of all families.
//!
//! It must not know a family but by the list, nor do what is asked for.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::parser::ValueSource;
use clap::{ArgMatches, Args, Command, CommandFactory, FromArgMatches, Parser};
use languages::Language;
use wallet::checkpoint::Checkpoint;
use wallet::cli::typed::{TypedOptions, note_typed};
use wallet::cli::{Context, Family, Report};
use wallet::home::WalletHome;
use wallet::{Error, Result};

use crate::families::FAMILIES;

const ABOUT: &str = "Wallet and queries for a Thronos chain";

const EXIT_CODES: &str = "Exit codes: 0 done; 1 refused or failed, with an error that has a stable code; 2 the command line is wrong.
Errors: `error[code]: what happened`, then what to do; with --json `{\"code\", \"message\", \"hint\"}`, both on standard error.
What is told meanwhile stands there before, with --json as `{\"note\"}`, one document a line.
Passwords are asked on the terminal or read from --password-file; never from arguments or the environment.";

/// What stands above the verbs where clap lists them.
const VERBS: &str = "Commands:";

/// What is common to all verbs.
#[derive(Debug, Parser)]
#[command(name = "thronos", version, after_help = EXIT_CODES, propagate_version = true, args_override_self = true)]
struct Common {
    #[command(flatten)]
    global: Global,
}

#[derive(Debug, Args)]
#[command(next_help_heading = "Options of every command")]
struct Global {
    /// Address of a node's API; on this machine HOST:PORT is enough
    #[arg(long, global = true, env = "THRONOS_NODE", default_value = "http://127.0.0.1:26701", value_name = "URL")]
    node: String,
    /// Answer with one JSON document
    #[arg(long, global = true)]
    json: bool,
    /// The wallet's directory [default: HOME/wallet]
    #[arg(long, global = true, env = "THRONOS_WALLET", value_name = "DIR")]
    wallet_dir: Option<PathBuf>,
    /// Directory of everything of this user [default: ~/.thronos]
    #[arg(long, global = true, env = "THRONOS_HOME", value_name = "DIR")]
    home: Option<PathBuf>,
    /// The chain's genesis file, to check everything against [default: the one pinned at first contact]
    #[arg(long, global = true, value_name = "FILE")]
    genesis: Option<PathBuf>,
    /// A block known to be final: refuse nodes with another history
    #[arg(long, global = true, value_name = "HEIGHT:HASH")]
    checkpoint: Option<String>,
    /// Read the password from a file with mode 0600
    #[arg(long, global = true, value_name = "FILE")]
    password_file: Option<PathBuf>,
    /// Language of what is said to people, where it is translated [default: that of LC_ALL, LC_MESSAGES or LANG]
    #[arg(long, global = true, value_parser = PossibleValuesParser::new(Language::ALL.map(Language::tag)).map(language))]
    language: Option<Language>,
}

#[expect(clippy::needless_pass_by_value, reason = "the parser hands it on by value")]
fn language(tag: String) -> Language {
    Language::of_tag(&tag).unwrap_or_default()
}

/// A command line that was understood.
pub struct Typed {
    global: Global,
    matches: ArgMatches,
    family: &'static Family,
}

/// Reads a command line.
///
/// # Errors
/// What is wrong with it; help and version come this way too.
pub fn read(arguments: Vec<OsString>) -> std::result::Result<Typed, clap::Error> {
    let matches = program().try_get_matches_from(arguments)?;
    let Common { global } = Common::from_arg_matches(&matches)?;
    note_typed(global.typed(&matches));
    let verb = matches.subcommand_name().expect("a verb is required");
    let family = FAMILIES.iter().find(|family| family.has(verb)).expect("some family has described every verb");
    Ok(Typed { global, matches, family })
}

impl Typed {
    /// Whether a program reads the answer.
    pub const fn is_for_programs(&self) -> bool {
        self.global.json
    }

    /// Does what was asked for.
    pub fn run(self) -> Result<Report> {
        languages::speak(self.global.spoken());
        self.family.run(&self.matches, &self.global.into_context()?)
    }
}

/// The program as clap knows it.
pub fn program() -> Command {
    let bare = Common::command().subcommand_required(true).arg_required_else_help(true);
    let program = FAMILIES.iter().fold(bare, |program, family| family.describe(program));
    // What a family's type says of itself would else stand there.
    let program = program.about(ABOUT).long_about(None);
    let help = grouped(&program.clone().render_help().ansi().to_string());
    program.override_help(help)
}

/// The help with the verbs under the headings of their families. clap has one heading for all.
fn grouped(help: &str) -> String {
    let mut text = String::new();
    let (mut style, mut heading) = (None, "");
    for line in help.lines() {
        let bare = without_styles(line);
        if bare.trim_end() == VERBS {
            style = Some(line);
            continue;
        }
        let verb = bare.strip_prefix("  ").and_then(|entry| entry.split(' ').next());
        let family = FAMILIES.iter().find(|family| verb.is_some_and(|verb| family.has(verb)));
        if let (Some(style), Some(family)) = (style, family.filter(|family| family.heading != heading)) {
            let gap = if heading.is_empty() { "" } else { "\n" };
            heading = family.heading;
            text.push_str(&format!("{gap}{}\n", style.replace(VERBS, &format!("{heading}:"))));
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// A line without the escape sequences that make it bold.
fn without_styles(line: &str) -> String {
    let plain = |(place, part): (usize, &str)| match part.split_once('m') {
        Some((_, plain)) if place > 0 => plain.to_owned(),
        _ => part.to_owned(),
    };
    line.split('\u{1b}').enumerate().map(plain).collect()
}

impl Global {
    /// In which language this program speaks: to programs in English, whatever they run in.
    fn spoken(&self) -> Language {
        let said = || Language::of_environment(self.language, |name| std::env::var(name).ok());
        if self.json { Language::English } else { said() }
    }

    /// What stands on the command line of what messages name again, and not in the environment.
    fn typed(&self, matches: &ArgMatches) -> TypedOptions {
        let is_typed = |option: &str| matches.value_source(option) == Some(ValueSource::CommandLine);
        TypedOptions {
            home: self.home.clone().filter(|_| is_typed("home")),
            wallet_dir: self.wallet_dir.clone().filter(|_| is_typed("wallet_dir")),
            node: is_typed("node").then(|| self.node.clone()),
        }
    }

    fn into_context(self) -> Result<Context> {
        let user = || std::env::var_os("HOME").filter(|home| !home.is_empty());
        let home = self.home.or_else(|| Some(PathBuf::from(user()?).join(".thronos")));
        // A wallet in whatever directory one happens to stand would be lost with the next `cd`.
        let directory = self.wallet_dir.or_else(|| Some(home?.join("wallet"))).ok_or_else(|| {
            Error::new(
                "no_home",
                "HOME is not set, so it is not known where the wallet and the chain's genesis lie",
                "name a directory with `--home DIR`",
            )
        })?;
        self.checkpoint.as_deref().map(str::parse::<Checkpoint>).transpose()?;
        let mut context = Context::new(WalletHome::new(directory), self.node);
        context.json = self.json;
        context.genesis = self.genesis;
        context.password_file = self.password_file;
        context.checkpoint = self.checkpoint;
        Ok(context)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        program().debug_assert();
    }

    #[test]
    fn a_language_is_taken_from_the_option_and_programs_are_spoken_to_in_english() {
        let spoken = |arguments: &[&str]| {
            let line = ["thronos"].iter().chain(arguments).map(OsString::from).collect();
            read(line).map(|typed| typed.global.spoken()).map_err(|error| error.kind())
        };
        assert_eq!(spoken(&["--language", "el", "wallet", "list"]), Ok(Language::Greek));
        assert_eq!(spoken(&["wallet", "list", "--language", "zh"]), Ok(Language::Chinese));
        assert_eq!(spoken(&["--language", "de", "--json", "wallet", "list"]), Ok(Language::English));
        for wrong in ["it", "de-AT", "DE\u{1b}"] {
            let refused = spoken(&["--language", wrong, "wallet", "list"]);
            assert_eq!(refused, Err(clap::error::ErrorKind::InvalidValue), "{wrong}");
        }
    }

    #[test]
    fn no_verb_is_there_twice_and_every_family_has_one() {
        let mut known = BTreeSet::new();
        for family in FAMILIES {
            let described = family.describe(Command::new("alone"));
            assert!(described.has_subcommands(), "{} has no verb", family.heading);
            for verb in described.get_subcommands() {
                assert!(family.has(verb.get_name()), "{} is not found by its name", verb.get_name());
                for name in std::iter::once(verb.get_name()).chain(verb.get_all_aliases()) {
                    assert!(known.insert(name.to_owned()), "{name} of {} is there twice", family.heading);
                }
            }
        }
        assert!(["wallet", "send", "completions"].iter().all(|verb| known.contains(*verb)), "{known:?}");
    }

    #[test]
    fn the_help_has_each_verb_once_under_its_familys_heading() {
        let help = program().render_help().to_string();
        for family in FAMILIES {
            let section = help.split(&format!("\n\n{}:\n", family.heading)).nth(1).expect(family.heading);
            let section = section.split("\n\n").next().expect("a split has a first part");
            for verb in family.describe(Command::new("alone")).get_subcommands() {
                let entry = format!("  {} ", verb.get_name());
                assert_eq!(section.lines().filter(|line| line.starts_with(&entry)).count(), 1, "{entry} in {section}");
            }
        }
        assert!(!help.contains(VERBS) && help.contains("Options of every command:") && help.contains(ABOUT), "{help}");
    }

    #[test]
    fn completions_know_every_familys_verbs() {
        let mut script = Vec::new();
        clap_complete::generate(clap_complete::Shell::Bash, &mut program(), "thronos", &mut script);
        let script = String::from_utf8_lossy(&script);
        for verb in program().get_subcommands() {
            // It writes a hyphen as it writes what is below a verb.
            let name = verb.get_name().replace('-', "__subcmd__");
            assert!(script.contains(&format!("thronos__subcmd__{name}")), "{name}");
        }
    }
}
