//! Part of `feature-shape`: keys of two kinds never begin with one byte, as they would be one place of the state.
//!
//! Looked at are the constants of one byte (`const NAME: u8 = 1;`, `[u8; 1]`) in the files of a crate that tell its keys: `src/keys.rs`
//! and what lies in `src/keys/`. A value that cannot be read here is a finding too, so that none gets past by how it is written.

use std::collections::BTreeMap;

use crate::ratchet::Finding;
use crate::source::{Source, identifiers, number};

/// A constant of one byte.
struct FirstByte<'a> {
    name: &'a str,
    /// What is written behind the sign of equality.
    text: &'a str,
    value: Option<u8>,
}

/// The rule over all crates.
pub(super) fn check(rule: &'static str, sources: &[Source]) -> Vec<Finding> {
    let mut crates: BTreeMap<&str, Vec<&Source>> = BTreeMap::new();
    for source in sources.iter().filter(|source| !source.is_test) {
        if let Some(folder) = folder(&source.path) {
            crates.entry(folder).or_default().push(source);
        }
    }
    crates.into_values().filter_map(|files| finding(rule, &files)).collect()
}

/// The crate whose keys a file tells.
fn folder(path: &str) -> Option<&str> {
    path.split_once("/src/keys/").map(|(folder, _)| folder).or_else(|| path.strip_suffix("/src/keys.rs"))
}

fn finding(rule: &'static str, files: &[&Source]) -> Option<Finding> {
    let mut owners: BTreeMap<u8, Vec<&str>> = BTreeMap::new();
    let mut wrong = Vec::new();
    for FirstByte { name, text, value } in files.iter().flat_map(|file| first_bytes(file)) {
        match value {
            Some(value) => owners.entry(value).or_default().push(name),
            None => wrong.push(format!("{name} is `{text}`, which cannot be read here: write a number")),
        }
    }
    let shared = owners.into_iter().filter(|(_, names)| names.len() > 1);
    wrong.extend(shared.map(|(value, names)| format!("{} are all {value}", names.join(", "))));
    let place = files.first().map(|file| file.path.clone())?;
    let says = format!("keys of two kinds may not begin with one byte: {}", wrong.join("; "));
    (!wrong.is_empty()).then_some(Finding { rule, place, number: wrong.len(), says })
}

fn first_bytes(source: &Source) -> Vec<FirstByte<'_>> {
    let items =
        identifiers(&source.code).filter(|(at, word)| ["const", "static"].contains(word) && !source.in_test(*at));
    items.filter_map(|(at, word)| first_byte(source, at + word.len())).collect()
}

/// The constant whose name begins behind that place; nothing for one of another type, and for a function.
fn first_byte(source: &Source, at: usize) -> Option<FirstByte<'_>> {
    let code = source.code.as_str();
    let colon = at + code[at..].find([':', '(', ';', '=', '{', '>'])?;
    let equals = colon + code[colon..].strip_prefix(':')?.find('=')? + 1;
    let name = code[at..colon].split_whitespace().next_back()?;
    let kind: String = code[colon + 1..equals].split_whitespace().collect();
    let end = equals + code[equals..].find(';')?;
    // A character is blanked in code, so the value is read in the text.
    let text = source.text[equals + 1..end].trim();
    let value = match kind.as_str() {
        "u8" => byte(text),
        "[u8;1]" => text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).and_then(byte),
        _ => return None,
    };
    Some(FirstByte { name, text, value })
}

/// A byte as code writes it: a number, or a letter such as `b's'`.
fn byte(text: &str) -> Option<u8> {
    let text = text.trim();
    let letter = text.strip_prefix("b'").and_then(|text| text.strip_suffix('\''));
    match letter.map(str::as_bytes) {
        None => number(text).and_then(|number| u8::try_from(number).ok()),
        Some([letter]) => Some(*letter),
        Some(b"\\n") => Some(b'\n'),
        Some(b"\\r") => Some(b'\r'),
        Some(b"\\t") => Some(b'\t'),
        Some(b"\\0") => Some(0),
        Some([b'\\', letter @ (b'\\' | b'\'' | b'"')]) => Some(*letter),
        Some([b'\\', b'x', digits @ ..]) => u8::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok(),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATH: &str = "modules/mining/rules/src/keys.rs";
    const OWN: &str = "const TIP: u8 = 0;\npub(crate) const SHARE: u8 = 1;\nconst HEAD: usize = 1;\n/// const A: u8 = 1;\nconst fn f() -> u8 { 1 }\n";

    fn of(files: &[(&str, &str)]) -> Vec<Finding> {
        check("feature-shape", &files.iter().map(|(path, text)| Source::read(path, text)).collect::<Vec<_>>())
    }

    fn counted(path: &str, text: &str) -> usize {
        of(&[(path, text)]).iter().map(|finding| finding.number).sum()
    }

    #[test]
    fn two_keys_that_begin_with_one_byte_are_found_however_it_is_written() {
        assert_eq!(counted(PATH, OWN), 0);
        for form in ["1", "0x01", "0b1", "0o1", "1u8", "1_u8", "0_1", "b'\\x01'"] {
            assert_eq!(counted(PATH, &format!("{OWN}const MINER: u8 = {form};\n")), 1, "{form}");
        }
        for line in [
            "pub const MINER: [u8; 1] = [1];",
            "const MINER: u8 =\n    1;",
            "const MINER :u8=1 ;",
            "const MINER: u8 = 1; // why",
            "static MINER: u8 = 1;",
            "impl A {\n    const MINER: u8 = 1;\n}",
        ] {
            assert_eq!(counted(PATH, &format!("{OWN}{line}\n")), 1, "{line}");
        }
        assert_eq!(counted(PATH, &format!("{OWN}const MINER: u8 = 1;\nconst SEEN: u8 = 0;\n")), 2);
        assert_eq!(counted(PATH, "const A: u8 = b's';\nconst B: u8 = 115;\n"), 1);
        assert_eq!(counted(PATH, "const A: u8 = b';';\nconst B: u8 = 59;\n"), 1);
    }

    #[test]
    fn a_byte_that_cannot_be_read_is_found() {
        for form in ["TIP + 1", "u8::MAX", "256", "{ 1 }", "1 + 1", "next()"] {
            let found = of(&[(PATH, &format!("{OWN}const MINER: u8 = {form};\n"))]);
            assert!(found.len() == 1 && found[0].says.contains(&format!("MINER is `{form}`")), "{form}: {found:?}");
        }
        assert_eq!(counted(PATH, &format!("{OWN}const MINER: [u8; 1] = [TIP];\n")), 1);
    }

    #[test]
    fn the_files_of_a_folder_of_keys_are_one_place_and_two_crates_are_two() {
        let [one, two] = ["const A: u8 = 1;\n", "const B: u8 = 0x1;\n"];
        assert_eq!(of(&[("a/src/keys/mod.rs", one), ("a/src/keys/more.rs", two)]).len(), 1);
        assert_eq!(of(&[("a/src/keys.rs", one), ("a/src/keys/more.rs", two)]).len(), 1);
        assert_eq!(of(&[("a/src/keys.rs", one), ("b/src/keys.rs", two)]), Vec::new());
    }

    #[test]
    fn tests_other_types_and_other_files_are_not_looked_at() {
        assert_eq!(counted(PATH, &format!("{OWN}#[cfg(test)]\nmod tests {{\n    const A: u8 = 1;\n}}\n")), 0);
        assert_eq!(
            counted(PATH, &format!("{OWN}pub(crate) const POT: &[u8] = b\"window\";\nconst N: u16 = A + 1;\n")),
            0
        );
        assert_eq!(counted(PATH, &format!("{OWN}fn f<const N: usize>(a: [u8; N]) {{ let b: u8 = 1; }}\n")), 0);
        assert_eq!(counted("modules/mining/rules/src/event.rs", "const A: u8 = 1;\nconst B: u8 = 1;\n"), 0);
        assert_eq!(counted("modules/mining/rules/tests/keys.rs", "const A: u8 = 1;\nconst B: u8 = 1;\n"), 0);
    }
}
