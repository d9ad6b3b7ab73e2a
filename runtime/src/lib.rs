//! The list of modules of the chain, one line each. Adding a module touches its own crate and this list.
//!
//! It must not know anything else. Where one module reads another, the adapter between the reader's port and the other stands
//! beside this list.
#![deny(
    clippy::unwrap_used,
    clippy::panic,
    clippy::float_arithmetic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod adapters;

use execution::{AnyModule, Registry};

pub use adapters::payments;

/// The modules, in rising order of their numbers.
#[must_use]
pub fn modules() -> Vec<Box<dyn AnyModule>> {
    vec![
        // One on a line.
        Box::new(tokens::Tokens),
        Box::new(mining::Mining),
        Box::new(verifyid::VerifyId),
        Box::new(anchors::Anchors),
    ]
}

/// The modules as a chain's rules.
#[must_use]
pub fn registry() -> Registry {
    Registry::new(modules())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_question_has_a_name_of_its_own_that_fits_a_route_and_a_sentence() {
        let registry = registry();
        let mut names = std::collections::BTreeSet::new();
        for (module, query) in registry.queries() {
            assert!(names.insert((module, query.name)), "{module} {} is there twice", query.name);
            let arguments = query.arguments.iter().map(|argument| (argument.name, argument.about));
            for (name, about) in arguments.chain([(query.name, query.about)]) {
                let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
                assert!(!name.is_empty() && name.bytes().all(fits), "{name}");
                assert!(about.len() > 8, "{name}: {about}");
            }
        }
    }

    #[test]
    fn one_module_answers_all_that_is_asked_about_assets_and_nobody_what_nobody_knows() {
        let registry = registry();
        let answering = registry.who_answers("asset_key").expect("somebody describes assets");
        for question in ["asset", "assets", "asset_key"] {
            assert_eq!(registry.who_answers(question), Some(answering), "{question}");
            let all: Vec<_> = registry.queries().filter(|(_, query)| query.name == question).collect();
            assert_eq!(all.len(), 1, "{question} is asked of one");
        }
        assert_eq!(registry.who_answers("nothing"), None);
    }

    #[test]
    fn every_reject_of_every_module_has_its_own_name_and_a_sentence_that_ends_without_a_full_stop() {
        let registry = registry();
        for module in registry.modules() {
            let mut names = std::collections::BTreeSet::new();
            for reject in module.rejects() {
                let code = execution::Reject::new(module.id(), reject.number).code();
                let described = registry.describe_reject(code).expect("every listed reject is described");
                assert_eq!((described.module, described.name), (module.name(), reject.name));
                assert!(names.insert(reject.name), "{} is there twice", reject.name);
                assert!(reject.sentence.len() > 20 && !reject.sentence.ends_with('.'), "{}", reject.sentence);
            }
        }
        assert_eq!(registry.describe_reject(0x0001_0001).map(|found| found.name), Some("zero_amount"));
        assert_eq!(registry.describe_reject(0x0001_ffff), None);
        assert_eq!(registry.describe_reject(0xffff_0001), None);
    }
}
