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

use execution::{AnyModule, Registry};

/// The modules, in rising order of their numbers.
#[must_use]
pub fn modules() -> Vec<Box<dyn AnyModule>> {
    vec![Box::new(tokens::Tokens), Box::new(mining::Mining)]
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
