//! The funded accounts of a local network, made as a person would make them: words, a key file, a password.

use std::path::{Path, PathBuf};

use types::{Address, Amount, Network};
use wallet::home::WalletHome;
use wallet::keystore::Secret;
use wallet::password::Password;
use wallet::{AccountKey, KeyPath, Mnemonic, WordCount};

use super::{Layout, Outcome};

/// What alice and bob begin with: 1,000,000 THR each.
const FIRST_BALANCE: Amount = Amount(1_000_000_000_000);

/// Somebody with an account.
#[derive(Clone, Debug)]
pub struct Person {
    /// Name of the key file.
    pub name: &'static str,
    /// The key.
    pub key: AccountKey,
}

impl Person {
    /// The account.
    #[must_use]
    pub fn address(&self) -> Address {
        self.key.address()
    }

    /// The account as text.
    #[must_use]
    pub fn text(&self) -> String {
        self.address().to_text(Network::Test)
    }
}

/// The people of a local network.
#[derive(Clone, Debug)]
pub struct Wallets {
    /// Has money.
    pub alice: Person,
    /// Has money too.
    pub bob: Person,
    /// Where the key files are.
    pub directory: PathBuf,
}

impl Wallets {
    /// Makes the key files.
    ///
    /// # Errors
    /// When the file system or the system's entropy refuses.
    pub fn create(layout: &Layout) -> Outcome<Self> {
        let password = Password::from_file(&layout.password())?;
        let home = WalletHome::new(layout.wallet());
        let make = |name: &'static str| -> Outcome<Person> { make(&home, &password, name) };
        Ok(Self { alice: make("alice")?, bob: make("bob")?, directory: layout.wallet() })
    }

    /// Opens the key files.
    ///
    /// # Errors
    /// When they are missing or have another password.
    pub fn open(layout: &Layout) -> Outcome<Self> {
        let password = Password::from_file(&layout.password())?;
        let home = WalletHome::new(layout.wallet());
        let open = |name: &'static str| -> Outcome<Person> {
            Ok(Person { name, key: home.open_key(name, &password)?.account_key()? })
        };
        Ok(Self { alice: open("alice")?, bob: open("bob")?, directory: layout.wallet() })
    }

    /// Somebody who has nothing yet: the account in this wallet, or a new one.
    ///
    /// # Errors
    /// When the file system or the system's entropy refuses.
    pub fn somebody(&self, layout: &Layout, name: &'static str) -> Outcome<Person> {
        let password = Password::from_file(&layout.password())?;
        let home = WalletHome::new(&self.directory);
        if home.has_key(name) {
            return Ok(Person { name, key: home.open_key(name, &password)?.account_key()? });
        }
        make(&home, &password, name)
    }

    /// What the genesis gives them.
    #[must_use]
    pub fn balances(&self) -> Vec<(Address, Amount)> {
        vec![(self.alice.address(), FIRST_BALANCE), (self.bob.address(), FIRST_BALANCE)]
    }

    /// How to use them from another terminal.
    #[must_use]
    pub fn how_to_use(&self, client: &Path, api: &str, password: &Path) -> String {
        format!(
            "alice  {}\nbob    {}\n\nIn another terminal:\n  alias thronos='{} --node {api} --wallet-dir {} --password-file {}'\n  \
             thronos balance alice\n  thronos send --from alice --to bob --amount 1.5\n",
            self.alice.text(),
            self.bob.text(),
            client.display(),
            self.directory.display(),
            password.display(),
        )
    }
}

fn make(home: &WalletHome, password: &Password, name: &'static str) -> Outcome<Person> {
    let secret = Secret::Mnemonic {
        mnemonic: Mnemonic::generate(WordCount::Twelve)?,
        passphrase: zeroize::Zeroizing::new(String::new()),
        path: KeyPath::account(0, 0)?,
    };
    home.add_key(name, &secret, password)?;
    Ok(Person { name, key: secret.account_key()? })
}
