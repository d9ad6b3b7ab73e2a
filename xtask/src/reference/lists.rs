//! The pages of questions and of rejects: what `thronos ask` and `thronos reject` list, as tables, one for each module.

use std::collections::BTreeSet;

use serde_json::Value;

use super::cell;
use crate::Failure;

/// The page of questions, of the document that `thronos ask --json` prints.
pub(super) fn queries(document: &str) -> Result<String, Failure> {
    let about = "What each module answers: by `thronos ask MODULE QUESTION NAME=VALUE`, and as `GET /api/v1/MODULE/QUESTION?NAME=VALUE` of \
                 every node whose chain runs the module. What is in brackets may be left out.";
    let head = "| Question | Takes | Answers |\n| --- | --- | --- |\n";
    by_module(document, &super::heading("Questions", about), head, |question| {
        let arguments = question["arguments"].as_array().map(Vec::as_slice).unwrap_or_default();
        let takes = arguments.iter().map(|argument| {
            let (name, about, expected) = (text(argument, "name"), text(argument, "about"), text(argument, "expected"));
            let name = if argument["is_required"] == true { format!("`{name}`") } else { format!("[`{name}`]") };
            format!("{name}: {about} ({expected})")
        });
        let takes = takes.collect::<Vec<_>>().join("; ");
        format!("| `{}` | {} | {} |\n", text(question, "query"), cell(&takes), cell(text(question, "about")))
    })
}

/// The page of rejects, of the document that `thronos reject --json` prints.
pub(super) fn rejects(document: &str) -> Result<String, Failure> {
    let about = "Why a call, a transaction or a system call is invalid, by the code in its receipt: 65,536 times the module's number, and the \
                 reject's. Codes and names never change. `thronos reject CODE` explains one.";
    let head = "| Code | Number | Name | What it means |\n| --- | --- | --- | --- |\n";
    by_module(document, &super::heading("Rejects", about), head, |reject| {
        let (number, name, sentence) = (text(reject, "number"), text(reject, "name"), text(reject, "sentence"));
        format!("| {} | {number} | `{name}` | {} |\n", reject["code"], cell(sentence))
    })
}

/// A table for each module, in the order of the document.
fn by_module(document: &str, heading: &str, head: &str, row: impl Fn(&Value) -> String) -> Result<String, Failure> {
    let document: Value =
        serde_json::from_str(document).map_err(|error| Failure::new(format!("the client printed no JSON: {error}")))?;
    let entries = document.as_array().filter(|entries| !entries.is_empty());
    let entries = entries.ok_or_else(|| Failure::new("the client lists nothing"))?;
    let mut page = heading.to_owned();
    let mut begun = BTreeSet::new();
    for entry in entries {
        let module = text(entry, "module");
        if begun.insert(module) {
            page.push_str(&format!("\n## {module}\n\n{head}"));
        }
        page.push_str(&row(entry));
    }
    Ok(page)
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_question_is_a_row_of_its_module_with_what_it_takes() {
        let document = serde_json::json!([
            {"module": "tokens", "query": "asset", "about": "What is known.", "arguments": [
                {"name": "id", "about": "the number", "expected": "a number", "is_required": true},
                {"name": "limit", "about": "how many", "expected": "a number", "is_required": false},
            ]},
            {"module": "mining", "query": "info", "about": "All | of it.", "arguments": []},
        ]);
        let page = queries(&document.to_string()).expect("a document");
        let row = "| `asset` | `id`: the number (a number); [`limit`]: how many (a number) | What is known. |\n";
        assert!(page.contains("\n## tokens\n") && page.contains(row), "{page}");
        assert!(page.ends_with("| --- | --- | --- |\n| `info` |  | All \\| of it. |\n"), "{page}");
    }

    #[test]
    fn each_reject_is_a_row_with_code_number_name_and_sentence() {
        let document = serde_json::json!([
            {"code": 1, "number": "0.1", "module": "kernel", "name": "no_calls", "sentence": "give one"},
            {"code": 65537, "number": "1.1", "module": "tokens", "name": "zero", "sentence": "give more"},
            {"code": 65538, "number": "1.2", "module": "tokens", "name": "two", "sentence": "give two"},
        ]);
        let page = rejects(&document.to_string()).expect("a document");
        assert!(page.contains("| 65537 | 1.1 | `zero` | give more |\n| 65538 | 1.2 | `two` | give two |\n"), "{page}");
        assert_eq!(page.matches("\n## ").count(), 2);
        for nothing in ["", "{}", "[]"] {
            assert!(rejects(nothing).is_err(), "{nothing}");
        }
    }
}
