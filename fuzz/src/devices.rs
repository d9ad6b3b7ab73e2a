//! What devices and their owners have in files and at their ports, and what a service keeps: read again, handed over, or typed.

use std::sync::OnceLock;

use anchors::Anchors;
use execution::{AnyModule, Module};
use genesis::GenesisBuilder;
use stratum::Login;
use tryout::TryoutChain;
use types::{Address, ByteString, Canonical, Genesis, GenesisSection, List, Network, TimeMs};
use verifyid::{DeviceKey, VerifyId};
use verifyid_client::{DeviceKeyFile, check_verification};
use verifyid_device::{
    ChallengePurpose, DeviceChallenge, Expected, NotAnswered, PREIMAGE_BYTES, SIGNATURE_BYTES, Signer, answer, hex,
};
use verifyid_service::KeptFile;

/// The bodies of records of a file that the service keeps: the first byte says which, each record has its length in front in two bytes. What a start
/// takes it takes without the last record too, as a kill leaves it; but for a batch, which is whole or is none.
pub fn verifyid_kept(data: &[u8]) {
    let Some((first, mut rest)) = data.split_first() else { return };
    let file = KeptFile::ALL[usize::from(*first) % KeptFile::ALL.len()];
    let mut records = Vec::new();
    while let Some((length, behind)) = rest.split_first_chunk() {
        let (record, more) = behind.split_at(behind.len().min(usize::from(u16::from_le_bytes(*length))));
        records.push(record.to_vec());
        rest = more;
    }
    if file.knows(&records) && file != KeptFile::Batch {
        let _ = records.pop();
        assert!(file.knows(&records), "a file that was cut between two records is refused");
    }
}

/// The record of a batch, as a node proves it: an answer or none.
pub fn verifyid_batch(data: &[u8]) {
    if let Some(batch) = verifyid::read_batch(data) {
        assert_eq!(Some(batch.customer.0.as_slice()), data.get(..20), "the customer stands first");
    }
}

/// A module's section of the genesis: one encoding, and what is not refused is a chain that begins.
fn section<M: Module>(module: fn() -> Box<dyn AnyModule>, data: &[u8]) {
    let Ok(section) = M::Genesis::from_canonical(data) else { return };
    assert_eq!(section.to_canonical(), data, "a second encoding of the same section");
    let Ok(body) = ByteString::new(data.to_vec()) else { return };
    let change = |genesis: &mut Genesis| {
        let mut sections = std::mem::take(&mut genesis.modules).into_vec();
        sections.retain(|section| section.module != M::ID);
        sections.push(GenesisSection { module: M::ID, body });
        sections.sort_by_key(|section| section.module);
        genesis.modules = List::new(sections).expect("as many as before");
    };
    if let Ok(chain) = TryoutChain::with(vec![module()], change) {
        chain.pass();
    }
}

/// The section of verifyid.
pub fn verifyid_section(data: &[u8]) {
    section::<VerifyId>(|| Box::new(VerifyId), data);
}

/// The section of anchors.
pub fn anchors_section(data: &[u8]) {
    section::<Anchors>(|| Box::new(Anchors), data);
}

/// A device's key file: what is read signs for the key that it names.
pub fn device_key_file(data: &[u8]) {
    let Some(file) = std::str::from_utf8(data).ok().and_then(DeviceKeyFile::parse) else { return };
    let key = DeviceKey::read(file.algorithm() as u8, &file.key_bytes()).expect("a file's key is one");
    assert_eq!(key.id(), file.key_id());
    let signature = file.sign(b"statement");
    assert!(key.signed(b"statement", signature[..].try_into().expect("64 bytes")));
}

/// A file that proves a verification: nobody here has signed a block, so nothing is proven.
pub fn verification_file(data: &[u8]) {
    static GENESIS: OnceLock<Genesis> = OnceLock::new();
    let genesis = GENESIS.get_or_init(|| {
        let registry = runtime::registry();
        let validator = crypto::bls::SecretKey::from_ikm(&[1; 32]);
        let entry = types::GenesisValidator {
            key: validator.public_key().to_bytes(),
            possession: validator.prove_possession().to_bytes(),
            power: types::Power(1),
            account: Address([0xa0; 20]),
            peer: types::PeerKey([1; 32]),
        };
        let time = TimeMs(1_700_000_000_000);
        let builder = GenesisBuilder::new(&registry, "fuzz", Network::Test, time, Address([0xec; 20]));
        builder.validator(entry).build().expect("a good genesis")
    });
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(check_verification(text, genesis).is_err(), "something is proven");
    }
}

/// Signs nothing, and tells that it was asked.
struct Asked;

impl Signer for Asked {
    type Error = [u8; SIGNATURE_BYTES];

    fn sign(&mut self, statement: &[u8]) -> Result<[u8; SIGNATURE_BYTES], Self::Error> {
        assert_eq!(statement.len(), PREIMAGE_BYTES);
        Err([7; SIGNATURE_BYTES])
    }
}

/// A line at a device's agent, and the same bytes as a preimage: what is read is what was written, and a device signs only what is for it in every part.
pub fn device_line(data: &[u8]) {
    let mut preimage = [0; PREIMAGE_BYTES];
    if hex::read(data, &mut preimage) {
        let mut digits = [0; 2 * PREIMAGE_BYTES];
        assert!(hex::write(&preimage, &mut digits) && digits.eq_ignore_ascii_case(data), "other digits are read");
    }
    for preimage in [data, &preimage] {
        let purpose = ChallengePurpose::Presence;
        let other =
            Expected { chain_id: [1; 32], device: [2; 32], key_id: [3; 32], audience: [4; 32], purpose, now_ms: None };
        let Ok(read) = DeviceChallenge::read(preimage) else {
            assert!(answer(preimage, &other, &mut Asked).is_err());
            continue;
        };
        let DeviceChallenge { chain_id, device, key_id, audience, purpose, .. } = read;
        let own = Expected { chain_id, device, key_id, audience, purpose, now_ms: None };
        let is_asked = answer(preimage, &own, &mut Asked) == Err(NotAnswered::Signer([7; SIGNATURE_BYTES]));
        assert_eq!(is_asked, read.check(&own).is_ok());
        for expected in [
            Expected { chain_id: flipped(chain_id), ..own },
            Expected { device: flipped(device), ..own },
            Expected { key_id: flipped(key_id), ..own },
            Expected { audience: flipped(audience), ..own },
            Expected { now_ms: Some(read.expires_ms), ..own },
        ] {
            assert!(matches!(answer(preimage, &expected, &mut Asked), Err(NotAnswered::Refused(_))));
        }
    }
}

const fn flipped(mut bytes: [u8; 32]) -> [u8; 32] {
    bytes[31] ^= 1;
    bytes
}

/// A miner's user and, behind the first line's end, its password: the device of `v=` is letters and digits, and one.
pub fn stratum_login(data: &[u8]) {
    let Some((user, password)) = std::str::from_utf8(data).ok().and_then(|text| text.split_once('\n')) else { return };
    for network in [Network::Main, Network::Test] {
        let Ok(login) = Login::parse(user, password, network) else { continue };
        let options = password.split([',', ';']).filter(|option| option.trim().starts_with("v=")).count();
        assert_eq!(usize::from(login.device.is_some()), options, "a device was not heard, or one of several was");
        let is_text = |device: &String| !device.is_empty() && device.bytes().all(|byte| byte.is_ascii_alphanumeric());
        assert!(login.device.as_ref().is_none_or(is_text), "{login:?}");
        assert!(
            user.trim().to_lowercase().starts_with(&login.worker.address.to_text(network).to_lowercase())
                || user.trim().to_lowercase().starts_with(&login.worker.address.to_legacy_text().to_lowercase())
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every target with its seeds, which are good.
    const SEEDS: [(fn(&[u8]), &[&[u8]]); 5] = [
        (
            verifyid_kept,
            &[
                include_bytes!("../seeds/verifyid_kept/used"),
                include_bytes!("../seeds/verifyid_kept/leaves"),
                include_bytes!("../seeds/verifyid_kept/batch"),
                include_bytes!("../seeds/verifyid_kept/older_devices"),
                include_bytes!("../seeds/verifyid_kept/taken_back"),
                include_bytes!("../seeds/verifyid_kept/tpms"),
            ],
        ),
        (verifyid_batch, &[include_bytes!("../seeds/verifyid_batch/record")]),
        (device_key_file, &[include_bytes!("../seeds/device_key_file/ed25519")]),
        (
            device_line,
            &[include_bytes!("../seeds/device_line/preimage"), include_bytes!("../seeds/device_line/digits")],
        ),
        (stratum_login, &[include_bytes!("../seeds/stratum_login/device")]),
    ];

    #[test]
    fn the_targets_take_what_is_good_cut_anywhere_and_with_every_bit_flipped() {
        for (target, seeds) in SEEDS {
            for seed in seeds {
                target(seed);
                for place in 0..seed.len() {
                    target(&seed[..place]);
                    for bit in 0..8 {
                        let mut bent = seed.to_vec();
                        bent[place] ^= 1 << bit;
                        target(&bent);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_good_is_read() {
        for (place, seed) in SEEDS[0].1.iter().enumerate() {
            let (mut records, mut rest) = (Vec::new(), &seed[1..]);
            while let Some((length, behind)) = rest.split_first_chunk() {
                let (record, more) = behind.split_at(usize::from(u16::from_le_bytes(*length)));
                records.push(record.to_vec());
                rest = more;
            }
            assert_eq!(usize::from(seed[0]), place);
            assert!(KeptFile::ALL[place].knows(&records), "{:?}", KeptFile::ALL[place]);
        }
        let text = std::str::from_utf8(SEEDS[2].1[0]).expect("text");
        assert!(DeviceKeyFile::parse(text).is_some() && verifyid::read_batch(SEEDS[1].1[0]).is_some());
        assert!(DeviceChallenge::read(SEEDS[3].1[0]).is_ok());
        let mut preimage = [0; PREIMAGE_BYTES];
        assert!(hex::read(SEEDS[3].1[1], &mut preimage) && preimage == SEEDS[3].1[0]);
        let (user, password) = std::str::from_utf8(SEEDS[4].1[0]).expect("text").split_once('\n').expect("two");
        assert!(Login::parse(user, password, Network::Test).is_ok_and(|login| login.device.is_some()));
    }

    #[test]
    fn the_sections_that_are_usual_begin_a_chain_and_nothing_proves_a_verification() {
        let verifyid = <<VerifyId as Module>::Genesis as execution::Section>::new(Network::Test, Address([1; 20]));
        verifyid_section(&verifyid.to_canonical());
        let anchors = <<Anchors as Module>::Genesis as execution::Section>::new(Network::Test, Address([1; 20]));
        anchors_section(&anchors.to_canonical());
        verification_file(b"{}");
    }
}
