//! Proofs of work: what judging one costs beside the hashes that it cannot do without, and how fast this processor searches.
//!
//! The proofs are real shares of a chain of its own, judged 32 at a time, as many as a block may have, on a work height that has
//! half of its shares already.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use lanes::sha256d::{Kernel, Scanner};
use mining::{AnchorBlock, PROOFS_PER_BLOCK_MAX, Template, WorkTerms};
use pow::{Commitment, WorkHeader, merkle, sha256d};
use testnet::devnet::{Failure, Outcome};
use types::{Address, SystemCall};

use crate::chain_maker::{ChainMaker, refused};
use crate::figures::{Figures, Findings, per};
use crate::fixture::Fixture;
use crate::ground::Ground;
use crate::meter::cpu_time_of_thread;

/// Blocks before the first proof, so that there is one to bind.
const BLOCKS: usize = 4;
/// Shares that the chain counts before others are judged: half of what a work height may have.
const COUNTED: usize = 512;
/// How often all proofs are judged in a run, in turn with their hashes alone.
const PASSES: usize = 8;
/// Nonces that are tried at a time while a share is looked for.
const NONCES: u32 = 1 << 16;
/// Version of Bitcoin's headers with no bit set.
const VERSION: u32 = 0x2000_0000;

pub(super) fn measure(ground: &Ground<'_>) -> Outcome<Findings> {
    let directory = ground.beside("mining");
    super::state::remove(&directory)?;
    let outcome = on_chain(ground, &directory);
    super::state::remove(&directory)?;
    outcome.map(Findings::Whole)
}

/// A share with what was hashed to find it.
struct Share {
    header: [u8; WorkHeader::LENGTH],
    coinbase: Vec<u8>,
    commitment: Commitment,
    call: SystemCall,
}

fn on_chain(ground: &Ground<'_>, directory: &std::path::Path) -> Outcome<Vec<Figures>> {
    let (genesis, secrets) = Fixture::genesis(Vec::new());
    let mut maker = ChainMaker::begin(directory, &genesis, secrets)?;
    for _ in 0..BLOCKS {
        maker.add(&[])?;
    }
    let view = maker.view()?;
    let answer = maker.registry.query(&view, "mining", "terms", &BTreeMap::new());
    let answer = answer.map_err(|error| Failure::new(format!("the chain does not say what to mine: {error}")))?;
    let terms: WorkTerms = serde_json::from_value(answer)
        .map_err(|error| Failure::new(format!("the chain's terms cannot be read: {error}")))?;
    let anchor = maker.store.block(maker.height()).map_err(refused)?;
    let anchor = anchor.ok_or_else(|| Failure::new("the newest block is not there"))?;
    let block = AnchorBlock { height: maker.height(), hash: anchor.hash };
    let template = mining::template(&terms, genesis::chain_id(&genesis), Address([5; 20]), block)
        .ok_or_else(|| Failure::new("the chain's target is none"))?;
    let seconds = u32::try_from(maker.time().0 / 1_000).unwrap_or(u32::MAX);
    let count = COUNTED + ground.options.size(64, 8) * PROOFS_PER_BLOCK_MAX;
    let mut shares = (0..count).map(|number| find(&template, seconds, number as u64)).collect::<Outcome<Vec<_>>>()?;
    for counted in shares.split_off(count - COUNTED).chunks(PROOFS_PER_BLOCK_MAX) {
        let calls: Vec<SystemCall> = counted.iter().map(|share| share.call.clone()).collect();
        maker.add_with(&calls, &[])?;
    }
    (0..ground.options.runs()).map(|_| one(ground, &maker, &shares)).collect()
}

/// Finds a share with this extranonce.
fn find(template: &Template, time: u32, number: u64) -> Outcome<Share> {
    let parts = template.coinbase_parts(b"bench").map_err(|error| Failure::new(error.to_string()))?;
    let coinbase = parts.assemble([0; 4], number.to_be_bytes());
    let merkle_root = merkle::fold(sha256d(&coinbase), &[]);
    let mut header =
        WorkHeader { version: VERSION, previous: template.previous, merkle_root, time, bits: template.bits, nonce: 0 };
    let target = template.share_target.to_le_bytes();
    let scanner = Scanner::new(Kernel::best(), &header.to_bytes(), &[], &target);
    let mut hits = (0..=u32::MAX / NONCES).map(|batch| scanner.scan(batch * NONCES, NONCES));
    let hit = hits.find_map(|hits| hits.into_iter().find(|hit| !template.target.is_met_by(&hit.digest)));
    header.nonce = hit.ok_or_else(|| Failure::new("no nonce makes a share"))?.nonce;
    let proof = template.proof(&header, coinbase.clone()).ok_or_else(|| Failure::new("the coinbase is too long"))?;
    Ok(Share { header: header.to_bytes(), coinbase, commitment: template.commitment, call: proof.to_system_call() })
}

fn one(ground: &Ground<'_>, maker: &ChainMaker, shares: &[Share]) -> Outcome<Figures> {
    let (view, time) = (maker.view()?, maker.time().next());
    let calls: Vec<&SystemCall> = shares.iter().map(|share| &share.call).collect();
    let count = (PASSES * shares.len()) as f64;
    let (mut admit, mut floor, mut refused) = (Duration::ZERO, Duration::ZERO, 0);
    for _ in 0..PASSES {
        admit += spent(|| {
            for block in calls.chunks(PROOFS_PER_BLOCK_MAX) {
                let admitted = maker.registry.admit(&view, time, block);
                refused += admitted.iter().filter(|admission| admission.is_err()).count();
            }
        });
        // What nobody can judge a proof without: the header, the coinbase, and what it binds.
        floor += spent(|| {
            for share in shares {
                black_box((sha256d(&share.header), sha256d(&share.coinbase), share.commitment.digest()));
            }
        });
    }
    if refused > 0 {
        return Err(Failure::new(format!("{refused} of {count} shares are refused")));
    }
    let us = |time: Duration| per(time.as_secs_f64() * 1_000_000.0, count);
    let mut figures = Figures::from([
        ("admit_us_per_proof", us(admit)),
        ("hashes_us_per_proof", us(floor)),
        ("admit_ratio_to_hashes", per(us(admit), us(floor))),
        ("proofs_per_s_and_core", per(1_000_000.0, us(admit))),
    ]);
    let header = shares
        .first()
        .map(|share| WorkHeader::from_bytes(&share.header))
        .ok_or_else(|| Failure::new("there are no shares"))?;
    figures.extend(rates(ground, &header));
    Ok(figures)
}

/// How many millions of hashes a second each way of searching makes on one core.
fn rates(ground: &Ground<'_>, header: &WorkHeader) -> Figures {
    let nonces = ground.options.size(1 << 23, 1 << 18);
    let mega = |hashes: u32, time: Duration| per(f64::from(hashes) / 1_000_000.0, time.as_secs_f64());
    let versions: Vec<u32> = (0..16).map(|bits| VERSION | bits << 13).collect();
    let nothing = [0; 32];
    let mut figures = Figures::new();
    let names = [
        (Kernel::Avx512, "search_avx512_mh_per_s"),
        (Kernel::ShaExtensions, "search_sha_extensions_mh_per_s"),
        (Kernel::Avx2, "search_avx2_mh_per_s"),
        (Kernel::Scalar, "search_scalar_mh_per_s"),
    ];
    for (kernel, name) in names.into_iter().filter(|(kernel, _)| kernel.is_available()) {
        let scanner = Scanner::new(kernel, &header.to_bytes(), &versions, &nothing);
        let time = spent(|| drop(black_box(scanner.scan(0, nonces / 16))));
        figures.insert(name, mega(nonces, time));
    }
    let mut header = *header;
    let plain = spent(|| {
        for nonce in 0..nonces / 16 {
            header.nonce = nonce;
            black_box(header.hash());
        }
    });
    figures.insert("plain_sha2_mh_per_s", mega(nonces / 16, plain));
    figures
}

/// CPU time of this thread for something.
fn spent(work: impl FnOnce()) -> Duration {
    let before = cpu_time_of_thread();
    work();
    cpu_time_of_thread().saturating_sub(before)
}
