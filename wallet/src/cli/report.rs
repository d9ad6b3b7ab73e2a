//! What a command answers: one text for people and one JSON document for programs, made together so that they agree.

use serde::Serialize;
use serde_json::Value;
use time::OffsetDateTime;
use types::TimeMs;

use super::typed::as_typed;
use crate::visible::one_line;

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

    /// An answer of which nothing was checked: it says so.
    #[must_use]
    pub fn unproven(mut self) -> Self {
        self.text = format!("{}\n(as the node says)\n", self.text.trim_end_matches('\n'));
        if let Some(fields) = self.json.as_mut().and_then(Value::as_object_mut) {
            fields.insert("as_the_node_says".to_owned(), Value::Bool(true));
        }
        self
    }

    /// The answer with more lines for people, and more fields for programs.
    #[must_use]
    pub fn and(mut self, rows: &[(&str, String)], more: Value) -> Self {
        self.text = format!("{}\n{}", self.text.trim_end_matches('\n'), lines(rows));
        if let (Some(fields), Value::Object(more)) = (self.json.as_mut().and_then(Value::as_object_mut), more) {
            fields.extend(more);
        }
        self
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
        let text = as_typed(&self.text);
        if text.is_empty() || text.ends_with('\n') { text.into_owned() } else { format!("{text}\n") }
    }
}

/// Lines of `name  value` with the values below one another. A value is on one line, whoever wrote it.
#[must_use]
pub fn lines(pairs: &[(&str, String)]) -> String {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or_default();
    pairs.iter().map(|(name, value)| format!("{name:width$}  {}\n", one_line(value))).collect()
}

/// A time for people: date and time of day in UTC.
#[must_use]
pub fn when(time: TimeMs) -> String {
    let nanoseconds = i128::from(time.0).saturating_mul(1_000_000);
    let Ok(at) = OffsetDateTime::from_unix_timestamp_nanos(nanoseconds) else { return format!("{time} ms after 1970") };
    let (month, (hour, minute, second, ms)) = (u8::from(at.month()), at.to_hms_milli());
    format!("{}-{month:02}-{:02} {hour:02}:{minute:02}:{second:02}.{ms:03} UTC", at.year(), at.day())
}

/// How long ago something was, for people: in a unit that fits.
#[must_use]
pub fn ago(ms: u64) -> String {
    let seconds = ms / 1_000;
    let (number, unit) = match seconds {
        0..=119 => return format!("{seconds} s ago"),
        120..=7_199 => (seconds / 60, "minute"),
        7_200..=172_799 => (seconds / 3_600, "hour"),
        _ => (seconds / 86_400, "day"),
    };
    format!("{} ago", types::counted(number, unit))
}

/// Rows below headings; the last column is not padded.
#[must_use]
pub fn table(headings: &[&str], rows: &[Vec<String>]) -> String {
    let flat = |row: &Vec<String>| row.iter().map(|cell| one_line(cell).into_owned()).collect::<Vec<_>>();
    let rows: Vec<_> = rows.iter().map(flat).collect();
    let cell_width = |column: usize| {
        let cells = rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count());
        cells.chain(headings.get(column).map(|heading| heading.chars().count())).max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..headings.len()).map(cell_width).collect();
    let line = |cells: Vec<&str>| {
        let padded: Vec<String> = cells.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let heading = line(headings.to_vec());
    rows.iter().fold(heading, |text, row| text + &line(row.iter().map(String::as_str).collect()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_read_them_and_absurd_ones_are_no_panic() {
        assert_eq!(when(TimeMs(1_700_000_000_007)), "2023-11-14 22:13:20.007 UTC");
        assert_eq!(when(TimeMs(0)), "1970-01-01 00:00:00.000 UTC");
        assert_eq!(when(TimeMs(u64::MAX)), "18446744073709551615 ms after 1970");
        let spans = [
            (1_999, "1 s"),
            (119_999, "119 s"),
            (120_000, "2 minutes"),
            (7_200_000, "2 hours"),
            (172_800_000, "2 days"),
        ];
        for (ms, span) in spans {
            assert_eq!(ago(ms), format!("{span} ago"));
        }
    }
}
