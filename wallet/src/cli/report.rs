//! What a command answers: one text for people and one JSON document for programs, made together so that they agree.

use serde::Serialize;
use serde_json::Value;

/// An answer.
#[derive(Clone, Debug)]
pub struct Report {
    text: String,
    /// Nothing when a program has been told already, event by event.
    json: Option<Value>,
}

impl Report {
    /// An answer with both forms.
    pub fn new(text: impl Into<String>, json: impl Serialize) -> Self {
        let json = serde_json::to_value(json).expect("answers are texts, numbers and lists");
        Self { text: text.into(), json: Some(json) }
    }

    /// An answer of which programs have been told all already.
    pub fn told(text: impl Into<String>) -> Self {
        Self { text: text.into(), json: None }
    }

    /// The form that was asked for.
    #[must_use]
    pub fn render(&self, as_json: bool) -> String {
        if as_json {
            let written = |json| serde_json::to_string_pretty(json).expect("a JSON value always has a text") + "\n";
            return self.json.as_ref().map_or_else(String::new, written);
        }
        if self.text.is_empty() || self.text.ends_with('\n') { self.text.clone() } else { format!("{}\n", self.text) }
    }
}

/// Lines of `name  value` with the values below one another.
#[must_use]
pub fn lines(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.len()).max().unwrap_or_default();
    pairs.iter().map(|(name, value)| format!("{name:width$}  {value}\n")).collect()
}

/// Rows below headings; the last column is not padded.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let cell_width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.len())).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..headings.len()).map(cell_width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let heading = line(headings.to_vec());
    rows.iter().fold(heading, |text, row| text + &line(row.iter().map(String::as_str).collect()))
}
