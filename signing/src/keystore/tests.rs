//! The key file against wrong passwords, damage and costs that nobody should pay.

use std::collections::BTreeMap;

use super::*;

const PASSWORD: &str = "correct horse battery";

fn secret() -> Secret {
    let mnemonic = Mnemonic::from_entropy(&[7; 16]).expect("16 bytes");
    Secret::Mnemonic {
        mnemonic,
        passphrase: Zeroizing::new("extra words".to_owned()),
        path: KeyPath::account(0, 3).expect("small numbers"),
    }
}

fn password() -> Password {
    Password::new(PASSWORD).expect("no control characters")
}

#[test]
fn a_sealed_secret_opens_with_its_password_only() {
    for secret in [secret(), Secret::Key(AccountKey::from_secret(&[9; 32]).expect("in range"))] {
        let text = seal(&secret, &password()).expect("memory");
        let opened = open(&text, &password()).expect("the right password");
        let (before, after) = (secret.account_key().expect("a key"), opened.account_key().expect("a key"));
        assert_eq!(before.public_key(), after.public_key());
        assert_eq!(header(&text).expect("readable").public_key, after.public_key());
        for wrong in ["", "correct horse batter", "correct horse battery ", "Correct horse battery"] {
            let error = open(&text, &Password::new(wrong).expect("plain")).expect_err(wrong);
            assert_eq!(error, refused());
        }
        let again = seal(&secret, &password()).expect("memory");
        assert_ne!(text, again, "salt and nonce are new each time");
    }
}

// FAULTS K2
#[test]
fn a_flipped_bit_in_any_byte_gives_the_one_answer() {
    let text = seal(&secret(), &password()).expect("memory");
    // The derivation takes a tenth of a second; what a flip does not change is derived once.
    let mut known = BTreeMap::new();
    let mut cached = |kdf: &Kdf| {
        // A flip in the salt gives another key; any other key stands for it.
        let other = Zeroizing::new([1_u8; 32]);
        if known.is_empty() {
            known.insert(kdf.clone(), derive(kdf, &password())?);
        }
        Ok(known.get(kdf).cloned().unwrap_or(other))
    };
    assert!(open_with(&text, &mut cached).is_ok());
    for place in 0..text.len() {
        for bit in 0..8 {
            let mut bytes = text.clone().into_bytes();
            bytes[place] ^= 1 << bit;
            let Ok(damaged) = String::from_utf8(bytes) else { continue };
            let error = open_with(&damaged, &mut cached).expect_err("every byte counts");
            assert_eq!(error, refused(), "bit {bit} of byte {place}");
        }
        assert_eq!(open_with(&text[..place], &mut cached).expect_err("cut short"), refused());
    }
}

// FAULTS K2
#[test]
fn fields_swapped_between_two_files_give_the_one_answer() {
    let (first, second) =
        (seal(&secret(), &password()).expect("memory"), seal(&secret(), &password()).expect("memory"));
    let (first, second): (KeyFile, KeyFile) =
        (serde_json::from_str(&first).expect("JSON"), serde_json::from_str(&second).expect("JSON"));
    let mixed = [
        KeyFile { header: first.header.clone(), sealed: second.sealed.clone() },
        KeyFile {
            header: KeyFileHeader { kdf: second.header.kdf.clone(), ..first.header.clone() },
            sealed: first.sealed.clone(),
        },
        KeyFile {
            header: KeyFileHeader { cipher: second.header.cipher.clone(), ..first.header.clone() },
            sealed: first.sealed.clone(),
        },
        KeyFile {
            header: KeyFileHeader { path: Some("m/44'/5523538'/0'/0/4".to_owned()), ..first.header.clone() },
            sealed: first.sealed.clone(),
        },
    ];
    for file in mixed {
        assert_eq!(open(&text(&file), &password()).expect_err("mixed"), refused());
    }
}

// FAULTS K2
#[test]
fn a_cost_outside_floor_and_ceiling_is_never_paid() {
    let sealed: KeyFile = serde_json::from_str(&seal(&secret(), &password()).expect("memory")).expect("JSON");
    let kdf = sealed.header.kdf.clone();
    for kdf in [
        Kdf { memory_kib: u32::MAX, ..kdf.clone() },
        Kdf { memory_kib: 1024 * 1024 + 1, ..kdf.clone() },
        Kdf { memory_kib: 8, ..kdf.clone() },
        Kdf { passes: u32::MAX, ..kdf.clone() },
        Kdf { passes: 1, ..kdf.clone() },
        Kdf { lanes: 0, ..kdf.clone() },
        Kdf { lanes: 1 << 20, ..kdf.clone() },
        Kdf { name: "argon2i".to_owned(), ..kdf.clone() },
        Kdf { salt: String::new(), ..kdf },
    ] {
        let header = KeyFileHeader { kdf, ..sealed.header.clone() };
        let file = KeyFile { header, sealed: sealed.sealed.clone() };
        let error = open_with(&text(&file), |kdf| {
            fixed::<16>(&kdf.salt)?;
            panic!("{kdf:?} must not be paid for")
        });
        assert_eq!(error.expect_err("outside"), refused());
    }
}

// FAULTS K2
#[test]
fn a_password_with_control_characters_is_refused_and_the_same_from_every_keyboard() {
    for text in ["a\u{7f}bcdefgh", "line\nbreak", "nul\0byte", "\u{1b}[A"] {
        assert_eq!(Password::new(text).expect_err("control").code, "bad_password");
    }
    let (composed, decomposed) = (Password::new("caf\u{e9}"), Password::new("cafe\u{301}"));
    assert_eq!(composed.expect("plain").as_bytes(), decomposed.expect("plain").as_bytes());
}

// FAULTS K3
#[test]
fn no_secret_is_printed_by_debug_or_in_an_error() {
    // Fixed words: some words of the list are also words of an error.
    let mnemonic = Mnemonic::from_entropy(&[0x7f; 16]).expect("16 bytes");
    let words = mnemonic.to_words();
    let key = AccountKey::from_secret(&[0x5a; 32]).expect("in range");
    let path = KeyPath::account(0, 0).expect("small numbers");
    let secret =
        Secret::Mnemonic { mnemonic: mnemonic.clone(), passphrase: Zeroizing::new("pass-phrase".to_owned()), path };
    let password = Password::new("hush hush hush").expect("plain");
    let wrong = Mnemonic::parse(&words.replacen(words.split(' ').next().expect("a word"), "secretword", 1))
        .expect_err("no word");
    let shown = format!("{mnemonic:?} {key:?} {secret:?} {:?} {password:?} {wrong:?}", Secret::Key(key.clone()));
    for hidden in words.split(' ').chain(["5a5a5a5a", "pass-phrase", "hush", "secretword"]) {
        let is_there =
            shown.split(|character: char| !character.is_alphanumeric() && character != '-').any(|part| part == hidden);
        assert!(!is_there && !shown.contains("5a5a5a5a"), "`{hidden}` is in {shown}");
    }
}
