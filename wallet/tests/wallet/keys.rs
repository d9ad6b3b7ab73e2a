//! BIP-39, BIP-32 and BIP-44 against published vectors.

use bip32::{Prefix, XPrv};
use types::{Address, Network};
use wallet::{AccountKey, KeyPath, Mnemonic, WordCount};

/// The English vectors of BIP-39 with 12 and 24 words: entropy, words, seed with the passphrase `TREZOR`.
const BIP39: &[(&str, &str, &str)] = &[
    (
        "00000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about",
        "c55257c360c07c72029aebc1b53c05ed0362ada38ead3e3e9efa3708e53495531f09a6987599d18264c1e1c92f2cf141630c7a3c4ab7c81b2f001698e7463b04",
    ),
    (
        "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank yellow",
        "2e8905819b8723fe2c1d161860e5ee1830318dbf49a83bd451cfb8440c28bd6fa457fe1296106559a3c80937a1c1069be3a3a5bd381ee6260e8d9739fce1f607",
    ),
    (
        "80808080808080808080808080808080",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage above",
        "d71de856f81a8acc65e6fc851a38d4d7ec216fd0796d0a6827a3ad6ed5511a30fa280f12eb2e47ed2ac03b5c462a0358d18d69fe4f985ec81778c1b370b652a8",
    ),
    (
        "ffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo wrong",
        "ac27495480225222079d7be181583751e86f571027b0497b5b5d11218e0a8a13332572917f0f8e5a589620c6f15b11c61dee327651a14c34e18231052e48c069",
    ),
    (
        "0000000000000000000000000000000000000000000000000000000000000000",
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art",
        "bda85446c68413707090a52022edd26a1c9462295029f2e60cd7c4f2bbd3097170af7a4d73245cafa9c3cca8d561a7c3de6f5d4a10be8ed2a5e608d68f92fcc8",
    ),
    (
        "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
        "legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth useful legal winner thank year wave sausage worth title",
        "bc09fca1804f7e69da93c2f2028eb238c227f2e9dda30cd63699232578480a4021b146ad717fbb7e451ce9eb835f43620bf5c514db0f8add49f5d121449d3e87",
    ),
    (
        "8080808080808080808080808080808080808080808080808080808080808080",
        "letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
        "c0c519bd0e91a2ed54357d9d1ebef6f5af218a153624cf4f2da911a0ed8f7a09e2ef61af0aca007096df430022f7a2b6fb91661a9589097069720d015e4e982f",
    ),
    (
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        "zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
        "dd48c104698c30cfe2b6142103248622fb7bb0ff692eebb00089b32d22484e1613912f0a5b694407be899ffd31ed3992c456cdf60f5d4564b8ba3f05a69890ad",
    ),
    (
        "9e885d952ad362caeb4efe34a8e91bd2",
        "ozone drill grab fiber curtain grace pudding thank cruise elder eight picnic",
        "274ddc525802f7c828d8ef7ddbcdc5304e87ac3535913611fbbfa986d0c9e5476c91689f9c8a54fd55bd38606aa6a8595ad213d4c9c9f9aca3fb217069a41028",
    ),
    (
        "68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
        "hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
        "64c87cde7e12ecf6704ab95bb1408bef047c22db4cc7491c4271d170a1b213d20b385bc1588d9c7b38f1b39d415665b8a9030c9ec653d75e65f847d8fc1fc440",
    ),
    (
        "c0ba5a8e914111210f2bd131f3d5e08d",
        "scheme spot photo card baby mountain device kick cradle pact join borrow",
        "ea725895aaae8d4c1cf682c1bfd2d358d52ed9f0f0591131b559e2724bb234fca05aa9c02c57407e04ee9dc3b454aa63fbff483a8b11de949624b9f1831a9612",
    ),
    (
        "9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
        "panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich alcohol speed nation flash devote level hobby quick inner drive ghost inside",
        "72be8e052fc4919d2adf28d5306b5474b0069df35b02303de8c1729c9538dbb6fc2d731d5f832193cd9fb6aeecbc469594a70e3dd50811b5067f3b88b28c3e8d",
    ),
    (
        "23db8160a31d3e0dca3688ed941adbf3",
        "cat swing flag economy stadium alone churn speed unique patch report train",
        "deb5f45449e615feff5640f2e49f933ff51895de3b4381832b3139941c57b59205a42480c52175b6efcffaa58a2503887c1e8b363a707256bdd2b587b46541f5",
    ),
    (
        "066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
        "all hour make first leader extend hole alien behind guard gospel lava path output census museum junior mass reopen famous sing advance salt reform",
        "26e975ec644423f4a4c4f4215ef09b4bd7ef924e85d1d17c4cf3f136c2863cf6df0a475045652c57eb5fb41513ca2a2d67722b77e954b4b3fc11f7590449191d",
    ),
    (
        "f30f8c1da665478f49b001d94c5fc452",
        "vessel ladder alter error federal sibling chat ability sun glass valve picture",
        "2aaa9242daafcee6aa9d7269f17d4efe271e1b9a529178d7dc139cd18747090bf9d60295d0ce74309a78852a9caadf0af48aae1c6253839624076224374bc63f",
    ),
    (
        "f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
        "void come effort suffer camp survey warrior heavy shoot primary clutch crush open amazing screen patrol group space point ten exist slush involve unfold",
        "01f5bced59dec48e362f2c45b5de68b9fd6c92c6634f44d6d40aab69056506f0e35524a518034ddc1192e1dacd32c1ed3eaa3c3b131c88ed8e7e54c49a5d0998",
    ),
];

/// The vectors 1 to 4 of BIP-32 (3 and 4 have leading zeros): seed, path, extended private key.
const BIP32: &[(&str, &str, &str)] = &[
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'",
        "xprv9uHRZZhk6KAJC1avXpDAp4MDc3sQKNxDiPvvkX8Br5ngLNv1TxvUxt4cV1rGL5hj6KCesnDYUhd7oWgT11eZG7XnxHrnYeSvkzY7d2bhkJ7",
    ),
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'/1",
        "xprv9wTYmMFdV23N2TdNG573QoEsfRrWKQgWeibmLntzniatZvR9BmLnvSxqu53Kw1UmYPxLgboyZQaXwTCg8MSY3H2EU4pWcQDnRnrVA1xe8fs",
    ),
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'/1/2'",
        "xprv9z4pot5VBttmtdRTWfWQmoH1taj2axGVzFqSb8C9xaxKymcFzXBDptWmT7FwuEzG3ryjH4ktypQSAewRiNMjANTtpgP4mLTj34bhnZX7UiM",
    ),
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'/1/2'/2",
        "xprvA2JDeKCSNNZky6uBCviVfJSKyQ1mDYahRjijr5idH2WwLsEd4Hsb2Tyh8RfQMuPh7f7RtyzTtdrbdqqsunu5Mm3wDvUAKRHSC34sJ7in334",
    ),
    (
        "000102030405060708090a0b0c0d0e0f",
        "m/0'/1/2'/2/1000000000",
        "xprvA41z7zogVVwxVSgdKUHDy1SKmdb533PjDz7J6N6mV6uS3ze1ai8FHa8kmHScGpWmj4WggLyQjgPie1rFSruoUihUZREPSL39UNdE3BBDu76",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0",
        "xprv9vHkqa6EV4sPZHYqZznhT2NPtPCjKuDKGY38FBWLvgaDx45zo9WQRUT3dKYnjwih2yJD9mkrocEZXo1ex8G81dwSM1fwqWpWkeS3v86pgKt",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0/2147483647'",
        "xprv9wSp6B7kry3Vj9m1zSnLvN3xH8RdsPP1Mh7fAaR7aRLcQMKTR2vidYEeEg2mUCTAwCd6vnxVrcjfy2kRgVsFawNzmjuHc2YmYRmagcEPdU9",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0/2147483647'/1",
        "xprv9zFnWC6h2cLgpmSA46vutJzBcfJ8yaJGg8cX1e5StJh45BBciYTRXSd25UEPVuesF9yog62tGAQtHjXajPPdbRCHuWS6T8XA2ECKADdw4Ef",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0/2147483647'/1/2147483646'",
        "xprvA1RpRA33e1JQ7ifknakTFpgNXPmW2YvmhqLQYMmrj4xJXXWYpDPS3xz7iAxn8L39njGVyuoseXzU6rcxFLJ8HFsTjSyQbLYnMpCqE2VbFWc",
    ),
    (
        "fffcf9f6f3f0edeae7e4e1dedbd8d5d2cfccc9c6c3c0bdbab7b4b1aeaba8a5a29f9c999693908d8a8784817e7b7875726f6c696663605d5a5754514e4b484542",
        "m/0/2147483647'/1/2147483646'/2",
        "xprvA2nrNbFZABcdryreWet9Ea4LvTJcGsqrMzxHx98MMrotbir7yrKCEXw7nadnHM8Dq38EGfSh6dqA9QWTyefMLEcBYJUuekgW4BYPJcr9E7j",
    ),
    (
        "4b381541583be4423346c643850da4b320e46a87ae3d2a4e6da11eba819cd4acba45d239319ac14f863b8d5ab5a0d0c64d2e8a1e7d1457df2e5a3c51c73235be",
        "m/0'",
        "xprv9uPDJpEQgRQfDcW7BkF7eTya6RPxXeJCqCJGHuCJ4GiRVLzkTXBAJMu2qaMWPrS7AANYqdq6vcBcBUdJCVVFceUvJFjaPdGZ2y9WACViL4L",
    ),
    (
        "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678",
        "m/0'",
        "xprv9vB7xEWwNp9kh1wQRfCCQMnZUEG21LpbR9NPCNN1dwhiZkjjeGRnaALmPXCX7SgjFTiCTT6bXes17boXtjq3xLpcDjzEuGLQBM5ohqkao9G",
    ),
    (
        "3ddd5602285899a946114506157c7997e5444528f3003f6134712147db19b678",
        "m/0'/1'",
        "xprv9xJocDuwtYCMNAo3Zw76WENQeAS6WGXQ55RCy7tDJ8oALr4FWkuVoHJeHVAcAqiZLE7Je3vZJHxspZdFHfnBEjHqU5hG1Jaj32dVoS6XLT1",
    ),
];

/// The words of a widely used test account.
const JUNK: &str = "test test test test test test test test test test test junk";

// FAULTS K1
#[test]
fn words_entropy_and_seed_agree_with_the_published_vectors() {
    for (entropy, words, seed) in BIP39 {
        let made = Mnemonic::from_entropy(&hex::decode(entropy).expect("hex")).expect("16 or 32 bytes");
        assert_eq!(*made.to_words(), *words);
        let read = Mnemonic::parse(words).expect("a right checksum");
        assert_eq!(hex::encode(read.to_entropy().as_slice()), *entropy);
        assert_eq!(hex::encode(read.seed("TREZOR").as_slice()), *seed);
    }
}

// FAULTS K1
#[test]
fn spaces_and_case_do_not_matter_and_everything_else_does() {
    let (_, words, _) = BIP39[1];
    let mnemonic = Mnemonic::parse(words).expect("right");
    for same in
        [words.to_uppercase(), words.replace(' ', "  \t"), format!("\n {words}\r\n"), words.replace(' ', "\u{3000}")]
    {
        assert_eq!(Mnemonic::parse(&same), Ok(mnemonic.clone()), "{same:?}");
    }
    let swapped = words.replacen("legal winner", "winner legal", 1);
    for (wrong, code) in [
        (swapped.as_str(), "mnemonic_checksum"),
        (
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon",
            "mnemonic_checksum",
        ),
        ("abandon abandon abandon", "mnemonic_word_count"),
        ("", "mnemonic_word_count"),
        // Eighteen words are right by BIP-39, but not a length that this wallet makes.
        (
            "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon \
             abandon abandon abandon agent",
            "mnemonic_word_count",
        ),
        ("legal winner thank year wave sausage worth useful legal winner thank yello", "mnemonic_word"),
        // Spanish, with its own list.
        ("ábaco ábaco ábaco ábaco ábaco ábaco ábaco ábaco ábaco ábaco ábaco abierto", "mnemonic_word"),
    ] {
        assert_eq!(Mnemonic::parse(wrong).expect_err(wrong).code, code, "{wrong}");
    }
    let twelfth = "legal winner thank year wave sausage worth useful legal winner thank yello";
    assert!(Mnemonic::parse(twelfth).expect_err("no word").message.contains("word 12"));
}

// FAULTS K1
#[test]
fn a_passphrase_is_the_same_composed_and_decomposed() {
    let mnemonic = Mnemonic::parse(JUNK).expect("right");
    assert_eq!(mnemonic.seed("\u{e5}\u{fb01}"), mnemonic.seed("a\u{30a}fi"));
    assert_ne!(mnemonic.seed("a"), mnemonic.seed("A"));
    assert_ne!(mnemonic.seed(""), mnemonic.seed(" "));
}

// FAULTS K1
#[test]
fn derived_keys_agree_with_the_published_vectors() {
    for (seed, path, expected) in BIP32 {
        let path: KeyPath = path.parse().expect("a path");
        let parsed = path.to_string().parse().expect("a path reads back");
        let key = XPrv::derive_from_path(&hex::decode(seed).expect("hex"), &parsed).expect("a key");
        assert_eq!(*key.to_string(Prefix::XPRV), *expected, "{path}");
    }
}

// FAULTS K1
#[test]
fn words_lead_to_the_well_known_key_and_to_the_same_address_for_ever() {
    let mnemonic = Mnemonic::parse(JUNK).expect("right");
    let path: KeyPath = "m/44'/60'/0'/0/0".parse().expect("a path");
    let key = AccountKey::derive(&mnemonic, "", &path).expect("a key");
    let secret = hex::encode(key.to_secret().as_slice());
    assert_eq!(secret, "ac0974bec39a17e36ba4a6b4d238ff944bacb478cbed5efcae784d7bf4f2ff80");
    let own = KeyPath::account(0, 0).expect("small numbers");
    assert_eq!(own.to_string(), "m/44'/5523538'/0'/0/0");
    let address = AccountKey::derive(&mnemonic, "", &own).expect("a key").address();
    assert_eq!(address.to_text(Network::Main), "thr1h7zc7awgdw7utdsgu3fd38kqen4t28dyxdnqfa");
    let next = KeyPath::account(0, 1).expect("small numbers");
    assert_ne!(AccountKey::derive(&mnemonic, "", &next).expect("a key").address(), address);
}

#[test]
fn the_key_one_has_the_published_address() {
    let mut one = [0; 32];
    one[31] = 1;
    let address = AccountKey::from_secret(&one).expect("in range").address();
    assert_eq!(address.to_legacy_text(), "THR751E76E8199196D454941C45D1B3A323F1433BD6");
    assert_eq!(Address::parse("THR751e76e8199196d454941c45d1b3a323f1433bd6", Network::Main), Ok(address));
    assert_eq!(AccountKey::from_secret(&[0; 32]).expect_err("zero").code, "bad_key");
    assert_eq!(AccountKey::from_secret(&[0xff; 32]).expect_err("above the order").code, "bad_key");
}

#[test]
fn a_path_has_one_spelling() {
    for wrong in [
        "",
        "m",
        "m/",
        "44'/0'",
        "m//0",
        "m/0/",
        "m/+1",
        "m/-1",
        "m/1h",
        "m/2147483648",
        "m/2147483648'",
        "m/x",
        "m/0''",
        "m/ 0",
        "m/99999999999",
        "m/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0/0",
    ] {
        assert_eq!(wrong.parse::<KeyPath>().expect_err(wrong).code, "bad_path");
    }
    assert_eq!(KeyPath::account(1 << 31, 0).expect_err("hardened bit").code, "bad_path");
}

#[test]
fn new_words_differ_each_time() {
    for (count, words) in [(WordCount::Twelve, 12), (WordCount::TwentyFour, 24)] {
        let (first, second) =
            (Mnemonic::generate(count).expect("entropy"), Mnemonic::generate(count).expect("entropy"));
        assert_eq!(first.to_words().split(' ').count(), words);
        assert_ne!(first, second);
        assert_eq!(Mnemonic::parse(&first.to_words()), Ok(first));
    }
}
