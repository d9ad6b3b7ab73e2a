//! The page of commands: what each command and each of its subcommands says under `--help`.

use crate::Failure;

/// Begins the block that every command of the client repeats; it stands once, under the program itself.
const SHARED: &str = "Options of every command:";

/// A command, in words, and its help.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Help {
    pub(super) words: Vec<String>,
    pub(super) text: String,
}

/// The help of a program and of all its subcommands, in the order in which they are listed.
pub(super) fn collect(program: &str, ask: &dyn Fn(&[String]) -> Result<String, Failure>) -> Result<Vec<Help>, Failure> {
    let mut found = Vec::new();
    // The next to be asked stands last.
    let mut waiting: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = waiting.pop() {
        let text = ask(&words)?;
        for name in subcommands(&text).into_iter().rev() {
            waiting.push(words.iter().cloned().chain([name]).collect());
        }
        let text = if words.is_empty() { text } else { without_shared(&text) };
        found.push(Help { words: std::iter::once(program.to_owned()).chain(words).collect(), text });
    }
    Ok(found)
}

/// The page.
pub(super) fn page(helps: &[Help]) -> String {
    let about = "What `--help` says of each command. A value in brackets after `env:` is read from that variable.";
    let mut page = super::heading("Commands", about);
    for Help { words, text } in helps {
        let level = if words.len() == 1 { "##" } else { "###" };
        page.push_str(&format!("\n{level} {}\n\n```text\n{}\n```\n", words.join(" "), tidied(text)));
    }
    page
}

/// The names of subcommands, without `help`, which every program has. They stand in sections, under `Commands:` or whatever a
/// program calls them; options and arguments have sections too, but no name there begins with a letter.
fn subcommands(help: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut is_section = false;
    for line in help.lines() {
        if !line.starts_with(' ') {
            is_section = line.ends_with(':');
            continue;
        }
        // A description that does not fit goes on further to the right.
        let name = line.strip_prefix("  ").and_then(|entry| entry.split(' ').next());
        names.extend(name.filter(|name| is_section && name.starts_with(|first: char| first.is_ascii_lowercase())));
    }
    names.into_iter().filter(|name| *name != "help").map(str::to_owned).collect()
}

/// Without the block that every command repeats: the lines to the next one that is not indented.
fn without_shared(help: &str) -> String {
    let mut is_shared = false;
    let kept = help.lines().filter(|line| {
        let begins = !line.is_empty() && !line.starts_with(' ');
        if begins {
            is_shared = *line == SHARED;
        }
        !is_shared
    });
    kept.collect::<Vec<_>>().join("\n")
}

/// Without blanks at the ends of lines and of the text.
fn tidied(text: &str) -> String {
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOP: &str = "A program\n\nUsage: p <COMMAND>\n\nOnes:\n  one   First, with a description that\n        goes on\n\nTwos:\n  two   \
                       Second\n  help  Print help\n\nArguments:\n  [NAME]\n  <FILE>\n\nOptions of every command:\n  --node <URL>\n\n  --json\n\nExit codes: 0\n";

    fn told(words: &[String]) -> Result<String, Failure> {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        Ok(match words.as_slice() {
            [] => TOP,
            ["one"] => "First\n\nCommands:\n  deep  Deeper\n",
            ["one", "deep"] => {
                "Deeper  \n\nOptions of every command:\n  --node <URL>\n\n  --json\n\nExample: p one deep\n"
            }
            _ => "Second\n",
        }
        .to_owned())
    }

    #[test]
    fn every_subcommand_is_asked_in_the_order_of_the_list() {
        let found = collect("p", &told).expect("all are told");
        let names: Vec<String> = found.iter().map(|help| help.words.join(" ")).collect();
        assert_eq!(names, ["p", "p one", "p one deep", "p two"]);
    }

    #[test]
    fn what_every_command_repeats_stands_once() {
        let page = page(&collect("p", &told).expect("all are told"));
        assert_eq!(page.matches(SHARED).count(), 1, "{page}");
        assert!(page.contains("### p one deep\n\n```text\nDeeper\n\nExample: p one deep\n```\n"), "{page}");
    }

    #[test]
    fn a_program_that_does_not_answer_is_no_page() {
        assert!(collect("p", &|_| Err(Failure::new("it is not there"))).is_err());
    }
}
