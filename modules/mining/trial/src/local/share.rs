//! One share, made here from what a node hands out over HTTP, and handed to every node: it counts once.
//!
//! It must not use a miner: every byte of the header is put together here.

use std::time::Duration;

use mining::{ProofRequest, WorkResponse};
use pow::{U256, WorkHeader, sha256d};
use testnet::devnet::{Failure, Outcome, Person};
use types::{Hash32, Height};
use wallet::NodeClient;

use super::watched::Watched;
use super::{asked, target};

/// A share must be in a block within this.
const PATIENCE: Duration = Duration::from_secs(15);
/// After so many more works a share is too old for every block.
const GRACE_WORKS: usize = 3;
/// Works come several a second here, so a share may be too old when it is ready.
const ATTEMPTS: u32 = 20;
/// What a node says of a proof that it has, or has had.
const KNOWN: [&str; 2] = ["already_known", "duplicate"];
/// What a node says of a proof that builds on what it does not know yet, or no more.
const ELSEWHERE: [&str; 3] = ["unknown_previous", "unknown_anchor", "wrong_bits"];

/// A share and its hash.
pub(super) struct Made {
    request: ProofRequest,
    /// Its header's hash.
    pub(super) hash: Hash32,
}

/// What a node made of a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Taken,
    Known,
    Elsewhere,
}

/// Hands the same share to all nodes, at once and again when it stands in a block; the books fail if it counts twice. Returns it.
///
/// # Errors
/// When it does not count, or a node takes it a second time.
pub(super) fn counts_once(watched: &mut Watched<'_>, payee: &Person) -> Outcome<Made> {
    let nodes = (0..watched.network.nodes.len()).map(|index| watched.client(index)).collect::<Outcome<Vec<_>>>()?;
    for attempt in 1..=ATTEMPTS {
        let extranonce = [payee.address().0[0], attempt as u8].map(u32::from);
        let made = make(&nodes[0], payee, extranonce)?;
        let verdicts = nodes.iter().map(|node| hand_in(node, &made)).collect::<Outcome<Vec<_>>>()?;
        if verdicts[0] != Verdict::Taken {
            continue;
        }
        watched.follow(0)?;
        // A share on a work that is not among the two newest any more counts no more.
        let last_works = watched.books.works.len() + GRACE_WORKS;
        let counted =
            watched.follow_until(0, "the share in a block", PATIENCE, |books| match books.has(&made.hash) {
                true => Ok(true),
                false if books.works.len() >= last_works => Ok(false),
                false => Err(format!("the blocks below {} do not hold it", books.next)),
            })?;
        if !counted {
            continue;
        }
        refuse_again(watched, &made)?;
        return Ok(made);
    }
    Err(Failure::new(format!("none of {ATTEMPTS} shares was in time")))
}

/// Hands a share that stands in a block to all nodes.
///
/// # Errors
/// When a node takes it.
pub(super) fn refuse_again(watched: &mut Watched<'_>, made: &Made) -> Outcome<()> {
    let height = Height(watched.books.next.0.saturating_sub(1));
    for index in 0..watched.network.nodes.len() {
        watched.network.wait_height(index, height, PATIENCE)?;
        if hand_in(&watched.client(index)?, made)? == Verdict::Taken {
            return Err(Failure::new(format!("node {index} takes the share {} a second time", made.hash)));
        }
    }
    Ok(())
}

fn hand_in(node: &NodeClient, made: &Made) -> Outcome<Verdict> {
    match asked::submit(node, &made.request) {
        Ok(accepted) if accepted.hash == made.hash => Ok(Verdict::Taken),
        Ok(accepted) => Err(Failure::new(format!("a node calls the share {} {}", made.hash, accepted.hash))),
        Err(error) if KNOWN.contains(&&*error.code) => Ok(Verdict::Known),
        Err(error) if ELSEWHERE.contains(&&*error.code) => Ok(Verdict::Elsewhere),
        Err(error) => Err(error.into()),
    }
}

/// Searches nonces until one makes a share that is no work.
fn make(node: &NodeClient, payee: &Person, extranonce: [u32; 2]) -> Outcome<Made> {
    let task = asked::task(node, &payee.text())?;
    let coinbase = coinbase(&task, extranonce).ok_or_else(|| Failure::new("the node's coinbase is not hexadecimal"))?;
    let work = target::of_bits(task.bits.0);
    let share = U256::from_str_radix(&task.share_target, 16)
        .map_err(|_| Failure::new(format!("the node's target `{}` is not hexadecimal", task.share_target)))?;
    let mut header = WorkHeader {
        version: task.version,
        previous: task.previous.0,
        merkle_root: sha256d(&coinbase),
        time: task.time,
        bits: task.bits,
        nonce: 0,
    };
    for nonce in 0..=u32::MAX {
        header.nonce = nonce;
        let hash = header.hash();
        if target::is_met(share, &hash) && !target::is_met(work, &hash) {
            let request = ProofRequest {
                header: hex::encode(header.to_bytes()),
                coinbase: hex::encode(coinbase),
                branch: Vec::new(),
                anchor: task.anchor.height,
            };
            return Ok(Made { request, hash: Hash32(hash) });
        }
    }
    Err(Failure::new("no nonce makes a share"))
}

/// The coinbase around 12 bytes that no miner chooses: its extranonces count from zero.
fn coinbase(task: &WorkResponse, [first, second]: [u32; 2]) -> Option<Vec<u8>> {
    let mut coinbase = hex::decode(&task.coinbase1).ok()?;
    coinbase.extend_from_slice(&u32::MAX.to_be_bytes());
    coinbase.extend_from_slice(&first.to_be_bytes());
    coinbase.extend_from_slice(&second.to_be_bytes());
    coinbase.extend(hex::decode(&task.coinbase2).ok()?);
    Some(coinbase)
}
