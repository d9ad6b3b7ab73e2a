//! The text forms: addresses and JSON.

use types::{Address, AddressError, Network, Transaction};

use crate::generate::Random;

const KEY_G: [u8; 20] = [
    0x75, 0x1e, 0x76, 0xe8, 0x19, 0x91, 0x96, 0xd4, 0x54, 0x94, 0x1c, 0x45, 0xd1, 0xb3, 0xa3, 0x23, 0xf1, 0x43, 0x3b,
    0xd6,
];

#[test]
fn the_address_of_key_g_has_its_two_known_forms() {
    let address = Address(KEY_G);
    assert_eq!(address.to_legacy_text(), "THR751E76E8199196D454941C45D1B3A323F1433BD6");
    let text = address.to_text(Network::Main);
    assert!(text.starts_with("thr1"), "{text}");
    assert_eq!(Address::parse(&text, Network::Main), Ok(address));
    assert_eq!(Address::parse(&text.to_ascii_uppercase(), Network::Main), Ok(address));
    for legacy in ["THR751E76E8199196D454941C45D1B3A323F1433BD6", "thr751e76e8199196d454941c45d1b3a323f1433bd6"] {
        assert_eq!(Address::parse(legacy, Network::Main), Ok(address));
        assert_eq!(Address::parse(legacy, Network::Test), Ok(address));
    }
}

#[test]
fn the_other_network_a_typo_and_nonsense_are_told_apart() {
    let main = Address(KEY_G).to_text(Network::Main);
    let test = Address(KEY_G).to_text(Network::Test);
    assert!(matches!(Address::parse(&main, Network::Test), Err(AddressError::OtherNetwork { found: "main", .. })));
    assert!(matches!(Address::parse(&test, Network::Main), Err(AddressError::OtherNetwork { found: "test", .. })));
    for nonsense in ["", "thr", "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "THR123", "hello", "é1é", "thr1"] {
        assert!(Address::parse(nonsense, Network::Main).is_err(), "{nonsense}");
    }
    assert!(matches!(Address::parse("hello", Network::Main), Err(AddressError::Malformed { .. })));
}

#[test]
fn every_single_typo_in_an_address_is_noticed() {
    let text = Address(KEY_G).to_text(Network::Main);
    for place in 4..text.len() {
        for letter in b"qpzry9x8gf2tvdw0s3jn54khce6mua7l" {
            let mut typo = text.clone().into_bytes();
            if typo[place] == *letter {
                continue;
            }
            typo[place] = *letter;
            let typo = String::from_utf8(typo).expect("still ASCII");
            assert_eq!(Address::parse(&typo, Network::Main), Err(AddressError::Checksum), "{typo}");
        }
    }
    let mixed = text.replace("thr1", "Thr1");
    assert!(Address::parse(&mixed, Network::Main).is_err(), "mixed case");
}

#[test]
fn bech32_without_m_is_refused() {
    let prefix = bech32::Hrp::parse("thr").expect("valid");
    let old = bech32::encode::<bech32::Bech32>(prefix, &KEY_G).expect("short");
    assert_eq!(Address::parse(&old, Network::Main), Err(AddressError::Checksum));
}

#[test]
fn json_gives_back_what_it_was_made_of_and_refuses_unknown_keys() {
    let mut random = Random(12);
    for _ in 0..200 {
        let transaction = random.transaction();
        let json = serde_json::to_string(&transaction).expect("values become JSON");
        assert_eq!(serde_json::from_str::<Transaction>(&json).expect("the same JSON"), transaction);
        let unknown = json.replacen('{', "{\"surprise\":1,", 1);
        assert!(serde_json::from_str::<Transaction>(&unknown).is_err(), "unknown keys are refused");
    }
}
