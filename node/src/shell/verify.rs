//! Verifying a home while no node runs in it: what `thronosd check` does.
//!
//! It opens everything in the order of a start, so that whatever would refuse a start is found here.

use journal::{Holder, VoteBound};
use store::{Store, StoreError};
use types::ChainId;

use super::start::{StartError, open_desk, open_store, starting_point};
use crate::config::Config;
use crate::home::Home;
use crate::keys::{NetworkKey, ValidatorKey};

/// Opens a home that no node runs in, and verifies what can be verified without peers. Gives what was found, for people.
///
/// # Errors
/// [`StartError`] that names the file.
pub fn verify_home(home: &Home, config: &Config) -> Result<Vec<String>, StartError> {
    home.check()?;
    NetworkKey::read(&home.network_key_file())?;
    let (genesis, chain_id) = home.read_genesis()?;
    let _lock = home.lock(chain_id)?;
    let mut found = vec![format!("chain       {chain_id} ({})", String::from_utf8_lossy(&genesis.name))];
    let store = open_store(home, config, &genesis, chain_id, &runtime::registry())?;
    let key = home.validator_key_file();
    let key = key.exists().then(|| ValidatorKey::read_public(&key)).transpose()?;
    let desk = open_desk(home, Holder { chain: chain_id, key })?;
    found.push(format!("log         {} records, cut below block {}", desk.log.len(), desk.desk.floor_height()));
    let start = starting_point(&store, desk.desk.floor_height(), desk.votes_above, desk.log)?;
    let (tip, checked) = (start.tip.header.height, verify_blocks(&store, chain_id)?);
    found.push(format!("newest block {tip} ({}), state root {}", start.tip.hash, start.tip.state_root));
    found.push(format!("verified    hashes and contents of the newest {checked} blocks"));
    if let Some(key) = key {
        found.push(format!("validator   {key}"));
        found.push(match start.votes_above {
            VoteBound::Above(above) => format!("votes       above view {} of epoch {}", above.view, above.epoch),
            VoteBound::Unknown(doubt) => format!("votes       not at once: {}", replica::sentence_of(doubt)),
        });
    }
    Ok(found)
}

/// Blocks that are verified at the end of the chain.
const VERIFIED_MAX: u64 = 1_000;

/// Verifies that the newest blocks hang together and hold what their headers commit to.
fn verify_blocks(store: &Store, chain_id: ChainId) -> Result<u64, StoreError> {
    let mut height = store.tip().ok_or(StoreError::NotInitialized)?.height;
    let mut expected = store.block(height)?.map(|block| block.hash);
    let mut checked = 0;
    while checked < VERIFIED_MAX && height > types::Height::ZERO {
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
