//! A key gives way to another while tokens of both are out.

use super::*;

const CUSTOMER: &str = "thrt1customer";

fn api() -> TokenTerms {
    terms(API, "thr-api", &[Role::Verifier])
}

fn book() -> Book {
    Book::with(CUSTOMER, Role::Verifier, 1)
}

fn given(keys: &TokenKeys, life_s: u64, now_ms: u64) -> String {
    let jti = Jti([7; 16]);
    let grant = Grant { subject: CUSTOMER, role: Role::Verifier, version: 1, life_s, jti, device: None };
    api().issue(keys, &grant, now_ms).expect("it is within the terms")
}

// FAULTS TK3
#[test]
fn no_good_token_is_refused_for_a_rotation_and_no_key_checks_30_seconds_after_the_last_of_its_tokens() {
    for algorithm in [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519, TokenAlgorithm::Hs256] {
        for rotated_ms in [NOW_MS, NOW_MS + 1, NOW_MS + 999] {
            let before = TokenKeys::new(key(1, algorithm, 0));
            let after = before.rotated(key(2, algorithm, rotated_ms), API.life_s_max, rotated_ms).expect("one only");
            let (mut taken, mut refused) = (0, 0);
            for life_s in [1, 60, 3_600, API.life_s_max] {
                // The last that the old key gave, and the first of the new one.
                for (keys, at_ms) in [(&before, rotated_ms), (&before, rotated_ms - 50_000), (&after, rotated_ms)] {
                    let token = given(keys, life_s, at_ms);
                    let end_ms = (at_ms / 1_000 + life_s + 30) * 1_000;
                    for now_ms in [rotated_ms, end_ms - 1].into_iter().filter(|now_ms| *now_ms < end_ms) {
                        assert!(api().verify(&after, &token, &book(), now_ms).is_ok(), "{life_s} {now_ms}");
                        taken += 1;
                    }
                    let late = api().verify(&after, &token, &book(), end_ms);
                    assert!(matches!(late, Err(TokenRefused::Expired | TokenRefused::Signature)), "{late:?}");
                    refused += 1;
                }
            }
            let until_ms = rotated_ms + (API.life_s_max + 30) * 1_000;
            assert_eq!(
                (after.jwks(until_ms - 1).keys.len(), taken > 20, refused),
                (before_count(algorithm, 2), true, 12)
            );
            assert_eq!(after.jwks(until_ms).keys.len(), before_count(algorithm, 1));
            // Even one that says that it is young is not taken when its key is gone.
            let forged = given(&before, 900, until_ms);
            assert_eq!(api().verify(&after, &forged, &book(), until_ms), Err(TokenRefused::Signature));
            assert!(api().verify(&after, &forged, &book(), until_ms - 1).is_ok());
        }
    }
}

fn before_count(algorithm: TokenAlgorithm, count: usize) -> usize {
    if algorithm == TokenAlgorithm::Hs256 { 0 } else { count }
}

// FAULTS TK3
#[test]
fn there_are_never_three_keys_and_dropping_the_old_ones_ends_all_of_their_tokens() {
    let first = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 0));
    assert!(!first.is_due(KEY_LIFE_MS - 1) && first.is_due(KEY_LIFE_MS));
    let second = first.rotated(key(2, TokenAlgorithm::EdDsa, 1_000), API.life_s_max, 1_000).expect("one only");
    let until_ms = 1_000 + 86_430_000;
    for now_ms in [1_000, until_ms - 1] {
        let early = second.rotated(key(3, TokenAlgorithm::EdDsa, now_ms), API.life_s_max, now_ms);
        assert_eq!(early.map(drop), Err(RotationEarly { until_ms }));
    }
    let third = second.rotated(key(3, TokenAlgorithm::EdDsa, until_ms), API.life_s_max, until_ms).expect("one is gone");
    assert_eq!(third.jwks(until_ms).keys.len(), 2);
    let at_once = TokenKeys::new(key(4, TokenAlgorithm::EdDsa, until_ms));
    let token = given(&third, 900, until_ms);
    assert_eq!(api().verify(&at_once, &token, &book(), until_ms), Err(TokenRefused::Signature));
}

// FAULTS TK3
#[test]
fn what_is_published_is_what_is_taken_at_every_instant() {
    let first = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 0));
    let second = first.rotated(key(2, TokenAlgorithm::Ed25519, NOW_MS), API.life_s_max, NOW_MS).expect("one only");
    let until_ms = NOW_MS + 86_430_000;
    for now_ms in [NOW_MS, NOW_MS + 1, until_ms - 1, until_ms, until_ms + 1, u64::MAX] {
        for keys in [&first, &second] {
            let is_shown = second.jwks(now_ms).keys.iter().any(|shown| shown.kid == keys.signs().kid());
            let token = given(keys, 900, now_ms.min(u64::MAX / 2));
            let is_taken = api().verify(&second, &token, &book(), now_ms) != Err(TokenRefused::Signature);
            assert_eq!(is_shown, is_taken, "{now_ms}");
        }
    }
}

// FAULTS TK3
#[test]
fn a_clock_that_was_ahead_keeps_no_key_for_longer() {
    const DAY_MS: u64 = 86_400_000;
    let ahead = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, NOW_MS + 3_650 * DAY_MS));
    assert!(ahead.is_due(NOW_MS) && ahead.is_due(NOW_MS + 3_650 * DAY_MS - 30_001));
    assert!(!ahead.is_due(NOW_MS + 3_650 * DAY_MS - 30_000));
    let late_ms = NOW_MS + 100 * DAY_MS;
    let first = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, NOW_MS));
    let second = first.rotated(key(2, TokenAlgorithm::EdDsa, late_ms), API.life_s_max, late_ms).expect("one only");
    // Set back by what two machines' clocks may be apart, nothing is lost by it.
    assert_eq!((second.jwks(late_ms).keys.len(), second.jwks(late_ms - 30_000).keys.len()), (2, 2));
    assert!(!second.is_due(late_ms - 30_000) && second.is_due(NOW_MS));
    assert_eq!(second.jwks(NOW_MS).keys.len(), 1);
    let old = given(&first, 900, NOW_MS);
    assert_eq!(api().verify(&second, &old, &book(), NOW_MS), Err(TokenRefused::Signature));
    let third = second.rotated(key(3, TokenAlgorithm::EdDsa, NOW_MS), API.life_s_max, NOW_MS).expect("none lives");
    assert_eq!(third.jwks(NOW_MS + DAY_MS + 30_000).keys.len(), 1);
}

// FAULTS TK3
#[test]
fn a_key_names_tokens_alike_again_and_another_key_otherwise() {
    let name = |number, bytes: &[u8]| key(number, TokenAlgorithm::EdDsa, 0).name_for(bytes);
    assert!(name(1, b"one").is_some() && name(1, b"one") == name(1, b"one"));
    assert_ne!(name(1, b"one"), name(1, b"two"));
    assert_ne!(name(1, b"one"), name(2, b"one"));
    assert_eq!(key(1, TokenAlgorithm::EdDsa, 0).retired().name_for(b"one"), None);
}
