//! Whatever bytes come, there is an answer, and what is read has the name of exactly these bytes.

mod support;

use proptest::prelude::*;
use sha2::{Digest, Sha256};
use support::{Area, expected, key, message, quote, signed, signing_key};
use verifyid_tpm::{
    AttestationKey, EndorsementKey, PublicArea, Quote, TpmSignature, check_ek_certificate, verify_quote,
};

fn all_of_it(bytes: &[u8]) {
    if let Ok(area) = PublicArea::read(bytes) {
        assert_eq!(area.name().as_bytes()[2..], Sha256::digest(&bytes[2..])[..]);
        let _ = (AttestationKey::of(area.clone()), EndorsementKey::of(area));
    }
    if let Ok(signature) = TpmSignature::read(bytes) {
        assert!(!signature.is_by(key().area(), bytes));
    }
    let _ = Quote::read(bytes);
    let whole = message(&quote());
    assert!(verify_quote(&key(), bytes, &signed(&signing_key(1), bytes), &expected()).is_err() || bytes == whole);
    assert!(verify_quote(&key(), &whole, bytes, &expected()).is_err());
    let endorsement = EndorsementKey::read(&Area::endorsement(&signing_key(3)).bytes()).expect("all of its role");
    assert!(check_ek_certificate(&endorsement, &[bytes], &[bytes], 0).is_err());
}

proptest! {
    #[test]
    fn bytes_of_any_kind_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        all_of_it(&bytes);
    }

    #[test]
    fn what_is_almost_a_structure_is_answered(
        which in 0_u8..3,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let mut bytes = match which {
            0 => Area::attestation(&signing_key(1)).bytes(),
            1 => Area::endorsement(&signing_key(1)).bytes(),
            _ => message(&quote()),
        };
        for (place, byte) in changes {
            *place.get_mut(&mut bytes) ^= byte;
        }
        if is_cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        // What is changed and changed back is whole again, and is no matter of this test.
        prop_assume!(bytes != message(&quote()));
        let _ = (PublicArea::read(&bytes), Quote::read(&bytes), TpmSignature::read(&bytes));
    }
}
