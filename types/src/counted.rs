//! How many of something, as people say it.
//!
//! It must not know what is counted.

/// `1 block`, `2 blocks`, `3 addresses`: a number and what is counted, whose plural is made as most are.
#[must_use]
pub fn counted(count: u64, one: &str) -> String {
    match count {
        1 => format!("1 {one}"),
        _ if one.ends_with('s') || one.ends_with("sh") => format!("{count} {one}es"),
        _ => format!("{count} {one}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_one_and_all_others_are_many() {
        assert_eq!(counted(0, "validator"), "0 validators");
        assert_eq!(counted(1, "validator"), "1 validator");
        assert_eq!(counted(2, "validator"), "2 validators");
        assert_eq!((counted(1, "address"), counted(3, "address")), ("1 address".to_owned(), "3 addresses".to_owned()));
        assert_eq!(counted(3, "hash"), "3 hashes");
    }
}
