//! The name of a new feature in its four forms, and why a name cannot be taken.
//!
//! A name becomes a folder, a crate, a section of settings, a part of a route and a command, so it is refused here when any of
//! these has it already: nothing is written then.

use std::collections::BTreeSet;

use super::template;
use crate::workspace::Workspace;
use crate::{Failure, tidy};

/// Letters of a name, at least and at most.
const LENGTH: std::ops::RangeInclusive<usize> = 3..=24;

/// Words of Rust, and crates that every program sees.
const KEYWORDS: &[&str] = &[
    "abstract",
    "alloc",
    "as",
    "async",
    "await",
    "become",
    "box",
    "break",
    "const",
    "continue",
    "core",
    "crate",
    "do",
    "dyn",
    "else",
    "enum",
    "extern",
    "false",
    "final",
    "fn",
    "for",
    "gen",
    "if",
    "impl",
    "in",
    "let",
    "loop",
    "macro",
    "match",
    "mod",
    "move",
    "mut",
    "override",
    "priv",
    "proc_macro",
    "pub",
    "ref",
    "return",
    "self",
    "static",
    "std",
    "struct",
    "super",
    "test",
    "trait",
    "true",
    "try",
    "type",
    "typeof",
    "unsafe",
    "unsized",
    "use",
    "virtual",
    "where",
    "while",
    "yield",
];

/// Names that the house itself has beside its crates: the kernel's own module, and what stands in every feature's folder.
const OF_THE_HOUSE: &[&str] = &["kernel", "rules", "service", "client", "trial", "module_name", "modules", "help"];

/// Types that every Rust program sees without naming where they come from.
const PRELUDE: &[&str] = &[
    "Box", "Clone", "Copy", "Default", "Drop", "Eq", "Err", "Extend", "Fn", "From", "Into", "Iterator", "None", "Ok",
    "Option", "Ord", "Result", "Send", "Sized", "Some", "String", "Sync", "Unpin", "Vec",
];

/// Pages that name what programs answer to, and what stands before such a name there.
const PAGES: [(&str, &str, &str); 4] = [
    ("docs/reference/commands.md", "### thronos ", "a command of `thronos`"),
    ("docs/reference/commands.md", "### thronosd ", "a command of `thronosd`"),
    ("docs/reference/routes.md", " /api/v1/", "a route of every node"),
    ("docs/reference/settings.md", "## ", "a section of the settings"),
];

/// A name that was judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Name {
    /// `guest-book`: folder, crates, command.
    pub(crate) kebab: String,
    /// `guest_book`: in code, routes, settings and metrics.
    pub(crate) snake: String,
    /// `GuestBook`: the beginning of every type.
    pub(crate) pascal: String,
    /// `Guest book`: for people.
    pub(crate) title: String,
}

impl Name {
    /// Reads a name by its form alone.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        let refuse = |why: &str| Err(Failure::new(format!("`{text}` is no name for a module: {why}")));
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
        if !text.bytes().all(is_plain) || text.contains('-') && text.contains('_') {
            return refuse("write lower-case letters and digits, words joined by hyphens, such as `guest-book`");
        }
        if !LENGTH.contains(&text.len()) {
            return refuse(&format!("it has {} letters, and {} to {} fit", text.len(), LENGTH.start(), LENGTH.end()));
        }
        let words: Vec<&str> = text.split(['-', '_']).collect();
        if words.iter().any(|word| !word.starts_with(|first: char| first.is_ascii_lowercase())) {
            return refuse("every word begins with a letter");
        }
        let snake = words.join("_");
        if KEYWORDS.contains(&snake.as_str()) {
            return refuse("it is a word of the language");
        }
        let title = words.join(" ");
        Ok(Self {
            kebab: words.join("-"),
            snake,
            pascal: words.iter().map(|word| capital(word)).collect(),
            title: capital(&title),
        })
    }

    /// Refuses it when somebody has it: a folder, a crate, a command, a route, a section of settings, a type or a word of code.
    ///
    /// # Errors
    /// Who has it.
    pub(crate) fn check_free(&self, workspace: &Workspace) -> Result<(), Failure> {
        let taken = |by: &str| Err(Failure::new(format!("the name `{}` is taken by {by}: choose another", self.kebab)));
        if workspace.root.join("modules").join(&self.kebab).exists() {
            return taken(&format!("the folder modules/{}", self.kebab));
        }
        if let Some(folder) = workspace.features.folders.iter().find(|folder| **folder == self.kebab) {
            return taken(&format!("`{folder}`, a feature at the root, whose folder is made by hand"));
        }
        if OF_THE_HOUSE.contains(&self.snake.as_str()) {
            return taken("the house");
        }
        let own = self.crates();
        if let Some(package) = workspace.packages.iter().find(|package| own.contains(&snake(&package.name))) {
            return taken(&format!("the crate `{}` in {}", package.name, package.folder.display()));
        }
        let lock = read(workspace, "Cargo.lock")?;
        if let Some(package) = locked(&lock).find(|package| own.contains(&snake(package))) {
            return taken(&format!("the crate `{package}`, on which the project depends"));
        }
        for (page, before, what) in PAGES {
            if words_after(&read(workspace, page)?, before).contains(self.snake.as_str()) {
                return taken(what);
            }
        }
        if PRELUDE.contains(&self.pascal.as_str()) || template::types(&workspace.root)?.contains(&self.pascal) {
            return taken(&format!("the type `{}`, which the code of a new module uses", self.pascal));
        }
        // What the generator writes has to pass the checks.
        let types = template::own_types(&workspace.root, &self.pascal)?;
        tidy::in_the_way(workspace, &self.kebab, &types)?.map_or(Ok(()), |what| taken(&what))
    }

    /// The names of its crates, as code writes them.
    fn crates(&self) -> [String; 4] {
        ["", "_service", "_client", "_trial"].map(|role| format!("{}{role}", self.snake))
    }
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|first| first.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

fn snake(name: &str) -> String {
    name.replace('-', "_")
}

fn read(workspace: &Workspace, path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(workspace.root.join(path)).map_err(|error| Failure::new(format!("{path}: {error}")))
}

/// The names of the packages in a lock file.
fn locked(lock: &str) -> impl Iterator<Item = &str> {
    lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"'))
}

/// The words that stand directly behind `before` in a page, in the form of code.
fn words_after(page: &str, before: &str) -> BTreeSet<String> {
    let word = |rest: &str| {
        let end = rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_".contains(letter)));
        snake(&rest[..end.unwrap_or(rest.len())])
    };
    page.lines().flat_map(|line| line.split(before).skip(1)).map(word).filter(|word| !word.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_in_four_forms() {
        let name = Name::read("guest-book").expect("a good name");
        assert_eq!((name.kebab.as_str(), name.snake.as_str()), ("guest-book", "guest_book"));
        assert_eq!((name.pascal.as_str(), name.title.as_str()), ("GuestBook", "Guest book"));
        assert_eq!(Name::read("guest_book").expect("the same name"), name);
        assert_eq!(Name::read("guestbook").expect("a good name").pascal, "Guestbook");
    }

    #[test]
    fn a_name_that_would_not_fit_everywhere_is_refused_with_the_reason() {
        let planted = [
            ("GuestBook", "lower-case"),
            ("guest book", "lower-case"),
            ("guest-book_2", "lower-case"),
            ("gäste", "lower-case"),
            ("guest--book", "begins with a letter"),
            ("-guest", "begins with a letter"),
            ("guest-2", "begins with a letter"),
            ("gb", "2 letters"),
            ("a-name-that-is-far-too-long", "letters"),
            ("", "0 letters"),
            ("match", "word of the language"),
            ("std", "word of the language"),
        ];
        for (text, reason) in planted {
            let Failure(sentence) = Name::read(text).expect_err(text);
            assert!(sentence.contains(reason), "{text}: {sentence}");
        }
    }

    #[test]
    fn a_name_that_somebody_has_is_refused_with_who_has_it() {
        let workspace = Workspace::load().expect("this is the project");
        let planted = [
            ("tokens", "the folder modules/tokens"),
            ("types", "the crate `types`"),
            ("serde", "on which the project depends"),
            ("send", "a command of `thronos`"),
            ("init", "a command of `thronosd`"),
            ("blocks", "a route of every node"),
            ("metrics", "a section of the settings"),
            ("storage-market", "a feature at the root"),
            ("kernel", "the house"),
            ("read", "the type `Read`"),
            ("newest", "the type `Newest`"),
            ("call", "the type `Call`"),
            ("context", "the type `Context`"),
            ("clock", "where it means something else: "),
            ("price", "where it means something else: "),
            ("window", "where it means something else: "),
            ("proofs", "where it means something else: "),
            ("system", ".rs (line"),
            ("result", "the type `Result`"),
            ("option", "the type `Option`"),
        ];
        for (text, owner) in planted {
            let name = Name::read(text).expect("its form is right");
            let Failure(sentence) = name.check_free(&workspace).expect_err(text);
            assert!(sentence.contains(owner), "{text}: {sentence}");
        }
        Name::read("nobody-has-it").expect("a good name").check_free(&workspace).expect("nobody has it");
    }
}
