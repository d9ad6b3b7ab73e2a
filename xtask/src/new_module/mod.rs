//! `cargo x new-module NAME`: a feature that works, as a folder of its own and one line in each list of the house.
//!
//! The folder is made of the template in `xtask/module` (`template.rs`); the lines are in `lists.rs`, and `entries.rs` reads them; what is no name for a
//! feature, or is taken, `name.rs` refuses before anything is written. The promise that nothing else changes is a test: the stage
//! `plug` of `cargo x test` counts the lines. It must not know what a feature does.

mod entries;
mod lists;
pub(crate) mod name;
#[cfg(test)]
mod page;
pub(crate) mod template;

pub(crate) use lists::{entries_of_file, entries_of_role, file_of as list_file};

use std::path::Path;

use crate::workspace::Workspace;
use crate::{Failure, command};
use lists::Changed;
use name::Name;
use template::NewFile;

const HELP: &str = "\
cargo x new-module NAME

Writes modules/NAME, a feature that works and is tested: rules on the chain, a service in the node, commands of `thronos`, a trial
for simulator and local networks, and a page; and names it by one line in each list of the house and in the manifest beside it.
NAME has lower-case letters and digits, words joined by hyphens: guestbook, guest-book. Its number is the next that no other
module has; the numbers of features to come are kept for them (`numbers` in Cargo.toml).

docs/MODULES.md goes through all of it, line by line, and says how to take it back.";

/// Number of the kernel, which is no feature.
const KERNEL: u16 = 0;

/// What was written.
pub(crate) struct Written {
    pub(crate) name: Name,
    pub(crate) number: u16,
    /// Files of the new folder, by paths from the root.
    pub(crate) files: Vec<String>,
    /// Files of the house that have a line more; those that cargo writes are not among them.
    pub(crate) changed: Vec<&'static str>,
}

/// `cargo x new-module NAME`.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["-h" | "--help"] => {
            println!("{HELP}");
            Ok(())
        }
        [name] if !name.starts_with('-') => {
            let written = write(&Workspace::load()?, name)?;
            print!("{}", told(&written));
            Ok(())
        }
        _ => Err(Failure::new(format!("new-module takes one name\n\n{HELP}"))),
    }
}

/// Writes the folder and the lines. What can be refused is refused before anything is written.
pub(crate) fn write(workspace: &Workspace, name: &str) -> Result<Written, Failure> {
    let name = Name::read(name)?;
    name.check_free(workspace)?;
    let given = numbered(workspace)?;
    let number = free_number(&workspace.features.numbers, &given, &name)?;
    let files = template::files(&workspace.root, &name, number)?;
    let has_role = |role: &str| files.iter().any(|file| file.path.starts_with(role));
    let before = module_before(&given, number).unwrap_or_default();
    let changed = lists::changes(&workspace.root, &name, before, &has_role)?;
    let folder = format!("modules/{}", name.kebab);
    for NewFile { path, text } in &files {
        put(&workspace.root.join(&folder).join(path), text)?;
    }
    for Changed { path, text } in &changed {
        put(&workspace.root.join(path), text)?;
    }
    tidy_up(workspace, &name, &files)?;
    let files = files.iter().map(|file| format!("{folder}/{}", file.path.display())).collect();
    Ok(Written { name, number, files, changed: changed.iter().map(|changed| changed.path).collect() })
}

/// The modules that there are, each with its number, as code names its crate.
fn numbered(workspace: &Workspace) -> Result<Vec<(String, u16)>, Failure> {
    let mut found = Vec::new();
    for package in workspace.packages.iter().filter(|package| package.is_meant_by("*/rules")) {
        let library = workspace.root.join(&package.folder).join("src/lib.rs");
        let text = std::fs::read_to_string(&library)
            .map_err(|error| Failure::new(format!("{}: {error}", library.display())))?;
        let number = number_in(&text).ok_or_else(|| {
            Failure::new(format!("{} does not say its number (`const ID: ModuleId = ModuleId(…)`)", library.display()))
        })?;
        found.push((package.name.replace('-', "_"), number));
    }
    Ok(found)
}

/// The number that was kept for the name, or the next above all that are given or kept.
fn free_number(kept: &[(String, u16)], given: &[(String, u16)], name: &Name) -> Result<u16, Failure> {
    if let Some((_, number)) = kept.iter().find(|(feature, _)| *feature == name.kebab) {
        return Ok(*number);
    }
    let highest = kept.iter().chain(given).map(|(_, number)| *number).max().unwrap_or(KERNEL);
    highest.checked_add(1).ok_or_else(|| Failure::new("there is no number left for a module"))
}

/// The module behind which one with this number stands in the list.
fn module_before(given: &[(String, u16)], number: u16) -> Option<&str> {
    let lower = given.iter().filter(|(_, other)| *other < number);
    lower.max_by_key(|(_, other)| *other).map(|(module, _)| module.as_str())
}

/// The number that a module's `lib.rs` gives it.
pub(crate) fn number_in(text: &str) -> Option<u16> {
    let (_, rest) = text.split_once("const ID: ModuleId = ModuleId(")?;
    rest.split_once(')')?.0.trim().parse().ok()
}

fn put(path: &Path, text: &str) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::new(format!("{}: {error}", path.display()));
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(failed)?;
    }
    std::fs::write(path, text).map_err(failed)
}

/// A name of another length breaks lines elsewhere, and cargo has to know the new crates.
fn tidy_up(workspace: &Workspace, name: &Name, files: &[NewFile]) -> Result<(), Failure> {
    command::output(&mut command::cargo(workspace, &["update", "--quiet", "--workspace", "--offline"]))?;
    let mut formatted = command::cargo(workspace, &["fmt"]);
    for role in ["rules", "service", "client", "trial"] {
        if files.iter().any(|file| file.path.starts_with(role)) {
            let of_role = if role == "rules" { String::new() } else { format!("-{role}") };
            formatted.args(["-p", &format!("{}{of_role}", name.kebab)]);
        }
    }
    command::run(&mut formatted)
}

/// What was written and what to do next, for people.
fn told(written: &Written) -> String {
    let Written { name, number, files, changed } = written;
    let Name { kebab, snake, .. } = name;
    let mut page = format!("module {number}, `{snake}`, is written:\n");
    for file in files {
        page.push_str(&format!("  {file}\n"));
    }
    page.push_str("and named by a line in each of, and a second one in the manifest of the trials:\n");
    for file in changed {
        page.push_str(&format!("  {file}\n"));
    }
    page.push_str("Cargo.lock, which cargo writes, knows its crates.\n\nNext:\n");
    let next = [
        (
            format!("cargo x test --workspace --test {kebab}-rules"),
            "tests its rules; the others are -service, -client, -trial",
        ),
        ("cargo x devnet --wipe".to_owned(), "makes a network that has it, and says how to call `thronos` there"),
        (format!("thronos {kebab} --help"), "tells its commands"),
        ("cargo x reference".to_owned(), "writes the pages that name its routes, settings and commands"),
        ("cargo x check".to_owned(), "says what is wrong, before a commit"),
    ];
    let width = next.iter().map(|(typed, _)| typed.len()).max().unwrap_or_default();
    for (typed, about) in next {
        page.push_str(&format!("  {typed:width$}  {about}\n"));
    }
    page.push_str(&format!("\nRead modules/{kebab}/rules/src/lib.rs first, and docs/MODULES.md. To take it back:\n"));
    page.push_str(&format!("  git checkout -- {} Cargo.lock\n  rm -r modules/{kebab}\n", changed.join(" ")));
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_where_modules_say_it() {
        assert_eq!(number_in("    const ID: ModuleId = ModuleId(3);\n"), Some(3));
        assert_eq!(number_in("    const ID: ModuleId = KERNEL;\n"), None);
    }

    #[test]
    fn a_feature_to_come_gets_the_number_that_is_kept_for_it_and_another_one_the_next_of_all() {
        let pair = |(name, number): (&str, u16)| (name.to_owned(), number);
        let kept = [("staking", 2), ("bridge", 5)].map(pair);
        let given = [("tokens", 1), ("mining", 3)].map(pair);
        let number =
            |name: &str| free_number(&kept, &given, &Name::read(name).expect("a good name")).expect("a number");
        assert_eq!((number("staking"), number("bridge"), number("guestbook")), (2, 5, 6));
        assert_eq!((module_before(&given, 2), module_before(&given, 6)), (Some("tokens"), Some("mining")));
        let workspace = Workspace::load().expect("this is the project");
        let given = numbered(&workspace).expect("every module says its number");
        assert!(given.contains(&pair(("tokens", 1))) && given.contains(&pair(("mining", 3))), "{given:?}");
        assert!(workspace.features.numbers.contains(&pair(("staking", 2))));
    }

    #[test]
    fn what_was_written_is_told_with_the_way_back() {
        let name = Name::read("guest-book").expect("a good name");
        let files = vec!["modules/guest-book/README.md".to_owned()];
        let page = told(&Written { name, number: 7, files, changed: vec!["runtime/Cargo.toml"] });
        assert!(page.starts_with("module 7, `guest_book`, is written:\n  modules/guest-book/README.md\n"), "{page}");
        assert!(
            page.contains("git checkout -- runtime/Cargo.toml Cargo.lock") && page.contains("rm -r modules/guest-book")
        );
    }

    #[test]
    fn without_a_name_or_with_two_nothing_is_written() {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for wrong in [&[] as &[&str], &["one", "two"], &["--fast"]] {
            let Failure(sentence) = run(&words(wrong)).expect_err("it takes one name");
            assert!(sentence.contains("takes one name"), "{sentence}");
        }
        assert!(run(&words(&["Not a name"])).is_err());
    }
}
