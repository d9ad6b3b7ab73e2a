//! What a registration and a look at a device cost as devices become many, on RocksDB.

use std::ops::Range;
use std::path::Path;
use std::time::{Duration, Instant};

use ed25519_dalek::{Signer, SigningKey};
use execution::{CheckedTransaction, QueryArguments};
use testnet::devnet::{Failure, Outcome};
use types::{Amount, ByteString, Call, Hash32, TimeMs};
use verifyid::{Algorithm, Allowance, DeviceId, Kind, Register, Registration, VerifyId, VerifyIdCall, key_id};

use crate::chain_maker::ChainMaker;
use crate::figures::{Figures, per, percentile, sorted};
use crate::fixture::Fixture;
use crate::ground::{Ground, calm};
use crate::meter::cpu_time_of_thread;
use crate::parts::state::remove;
use crate::presigned::{Treasury, checked, on_all_cores};

/// Devices of one block.
const DEVICES: usize = 512;
/// Blocks that are measured, after those that fill the store.
const BLOCKS: usize = 20;
/// Devices that are looked at.
const LOOKS: usize = 2_000;
/// A device's word holds so long, in milliseconds.
const WORD_MS: u64 = 60_000;
/// Far above all fees.
const MONEY: Amount = Amount(10_000_000_000_000);

/// A number of devices with the names of its figures.
struct Size {
    devices: usize,
    register: &'static str,
    look: &'static str,
}

const SIZES: [Size; 2] = [
    Size { devices: 10_000, register: "register_us_10k", look: "look_us_10k" },
    Size { devices: 1_000_000, register: "register_us_1m", look: "look_us_1m" },
];
const SIZES_QUICK: [Size; 2] = [
    Size { devices: 1_000, register: "register_us_1k", look: "look_us_1k" },
    Size { devices: 10_000, register: "register_us_10k", look: "look_us_10k" },
];

pub(super) fn measure(ground: &Ground<'_>, runs: &mut [Figures]) -> Outcome<()> {
    let sizes = if ground.options.quick { &SIZES_QUICK } else { &SIZES };
    let directory = ground.beside("devices");
    remove(&directory)?;
    let outcome = on_store(ground, &directory, sizes, runs);
    remove(&directory)?;
    outcome?;
    for run in runs {
        let growth = |name: fn(&Size) -> &'static str| {
            let value = |size: Option<&Size>| size.and_then(|size| run.get(name(size)).copied()).unwrap_or_default();
            per(value(sizes.last()), value(sizes.first()))
        };
        let (register, look) = (growth(|size| size.register), growth(|size| size.look));
        run.extend([("growth_register", register), ("growth_look", look)]);
    }
    Ok(())
}

/// One store, which grows from size to size.
fn on_store(ground: &Ground<'_>, directory: &Path, sizes: &[Size], runs: &mut [Figures]) -> Outcome<()> {
    let treasury = Treasury::default();
    let (mut genesis, secrets) = Fixture::genesis(vec![(treasury.address(), MONEY)]);
    calm(&mut genesis.parameters);
    execution::edit_section::<VerifyId>(&mut genesis, |rules| {
        rules.free.devices = Allowance::UNLIMITED;
        rules.registration_fee = Amount::ZERO;
    });
    let chain = genesis::chain_id(&genesis);
    let mut fleet =
        Fleet { maker: ChainMaker::begin(directory, &genesis, secrets)?, treasury, chain, devices: 0, nonce: 0 };
    for size in sizes {
        eprintln!("bench:   registering {} devices", size.devices);
        while fleet.devices < size.devices {
            if ground.stop.is_wished() {
                return Err(Failure::Stopped);
            }
            let more = DEVICES.min(size.devices - fleet.devices);
            let registrations = fleet.registrations(more)?;
            fleet.maker.add_all(&registrations, registrations.len())?;
        }
        for run in &mut *runs {
            run.extend([(size.register, fleet.register_us()?), (size.look, fleet.look_us()?)]);
        }
    }
    fleet.maker.finish()?;
    Ok(())
}

/// A chain on which one account registers devices.
struct Fleet {
    maker: ChainMaker,
    treasury: Treasury,
    chain: types::ChainId,
    devices: usize,
    nonce: u64,
}

impl Fleet {
    /// Signs registrations of so many more devices, as many in one transaction as there may be.
    fn registrations(&mut self, count: usize) -> Outcome<Vec<CheckedTransaction>> {
        let places = self.devices..self.devices + count;
        self.devices = places.end;
        let valid_until = TimeMs(self.maker.time().0 + WORD_MS);
        let one = |place: usize| registration(self.chain, self.treasury.address(), place, valid_until);
        let all = on_all_cores(count, |share: Range<usize>| share.map(|place| one(places.start + place)).collect());
        let calls = all.into_iter().collect::<Outcome<Vec<Call>>>()?;
        let now = self.maker.time();
        let signed = calls.chunks(types::limits::CALLS_PER_TRANSACTION_MAX).map(|calls| {
            let nonce = self.nonce;
            self.nonce += 1;
            self.treasury.carry_out(self.chain, nonce, now, calls.to_vec())
        });
        let signed = signed.collect::<Outcome<Vec<_>>>()?;
        checked(&self.maker.registry, self.chain, signed)
    }

    /// CPU time of one registration in a block: executed, in the tree and in the store.
    fn register_us(&mut self) -> Outcome<f64> {
        let mut spent = Duration::ZERO;
        for _ in 0..BLOCKS {
            let registrations = self.registrations(DEVICES)?;
            let before = cpu_time_of_thread();
            self.maker.add_all(&registrations, registrations.len())?;
            spent += cpu_time_of_thread().saturating_sub(before);
        }
        Ok(per(spent.as_secs_f64() * 1_000_000.0, (BLOCKS * DEVICES) as f64))
    }

    /// The time of a question for one device, of all equally far apart.
    fn look_us(&self) -> Outcome<f64> {
        let view = self.maker.view()?;
        let step = (self.devices / LOOKS).max(1);
        let mut times = Vec::new();
        for place in (0..self.devices).step_by(step) {
            let arguments = QueryArguments::from([("device".to_owned(), device(place).1.0.to_string())]);
            let begun = Instant::now();
            let answer = self.maker.registry.query(&view, "verifyid", "device", &arguments);
            times.push(begun.elapsed());
            let answer = answer.map_err(|error| Failure::new(format!("a device is not told: {error:?}")))?;
            if answer["owner"].is_null() {
                return Err(Failure::new(format!("device {place} is not known: {answer}")));
            }
        }
        Ok(percentile(&sorted(times, 1_000_000.0), 0.5))
    }
}

fn device(place: usize) -> (SigningKey, DeviceId) {
    let mut secret = [7; 32];
    secret[..8].copy_from_slice(&(place as u64).to_le_bytes());
    let key = SigningKey::from_bytes(&secret);
    let id = Hash32(*key_id(Algorithm::Ed25519 as u8, key.verifying_key().as_bytes()).as_bytes());
    (key, DeviceId(id))
}

fn registration(chain_id: types::ChainId, owner: types::Address, place: usize, valid_until: TimeMs) -> Outcome<Call> {
    let (key, device) = device(place);
    let kind = Kind::CpuMiner as u8;
    let statement = Registration { chain_id, device, owner, sender: owner, kind, valid_until };
    let possession = ByteString::new(key.sign(&statement.to_bytes()).to_bytes().to_vec());
    let possession = possession.map_err(|_| Failure::new("a signature is too long"))?;
    let bytes =
        ByteString::new(key.verifying_key().as_bytes().to_vec()).map_err(|_| Failure::new("a key is too long"))?;
    let algorithm = Algorithm::Ed25519 as u8;
    let call = VerifyIdCall::Register(Register { owner, kind, algorithm, key: bytes, valid_until, possession });
    call.to_call().ok_or_else(|| Failure::new("a registration is too long"))
}
