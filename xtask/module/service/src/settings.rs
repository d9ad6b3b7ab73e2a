//! The section `[module_name]` of `config.toml`. A comment here is the comment in the file.

use service::settings;

settings! {
    /// What the node keeps at hand.
    pub struct ModuleNameSettings in "module_name" {
        /// How many of the newest notes the node keeps at hand for its route.
        newest_max: u64 = 100, if |most| (1..=10_000).contains(most) => "a number from 1 to 10000";
    }
}
