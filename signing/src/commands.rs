//! Commands that a message names, in backquotes, and texts as a shell takes them: the daemon and the client speak of both.
//!
//! It must not know any command, nor what a message says.

/// A message whose commands of this program get what `lacking` says behind their words.
#[must_use]
pub fn completed(text: &str, program: &str, lacking: impl Fn(&str) -> String) -> String {
    let beginning = format!("`{program} ");
    let mut parts = text.split(&beginning);
    let mut completed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        completed.push_str(&beginning);
        match part.split_once('`') {
            Some((words, rest)) => completed.push_str(&format!("{words}{}`{rest}", lacking(words))),
            None => completed.push_str(part),
        }
    }
    completed
}

/// Whether one of a command's words is this one.
#[must_use]
pub fn has_word(words: &str, word: &str) -> bool {
    words.split_whitespace().any(|one| one == word)
}

/// A text as a shell takes it.
#[must_use]
pub fn quoted(text: &str) -> String {
    let is_plain = |letter: char| letter.is_alphanumeric() || "/._-+:@%=,~".contains(letter);
    if !text.is_empty() && text.chars().all(is_plain) {
        return text.to_owned();
    }
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_of_the_program_gets_what_it_lacks_and_nothing_else_does() {
        let all = |text: &str| completed(text, "thronosd", |words| format!(" +{}", words.len()));
        for (text, expected) in [
            ("start it with `thronosd run`", "start it with `thronosd run +3`"),
            ("`thronosd a b`, then `thronosd c`.", "`thronosd a b +3`, then `thronosd c +1`."),
            ("made with `thronos wallet new`, not thronosd run", "made with `thronos wallet new`, not thronosd run"),
            ("an end that is missing: `thronosd run", "an end that is missing: `thronosd run"),
            ("", ""),
        ] {
            assert_eq!(all(text), expected);
        }
        assert!(has_word("tx 1 --node X", "--node") && !has_word("tx --nodes", "--node"));
    }

    #[test]
    fn a_shell_reads_a_quoted_text_as_it_was() {
        for (text, expected) in [
            ("/home/you/.thronos", "/home/you/.thronos"),
            ("", "''"),
            ("/my node's", r"'/my node'\''s'"),
            ("$HOME", "'$HOME'"),
            ("http://127.0.0.1:7", "http://127.0.0.1:7"),
        ] {
            assert_eq!(quoted(text), expected);
        }
    }
}
