//! A token that was computed elsewhere, byte for byte.

use super::*;

/// By Python `cryptography`, and read by PyJWT; of the key of RFC 8037, A.1.
const TOKEN: &str = "eyJhbGciOiJFZERTQSIsImtpZCI6ImtQcktfcW14VldhWVZBOXd3QkY2SXVvM3ZWeno3VHhIQ1R3WEJ5Z3JTNGsiLCJ0eXAiOiJ0aHItYWRtaW4rand0In0.eyJhdWQiOiJ0aHItYWRtaW46MTExMTExMTEiLCJleHAiOjE3NzExMTIwMTEsImlhdCI6MTc3MTExMTExMSwiaXNzIjoidGhyOjExMTExMTExIiwianRpIjoiQUFFQ0F3UUZCZ2NJQ1FvTERBME9EdyIsIm5iZiI6MTc3MTExMTExMSwicm9sZSI6ImFkbWluIiwic3ViIjoiYWxpY2UiLCJ2ZXIiOjN9.deEZ2cMQ9O6-9-SkEIHDYW7aKfuN6ozTq4PsV2fjBpMv_AGOkVFIl0njSWHmUzqvroZp8jn7dccoTmAt_PtuAg";

// FAULTS TK1
#[test]
fn a_token_and_a_thumbprint_are_those_computed_elsewhere() {
    let keys = TokenKeys::new(TokenKey::new(TokenAlgorithm::EdDsa, seed(), 0));
    assert_eq!(keys.signs().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    let jti = Jti(std::array::from_fn(|place| u8::try_from(place).expect("small")));
    let grant = Grant { subject: "alice", role: Role::Admin, version: 3, life_s: 900, jti, device: None };
    assert_eq!(admin().issue(&keys, &grant, NOW_MS).as_deref(), Some(TOKEN));
    let claims = admin().verify(&keys, TOKEN, &alice(), NOW_MS).expect("it is good");
    let expected = Claims {
        subject: "alice".to_owned(),
        role: Role::Admin,
        version: 3,
        jti,
        issued_s: NOW_S,
        expires_s: NOW_S + 900,
        device: None,
    };
    assert_eq!(claims, expected);
}

#[test]
fn a_key_set_is_written_as_the_rfc_writes_it_and_shows_no_shared_secret() {
    let keys = TokenKeys::new(TokenKey::new(TokenAlgorithm::EdDsa, seed(), 0));
    let expected = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    assert_eq!(serde_json::to_string(&keys.jwks(0)).expect("texts"), expected);
    let shared = TokenKeys::new(key(1, TokenAlgorithm::Hs256, 0));
    assert_eq!(serde_json::to_string(&shared.jwks(0)).expect("texts"), r#"{"keys":[]}"#);
    assert!(!format!("{shared:?}{:?}", Bearer(Some(TOKEN.to_owned()))).contains(TOKEN));
}
