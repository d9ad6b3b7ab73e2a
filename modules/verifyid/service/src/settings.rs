//! The section `[verifyid]` of `config.toml`. A comment here is the comment in the file.

use std::path::Path;

use service::settings;

use crate::tpm::is_pcr_policy;

settings! {
    /// Challenges for devices.
    pub struct VerifyIdSettings in "verifyid" {
        /// Whether this node gives out challenges to devices and judges their answers.
        enabled: bool = false;
        /// How many challenges one network of clients may ask for in a minute: a /24 of IPv4, a /64 and a /48 of IPv6. Raise it
        /// where one server asks for many devices.
        challenges_per_minute_max: u64 = 60, if |most| (1..=1_000_000).contains(most) => "a number from 1 to 1000000";
        /// Whether this node gives tokens: to customers, who ask for challenges by them whatever their network did, and to devices that log
        /// in. It takes effect with `enabled = true`.
        give_tokens: bool = false;
        /// How many challenges one customer with a token may ask for in a minute.
        customer_challenges_per_minute_max: u64 = 600, if |most| (1..=1_000_000).contains(most) => "a number from 1 to 1000000";
        /// Whether this node enrols older devices, which cannot sign and answer by a secret that they share with it. What they show is for this node
        /// alone: level 1 at most, in no batch. It takes effect with `enabled = true`.
        hmac_devices: bool = false;
        /// A customer's batch of verifications closes after so many seconds, unless it is full before or the month ends; one in which nothing
        /// was verified, after a day. Each costs the fee of a transaction. It takes effect with an account, `accounts.verifyid`.
        batch_seconds: u64 = 600, if |seconds| (1..=86_400).contains(seconds) => "a number from 1 to 86400";
        /// Where the certificates of TPM makers lie whose word this node takes (their roots, in PEM or DER, one in a file): absolute paths of
        /// files and of folders. Empty: no TPM is enrolled here and none quotes. Never list the root of virtual TPMs: whoever has one makes as
        /// many as they like. It takes effect with `enabled = true`.
        tpm_roots: Vec<String> = Vec::new(), if |paths| are_absolute(paths) => "a list of absolute paths";
        /// Which PCRs (of SHA-256) a TPM quotes: numbers from 0 to 23. "7=" and 64 hexadecimal digits demands that value too.
        tpm_pcrs: Vec<String> = ["0", "1", "2", "3", "4", "5", "6", "7"].map(str::to_owned).to_vec(),
            if |pcrs| is_pcr_policy(pcrs) => "a list of numbers from 0 to 23, each once and at least one, such as \"7\", or \"7=\" and 64 hexadecimal digits";
        /// How a new key for tokens calls its algorithm, Ed25519: "EdDSA" as in RFC 8037, or "Ed25519" as in RFC 9864 where all who check
        /// tokens know that name. A key that is there keeps its own.
        token_algorithm: String = "EdDSA", if |name| ["EdDSA", "Ed25519"].contains(&name.as_str()) => "\"EdDSA\" or \"Ed25519\"";
    }
}

fn are_absolute(paths: &[String]) -> bool {
    paths.iter().all(|path| Path::new(path).is_absolute())
}
