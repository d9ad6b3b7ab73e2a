//! What every command may use: the wallet's directory, a node, the trusted chain, passwords, and questions to the person.

use std::cell::OnceCell;
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};

use types::{Address, AddressError, Amount, AssetId, Height, MultisigPolicy, Network, THR};

use crate::assets;
use crate::calls::well_known_asset;
use crate::chain::decode_header;
use crate::checkpoint::Checkpoint;
use crate::client::types::StatusResponse;
use crate::home::{ANOTHER_USERS, WalletHome, is_there};
use crate::keystore::file::{Existing, create_private_directory, write_private};
use crate::{Chain, CheckedHeader, Error, NodeClient, Result};

/// What every command may use.
#[derive(Clone, Debug)]
pub struct Context {
    /// The wallet's directory.
    pub home: WalletHome,
    /// The node's address.
    pub node: String,
    /// Whether a program reads the answer.
    pub json: bool,
    /// The genesis that the person trusts, if given.
    pub genesis: Option<PathBuf>,
    /// Where passwords come from, if not from the terminal.
    pub password_file: Option<PathBuf>,
    /// A block that the person knows to be final, as `HEIGHT:HASH`.
    pub checkpoint: Option<String>,
    /// Whether no node is to be asked, whatever for.
    pub offline: bool,
    /// The network that the node named, asked at most once.
    pub(super) asked: OnceCell<Option<Network>>,
}

/// An asset as a command needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetChoice {
    /// Its number.
    pub id: AssetId,
    /// Its symbol.
    pub symbol: String,
    /// Its digits behind the point.
    pub decimals: u8,
}

impl AssetChoice {
    /// Reads an amount such as `1.5`.
    ///
    /// # Errors
    /// `bad_amount` with what is wrong.
    pub fn amount(&self, text: &str) -> Result<Amount> {
        Amount::parse_decimal(text, self.decimals).map_err(|error| {
            let Self { symbol, decimals, .. } = self;
            let hint = format!("{symbol} has {decimals} decimals; write digits 0 to 9 and a point, such as 1.5");
            Error::new("bad_amount", error.to_string(), hint)
        })
    }

    /// Writes an amount such as `1.5 THR`.
    #[must_use]
    pub fn shown(&self, amount: Amount) -> String {
        format!("{} {}", amount.to_decimal(self.decimals), assets::display_name(self.id, &self.symbol))
    }
}

/// An account that this wallet can act for.
#[derive(Clone, Debug)]
pub struct Sender {
    /// Its name in this wallet.
    pub name: String,
    /// The account.
    pub address: Address,
    /// Its policy, when it is a multisig account.
    pub policy: Option<MultisigPolicy>,
}

impl Context {
    /// Answers for people about this wallet and this node, with nothing else given.
    #[must_use]
    pub const fn new(home: WalletHome, node: String) -> Self {
        let asked = OnceCell::new();
        Self { home, node, json: false, genesis: None, password_file: None, checkpoint: None, offline: false, asked }
    }

    /// Tells something that is no part of the answer: a person in words, a program in a document of its own, `{"note": "…"}`.
    pub fn note(&self, text: &str) {
        if self.json {
            crate::cli::output::note(&serde_json::json!({ "note": text }).to_string());
        } else {
            crate::cli::output::note(text);
        }
    }

    /// The node.
    ///
    /// # Errors
    /// `bad_node_url`.
    pub fn client(&self) -> Result<NodeClient> {
        NodeClient::new(&self.node)
    }

    /// The trusted chain, without asking a node: from `--genesis`, or what was pinned.
    ///
    /// # Errors
    /// `genesis_needed` when there is neither; `bad_genesis`.
    pub fn known_chain(&self) -> Result<Chain> {
        match self.pinned()? {
            Some(chain) => Ok(chain),
            None => Err(Error::new(
                "genesis_needed",
                format!("this wallet knows no chain yet: there is no {}", self.home.genesis_path().display()),
                "give the chain's genesis file with `--genesis FILE`",
            )),
        }
    }

    /// The trusted chain; at the first contact it is taken from the node and pinned, and the person is told so.
    ///
    /// # Errors
    /// `other_chain` when the node is of another one; `bad_genesis`; what a request fails with.
    pub fn chain(&self, client: &NodeClient) -> Result<Chain> {
        self.chain_at(client, &client.status()?)
    }

    /// The trusted chain, for a node that answers so.
    pub(super) fn chain_at(&self, client: &NodeClient, status: &StatusResponse) -> Result<Chain> {
        let chain = match self.pinned()? {
            Some(chain) => chain,
            None => self.pin(client)?,
        };
        if status.chain_id != chain.id() {
            return Err(chain.other_chain(status.chain_id));
        }
        self.check_history(client, &chain, status.final_height)?;
        Ok(chain)
    }

    /// Refuses a node whose history is not the one that is remembered, or that the person names.
    fn check_history(&self, client: &NodeClient, chain: &Chain, final_height: Height) -> Result<()> {
        for checkpoint in self.known_blocks(chain)? {
            if checkpoint.height > final_height {
                let height = checkpoint.height;
                self.note(&format!("warning: the node is at block {final_height}, and block {height} is known to be final: it is behind"));
                continue;
            }
            let blocks = client.blocks(checkpoint.height, 1)?.blocks;
            let shown = blocks.first().map(|block| decode_header(&block.header_hex)).transpose()?;
            let shown = shown.filter(|header| header.height == checkpoint.height).ok_or_else(|| {
                let message = format!("the node does not show block {}, which is known to be final", checkpoint.height);
                Error::new("bad_answer", message, "ask another node")
            })?;
            checkpoint.check(&Checkpoint { height: shown.height, hash: crypto::ids::header_hash(&shown) })?;
        }
        Ok(())
    }

    /// The blocks of a chain that are known to be final, without asking a node: the newest that this wallet has found so, and the one that the person names.
    ///
    /// # Errors
    /// `bad_checkpoint`.
    pub fn known_blocks(&self, chain: &Chain) -> Result<Vec<Checkpoint>> {
        let remembered = Checkpoint::load(&self.home, chain.id())?;
        let named = self.checkpoint.as_deref().map(str::parse::<Checkpoint>).transpose()?;
        Ok([remembered, named].into_iter().flatten().collect())
    }

    /// Remembers a block that was found final, so that no other history is believed later. Where nothing can be written the person is
    /// told: what was found is true all the same, and a payment that was made must not look like one that failed.
    ///
    /// # Errors
    /// `checkpoint_conflict`, `bad_checkpoint`.
    pub fn remember(&self, chain: &Chain, checked: &CheckedHeader) -> Result<()> {
        match Checkpoint::of(checked).remember(&self.home, chain.id()) {
            Err(error) if ["file", ANOTHER_USERS].contains(&error.own_code()) => {
                let height = checked.header.height;
                self.note(&format!("warning: that block {height} is final is not remembered: {error}"));
                Ok(())
            }
            done => done,
        }
    }

    /// The trusted chain, asking a node only if none is known yet.
    ///
    /// # Errors
    /// As [`Self::chain`].
    pub fn any_chain(&self) -> Result<Chain> {
        self.pinned()?.map_or_else(|| self.chain(&self.client()?), Ok)
    }

    fn pinned(&self) -> Result<Option<Chain>> {
        let pinned = self.home.genesis_path();
        let path = match &self.genesis {
            Some(given) => given,
            None if is_there(&pinned) => &pinned,
            None => return Ok(None),
        };
        Chain::from_json(&read_bounded(path, genesis::JSON_BYTES_MAX)?).map(Some)
    }

    fn pin(&self, client: &NodeClient) -> Result<Chain> {
        let json = client.genesis_json()?;
        let chain = Chain::from_json(&json)?;
        create_private_directory(self.home.directory())?;
        let path = self.home.genesis_path();
        if let Err(error) = write_private(&path, json.as_bytes(), Existing::Keep) {
            // Another command of this wallet may have met its node a moment before: what it pinned is trusted.
            return self.pinned()?.ok_or(error);
        }
        self.note(&format!(
            "warning: the genesis of chain {} was taken from {} without proof and is trusted from now on ({}).\n\
             Compare the chain id with one you know, or give the file with --genesis.",
            chain.id(),
            client.url(),
            path.display()
        ));
        Ok(chain)
    }

    /// How addresses are written, when a chain is known.
    ///
    /// # Errors
    /// `bad_genesis`.
    pub fn network(&self) -> Result<Option<Network>> {
        Ok(self.pinned()?.map(|chain| chain.network()))
    }

    /// How addresses are written: as the known chain does, else as the node's chain does, if the node answers. Only spelling hangs
    /// on it.
    fn spelling(&self) -> Result<Option<Network>> {
        if let Some(network) = self.network()? {
            return Ok(Some(network));
        }
        let ask = || Some(self.client().ok().filter(|_| !self.offline)?.quick_status().ok()?.network);
        Ok(*self.asked.get_or_init(ask))
    }

    /// An address as people write it: of the chain's network, or of both while no chain is known.
    ///
    /// # Errors
    /// `bad_genesis`.
    pub fn shown_address(&self, address: Address) -> Result<String> {
        Ok(match self.spelling()? {
            Some(network) => address.to_text(network),
            None => {
                let (main, test) = (address.to_text(Network::Main), address.to_text(Network::Test));
                format!("{main} (main network), {test} (test networks)")
            }
        })
    }

    /// The forms of an address for programs; `address` is null while no chain is known.
    ///
    /// # Errors
    /// `bad_genesis`.
    pub fn address_json(&self, address: Address) -> Result<serde_json::Value> {
        Ok(serde_json::json!({
            "address": self.spelling()?.map(|network| address.to_text(network)),
            "main": address.to_text(Network::Main),
            "test": address.to_text(Network::Test),
            "legacy": address.to_legacy_text(),
        }))
    }

    /// Refuses what is neither a name of this wallet nor an address of any network, before a node is asked and trusted for it.
    ///
    /// # Errors
    /// `bad_address`, `address_typo`.
    pub fn readable(&self, text: &str) -> Result<()> {
        let is_known = self.home.has_key(text) || self.home.has_policy(text);
        if is_known { Ok(()) } else { read_address(text).map(drop) }
    }

    /// The account behind a name of this wallet or an address in any form.
    ///
    /// # Errors
    /// `bad_address`, `address_typo`, `address_of_other_network`.
    pub fn resolve(&self, text: &str, network: Network) -> Result<Address> {
        if self.home.has_key(text) {
            return Ok(self.home.key(text)?.address());
        }
        if self.home.has_policy(text) {
            return Ok(crypto::ids::address_of_policy(&self.home.policy(text)?));
        }
        parse_address(text, network)
    }

    /// An account of this wallet by its name.
    ///
    /// # Errors
    /// `unknown_name`.
    pub fn sender(&self, name: &str) -> Result<Sender> {
        if self.home.has_policy(name) {
            let policy = self.home.policy(name)?;
            let address = crypto::ids::address_of_policy(&policy);
            return Ok(Sender { name: name.to_owned(), address, policy: Some(policy) });
        }
        Ok(Sender { name: name.to_owned(), address: self.home.key(name)?.address(), policy: None })
    }

    /// An asset by symbol or number; those that every chain has, and those that were proven before, need no node.
    ///
    /// # Errors
    /// `unknown_asset`, or what a request fails with.
    pub fn asset(&self, text: &str) -> Result<AssetChoice> {
        let upper = text.to_ascii_uppercase();
        for id in (THR.0..=types::WBTC.0).map(AssetId) {
            let known = well_known_asset(id).filter(|(symbol, _)| *symbol == upper || id.to_string() == text);
            if let Some((symbol, decimals)) = known {
                return Ok(AssetChoice { id, symbol: symbol.to_owned(), decimals });
            }
        }
        let unknown = |why: &str| {
            let shown: String = text.chars().take(40).collect();
            let hint = "see `thronos asset show`, and give the asset's number";
            Error::new("unknown_asset", format!("`{shown}` {why}"), hint)
        };
        // As it is shown: symbol and number, which must fit.
        let (symbol, number) = text.rsplit_once('#').map_or((None, text), |(symbol, number)| (Some(symbol), number));
        let plain =
            |text: &str| text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && (1..=20).contains(&text.len());
        let id = match number.parse().map(AssetId) {
            _ if !plain(number) || !symbol.is_none_or(plain) => return Err(unknown("is no symbol and no number")),
            Ok(id) => id,
            Err(_) if number.bytes().all(|byte| byte.is_ascii_digit()) => {
                return Err(unknown("is above the highest number of an asset"));
            }
            Err(_) if symbol.is_some() => return Err(unknown("has no number behind the `#`")),
            Err(_) => self.asset_called(&upper, &unknown)?,
        };
        let choice = self.asset_numbered(id)?;
        if symbol.is_some_and(|symbol| !symbol.eq_ignore_ascii_case(&choice.symbol)) {
            return Err(unknown(&format!("is not what asset {id} is called: that is {}", choice.symbol)));
        }
        Ok(choice)
    }

    /// The node, unless the person said to ask none.
    fn asking_client(&self, about: &str) -> Result<NodeClient> {
        if self.offline {
            let message = format!("{about} is not known without a node: this wallet has not proven it yet");
            let hint =
                "use the asset once with a connection, `--dry-run` is enough; THR, VIBE and WBTC are always known";
            return Err(Error::new("offline_needs", message, hint));
        }
        self.client()
    }

    fn asset_numbered(&self, id: AssetId) -> Result<AssetChoice> {
        if let Some((symbol, decimals)) = well_known_asset(id) {
            return Ok(AssetChoice { id, symbol: symbol.to_owned(), decimals });
        }
        // Known already, and nobody is asked.
        if let Some(known) =
            self.pinned()?.map(|chain| assets::pinned(&self.home, chain.id(), id)).transpose()?.flatten()
        {
            return Ok(AssetChoice { id, symbol: known.symbol, decimals: known.decimals });
        }
        let client = self.asking_client(&format!("asset {id}"))?;
        let mut chain = self.chain(&client)?;
        let (asset, is_new) = assets::learn(&self.home, &client, &mut chain, id)?;
        let assets::PinnedAsset { symbol, decimals } = asset;
        if is_new {
            let one = 10_u128.checked_pow(decimals.into()).unwrap_or(u128::MAX);
            self.note(&format!("asset {id} is {symbol}, proven: 1 {symbol} is {one} base units ({decimals} decimals)"));
        }
        Ok(AssetChoice { id, symbol, decimals })
    }

    /// The number of the one asset with this symbol. Anybody can create an asset with a symbol that is taken.
    fn asset_called(&self, symbol: &str, unknown: &dyn Fn(&str) -> Error) -> Result<AssetId> {
        if let Some(chain) = self.pinned()?
            && let [(id, _)] = assets::pinned_as(&self.home, chain.id(), symbol)?.as_slice()
        {
            return Ok(*id);
        }
        let listed = self.asking_client(symbol)?.assets()?.assets;
        let mut found = listed.into_iter().filter(|asset| asset.symbol == symbol);
        let asset = found.next().ok_or_else(|| unknown("is not an asset of this chain"))?;
        if found.next().is_some() {
            return Err(unknown("is the symbol of several assets"));
        }
        let (client, id) = (self.client()?, asset.id);
        let (proven, _) = assets::learn(&self.home, &client, &mut self.chain(&client)?, id)?;
        if proven.symbol != symbol {
            return Err(unknown(&format!("is not what asset {id} is called, whatever the node says")));
        }
        let decimals = proven.decimals;
        self.note(&format!("{symbol} is asset {id} with {decimals} decimals, proven; whether it is the one that is meant nobody can prove"));
        Ok(id)
    }

    /// Asks for a yes on the terminal.
    ///
    /// # Errors
    /// `confirmation_needed` without a terminal, with the option that answers; `not_confirmed` for anything but yes.
    pub fn confirm(&self, question: &str, option: &str) -> Result<()> {
        if !std::io::stdin().is_terminal() {
            let hint = format!("give `{option}` to answer yes");
            return Err(Error::new("confirmation_needed", format!("{question} There is no terminal to ask on."), hint));
        }
        eprint!("{} [y/N] ", crate::cli::output::visible(question));
        let _ = std::io::stderr().flush();
        let mut answer = String::new();
        std::io::stdin()
            .read_line(&mut answer)
            .map_err(|error| Error::file("read", Path::new("the terminal"), &error))?;
        if ["y", "yes"].contains(&answer.trim().to_ascii_lowercase().as_str()) {
            return Ok(());
        }
        Err(Error::new("not_confirmed", "not confirmed", "nothing was changed"))
    }
}

/// Reads an address with an error for people.
///
/// # Errors
/// `bad_address`, `address_typo`, `address_of_other_network`.
pub fn parse_address(text: &str, network: Network) -> Result<Address> {
    Address::parse(text, network).map_err(|error| {
        let shown: String = text.chars().filter(|character| !character.is_control()).take(80).collect();
        let (code, hint) = match error {
            AddressError::OtherNetwork { .. } => ("address_of_other_network", "ask for the address on this network"),
            AddressError::Checksum => {
                ("address_typo", "a checksum finds no place: take the whole address again from whoever gave it")
            }
            AddressError::Malformed { expected } => return malformed(text, &format!("`{expected}1…`")),
        };
        Error::new(code, format!("`{shown}`: {error}"), hint)
    })
}

/// What is neither an address nor, where one may stand, a name.
fn malformed(text: &str, begins: &str) -> Error {
    let shown: String = text.chars().filter(|character| !character.is_control()).take(80).collect();
    let message = format!(
        "`{shown}` is no account of this wallet and no address: one begins with {begins}, or is `THR` and 40 hexadecimal digits"
    );
    Error::new("bad_address", message, "names of this wallet are listed by `thronos wallet list`")
}

/// Reads an address of either network; says which form it has: `main`, `test` or `legacy`.
///
/// # Errors
/// `bad_address`, `address_typo`.
pub fn read_address(text: &str) -> Result<(Address, &'static str)> {
    if let Some(address) = Address::parse_legacy(text) {
        return Ok((address, "legacy"));
    }
    match Address::parse(text, Network::Main) {
        Ok(address) => Ok((address, "main")),
        Err(AddressError::OtherNetwork { .. }) => Ok((parse_address(text, Network::Test)?, "test")),
        Err(AddressError::Malformed { .. }) => Err(malformed(text, "`thr1…`, on test networks with `thrt1…`")),
        Err(AddressError::Checksum) => parse_address(text, Network::Main).map(|address| (address, "main")),
    }
}

/// Writes an answer into a new file that anybody may read: transactions are public.
///
/// # Errors
/// `file` when it exists.
pub fn write_new(path: &Path, text: &str) -> Result<()> {
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create_new(true).open(path);
    let written = file.and_then(|mut file| file.write_all(text.as_bytes()).and_then(|()| file.sync_all()));
    written.map_err(|error| Error::file("write", path, &error))
}

/// Refuses a file that exists, before a password is asked for and in vain.
///
/// # Errors
/// `file`.
pub fn check_new(path: &Path) -> Result<()> {
    match path.symlink_metadata() {
        Ok(_) => Err(Error::file("write", path, &std::io::ErrorKind::AlreadyExists.into())),
        Err(_) => Ok(()),
    }
}

/// Reads a file that somebody else may have made.
///
/// # Errors
/// `file` when it cannot be read or is longer.
pub fn read_bounded(path: &Path, bytes_max: usize) -> Result<String> {
    use std::io::Read;
    let mut text = String::new();
    let one_more = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let read = std::fs::File::open(path).and_then(|file| file.take(one_more).read_to_string(&mut text));
    if text.len() > bytes_max {
        let message = format!("{} has more than {bytes_max} bytes, which no such file has", path.display());
        return Err(Error::new("file", message, "check that it is the right file"));
    }
    read.map_err(|error| Error::file("read", path, &error))?;
    Ok(text)
}
