//! `feature-shape`: who knows one feature finds their way in every other.
//!
//! - The crate in `NAME/rules` is called `NAME`, those in `NAME/service`, `NAME/client` and `NAME/trial` have the role behind it.
//! - A feature whose crates stand in folders of their roles has a `README.md` with the same sections in the same order.
//! - A crate of rules has at least the files `call`, `reject`, `check` and `execute`; its `lib.rs` says what each of its files is
//!   for, those that other modules have too in one order. (The formatter sorts the declarations, so the order is in words.)
//! - In `keys.rs` each first byte of a key has a value of its own (`first_bytes.rs`). The kernel's file of that name is looked at too.

use std::collections::BTreeSet;

use super::{Files, first_bytes, pages};
use crate::Failure;
use crate::features;
use crate::ratchet::Finding;
use crate::source::Source;
use crate::workspace::{Package, Workspace};

const RULE: &str = "feature-shape";

/// The files of a crate of rules, in the order in which they are read.
const RULES_FILES: [&str; 8] = ["call", "keys", "reject", "event", "check", "execute", "genesis", "query"];

/// Those that it cannot do without.
const RULES_NEEDED: [&str; 4] = ["call", "reject", "check", "execute"];

/// Begins the sentence of `lib.rs` that says what each file is for.
const ORDER: &str = "Files, in the order of every module:";

/// The sections of a feature's page.
const HEADINGS: [&str; 6] = ["What it is", "Try it", "Operate", "Rules", "Words", "Faults"];

/// The rule over all features.
pub(super) fn check(workspace: &Workspace, files: &Files, sources: &[Source]) -> Result<Vec<Finding>, Failure> {
    let mut findings = Vec::new();
    let mut shaped = BTreeSet::new();
    for package in &workspace.packages {
        let Some(part) = &package.part else { continue };
        let has_role = workspace.features.list_of(&part.role).is_some();
        if has_role && package.folder.ends_with(&part.role) {
            shaped.insert(part.feature.clone());
            findings.extend(misnamed(package, &part.feature, &part.role));
        }
        if part.role == "rules" {
            findings.extend(rules_files(package, files, sources));
        }
    }
    findings.extend(first_bytes::check(RULE, sources));
    for feature in shaped {
        let page = format!("{feature}/README.md");
        let text = if files.paths.contains(&page) { Some(files.read(&page)?) } else { None };
        findings.extend(wrong_page(&page, text.as_deref()));
    }
    Ok(findings)
}

fn misnamed(package: &Package, feature: &str, role: &str) -> Option<Finding> {
    let name = features::name(feature);
    let expected = if role == "rules" { name.to_owned() } else { format!("{name}-{role}") };
    let says = format!("is called `{}`; the {role} of {feature} are called `{expected}`", package.name);
    (package.name != expected).then(|| finding(&format!("{}/Cargo.toml", package.folder.display()), 1, says))
}

fn wrong_page(page: &str, text: Option<&str>) -> Option<Finding> {
    let sections = HEADINGS.join(", ");
    let Some(text) = text else {
        return Some(finding(page, 1, format!("is missing: a feature has a page with the sections {sections}")));
    };
    let found: Vec<&str> = pages::prose(text).filter_map(|line| line.strip_prefix("## ")).map(str::trim).collect();
    let says = format!("has the sections {}, not {sections}", found.join(", "));
    (found != HEADINGS).then(|| finding(page, 1, says))
}

fn rules_files(package: &Package, files: &Files, sources: &[Source]) -> Option<Finding> {
    let folder = format!("{}/src/", package.folder.display());
    let library = format!("{folder}lib.rs");
    let names = files.paths.iter().filter_map(|path| path.strip_prefix(&folder)?.strip_suffix(".rs"));
    // A folder counts by its `mod.rs` or by the file beside it; whole files of tests are not read for the rules.
    let is_test =
        |name: &str| sources.iter().any(|source| source.is_test && source.path == format!("{folder}{name}.rs"));
    let names: Vec<&str> = names
        .map(|name| name.strip_suffix("/mod").unwrap_or(name))
        .filter(|name| !name.contains('/') && *name != "lib" && !is_test(name))
        .collect();
    let header = sources.iter().find(|source| source.path == library).map(|source| header(&source.text));
    let wrong = wrong_files(&names, &header.unwrap_or_default());
    (!wrong.is_empty()).then(|| finding(&library, wrong.len(), wrong.join("; ")))
}

/// What a file says of itself, each paragraph in one line.
fn header(text: &str) -> String {
    let lines = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim);
    lines.map(|line| if line.is_empty() { "\n" } else { line }).collect::<Vec<_>>().join(" ")
}

fn wrong_files(names: &[&str], header: &str) -> Vec<String> {
    let mut wrong: Vec<String> = RULES_NEEDED
        .iter()
        .filter(|needed| !names.contains(needed))
        .map(|needed| format!("has no file `{needed}.rs`, which every module has"))
        .collect();
    let Some((_, sentence)) = header.split_once(ORDER) else {
        wrong.push(format!("does not say what its files are for (`//! {ORDER} …`)"));
        return wrong;
    };
    let paragraph = sentence.lines().next().unwrap_or_default();
    let told: Vec<&str> = paragraph.split('`').skip(1).step_by(2).collect();
    let untold: Vec<&str> = names.iter().copied().filter(|name| !told.contains(name)).collect();
    if !untold.is_empty() {
        wrong.push(format!("does not say what {} is for", untold.join(", ")));
    }
    let gone: Vec<&str> = told.iter().copied().filter(|name| !names.contains(name)).collect();
    if !gone.is_empty() {
        wrong.push(format!("tells of files that are not there: {}", gone.join(", ")));
    }
    let shared: Vec<&str> = told.iter().copied().filter(|name| RULES_FILES.contains(name)).collect();
    let ordered: Vec<&str> = RULES_FILES.into_iter().filter(|name| shared.contains(name)).collect();
    if shared != ordered {
        wrong.push(format!("tells of its files in the order {}, not {}", shared.join(" "), ordered.join(" ")));
    }
    wrong
}

fn finding(place: &str, number: usize, says: String) -> Finding {
    Finding { rule: RULE, place: place.to_owned(), number, says }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::features::Features;
    use crate::workspace::Layers;

    const FILES: [&str; 5] = ["call", "check", "execute", "reject", "window"];
    const HEADER: &str = "A module. Files, in the order of every module: `call` what, `reject` why not, `check` without state, \
                          `execute` with it; of its own `window`.";

    fn package(name: &str, folder: &str, features: &Features) -> Package {
        let part = features.part(Path::new(folder));
        Package { name: name.to_owned(), folder: folder.into(), arrows: Vec::new(), part }
    }

    #[test]
    fn a_crate_with_another_name_than_its_place_is_found() {
        let features = Features::default();
        let misnamed = |name: &str, role: &str| {
            let package = package(name, &format!("modules/mining/{role}"), &features);
            misnamed(&package, "modules/mining", role).is_some()
        };
        assert!(!misnamed("mining", "rules") && !misnamed("mining-service", "service"));
        assert!(
            misnamed("mining-rules", "rules") && misnamed("mining_service", "service") && misnamed("miner", "client")
        );
    }

    #[test]
    fn a_page_without_its_sections_or_in_another_order_is_found() {
        let page =
            |headings: &[&str]| headings.iter().map(|heading| format!("## {heading}\n\ntext\n")).collect::<String>();
        assert_eq!(wrong_page("m/README.md", Some(&page(&HEADINGS))), None);
        let fenced = format!("{}```\n## Not a section\n```\n### Below one\n", page(&HEADINGS));
        assert_eq!(wrong_page("m/README.md", Some(&fenced)), None);
        let mut turned = HEADINGS;
        turned.swap(1, 2);
        assert!(wrong_page("m/README.md", Some(&page(&turned))).is_some());
        assert!(wrong_page("m/README.md", Some(&page(&HEADINGS[..5]))).is_some());
        assert!(wrong_page("m/README.md", None).is_some_and(|found| found.says.starts_with("is missing")));
    }

    #[test]
    fn a_crate_of_rules_has_its_files_and_tells_of_them_in_their_order() {
        assert_eq!(wrong_files(&FILES, HEADER), Vec::<String>::new());
        let planted = [
            (&FILES[1..], HEADER.to_owned(), 2),
            (&FILES[..], HEADER.replace("`window`", "more"), 1),
            (&FILES[..], HEADER.replace("`window`", "`window` and `door`"), 1),
            (&FILES[..], HEADER.replace("`call` what, `reject` why not", "`reject` why not, `call` what"), 1),
            (&FILES[..], "A module.".to_owned(), 1),
        ];
        for (files, header, problems) in planted {
            assert_eq!(wrong_files(files, &header).len(), problems, "{header}");
        }
    }

    #[test]
    fn the_paragraph_on_files_may_go_over_lines_and_others_follow() {
        let text = format!(
            "//! {}\n//!\n//! It must not know `doors`.\n#![deny(x)]\n",
            HEADER.replace("check`", "check`\n//!")
        );
        assert_eq!(wrong_files(&FILES, &header(&text)), Vec::<String>::new());
    }

    #[test]
    fn only_a_feature_with_folders_of_roles_needs_a_page() {
        let features = Features {
            folders: vec!["modules/*".to_owned()],
            lists: vec![("client".to_owned(), "thronos".to_owned())],
            ..Features::default()
        };
        let files = Files { root: Path::new("/nonexistent"), paths: BTreeSet::new() };
        let found = |folder: &str| {
            let packages = vec![package("mining-client", folder, &features)];
            let (layers, features) = (Layers::default(), features.clone());
            let all = Workspace { root: "/r".into(), target: "/t".into(), packages, layers, features };
            let found = check(&all, &files, &[]).expect("no file is read");
            found.into_iter().map(|finding| finding.place).collect::<Vec<_>>()
        };
        assert_eq!(found("modules/mining/client"), ["modules/mining/README.md"]);
        assert_eq!(found("wallet"), Vec::<String>::new());
    }
}
