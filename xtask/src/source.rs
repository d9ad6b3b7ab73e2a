//! Rust, read just well enough: which bytes are code, comment or string, where functions and test parts begin and
//! end. It must not try to understand more; what it cannot read it leaves alone.
//!
//! Invariant: `code` and `comments` have the length and the line breaks of the text, so positions are shared.

use std::ops::Range;

/// One file.
pub(crate) struct Source {
    pub(crate) path: String,
    pub(crate) text: String,
    /// The text with comments and the insides of strings and characters blanked.
    pub(crate) code: String,
    /// The text with everything but comments blanked.
    pub(crate) comments: String,
    /// Byte ranges between the quotes of strings, raw ones and those of bytes included.
    pub(crate) strings: Vec<Range<usize>>,
    pub(crate) functions: Vec<Function>,
    /// Byte ranges under `#[cfg(test)]`.
    tests: Vec<Range<usize>>,
    /// The whole file belongs to tests.
    pub(crate) is_test: bool,
}

/// One function with a body.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Function {
    pub(crate) name: String,
    /// From `fn` to the closing brace.
    pub(crate) whole: Range<usize>,
    /// Between the braces, without them.
    pub(crate) body: Range<usize>,
}

impl Source {
    /// Reads one file.
    pub(crate) fn read(path: &str, text: &str) -> Self {
        let Parts { code, comments, strings } = split(text);
        let functions = functions(&code);
        let tests = test_parts(&code);
        let name = path.rsplit('/').next().unwrap_or(path);
        // The package `benches` stands at the root; only a folder of that name inside a package is test code.
        let folders = path.split('/').skip(1);
        let is_test = name == "tests.rs" || folders.clone().any(|part| part == "tests" || part == "benches");
        Self { path: path.to_owned(), text: text.to_owned(), code, comments, strings, functions, tests, is_test }
    }

    /// Whether the byte at that position belongs to tests.
    pub(crate) fn in_test(&self, position: usize) -> bool {
        self.is_test || self.tests.iter().any(|part| part.contains(&position))
    }

    /// Line number, from 1.
    pub(crate) fn line(&self, position: usize) -> usize {
        line_breaks(&self.text[..position]) + 1
    }

    /// Lines of the file that are not tests.
    pub(crate) fn lines_without_tests(&self) -> usize {
        let tests: usize = self.tests.iter().map(|part| self.line(part.end) - self.line(part.start) + 1).sum();
        self.text.lines().count().saturating_sub(tests)
    }

    /// Positions of a word in code.
    pub(crate) fn words<'a>(&'a self, word: &'a str) -> impl Iterator<Item = usize> + 'a {
        words(&self.code, word)
    }

    /// The modules declared as `#[cfg(test)] mod name;`, as path prefixes.
    fn test_modules(&self) -> Vec<String> {
        let (folder, name) = self.path.rsplit_once('/').unwrap_or(("", &self.path));
        let stem = name.trim_end_matches(".rs");
        let folder =
            if ["lib", "main", "mod"].contains(&stem) { folder.to_owned() } else { format!("{folder}/{stem}") };
        let declared = self.tests.iter().filter_map(|part| {
            let words: Vec<&str> = self.code[part.clone()].trim_end_matches(';').split_whitespace().collect();
            let name = words.iter().position(|word| *word == "mod").and_then(|at| words.get(at + 1))?;
            self.code[part.clone()].ends_with(';').then(|| format!("{folder}/{name}"))
        });
        declared.collect()
    }
}

/// Marks the files that belong to a module which another file declares for tests only.
pub(crate) fn mark_test_modules(sources: &mut [Source]) {
    let modules: Vec<String> = sources.iter().flat_map(Source::test_modules).collect();
    for source in sources {
        let stem = source.path.trim_end_matches(".rs");
        source.is_test |= modules.iter().any(|module| stem == module || stem.starts_with(&format!("{module}/")));
    }
}

/// Positions of a whole word in a text.
pub(crate) fn words<'a>(text: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    let bytes = text.as_bytes();
    text.match_indices(word).map(|(at, _)| at).filter(move |at| {
        let before = at.checked_sub(1).and_then(|at| bytes.get(at));
        let after = bytes.get(at + word.len());
        !before.is_some_and(|byte| is_name(*byte)) && !after.is_some_and(|byte| is_name(*byte))
    })
}

/// The identifiers and keywords of code, with their positions.
pub(crate) fn identifiers(code: &str) -> impl Iterator<Item = (usize, &str)> {
    let bytes = code.as_bytes();
    let begins = |at: usize| is_name(bytes[at]) && !at.checked_sub(1).is_some_and(|before| is_name(bytes[before]));
    let starts = (0..bytes.len()).filter(move |at| begins(*at) && !bytes[*at].is_ascii_digit());
    starts.map(move |at| {
        let length = bytes[at..].iter().take_while(|byte| is_name(**byte)).count();
        (at, &code[at..at + length])
    })
}

/// A whole number as code writes it: `7`, `0x07`, `0b111`, `0o7`, `1_000`, `7u8`.
pub(crate) fn number(literal: &str) -> Option<u64> {
    const TYPES: [&str; 12] = ["u8", "u16", "u32", "u64", "u128", "usize", "i8", "i16", "i32", "i64", "i128", "isize"];
    let literal = literal.trim().replace('_', "");
    let bare = TYPES.iter().find_map(|end| literal.strip_suffix(end)).unwrap_or(&literal);
    let prefixed =
        [("0x", 16), ("0o", 8), ("0b", 2)].iter().find_map(|(head, base)| Some((bare.strip_prefix(head)?, *base)));
    let (digits, base) = prefixed.unwrap_or((bare, 10));
    u64::from_str_radix(digits, base).ok().filter(|_| digits.starts_with(|first: char| first.is_ascii_alphanumeric()))
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn line_breaks(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// A text, taken apart.
struct Parts {
    code: String,
    comments: String,
    strings: Vec<Range<usize>>,
}

/// Code and comments, each with everything else blanked, and where strings stand.
fn split(text: &str) -> Parts {
    let bytes = text.as_bytes();
    let mut strings = Vec::new();
    let (mut code, mut comments) = (bytes.to_vec(), bytes.to_vec());
    let mut at = 0;
    while at < bytes.len() {
        let (end, is_comment) = match bytes[at] {
            b'/' if bytes[at..].starts_with(b"//") => (line_end(bytes, at), true),
            b'/' if bytes[at..].starts_with(b"/*") => (block_comment_end(bytes, at), true),
            b'"' => (string_end(bytes, at, b'"'), false),
            b'\'' => (character_end(text, at), false),
            b'r' if !at.checked_sub(1).is_some_and(|before| is_name(bytes[before]) && bytes[before] != b'b') => {
                (raw_string_end(bytes, at), false)
            }
            _ => (at, false),
        };
        if end == at {
            blank(&mut comments, at..at + 1);
            at += 1;
        } else {
            blank(if is_comment { &mut code } else { &mut comments }, at..end);
            if !is_comment {
                blank(&mut code, at + 1..end - 1);
                strings.extend(inside(bytes, at..end));
            }
            at = end;
        }
    }
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("whole comments and strings become ASCII spaces");
    Parts { code: text(code), comments: text(comments), strings }
}

/// What a string holds; nothing for a character.
fn inside(bytes: &[u8], whole: Range<usize>) -> Option<Range<usize>> {
    let quote = |byte: &u8| *byte == b'"';
    let (first, last) = (bytes[whole.clone()].iter().position(quote)?, bytes[whole.clone()].iter().rposition(quote)?);
    (bytes[whole.start] != b'\'').then_some(whole.start + first + 1..whole.start + last.max(first + 1))
}

fn blank(bytes: &mut [u8], range: Range<usize>) {
    for byte in &mut bytes[range] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn line_end(bytes: &[u8], at: usize) -> usize {
    bytes[at..].iter().position(|byte| *byte == b'\n').map_or(bytes.len(), |length| at + length)
}

fn block_comment_end(bytes: &[u8], start: usize) -> usize {
    let (mut at, mut depth) = (start, 0);
    while at < bytes.len() {
        if bytes[at..].starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if bytes[at..].starts_with(b"*/") {
            depth -= 1;
            at += 2;
        } else {
            at += 1;
        }
        if depth == 0 {
            break;
        }
    }
    at.min(bytes.len())
}

fn string_end(bytes: &[u8], start: usize, quote: u8) -> usize {
    let mut at = start + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            byte if byte == quote => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The end of a character; a lifetime has none, so it ends where it begins.
fn character_end(text: &str, start: usize) -> usize {
    let mut rest = text[start + 1..].chars();
    match (rest.next(), rest.next()) {
        (Some('\\'), _) => string_end(text.as_bytes(), start, b'\''),
        (Some(character), Some('\'')) => start + 2 + character.len_utf8(),
        _ => start,
    }
}

/// The end of `r"…"` or `r#"…"#`; anything else that begins with r ends where it begins.
fn raw_string_end(bytes: &[u8], start: usize) -> usize {
    let hashes = bytes[start + 1..].iter().take_while(|byte| **byte == b'#').count();
    if bytes.get(start + 1 + hashes) != Some(&b'"') {
        return start;
    }
    let mut closing = vec![b'"'];
    closing.resize(hashes + 1, b'#');
    let inside = start + hashes + 2;
    let length = bytes[inside..].windows(closing.len()).position(|window| window == closing);
    length.map_or(bytes.len(), |length| inside + length + closing.len())
}

fn functions(code: &str) -> Vec<Function> {
    let mut found = Vec::new();
    for start in words(code, "fn") {
        let name: String =
            code[start + 2..].trim_start().chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let Some(open) = item_end(code, start).filter(|end| code.as_bytes()[*end] == b'{') else { continue };
        if !name.is_empty() {
            let end = closing_brace(code, open);
            found.push(Function { name, whole: start..end, body: open + 1..end.saturating_sub(1).max(open + 1) });
        }
    }
    found
}

/// Position of the `{` that opens an item, or of the `;` that ends it.
fn item_end(code: &str, start: usize) -> Option<usize> {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' | b';' if depth == 0 => return Some(at),
            _ => {}
        }
    }
    None
}

/// Position after the brace that closes the one at `open`.
fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0_i32;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn test_parts(code: &str) -> Vec<Range<usize>> {
    const MARK: &str = "#[cfg(test)]";
    let mut parts: Vec<Range<usize>> = Vec::new();
    if code.contains("#![cfg(test)]") {
        return std::iter::once(0..code.len()).collect();
    }
    for (start, _) in code.match_indices(MARK) {
        let nested = parts.last().is_some_and(|part| part.contains(&start));
        if let Some(end) = item_end(code, start + MARK.len()).filter(|_| !nested) {
            let end = if code.as_bytes()[end] == b'{' { closing_brace(code, end) } else { end + 1 };
            parts.push(start..end);
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_strings_and_characters_are_told_from_code() {
        let text =
            "let a = \"// no {\"; // yes }\nlet b = '{'; let c: &'static str = r#\"x\"y{\"#; /* a /* b */ c */ d\n";
        let Parts { code, comments, .. } = split(text);
        assert_eq!(code.len(), text.len());
        assert!(!code.contains(['{', '}']), "{code}");
        assert!(code.contains("&'static str") && code.ends_with(" d\n"), "{code}");
        assert!(comments.contains("// yes }") && comments.contains("/* a /* b */ c */"), "{comments}");
        assert!(!comments.contains("no") && !comments.contains('x'), "{comments}");
    }

    #[test]
    fn escapes_bytes_and_letters_beyond_ascii_do_not_confuse_it() {
        let Parts { code, .. } = split("f(b\"\\\"{\", '\\'', 'µ', br\"{\", r\"µ{\", for_r, b'{') // Δ\n}");
        assert_eq!(code.matches('{').count(), 0, "{code}");
        assert_eq!(code.matches('}').count(), 1, "{code}");
    }

    #[test]
    fn strings_are_found_in_all_their_forms_and_characters_are_none() {
        let text = r##"f("a\"b", b"c", r#"d"e"#, br"f", '"', "", '\''); // "no"
#[path = "g"] const H: &CStr = c"h";"##;
        let source = Source::read("a/src/lib.rs", text);
        let found: Vec<&str> = source.strings.iter().map(|range| &text[range.clone()]).collect();
        assert_eq!(found, ["a\\\"b", "c", "d\"e", "f", "", "g", "h"]);
    }

    #[test]
    fn a_number_is_read_in_every_form_that_code_gives_it() {
        for literal in ["7", "0x07", "0b111", "0o7", "0_7", "7u8", "7_u16", " 0x7u8 "] {
            assert_eq!(number(literal), Some(7), "{literal}");
        }
        for other in ["", "seven", "TIP + 1", "-7", "+7", "7.0", "0x", "u8::MAX"] {
            assert_eq!(number(other), None, "{other}");
        }
    }

    #[test]
    fn functions_are_found_with_their_bodies() {
        let source = Source::read(
            "a/src/lib.rs",
            "fn one(a: [u8; 4]) -> fn(u8) { if a { b } }\ntrait T { fn none(&self); }\nimpl T { fn two() where A: B {\n} }\n",
        );
        let names: Vec<&str> = source.functions.iter().map(|function| function.name.as_str()).collect();
        assert_eq!(names, ["one", "two"]);
        assert_eq!(&source.text[source.functions[0].body.clone()], " if a { b } ");
        assert_eq!(source.line(source.functions[1].whole.end), 4);
    }

    #[test]
    fn test_parts_are_not_counted_as_lines_and_out_of_line_modules_are_tests() {
        let text =
            "//! a\nfn a() {}\n#[cfg(test)]\nmod oracle;\n#[cfg(test)]\n#[allow(x)]\nmod tests {\n    fn b() {}\n}\n";
        let mut sources = vec![
            Source::read("a/src/lib.rs", text),
            Source::read("a/src/oracle.rs", ""),
            Source::read("a/src/b.rs", ""),
        ];
        mark_test_modules(&mut sources);
        assert_eq!(sources[0].lines_without_tests(), 2);
        assert!(sources[0].in_test(text.find("fn b").expect("it is there")));
        assert!(!sources[0].in_test(text.find("fn a").expect("it is there")));
        assert_eq!(sources.iter().map(|source| source.is_test).collect::<Vec<_>>(), [false, true, false]);
    }

    #[test]
    fn the_package_benches_is_no_test_but_its_neighbours_test_folders_are() {
        let is_test = |path: &str| Source::read(path, "").is_test;
        assert!(!is_test("benches/src/main.rs"));
        assert!(is_test("crypto/tests/vectors.rs") && is_test("crypto/benches/hash.rs") && is_test("a/src/tests.rs"));
    }
}
