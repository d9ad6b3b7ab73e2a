//! The lines by which the house names a feature: one in each list, and one in the manifest beside it.
//!
//! It must not change anything else. A list has one entry on a line, so that a feature more is a line more.

use std::path::Path;

use super::entries::{Entry, Form};
use super::name::Name;
use crate::Failure;
use crate::source::Source;

/// A list of the house.
struct List {
    role: &'static str,
    /// The file with the list, and the manifest beside it.
    file: &'static str,
    manifest: &'static str,
    /// From the manifest's folder to the root.
    up: &'static str,
    /// How the list looks.
    form: Form,
    /// Whether its entries stand in rising order of the modules' numbers; otherwise a new one stands behind the last of a crate.
    is_in_order: bool,
    line: fn(&Name) -> String,
}

/// The role with a part that only builds with local networks have, so that its manifest needs a second line.
const TRIAL: &str = "trial";

const LISTS: &[List] = &[
    List {
        role: "rules",
        file: "runtime/src/lib.rs",
        manifest: "runtime/Cargo.toml",
        up: "..",
        form: Form { item: "pub fn modules()", opens: "vec![", closes: "}", before: "Box::new(", behind: ")," },
        is_in_order: true,
        line: |name| format!("        Box::new({}::{}),", name.snake, name.pascal),
    },
    List {
        role: "service",
        file: "node/src/services.rs",
        manifest: "node/Cargo.toml",
        up: "..",
        form: Form { item: "pub const SERVICES:", opens: "= &[", closes: ";", before: "service::<", behind: ">()," },
        is_in_order: false,
        line: |name| format!("    service::<{}_service::{}Service>(),", name.snake, name.pascal),
    },
    List {
        role: "client",
        file: "wallet/cli/src/families.rs",
        manifest: "wallet/cli/Cargo.toml",
        up: "../..",
        form: Form { item: "pub const FAMILIES:", opens: "= &[", closes: ";", before: "family::<", behind: ">(\"\")," },
        is_in_order: false,
        line: |name| format!("    family::<{}_client::{}Verbs>(\"{}\"),", name.snake, name.pascal, name.title),
    },
    List {
        role: TRIAL,
        file: "testnet/programs/src/trials.rs",
        manifest: "testnet/programs/Cargo.toml",
        up: "../..",
        form: Form { item: "pub const TRIALS:", opens: "= &[", closes: ";", before: "", behind: "," },
        is_in_order: false,
        line: |name| format!("    {}_trial::TRIAL,", name.snake),
    },
];

/// The file in which the crates of a role are listed.
pub(crate) fn file_of(role: &str) -> Option<&'static str> {
    LISTS.iter().find(|list| list.role == role).map(|list| list.file)
}

/// The entries of a role's list, in the text of its file.
pub(crate) fn entries_of_role(role: &str, text: &str) -> Vec<Entry> {
    let list = LISTS.iter().find(|list| list.role == role);
    list.map_or_else(Vec::new, |list| list.form.entries(&Source::read(list.file, text)))
}

/// The entries of the list that stands in a file; none where no list does.
pub(crate) fn entries_of_file(source: &Source) -> Vec<Entry> {
    let list = LISTS.iter().find(|list| list.file == source.path);
    list.map_or_else(Vec::new, |list| list.form.entries(source))
}

/// A file of the house with its lines for the feature.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Changed {
    pub(crate) path: &'static str,
    pub(crate) text: String,
}

/// The files of the house with one line more in each; nothing is written. `module_before` is the module with the next lower number.
pub(crate) fn changes(
    root: &Path,
    name: &Name,
    module_before: &str,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<Vec<Changed>, Failure> {
    let read =
        |path: &str| std::fs::read_to_string(root.join(path)).map_err(|error| Failure::new(format!("{path}: {error}")));
    let mut changed = Vec::new();
    for list in LISTS.iter().filter(|list| is_there(list.role)) {
        let (text, manifest) = (read(list.file)?, read(list.manifest)?);
        let missing = || Failure::new(format!("{} has no list of the form that it should have", list.file));
        let before = list.is_in_order.then_some(module_before);
        let text = with_entry(list, &text, before, &(list.line)(name)).ok_or_else(missing)?;
        let missing = || Failure::new(format!("{} has no section [dependencies]", list.manifest));
        let manifest = with_dependency(&manifest, &dependency(list, name)).ok_or_else(missing)?;
        let text_of_manifest = if list.role == TRIAL { with_network(&manifest, name) } else { Some(manifest) };
        let missing = || Failure::new(format!("{} has no feature `network` with a line for each trial", list.manifest));
        let text_of_manifest = text_of_manifest.ok_or_else(missing)?;
        changed.push(Changed { path: list.manifest, text: text_of_manifest });
        changed.push(Changed { path: list.file, text });
    }
    changed.sort_by_key(|changed| changed.path);
    Ok(changed)
}

fn dependency(list: &List, name: &Name) -> String {
    let of_role = if list.role == "rules" { String::new() } else { format!("-{}", list.role) };
    format!("{}{of_role} = {{ path = \"{}/modules/{}/{}\" }}", name.kebab, list.up, name.kebab, list.role)
}

/// With a line behind the entry of that crate, or behind the last one of any.
fn with_entry(list: &List, text: &str, package: Option<&str>, line: &str) -> Option<String> {
    let entries = list.form.entries(&Source::read(list.file, text));
    let last = entries.iter().rfind(|entry| package.is_none_or(|package| entry.package == package))?;
    let (before, behind) = text.split_at(last.line.end);
    Some(format!("{before}{line}\n{behind}"))
}

/// With a line at the end of `[dependencies]`.
fn with_dependency(manifest: &str, line: &str) -> Option<String> {
    let mut lines: Vec<&str> = manifest.lines().collect();
    let begin = lines.iter().position(|line| *line == "[dependencies]")? + 1;
    let length = lines[begin..].iter().position(|line| line.is_empty() || line.starts_with('['));
    lines.insert(length.map_or(lines.len(), |length| begin + length), line);
    Some(lines.join("\n") + "\n")
}

/// With a line behind the last trial's in the feature `network`.
fn with_network(manifest: &str, name: &Name) -> Option<String> {
    let mut lines: Vec<&str> = manifest.lines().collect();
    let last = lines.iter().rposition(|line| line.starts_with("    \"") && line.ends_with("-trial/network\","))?;
    let line = format!("    \"{}-trial/network\",", name.kebab);
    lines.insert(last + 1, &line);
    Some(lines.join("\n") + "\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines_more(before: &str, after: &str) -> Vec<String> {
        let mut left: Vec<&str> = before.lines().collect();
        let mut more = Vec::new();
        for line in after.lines() {
            if left.first() == Some(&line) {
                left.remove(0);
            } else {
                more.push(line.to_owned());
            }
        }
        assert!(left.is_empty(), "lines were lost: {left:?}");
        more
    }

    #[test]
    fn each_list_and_each_manifest_of_the_house_gets_one_line_and_that_of_trials_two() {
        // Tests run in the folder of their crate.
        let root = Path::new("..");
        let name = Name::read("guest-book").expect("a good name");
        let changed = changes(root, &name, "tokens", &|_| true).expect("the lists have their form");
        assert_eq!(changed.len(), 2 * LISTS.len());
        for Changed { path, text } in changed {
            let before = std::fs::read_to_string(root.join(path)).expect("it is there");
            let more = lines_more(&before, &text);
            let promised = if path == "testnet/programs/Cargo.toml" { 2 } else { 1 };
            let names = |line: &String| line.contains("guest_book") || line.contains("guest-book");
            assert!(more.len() == promised && more.iter().all(names), "{path}: {more:?}");
        }
    }

    #[test]
    fn a_line_stands_behind_the_last_entry_of_a_feature_with_a_comment_or_without() {
        let services = LISTS.iter().find(|list| list.role == "service").expect("it is there");
        for comment in ["", " // why"] {
            let text = format!(
                "pub const SERVICES: &[Listed] = &[\n    service::<one_service::One>(),{comment}\n    // End.\n];\n"
            );
            let found = with_entry(services, &text, None, "    service::<two_service::Two>(),").expect("a list");
            assert!(
                found.contains(&format!("One>(),{comment}\n    service::<two_service::Two>(),\n    // End.")),
                "{found}"
            );
        }
        assert_eq!(with_entry(services, "pub const SERVICES: &[Listed] = &[];\n", None, "x"), None);
    }

    #[test]
    fn a_line_of_an_ordered_list_stands_behind_the_module_before() {
        let rules = LISTS.iter().find(|list| list.role == "rules").expect("it is there");
        let list =
            "pub fn modules() {\n    vec![\n        Box::new(one::One),\n        Box::new(two::Two),\n    ]\n}\n";
        let found = with_entry(rules, list, Some("one"), "        Box::new(x::X),").expect("a list");
        assert!(found.contains("one::One),\n        Box::new(x::X),\n        Box::new(two"), "{found}");
        assert_eq!(with_entry(rules, list, Some("three"), "x"), None);
    }

    #[test]
    fn a_dependency_stands_at_the_end_of_its_section() {
        let manifest = "[package]\nname = \"a\"\n\n[dependencies]\nb = 1\n\n[dev-dependencies]\nc = 1\n";
        let found = with_dependency(manifest, "d = 1").expect("a section");
        assert!(found.contains("b = 1\nd = 1\n\n[dev-dependencies]"), "{found}");
        assert_eq!(
            with_dependency("[dependencies]\nb = 1\n", "d = 1").as_deref(),
            Some("[dependencies]\nb = 1\nd = 1\n")
        );
        assert_eq!(with_dependency("[package]\n", "d = 1"), None);
    }
}
