//! Verifying a home while no node runs in it: what `thronosd check` does.
//!
//! It looks in the order of a start, so that whatever would refuse a start is found here, and at more. Invariant: no file of the home
//! is changed or made, so that what is found now is found by the next one who looks.

use std::path::Path;

use journal::{Holder, Position, Untouched, VoteBound};
use replica::{Desk, Opened};
use service::Finding;
use store::{Store, StoreError, StoreOptions};
use types::{BlsPublicKey, ChainId, Height, View, counted};

use super::desk::{desk_failed, traces_of_key};
use super::start::starting_point;
use super::start_error::StartError;
use crate::config::Config;
use crate::control::look_at_bans;
use crate::disk::FileDisk;
use crate::home::{Home, HomeError, IGNORED, LEADS_NOWHERE, ServiceFolder};
use crate::keys::{NetworkKey, ValidatorKey};

/// What was found in a home.
#[derive(Debug, Default)]
pub struct Findings {
    /// What is there: of what, and what is so.
    pub facts: Vec<(&'static str, String)>,
    /// What a crash left, which the next start puts right.
    pub torn: Vec<Finding>,
    /// What no start looks at, though it may have been meant for one.
    pub ignored: Vec<Finding>,
    /// What is whole, and for which a start waits for the operator's word.
    pub held: Vec<Finding>,
    /// What is missing or damaged, though a start may go on without it.
    pub wrong: Vec<Finding>,
}

impl Findings {
    fn fact(&mut self, of: &'static str, what: impl Into<String>) {
        self.facts.push((of, what.into()));
    }
}

/// Looks at a home that no node runs in, and verifies what can be verified without peers.
///
/// # Errors
/// [`StartError`] that names the file, for what would refuse a start.
pub fn verify_home(home: &Home, config: &Config) -> Result<Findings, StartError> {
    let mut found = look_at_home(home, config)?;
    if config.node.read_only {
        // Its key is not used, so it need not be there.
        let key = home.validator_key_file();
        found.wrong.retain(|finding| finding.file != key);
        let votes = found.facts.iter_mut().filter(|(of, _)| *of == "votes");
        votes.for_each(|(_, what)| *what = "never: this node is read-only".to_owned());
    }
    Ok(found)
}

fn look_at_home(home: &Home, config: &Config) -> Result<Findings, StartError> {
    home.check()?;
    NetworkKey::read(&home.network_key_file())?;
    let (genesis, chain_id) = home.read_genesis()?;
    let mut found = Findings::default();
    found.fact("chain", format!("{chain_id} ({})", String::from_utf8_lossy(&genesis.name)));
    let key = home.validator_key_file();
    let key = key.exists().then(|| ValidatorKey::read_public(&key)).transpose()?;
    if let Some(key) = key {
        found.fact("validator", key.to_string());
    }
    let has_lease = home.lease().join(journal::LEASE_FILE).exists();
    let _lock = home.lock_as_it_is()?;
    look_at_services(home, config, &mut found);
    found.wrong.extend(look_at_bans(home.bans()));
    // The first start says of which chain its data is.
    let has_run = home.check_chain(chain_id)?;
    let is_empty = !home.store().exists() && !home.log().exists();
    if !has_run && !is_empty {
        found.wrong.push(Finding::new(home.data().join("chain-id"), "it is missing; the next start writes it again"));
    }
    if is_empty {
        look_at_rest(home, Holder { chain: chain_id, key }, has_run, &mut found)?;
        return Ok(found);
    }
    let holder = Holder { chain: chain_id, key };
    if !home.store().exists() && has_no_records(home, holder, &mut found)? {
        return Ok(found);
    }
    let log_folder = Scratch::make()?;
    let cache = usize::try_from(config.store.cache_mib << 20).unwrap_or(usize::MAX);
    let options = StoreOptions { block_cache_bytes: cache, ..StoreOptions::default() };
    let store = Store::look(&home.store(), chain_id, options, &log_folder.0)?;
    if !home.log().exists() {
        found.wrong.push(missing_log(home, key.is_some()));
    } else {
        look_at_desk(home, &store, holder, &mut found)?;
    }
    if key.is_some() && !has_lease && store.tip().is_some_and(|tip| tip.height > Height::ZERO) {
        found.wrong.push(missing_lease(home));
    }
    let checked = verify_blocks(&store, chain_id)?;
    found.fact("verified", format!("hashes and contents of the newest {}", counted(checked, "block")));
    found.fact("checksums", format!("of {} of the store", counted(store.read_all()?, "row")));
    Ok(found)
}

fn missing_log(home: &Home, is_validator: bool) -> Finding {
    let then = match is_validator {
        true => "the node will vote above what the lease says",
        false => "the next start makes it anew",
    };
    Finding::new(home.log(), format!("it is missing; {then}"))
}

fn missing_lease(home: &Home) -> Finding {
    Finding::new(home.lease(), "it is missing; the node will listen through a whole epoch")
}

/// The key of a home that was a validator's.
fn missing_key(home: &Home, holder: &Holder, lease: Option<BlsPublicKey>) -> Option<Finding> {
    let traces = traces_of_key(home, lease).filter(|_| holder.key.is_none())?;
    let what = format!("it is missing, though this home is a validator's by {traces}; put it back from its copy");
    Some(Finding::new(home.validator_key_file(), what))
}

/// Looks at a home without store and log, of which something else may be left.
fn look_at_rest(home: &Home, holder: Holder, has_run: bool, found: &mut Findings) -> Result<(), StartError> {
    let lease = home.lease();
    // Without a log there is nothing to list in its place: the lease's own folder has none.
    let disk = || Untouched::new(FileDisk::at(&lease));
    let desk: Option<Opened<_>> =
        lease.exists().then(|| Desk::open(disk(), disk(), holder)).transpose().map_err(desk_failed(home))?;
    let bound = desk.as_ref().map(|desk| desk.votes_above);
    found.wrong.extend(missing_key(home, &holder, desk.as_ref().and_then(|desk| desk.desk.lease_key())));
    let has_voted = matches!(bound, Some(VoteBound::Above(above)) if above != Position::default());
    // Making a home for a validator writes its lease, before any node runs.
    if holder.key.is_some() {
        match bound.filter(|_| lease.join(journal::LEASE_FILE).exists()) {
            Some(VoteBound::Above(_)) if !has_voted => found.fact("votes", "none: this validator has not voted yet"),
            Some(bound) => found.fact("votes", votes(bound)),
            None => found.wrong.push(missing_lease(home)),
        }
    }
    if !has_run && !has_voted {
        found.fact("data", "none: no node has run here yet");
        return Ok(());
    }
    found.wrong.push(Finding::new(home.store(), "it is missing; the next start gets the chain from its peers"));
    found.wrong.push(missing_log(home, holder.key.is_some()));
    Ok(())
}

fn votes(bound: VoteBound) -> String {
    match bound {
        // Nothing was forgotten: what was signed stands in the log.
        VoteBound::Above(above) if above == Position::default() => {
            "wherever the log holds no vote of its own".to_owned()
        }
        VoteBound::Above(above) => above_words(above),
        VoteBound::Unknown(doubt) => format!("not at once: {}", replica::sentence_of(doubt)),
    }
}

/// Above which place a node votes. Whoever lost its log may have voted anywhere in an epoch, and votes in the next one again.
#[must_use]
pub fn above_words(above: Position) -> String {
    let Position { epoch, view } = above;
    match view {
        View::MAX if epoch.0 == u64::MAX => "never again".to_owned(),
        View::MAX => format!("from epoch {} on, and never again in epoch {epoch}", epoch.0.saturating_add(1)),
        _ => format!("above view {view} of epoch {epoch}"),
    }
}

/// What services keep.
fn look_at_services(home: &Home, config: &Config, found: &mut Findings) {
    let accounts = config.accounts.files();
    // A node that is read-only opens no key.
    let has_account = |name: &str| !config.node.read_only && accounts.iter().any(|files| files.service == name);
    for entry in crate::services::SERVICES {
        let ServiceFolder { used, ignored } = home.find_service(entry.name, entry.former_folder);
        found.ignored.extend(ignored.map(|folder| Finding::new(folder, IGNORED)));
        match used {
            Ok(Some(folder)) => {
                let service::FolderFindings { torn, held, wrong } =
                    crate::services::look(entry, &folder, has_account(entry.name));
                found.torn.extend(torn);
                found.held.extend(held);
                found.wrong.extend(wrong);
            }
            Ok(None) => {}
            Err(link) => found.wrong.push(Finding::new(link, LEADS_NOWHERE)),
        }
    }
}

/// Whether a home without a store has a log without a record, as an operator's word on votes makes it before a node has run there.
fn has_no_records(home: &Home, holder: Holder, found: &mut Findings) -> Result<bool, StartError> {
    let disk = |folder: &Path| Untouched::new(FileDisk::at(folder));
    let (log, lease) = (home.log(), home.lease());
    let lease = if lease.exists() { &lease } else { &log };
    let desk: Opened<_> = Desk::open(disk(&log), disk(lease), holder).map_err(desk_failed(home))?;
    if !desk.log.is_empty() || desk.floor.is_some() || desk.torn.is_some() {
        return Ok(false);
    }
    found.wrong.extend(missing_key(home, &holder, desk.desk.lease_key()));
    if holder.key.is_some() {
        found.fact("votes", votes(desk.votes_above));
    }
    found.fact("data", "none: no node has run here yet");
    Ok(true)
}

/// What a start would find in log and lease.
fn look_at_desk(home: &Home, store: &Store, holder: Holder, found: &mut Findings) -> Result<(), StartError> {
    let disk = |folder: &Path| Untouched::new(FileDisk::at(folder));
    let (log, lease) = (home.log(), home.lease());
    // Without a folder there is nothing to list: the log's own has no lease.
    let lease = if lease.exists() { &lease } else { &log };
    let desk: Opened<_> = Desk::open(disk(&log), disk(lease), holder).map_err(desk_failed(home))?;
    let floor = desk.desk.floor_height();
    let records = counted(desk.log.len() as u64, "record");
    let doubt = "whether records are missing at its end cannot be told";
    found.fact("log", format!("{records}, cut below block {floor}; {doubt}"));
    if let Some(torn) = &desk.torn {
        let (bytes, offset) = (torn.bytes, torn.offset);
        let what = "as a crash leaves one; after a clean stop there is none, and what was behind it is lost";
        let what = format!("an incomplete end of {} from offset {offset} on, {what}", counted(bytes, "byte"));
        found.torn.push(Finding::new(home.log().join(&torn.file), what));
    }
    found.wrong.extend(missing_key(home, &holder, desk.desk.lease_key()));
    let start = starting_point(store, floor, desk.votes_above, desk.log)?;
    let tip = start.tip.header.height;
    found.fact("newest block", format!("{tip} ({}), state root {}", start.tip.hash, start.tip.state_root));
    if holder.key.is_some() {
        found.fact("votes", votes(start.votes_above));
    }
    Ok(())
}

/// A folder for what RocksDB writes of itself, gone when it is dropped.
struct Scratch(std::path::PathBuf);

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

impl Scratch {
    fn make() -> Result<Self, HomeError> {
        let path = std::env::temp_dir().join(format!("thronosd-check-{}", std::process::id()));
        match std::fs::create_dir_all(&path) {
            Ok(()) => Ok(Self(path)),
            Err(error) => Err(HomeError::Io { what: "make", path, error }),
        }
    }
}

/// Blocks that are verified at the end of the chain.
const VERIFIED_MAX: u64 = 1_000;

/// Verifies that the newest blocks hang together and hold what their headers commit to.
fn verify_blocks(store: &Store, chain_id: ChainId) -> Result<u64, StoreError> {
    let mut height = store.tip().ok_or(StoreError::NotInitialized)?.height;
    let mut expected = store.block(height)?.map(|block| block.hash);
    let mut checked = 0;
    while checked < VERIFIED_MAX && height > Height::ZERO {
        let damaged =
            |what: &str| StoreError::Damaged { path: store.path().to_owned(), what: format!("block {height}: {what}") };
        let block = store.block(height)?.ok_or_else(|| damaged("it is missing"))?;
        if Some(crypto::ids::header_hash(&block.header)) != expected {
            return Err(damaged("its hash is not the one its child names"));
        }
        let body = store.body(height)?.ok_or_else(|| damaged("its body is missing"))?;
        let ids = body.transactions.iter().map(|transaction| {
            let id = crypto::ids::transaction_id(chain_id, &transaction.body);
            crypto::ids::witness_id(id, &transaction.witness)
        });
        if crypto::ids::body_root(&body.system_calls, &ids.collect::<Vec<_>>()) != block.header.body_root {
            return Err(damaged("its body is not the one its header commits to"));
        }
        expected = Some(block.header.parent);
        height = height.saturating_sub(1);
        checked += 1;
    }
    Ok(checked)
}

#[cfg(test)]
mod tests {
    use types::Epoch;

    use super::*;

    // FAULTS RT15
    #[test]
    fn the_end_of_an_epoch_is_told_in_words() {
        let words = |epoch, view| above_words(Position { epoch: Epoch(epoch), view });
        assert_eq!(words(1, View(7)), "above view 7 of epoch 1");
        assert_eq!(words(1, View::MAX), "from epoch 2 on, and never again in epoch 1");
        assert_eq!(words(u64::MAX, View::MAX), "never again");
    }
}
