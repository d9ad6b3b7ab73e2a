//! One line as a JSON-RPC request.
//!
//! It must not know any method. Invariants: the id is kept as the bytes it came in and echoed verbatim; numbers stay
//! text, so that no number is too large or too small to be read; nesting is bounded before anything is parsed.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::limits::{ID_BYTES_MAX, JSON_DEPTH_MAX, PARAMS_MAX};
use crate::refusal::Refusal;

/// A request's id as JSON text: a number, a string or `null`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Id<'a>(&'a str);

impl<'a> Id<'a> {
    /// The id of an answer to what has none.
    pub const NULL: Self = Self("null");

    /// The JSON text.
    #[must_use]
    pub const fn text(self) -> &'a str {
        self.0
    }

    /// An id that was kept; the text must come from [`Id::text`].
    #[must_use]
    pub const fn kept(text: &'a str) -> Self {
        Self(text)
    }
}

/// A request whose parameters are still text.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// Echoed in the answer.
    pub id: Id<'a>,
    /// Empty for an answer to something that the server asked.
    pub method: Cow<'a, str>,
    params: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<&'a RawValue>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

impl<'a> Request<'a> {
    /// Reads a line.
    ///
    /// # Errors
    /// [`Refusal::Malformed`], [`Refusal::TooDeep`] or [`Refusal::BadId`]; the answer then has the id `null`.
    pub fn parse(line: &'a [u8]) -> Result<Self, Refusal> {
        if depth(line) > JSON_DEPTH_MAX {
            return Err(Refusal::TooDeep);
        }
        let text = std::str::from_utf8(line).map_err(|_| Refusal::Malformed)?;
        let wire: Wire<'a> = serde_json::from_str(text).map_err(|_| Refusal::Malformed)?;
        let id = match wire.id {
            None => Id::NULL,
            Some(raw) => checked_id(raw.get())?,
        };
        let method = match wire.method {
            None => Cow::Borrowed(""),
            Some(raw) => text_of(raw).ok_or(Refusal::Malformed)?,
        };
        Ok(Self { id, method, params: wire.params })
    }

    /// The parameters: the elements of an array, nothing for `null` or a missing field, or the one bare value.
    ///
    /// # Errors
    /// [`Refusal::BadParams`] for more than [`PARAMS_MAX`] elements.
    pub fn params(&self) -> Result<Vec<&'a RawValue>, Refusal> {
        let Some(raw) = self.params else { return Ok(Vec::new()) };
        if !raw.get().starts_with('[') {
            return Ok(vec![raw]);
        }
        let list: Vec<&'a RawValue> = serde_json::from_str(raw.get()).map_err(|_| Refusal::BadParams)?;
        if list.len() > PARAMS_MAX { Err(Refusal::BadParams) } else { Ok(list) }
    }
}

/// Reads a JSON string; anything else is nothing.
#[must_use]
pub fn text_of<'a>(raw: &'a RawValue) -> Option<Cow<'a, str>> {
    let inner = raw.get().strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('\\') {
        return Some(Cow::Borrowed(inner));
    }
    serde_json::from_str::<String>(raw.get()).ok().map(Cow::Owned)
}

fn checked_id(text: &str) -> Result<Id<'_>, Refusal> {
    let is_scalar = text.starts_with(|first: char| first == '"' || first == '-' || first.is_ascii_digit());
    if is_scalar && text.len() <= ID_BYTES_MAX { Ok(Id(text)) } else { Err(Refusal::BadId) }
}

/// The deepest nesting of brackets outside of strings. Exact for JSON; any number for anything else.
fn depth(line: &[u8]) -> usize {
    let (mut now, mut deepest): (usize, usize) = (0, 0);
    let (mut in_string, mut is_escaped) = (false, false);
    for byte in line {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' if in_string => is_escaped = true,
            b'"' => in_string = !in_string,
            _ if in_string => {}
            b'[' | b'{' => {
                now = now.saturating_add(1);
                deepest = deepest.max(now);
            }
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(line: &str) -> Refusal {
        Request::parse(line.as_bytes()).map(|request| format!("{request:?}")).expect_err(line)
    }

    #[test]
    fn the_id_is_kept_as_it_was_written() {
        let ids = ["4", "-1", "1.0", "1e3", "184467440737095516150", r#""auth""#, r#""\u0061""#, r#""""#, "null"];
        for id in ids {
            let line = format!(r#"{{"id": {id} ,"method":"m","params":[]}}"#);
            assert_eq!(Request::parse(line.as_bytes()).expect(id).id.text(), id);
        }
        assert_eq!(Request::parse(br#"{"method":"m"}"#).expect("no id").id, Id::NULL);
    }

    #[test]
    fn an_id_that_is_no_scalar_or_too_long_is_refused() {
        for id in ["{}", "[]", "[1]", "true", "false", &"9".repeat(ID_BYTES_MAX + 1)] {
            assert_eq!(refused(&format!(r#"{{"id":{id},"method":"m"}}"#)), Refusal::BadId);
        }
    }

    #[test]
    fn what_is_no_request_is_refused_by_its_reason() {
        for line in ["{", "{}x", r#"{"id":1,"id":2}"#, r#"{"method":7}"#, r#"{"id":01}"#, r#"{"id":NaN}"#] {
            assert_eq!(refused(line), Refusal::Malformed, "{line}");
        }
        assert_eq!(Request::parse(b"{\"id\":\"\xff\"}").expect_err("not UTF-8"), Refusal::Malformed);
        assert_eq!(refused(&format!("{{\"params\":{}", "[".repeat(10_000))), Refusal::TooDeep);
    }

    #[test]
    fn brackets_in_strings_do_not_count_as_depth() {
        assert_eq!(depth(br#"{"a":"[[[[\"[[["}"#), 1);
        assert_eq!(depth(br#"{"a":[[],[[1]]]}"#), 4);
    }

    #[test]
    fn params_are_an_array_a_bare_value_or_nothing() {
        let count = |line: &str| Request::parse(line.as_bytes()).expect(line).params().map(|params| params.len());
        assert_eq!(count(r#"{"params":[1,"2",[3]]}"#), Ok(3));
        assert_eq!(count(r#"{"params":1000}"#), Ok(1));
        assert_eq!(count(r#"{"params":null}"#), Ok(0));
        assert_eq!(count("{}"), Ok(0));
        assert_eq!(count(&format!(r#"{{"params":[{}1]}}"#, "1,".repeat(PARAMS_MAX))), Err(Refusal::BadParams));
    }
}
