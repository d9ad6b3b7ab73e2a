//! The section `[accounts]`: from which accounts services send by themselves. Its first settings follow from the list of services.
//!
//! It must not know any service. Invariant: a service has one account, and its key and that key's password stand in files.

use std::any::Any;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use service::Value;
use service::settings::{AnySection, SettingValue};
use types::Amount;

use crate::services::SERVICES;

const NAME: &str = "accounts";

/// What a service that declares an account may set.
struct Entry {
    service: &'static str,
    key_about: String,
    password_key: &'static str,
    password_about: String,
}

/// One for each service with an account, in the order of their list.
static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    let entry = |listed: &'static service::Listed| {
        let (service, need) = (listed.name, listed.account?);
        Some(Entry {
            service,
            key_about: format!(
                "File with the key of the account from which `{service}` {}, made with `thronos wallet new` and readable by its\n\
                 owner only. Empty for none; no two services may have one account.",
                need.about
            ),
            password_key: need.password_key,
            password_about: format!(
                "File with the password of that key, readable by its owner only. When empty: the systemd credential\n\
                 `thronos-password-{service}`, else the terminal is asked."
            ),
        })
    };
    SERVICES.iter().filter_map(entry).collect()
});

/// A number of the section: its key, its default, what it means.
struct Number {
    key: &'static str,
    usual: u64,
    about: &'static str,
    get: fn(&mut AccountSettings) -> &mut u64,
}

static NUMBERS: [Number; 3] = [
    Number {
        key: "fee_max",
        usual: 1_000_000,
        about: "The most that one transaction of a service may cost, in µTHR. While the price is above, it waits.",
        get: |settings| &mut settings.fee_max,
    },
    Number {
        key: "balance_min",
        usual: 1_000_000,
        about: "With less than this, in µTHR, in its account a service waits and says so.",
        get: |settings| &mut settings.balance_min,
    },
    Number {
        key: "balance_max",
        usual: 10_000_000_000,
        about: "With more than this, in µTHR, in a service's account the node warns: its key lies on a machine that the network\n\
                reaches. 0 for never.",
        get: |settings| &mut settings.balance_max,
    },
];

/// `accounts.…`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountSettings {
    /// Files with keys and with passwords, one pair for each service that declares an account; empty for none.
    files: Vec<[String; 2]>,
    fee_max: u64,
    balance_min: u64,
    balance_max: u64,
}

/// The account that a service is to have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFiles {
    /// The service.
    pub service: &'static str,
    /// The file with the key.
    pub key: PathBuf,
    /// The file with its password.
    pub password: Option<PathBuf>,
}

impl Default for AccountSettings {
    fn default() -> Self {
        let [fee_max, balance_min, balance_max] = NUMBERS.each_ref().map(|number| number.usual);
        Self { files: vec![<[String; 2]>::default(); ENTRIES.len()], fee_max, balance_min, balance_max }
    }
}

impl AccountSettings {
    /// The accounts that are set.
    #[must_use]
    pub fn files(&self) -> Vec<AccountFiles> {
        let set = ENTRIES.iter().zip(&self.files).filter(|(_, [key, _])| !key.is_empty());
        set.map(|(entry, [key, password])| AccountFiles {
            service: entry.service,
            key: Path::new(key).to_owned(),
            password: Some(password).filter(|password| !password.is_empty()).map(PathBuf::from),
        })
        .collect()
    }

    /// The most that one transaction may cost, in µTHR.
    #[must_use]
    pub fn fee_max(&self) -> Amount {
        Amount(self.fee_max.into())
    }

    /// With less a service waits, in µTHR.
    #[must_use]
    pub fn balance_min(&self) -> Amount {
        Amount(self.balance_min.into())
    }

    /// With more the node warns, in µTHR; nothing for never.
    #[must_use]
    pub fn balance_max(&self) -> Option<Amount> {
        Some(Amount(self.balance_max.into())).filter(|max| !max.is_zero())
    }
}

impl AnySection for AccountSettings {
    fn name(&self) -> &'static str {
        NAME
    }

    fn former(&self) -> &'static [&'static str] {
        &[]
    }

    fn entries(&self) -> Vec<SettingValue> {
        let text = |key, about, value: &String| SettingValue {
            key,
            about,
            value: Value::Text(value.clone()),
            expected: "a text",
        };
        let files = ENTRIES.iter().zip(&self.files).flat_map(|(entry, [key, password])| {
            let Entry { service, key_about, password_key, password_about } = entry;
            [text(*service, key_about.as_str(), key), text(*password_key, password_about.as_str(), password)]
        });
        let mut copy = self.clone();
        let numbers = NUMBERS.iter().map(|number| SettingValue {
            key: number.key,
            about: number.about,
            value: Value::Number(*(number.get)(&mut copy)),
            expected: "a whole number of at least 0",
        });
        files.chain(numbers).collect()
    }

    fn set(&mut self, key: &str, value: Value) -> Option<Result<(), &'static str>> {
        if let Some(number) = NUMBERS.iter().find(|number| number.key == key) {
            let Value::Number(value) = value else { return Some(Err("a whole number of at least 0")) };
            *(number.get)(self) = value;
            return Some(Ok(()));
        }
        let mut files = ENTRIES.iter().zip(&mut self.files);
        let file = files.find_map(|(entry, [of_key, of_password])| match key {
            _ if key == entry.service => Some(of_key),
            _ if key == entry.password_key => Some(of_password),
            _ => None,
        })?;
        let Value::Text(text) = value else { return Some(Err("the name of a file")) };
        *file = text;
        Some(Ok(()))
    }

    fn boxed(&self) -> Box<dyn AnySection> {
        Box::new(self.clone())
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn as_any_mut(&mut self) -> &mut dyn Any {
        self
    }
}
