//! Spans of time as people write them: `90s`, `10m`, `2h`, `1d`.

use crate::{Error, Result};

/// Reads a span in milliseconds.
///
/// # Errors
/// `bad_span` for anything but digits and one of s, m, h, d.
pub fn parse(text: &str) -> Result<u64> {
    let read = || {
        let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
        let factor = match unit {
            "s" => 1_000,
            "m" => 60_000,
            "h" => 3_600_000,
            "d" => 86_400_000,
            _ => return None,
        };
        let plain = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        digits.parse::<u64>().ok().filter(|count| plain && *count > 0)?.checked_mul(factor)
    };
    read().ok_or_else(|| {
        let shown: String = text.chars().take(40).collect();
        Error::new("bad_span", format!("`{shown}` is not a span of time"), "write it like 90s, 10m, 2h or 1d")
    })
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn spans_are_digits_and_a_unit() {
        assert_eq!(parse("90s"), Ok(90_000));
        assert_eq!(parse("10m"), Ok(600_000));
        assert_eq!(parse("1d"), Ok(86_400_000));
        for text in
            ["", "s", "10", "-1s", "+1s", "0m", "1.5h", "10M", "99999999999999999999s", "1é", "9999999999999999d"]
        {
            assert_eq!(parse(text).expect_err(text).code, "bad_span");
        }
    }
}
