//! BIP-39: words that stand for entropy, with a checksum, in the English list.
//!
//! It must not know what is derived from the seed. Invariants: a mnemonic that exists has 12 or 24 words and a right checksum; the
//! words are never printed but by [`Mnemonic::to_words`].

use bip39::Language;
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use crate::{Error, Result};

/// How many words a new mnemonic has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WordCount {
    /// 128 bits.
    Twelve,
    /// 256 bits.
    TwentyFour,
}

/// The words from which keys follow.
#[derive(Clone, PartialEq, Eq)]
pub struct Mnemonic(bip39::Mnemonic);

impl Mnemonic {
    /// Makes words from the operating system's entropy.
    ///
    /// # Errors
    /// `no_entropy` if the system has none to give.
    pub fn generate(words: WordCount) -> Result<Self> {
        let mut entropy = Zeroizing::new([0_u8; 32]);
        let length = if words == WordCount::Twelve { 16 } else { 32 };
        let part = entropy.get_mut(..length).expect("16 and 32 are at most 32");
        getrandom::fill(part).map_err(|error| {
            Error::new("no_entropy", format!("the operating system gives no random bytes: {error}"), "try again later")
        })?;
        Self::from_entropy(part)
    }

    /// The words of 16 or 32 bytes.
    ///
    /// # Errors
    /// `mnemonic_word_count` for any other length.
    pub fn from_entropy(entropy: &[u8]) -> Result<Self> {
        if ![16, 32].contains(&entropy.len()) {
            return Err(wrong_count(entropy.len().saturating_mul(3) / 4));
        }
        let words = bip39::Mnemonic::from_entropy_in(Language::English, entropy);
        Ok(Self(words.expect("16 and 32 bytes are lengths that BIP-39 has")))
    }

    /// Reads words in any case, with any white space between them.
    ///
    /// # Errors
    /// `mnemonic_word_count`, `mnemonic_word` with its place, or `mnemonic_checksum`. The words themselves are not repeated.
    pub fn parse(text: &str) -> Result<Self> {
        let normal: Zeroizing<String> = Zeroizing::new(text.nfkd().flat_map(char::to_lowercase).collect());
        let count = normal.split_whitespace().count();
        if ![12, 24].contains(&count) {
            return Err(wrong_count(count));
        }
        bip39::Mnemonic::parse_in_normalized(Language::English, &normal).map(Self).map_err(|error| match error {
            bip39::Error::UnknownWord(place) => Error::new(
                "mnemonic_word",
                format!("word {} is not in the English list of BIP-39", place.saturating_add(1)),
                "check its spelling; the first four letters decide",
            ),
            _ => Error::new(
                "mnemonic_checksum",
                "the words are all in the list, but their checksum does not match",
                "one word is wrong or two are swapped: compare with what you wrote down",
            ),
        })
    }

    /// The words, one space between them, wiped when dropped.
    #[must_use]
    pub fn to_words(&self) -> Zeroizing<String> {
        Zeroizing::new(self.0.to_string())
    }

    /// 16 or 32 bytes, wiped when dropped.
    #[must_use]
    pub fn to_entropy(&self) -> Zeroizing<Vec<u8>> {
        Zeroizing::new(self.0.to_entropy())
    }

    /// The 64 bytes from which BIP-32 starts. The passphrase is normalised (NFKD), as the words are.
    #[must_use]
    pub fn seed(&self, passphrase: &str) -> Zeroizing<[u8; 64]> {
        let normal: Zeroizing<String> = Zeroizing::new(passphrase.nfkd().collect());
        Zeroizing::new(self.0.to_seed_normalized(&normal))
    }
}

impl std::fmt::Debug for Mnemonic {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Mnemonic({} words, secret)", self.0.word_count())
    }
}

fn wrong_count(count: usize) -> Error {
    let message = format!("a mnemonic has 12 or 24 words, these are {count}");
    Error::new("mnemonic_word_count", message, "give all words, separated by spaces")
}
