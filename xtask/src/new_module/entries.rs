//! The entries of a list of the house, read: which lines of its file name a crate, and nothing else that stands there.
//!
//! An entry is a whole line of the list's form between the list's own brackets. What is there only under a condition is none, nor
//! is what stands in a test, in another list, or inside of another entry: a crate that has no entry is in no program.

use std::ops::Range;

use crate::source::Source;

/// How a list looks.
pub(super) struct Form {
    /// The beginning of the item that is the list, at the beginning of a line.
    pub(super) item: &'static str,
    /// What opens the list behind it, the bracket last, and what follows its closing bracket.
    pub(super) opens: &'static str,
    pub(super) closes: &'static str,
    /// What stands in an entry before and behind the path into a crate, without blanks and without what strings hold.
    pub(super) before: &'static str,
    pub(super) behind: &'static str,
}

/// One line of a list.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Its bytes in the file, with the line's end.
    pub(crate) line: Range<usize>,
    /// The crate with which its path begins, as code names it.
    pub(crate) package: String,
}

impl Form {
    /// The entries that name a crate.
    pub(super) fn entries(&self, source: &Source) -> Vec<Entry> {
        let Some(list) = self.brackets(source) else { return Vec::new() };
        let (mut at, mut depth, mut last) = (list.start, 0_usize, ',');
        let mut found = Vec::new();
        for line in source.code[list].split_inclusive('\n') {
            // An attribute or half an entry ends with something else than a comma.
            if let Some(package) = self.package(line).filter(|_| depth == 0 && last == ',') {
                found.push(Entry { line: at..at + line.len(), package });
            }
            at += line.len();
            depth = line.chars().fold(depth, deeper);
            last = line.trim_end().chars().next_back().unwrap_or(last);
        }
        found
    }

    /// What stands between the list's brackets; nothing unless there is one such list, and without a condition.
    fn brackets(&self, source: &Source) -> Option<Range<usize>> {
        let code = source.code.as_str();
        let begins_line = |at: &usize| code[..*at].ends_with('\n') || *at == 0;
        let items = code.match_indices(self.item).map(|(at, _)| at);
        let mut items = items.filter(|at| begins_line(at) && !source.in_test(*at));
        let item = items.next().filter(|_| items.next().is_none())?;
        let attributes = code[..item].rfind([';', '}']).map_or(0, |end| end + 1);
        if code[attributes..item].contains("#[cfg") {
            return None;
        }
        let head = item + self.item.len();
        let open = head + code[head..].find(self.opens)?;
        let start = open + self.opens.len();
        if code[head..open].contains([';', '}']) {
            return None;
        }
        let mut depth = 1_usize;
        let length = code[start..].find(|letter: char| {
            depth = deeper(depth, letter);
            depth == 0
        })?;
        code[start + length + 1..].trim_start().starts_with(self.closes).then_some(start..start + length)
    }

    /// The crate that a line of code names, if it is an entry.
    fn package(&self, line: &str) -> Option<String> {
        let line: String = line.split_whitespace().collect();
        let path = line.strip_prefix(self.before)?.strip_suffix(self.behind)?;
        // What an entry gets of another feature stands in the adapters beside the list.
        let path = match path.strip_suffix('>').and_then(|path| path.split_once("<adapters::")) {
            Some((path, adapter)) if is_name(adapter) => path,
            Some(_) => return None,
            None => path,
        };
        let (package, rest) = path.split_once("::")?;
        let is_foreign = !["crate", "self", "super", "Self"].contains(&package);
        (is_foreign && is_name(package) && rest.split("::").all(is_name)).then(|| package.to_owned())
    }
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn deeper(depth: usize, letter: char) -> usize {
    match letter {
        '(' | '[' | '{' => depth.saturating_add(1),
        ')' | ']' | '}' => depth.saturating_sub(1),
        _ => depth,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FORM: Form =
        Form { item: "pub fn modules()", opens: "vec![", closes: "}", before: "Box::new(", behind: ")," };

    fn packages(text: &str) -> Vec<String> {
        FORM.entries(&Source::read("a/src/lib.rs", text)).into_iter().map(|entry| entry.package).collect()
    }

    fn list(entry: &str) -> String {
        format!(
            "/// All.\n#[must_use]\npub fn modules() -> Vec<Any> {{\n    vec![\n        // One.\n{entry}\n        Box::new(b::B),\n    ]\n}}\n"
        )
    }

    #[test]
    fn an_entry_may_name_an_adapter_and_nothing_else_beside_itself() {
        for (entry, found) in [
            ("        Box::new(a::A<adapters::X>),", vec!["a", "b"]),
            ("        Box::new(a::A<c::X>),", vec!["b"]),
            ("        Box::new(a::A<adapters::X, c::Y>),", vec!["b"]),
            ("        Box::new(a::A<adapters::X>, 1),", vec!["b"]),
        ] {
            assert_eq!(packages(&list(entry)), found, "{entry}");
        }
    }

    #[test]
    fn every_line_of_the_lists_form_is_an_entry_with_a_comment_or_without() {
        for entry in
            ["        Box::new(a::A),", "        Box::new(a::A), // why", "        Box::new( a::A ), /* why */ \n"]
        {
            assert_eq!(packages(&list(entry)), ["a", "b"], "{entry}");
        }
        let text = list("        Box::new(a::A),");
        let entries = FORM.entries(&Source::read("a/src/lib.rs", &text));
        assert_eq!(&text[entries[0].line.clone()], "        Box::new(a::A),\n");
    }

    #[test]
    fn what_only_looks_like_an_entry_is_none() {
        for entry in [
            "        // Box::new(a::A),",
            "        #[cfg(test)]\n        Box::new(a::A),",
            "        #[cfg(\n            any(x,\n            y),\n        )]\n        Box::new(a::A),",
            "        #[cfg(test)] Box::new(a::A),",
            "        wrapped(\n            Box::new(a::A),\n        ),",
            "        Box::new(a::A)(\n            Box::new(a::A),\n        ),",
            "        Box::new(a::A::new(1)),",
            "        Box::new(crate::A),",
            "        Box::new(A),",
            "        \"\n        Box::new(a::A),\n        \",",
        ] {
            assert_eq!(packages(&list(entry)), ["b"], "{entry}");
        }
    }

    #[test]
    fn lines_outside_of_the_list_are_none() {
        let list = list("");
        for more in [
            "use {\n    a::A,\n};\n",
            "#[cfg(test)]\nmod tests {\n    fn f() {\n        vec![\n            Box::new(a::A),\n        ];\n    }\n}\n",
            "fn f() {\n    vec![\n        Box::new(a::A),\n    ];\n}\n",
        ] {
            assert_eq!(packages(&format!("{list}{more}")), ["b"], "{more}");
            assert_eq!(packages(&format!("{more}{list}")), ["b"], "{more}");
        }
    }

    #[test]
    fn a_list_under_a_condition_or_of_another_shape_has_no_entries() {
        let whole = list("        Box::new(a::A),");
        for text in [
            whole.replace("#[must_use]", "#[cfg(feature = \"x\")]"),
            whole.replace("    vec![", "    let all = none();\n    vec!["),
            whole.replace("    ]\n", "    ].clear()\n"),
            whole.replace("pub fn", "    pub fn"),
            format!("{whole}{whole}"),
        ] {
            assert_eq!(packages(&text), Vec::<String>::new(), "{text}");
        }
        assert_eq!(packages(&format!("#![deny(x)]\n{whole}")), ["a", "b"]);
    }
}
