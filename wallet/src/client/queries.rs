//! What modules answer, at `GET /api/v1/MODULE/QUERY`.
//!
//! It must not know a module. An answer is the node's word: nothing here proves it.

use execution::QueryArguments;
use serde_json::Value;

use super::http::NodeClient;
use crate::Result;

/// Most bytes of an answer: a thousand entries of a list, many times over.
const ANSWER_BYTES_MAX: u64 = 4 * 1024 * 1024;

impl NodeClient {
    /// What a module answers to a question.
    ///
    /// # Errors
    /// As [`Self::status`].
    pub fn query(&self, module: &str, name: &str, arguments: &QueryArguments) -> Result<Value> {
        let pairs: Vec<String> =
            arguments.iter().map(|(name, value)| format!("{}={}", encoded(name), encoded(value))).collect();
        let behind = if pairs.is_empty() { String::new() } else { format!("?{}", pairs.join("&")) };
        self.get_within(&format!("/api/v1/{}/{}{behind}", encoded(module), encoded(name)), ANSWER_BYTES_MAX)
    }
}

/// A text as part of a URL.
pub(super) fn encoded(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if is_plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::encoded;

    #[test]
    fn whatever_is_typed_stays_one_part_of_the_url() {
        assert_eq!(encoded("next-block_1.~"), "next-block_1.~");
        assert_eq!(encoded("a/b?c=d&e#f %\u{e4}\n"), "a%2Fb%3Fc%3Dd%26e%23f%20%25%C3%A4%0A");
    }
}
