//! What is said to people, in their language: which one, and the sentences.
//!
//! `language` is the list of languages and how one is chosen, by the header `accept-language` or by the environment; `texts` a feature's sentences in each of
//! them, written in Fluent; `sentence` one of these with what stands in it, said later, when it is known to whom; `checked` what a feature's test asks of
//! its texts. It must not know a feature, HTTP, or the environment itself. Invariants: English has every sentence, and what another language lacks is said in English; what stands in
//! a sentence is never read as Fluent; nothing that is said has marks that turn text around but those that came with what stands in it.

mod checked;
mod language;
mod sentence;
mod texts;

pub use checked::{TextFlaw, check, untranslated};
pub use language::{ACCEPTED_BYTES_MAX, Language, speak, spoken};
pub use sentence::{Said, Sentence, SentenceValue};
pub use texts::Texts;
