//! Keys, accounts and the genesis of these networks.

use crypto::{bls, ecdsa_pure, ids};
use genesis::{LocalNetwork, local_network};
use types::{Address, Amount, Genesis, GenesisValidator, PeerKey, Power, TimeMs};

pub const START_MS: u64 = 1_700_000_000_000;

pub fn account(seed: u8) -> (ecdsa_pure::SigningKey, Address) {
    let key = ecdsa_pure::SigningKey::from_bytes(&[seed; 32]).expect("a small scalar is a key");
    let address = ids::address_of_key(&key.public_key());
    (key, address)
}

/// What the node at this place signs with.
pub fn validator_key(place: u8) -> bls::SecretKey {
    bls::SecretKey::from_ikm(&[place + 1; 32])
}

pub fn make_genesis(keys: &[bls::SecretKey]) -> Genesis {
    let validators = keys.iter().zip(0_u8..).map(|(key, place)| GenesisValidator {
        key: key.public_key().to_bytes(),
        possession: key.prove_possession().to_bytes(),
        power: Power(1),
        account: account(200 + place).1,
        peer: PeerKey([place + 1; 32]),
    });
    let accounts = (1..=9).map(|seed| (account(seed).1, Amount(1_000_000_000))).collect();
    let network = LocalNetwork {
        name: "replica-test".to_owned(),
        time: TimeMs(START_MS),
        ecosystem: account(100).1,
        validators: validators.collect(),
        accounts,
    };
    let mut genesis = local_network(&runtime::registry(), network).expect("the genesis is sound");
    genesis.parameters.timing.epoch_length_ms = 20_000;
    genesis
}
