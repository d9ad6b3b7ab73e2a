//! A machine's TPM reaches level 3: it is enrolled by the device's key, quotes, and the authority sends the command that the quote gives.

use serde_json::{Value, json};
use testnet::devnet::{Failure, Outcome};

use super::cast::{Troupe, equal};
use super::soft_tpm::{SoftTpm, missing};

impl Troupe<'_> {
    /// The same TPM is of no other device. Tells the program that is missing, where nothing was done for it.
    pub(super) fn certify(&mut self) -> Outcome<Option<&'static str>> {
        if let Some(program) = missing() {
            return Ok(Some(program));
        }
        let tpm = SoftTpm::start(self.network.plan.layout.root().join("tpm"))?;
        self.restart_with(&[format!("verifyid.tpm_roots={}", tpm.root().display())])?;
        let (owner, authority) = (self.owner.name, self.authority.name);
        for name in ["vault", "other-vault"] {
            self.good(&["device", "new", name])?;
            self.good(&["device", "register", name, "--kind", "storage_node", "--from", owner])?;
        }
        let (tcti, between) = (tpm.tcti(), tpm.between()?.display().to_string());
        let [quote, other]: [&[&str]; 2] = [
            &["device", "tpm", "quote", "vault", "--tcti", &tcti],
            &["device", "tpm", "enrol", "other-vault", "--tcti", &tcti, "--certificate", &between],
        ];
        let early = self.thronos(quote)?.map(|_| ());
        equal("a quote before it is enrolled", &early, &Err("no_tpm_key".to_owned()))?;
        let vault = self.good(&["device", "show", "vault"])?["device"].clone();
        let wanted = json!({ "device": vault, "audience": "https://fleet.example", "purpose": "tpm" });
        let asked: Result<Value, String> = self.asks(&wanted);
        let asked = asked.map(|_| ());
        equal("a challenge for a TPM before it is enrolled", &asked, &Err("tpm_not_enrolled".to_owned()))?;
        self.refused += 2;
        self.good(&["device", "tpm", "enrol", "vault", "--tcti", &tcti, "--certificate", &between])?;
        let second = self.thronos(other)?.map(|_| ());
        self.refused += 1;
        equal("the same TPM for another device", &second, &Err("tpm_of_other_device".to_owned()))?;
        let quoted = self.good(quote)?;
        equal("its level by a quote alone", &quoted["level"], &json!(1))?;
        let command = quoted["level_command"].as_str().unwrap_or_default().replace("AUTHORITY", authority);
        let words: Vec<&str> = command.split(' ').collect();
        let Some((&"thronos", words)) = words.split_first() else {
            return Err(Failure::new(format!("a quote gives no command: {quoted}")));
        };
        self.good(words)?;
        let shown = self.good(&["device", "show", "vault"])?;
        equal("its level", &shown["level"], &json!(3))?;
        let shown = self.good(&["device", "show", "other-vault"])?;
        equal("the other's level", &shown["level"], &json!(1))?;
        Ok(None)
    }
}
