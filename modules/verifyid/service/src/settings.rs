//! The section `[verifyid]` of `config.toml`. A comment here is the comment in the file.

use service::settings;

settings! {
    /// Challenges for devices.
    pub struct VerifyIdSettings in "verifyid" {
        /// Whether this node gives out challenges to devices and judges their answers.
        enabled: bool = false;
        /// How many challenges one network of clients may ask for in a minute: a /24 of IPv4, a /64 and a /48 of IPv6. Raise it
        /// where one server asks for many devices.
        challenges_per_minute_max: u64 = 60, if |most| (1..=1_000_000).contains(most) => "a number from 1 to 1000000";
    }
}
