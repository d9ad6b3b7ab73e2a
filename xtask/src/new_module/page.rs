//! `docs/MODULES.md` goes through a new module line by line: what it shows of code must be what is written, and what it shows of
//! `cargo x new-module` what that says.
//!
//! A block of Rust belongs to the file that is named last above it. Blanks and commas before a closing bracket are not compared,
//! because the formatter breaks lines by the length of a name.

use std::path::Path;

use super::name::Name;
use super::{Written, lists, template, told};

const PAGE: &str = "docs/MODULES.md";

/// The module of the page, and its number there.
const NAME: &str = "guestbook";
const NUMBER: u16 = 9;

/// A block of Rust with the file that it is from.
#[derive(Debug, PartialEq, Eq)]
struct Shown<'a> {
    file: &'a str,
    code: String,
}

/// All blocks of Rust of the page.
fn shown(page: &str) -> Vec<Shown<'_>> {
    let mut found = Vec::new();
    let (mut file, mut code) = ("", None::<String>);
    for line in page.lines() {
        match &mut code {
            Some(_) if line == "```" => {
                found.extend(code.take().map(|code| Shown { file, code }));
            }
            Some(code) => code.push_str(&format!("{line}\n")),
            None if line == "```rust" => code = Some(String::new()),
            None => file = line.strip_prefix('`').and_then(|rest| rest.strip_suffix("`:")).unwrap_or(file),
        }
    }
    found
}

/// What is compared of code.
fn bare(code: &str) -> String {
    let code: String = code.split_whitespace().collect();
    [",)", ",}", ",]"].iter().fold(code, |code, end| code.replace(end, &end[1..]))
}

#[test]
fn the_page_shows_code_as_it_is_written() {
    // Tests run in the folder of their crate.
    let root = Path::new("..");
    let page = std::fs::read_to_string(root.join(PAGE)).expect("the page");
    let name = Name::read(NAME).expect("a good name");
    let files = template::files(root, &name, NUMBER).expect("the template");
    let blocks = shown(&page);
    assert!(blocks.len() > 10, "{} blocks", blocks.len());
    for Shown { file, code } in blocks {
        let inside = file.strip_prefix("modules/guestbook/").expect(file);
        let written = files.iter().find(|written| written.path == Path::new(inside)).expect(file);
        assert!(bare(&written.text).contains(&bare(&code)), "{PAGE} shows of {file} what is not there:\n{code}");
    }
}

#[test]
fn the_page_shows_what_new_module_says() {
    // Tests run in the folder of their crate.
    let root = Path::new("..");
    let page = std::fs::read_to_string(root.join(PAGE)).expect("the page");
    let name = Name::read(NAME).expect("a good name");
    let files = template::files(root, &name, NUMBER).expect("the template");
    let files = files.iter().map(|file| format!("modules/{NAME}/{}", file.path.display())).collect();
    let changed = lists::changes(root, &name, "mining", &|_| true).expect("the lists");
    let changed = changed.iter().map(|changed| changed.path).collect();
    let said = told(&Written { name, number: NUMBER, files, changed });
    assert!(page.contains(said.trim_end()), "{PAGE} does not show:\n{said}");
}

#[test]
fn a_block_belongs_to_the_file_above_it() {
    let page = "`a.rs`:\n\n```rust\nfn a() {}\n```\n\n```diff\n+ no\n```\n\n```rust\nfn b() {}\n```\n";
    let found = shown(page);
    assert_eq!(
        found.iter().map(|shown| (shown.file, shown.code.as_str())).collect::<Vec<_>>(),
        [("a.rs", "fn a() {}\n"), ("a.rs", "fn b() {}\n"),]
    );
    assert_eq!(bare("f(a,\n   b,\n)"), bare("f(a, b)"));
}
