//! What is seen of a text: characters that act on a terminal stand there as text, `\\u001b`, which is also how JSON writes them.
//!
//! It must not know whose text it is. What shows the progress of mining has a filter of its own
//! (`modules/mining/client/src/mine/message.rs`), because it moves the cursor.

use std::borrow::Cow;

/// Whether a character acts instead of being seen: controls but line feed and tab, and marks of direction and of lines.
fn acts(character: char) -> bool {
    match character {
        '\n' | '\t' => false,
        '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}' => true,
        '\u{fff9}'..='\u{fffb}' => true,
        _ => character.is_control(),
    }
}

fn breaks(character: char) -> bool {
    acts(character) || matches!(character, '\n' | '\t')
}

fn shown(text: &str, is_hidden: fn(char) -> bool) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if is_hidden(character) {
            shown.push_str(&format!("\\u{:04x}", u32::from(character)));
        } else {
            shown.push(character);
        }
    }
    Cow::Owned(shown)
}

/// The text with everything visible; it may have lines.
#[must_use]
pub fn visible(text: &str) -> Cow<'_, str> {
    shown(text, acts)
}

/// The text with everything visible, on one line: what others wrote begins no line of what this wallet says.
#[must_use]
pub fn one_line(text: &str) -> Cow<'_, str> {
    shown(text, breaks)
}

/// A JSON document whose texts are each on one line, with everything visible. A document without such a text stays as it is.
#[must_use]
pub fn one_line_texts(json: &str) -> Cow<'_, str> {
    if json.bytes().all(|byte| byte < 0x7f && byte != b'\\') {
        return Cow::Borrowed(json);
    }
    let mut shown = String::with_capacity(json.len());
    let mut rest = json.chars();
    while let Some(character) = rest.next() {
        if character != '\\' {
            // Raw controls stand between the texts, or the document is none.
            if character >= ' ' && breaks(character) {
                shown.push_str(&format!("\\\\u{:04x}", u32::from(character)));
            } else {
                shown.push(character);
            }
            continue;
        }
        match rest.next() {
            Some('n') => shown.push_str("\\\\u000a"),
            Some('t') => shown.push_str("\\\\u0009"),
            Some('r') => shown.push_str("\\\\u000d"),
            Some('b') => shown.push_str("\\\\u0008"),
            Some('f') => shown.push_str("\\\\u000c"),
            Some('u') => {
                let digits: String = rest.by_ref().take(4).collect();
                let named = u32::from_str_radix(&digits, 16).ok().and_then(char::from_u32);
                shown.push_str(if named.is_some_and(breaks) { "\\\\u" } else { "\\u" });
                shown.push_str(&digits);
            }
            Some(other) => shown.extend(['\\', other]),
            None => shown.push('\\'),
        }
    }
    Cow::Owned(shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    // FAULTS RE5
    #[test]
    fn every_text_of_a_document_is_on_one_line_and_the_document_is_the_same() {
        let json = r#"{"a\nb": ["x\u2028y\r\t\b\f", "\u001b[2J\u00e4\ud83d\ude42", "q\"\\n\/"], "n": 1}"#;
        let read: serde_json::Value = serde_json::from_str(&one_line_texts(json)).expect("JSON");
        let known = serde_json::json!({
            "a\\u000ab": ["x\\u2028y\\u000d\\u0009\\u0008\\u000c", "\\u001b[2J\u{e4}\u{1f642}", "q\"\\n/"], "n": 1
        });
        assert_eq!(read, known);
        let raw = "{\n\t\"a\": \"x\u{2028}y\u{202e}z\u{7f}\u{e4}\"\r\n}";
        let read: serde_json::Value = serde_json::from_str(&one_line_texts(raw)).expect("JSON");
        assert_eq!(read, serde_json::json!({"a": "x\\u2028y\\u202ez\\u007f\u{e4}"}));
        assert!(matches!(one_line_texts("{\n\"a\": 1}"), Cow::Borrowed(_)));
        for broken in ["\\", "\"\\u12", "\"\\uzzzz\""] {
            assert!(serde_json::from_str::<serde_json::Value>(&one_line_texts(broken)).is_err(), "{broken}");
        }
    }
}
