//! Tokens that nobody should send: each is refused by its name, and none makes anything panic.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::wire::{self, encode};
use super::*;

/// The key that signs here, and what its tokens name it.
fn house() -> TokenKeys {
    let former = TokenKeys::new(key(9, TokenAlgorithm::EdDsa, 0));
    former.rotated(key(1, TokenAlgorithm::EdDsa, NOW_MS), ADMIN.life_s_max, NOW_MS).expect("one only")
}

fn header() -> Value {
    json!({ "alg": "EdDSA", "kid": house().signs().kid(), "typ": "thr-admin+jwt" })
}

fn payload() -> Value {
    json!({ "aud": "thr-admin:11111111", "exp": NOW_S + 900, "iat": NOW_S, "iss": "thr:11111111", "jti": "AAECAwQFBgcICQoLDA0ODw",
        "nbf": NOW_S, "role": "admin", "sub": "alice", "ver": 3 })
}

/// A token of these texts, signed by a key.
fn sealed_by(key: &TokenKey, header: &str, payload: &str) -> String {
    let signed = format!("{}.{}", encode(header.as_bytes()), encode(payload.as_bytes()));
    let signature = key.sign(signed.as_bytes()).expect("it signs");
    format!("{signed}.{}", encode(&signature))
}

fn sealed(header: &str, payload: &str) -> String {
    sealed_by(house().signs(), header, payload)
}

fn with(mut of: Value, name: &str, value: Value) -> String {
    of[name] = value;
    of.to_string()
}

fn without(mut of: Value, name: &str) -> String {
    of.as_object_mut().expect("an object").remove(name);
    of.to_string()
}

/// A text of JSON with one more spelling of a value that JSON's own type cannot hold.
fn spelled(of: &Value, name: &str, spelling: &str) -> String {
    let text = of.to_string();
    let value = format!("\"{name}\":{}", of[name]);
    assert!(text.contains(&value), "{value}");
    text.replacen(&value, &format!("\"{name}\":{spelling}"), 1)
}

type Case = (String, String, TokenRefused);

fn case(about: &str, token: impl Into<String>, refused: TokenRefused) -> Case {
    (about.to_owned(), token.into(), refused)
}

/// What is wrong with the form.
fn forms() -> Vec<Case> {
    use TokenRefused::{Form, Header, TooLong};
    let good = sealed(&header().to_string(), &payload().to_string());
    let parts: Vec<&str> = good.split('.').collect();
    let [head, body, signature] = [parts[0], parts[1], parts[2]];
    let general = json!({ "payload": body, "signatures": [{ "protected": head, "signature": signature }] });
    let flat = json!({ "payload": body, "protected": head, "signature": signature });
    // The last letter of 64 bytes has four spare bits.
    let spare = format!("{}{}", good.split_at(good.len() - 1).0, if good.ends_with('A') { 'B' } else { 'z' });
    let mut cases = vec![
        case("nothing", "", Form),
        case("one part", head, Form),
        case("two parts", format!("{head}.{body}"), Form),
        case("four parts", format!("{good}.{signature}"), Form),
        case("five parts, as encrypted ones have", format!("{good}.{body}.{signature}"), Form),
        case("dots only", "..", Form),
        case("an empty header", format!(".{body}.{signature}"), Form),
        case("an empty payload", format!("{head}..{signature}"), Form),
        case("an empty signature", format!("{head}.{body}."), Form),
        case("an end of line", format!("{good}\n"), Form),
        case("a space before", format!(" {good}"), Form),
        case("a space within", format!("{head}. {body}.{signature}"), Form),
        case("a tab", format!("{head}\t.{body}.{signature}"), Form),
        case("padding of the header", format!("{head}=.{body}.{signature}"), Form),
        case("padding of the payload", format!("{head}.{body}==.{signature}"), Form),
        case("padding of the signature", format!("{good}=="), Form),
        case("spare bits", spare, Form),
        case("the other alphabet's plus", format!("{head}.{body}.+{}", signature.split_at(1).1), Form),
        case("the other alphabet's slash", format!("{head}.{body}./{}", signature.split_at(1).1), Form),
        case("a zero byte", format!("{head}.{body}.\0{}", signature.split_at(1).1), Form),
        case("letters beyond ASCII", format!("{head}.{body}.é{signature}"), Form),
        case("a percent sign", format!("{head}%2e{body}.{signature}"), Form),
        case("general JSON serialisation", general.to_string(), Form),
        case("flat JSON serialisation", flat.to_string(), Form),
        case("a scheme before", format!("Bearer {good}"), Form),
        case("quotes", format!("\"{good}\""), Form),
        case(
            "one byte more than may be",
            format!("{head}.{body}.{}", "A".repeat(4_097 - head.len() - body.len() - 2)),
            TooLong,
        ),
        case("a megabyte", "A".repeat(1 << 20), TooLong),
        case("a token within a token", format!("{}.{body}.{signature}", encode(good.as_bytes())), Header),
    ];
    for length in [1, 5] {
        cases.push(case(
            "a letter too few for a byte",
            format!("{head}.{body}.{}", signature.split_at(length).0),
            Form,
        ));
    }
    cases
}

/// What is wrong with the header.
fn headers() -> Vec<Case> {
    use TokenRefused::{Header, Kind, Signature};
    let body = payload().to_string();
    let of = |about: &str, header: String, refused| (about.to_owned(), sealed(&header, &body), refused);
    let text = header().to_string();
    let kid = |kid: &str| with(header(), "kid", json!(kid));
    let mut cases = vec![
        of("no object", "null".to_owned(), Header),
        of(
            "a list in the order of the names",
            json!(["EdDSA", house().signs().kid(), "thr-admin+jwt"]).to_string(),
            Header,
        ),
        of("spaces before", format!(" {text}"), Header),
        of("a mark of byte order", format!("\u{feff}{text}"), Header),
        of("two objects", format!("{text}{text}"), Header),
        of("cut short", text.split_at(text.len() - 1).0.to_owned(), Header),
        of("deep nesting", "{\"alg\":".to_owned() + &"[".repeat(1_000), Header),
        of("alg twice", text.replacen('{', "{\"alg\":\"none\",", 1), Header),
        of("alg twice, once escaped", text.replacen('{', "{\"\\u0061lg\":\"none\",", 1), Header),
        of("kid twice", text.replacen('{', "{\"kid\":\"x\",", 1), Header),
        of("typ twice", text.replacen('{', "{\"typ\":\"JWT\",", 1), Header),
        of("alg as a number", with(header(), "alg", json!(1)), Header),
        of("alg as nothing", with(header(), "alg", json!(null)), Header),
        of("alg as a list", with(header(), "alg", json!(["EdDSA"])), Header),
        of("kid as an object", with(header(), "kid", json!({ "kid": 1 })), Header),
        of("typ as true", with(header(), "typ", json!(true)), Header),
        of("a lone surrogate", spelled(&header(), "typ", "\"\\ud800\""), Header),
        of("kid of another key", kid(key(7, TokenAlgorithm::EdDsa, 0).kid()), Signature),
        of("an empty kid", kid(""), Signature),
        of("kid as a path", kid("../../../../dev/null"), Signature),
        of("kid as an address", kid("https://attacker.example/jwks.json"), Signature),
        of("kid as a question", kid("x' UNION SELECT 'key"), Signature),
        of("kid as a command", kid("|/bin/true"), Signature),
        of("kid with a zero", kid(&format!("{}\0", house().signs().kid())), Signature),
        of("kid in small letters", kid(&house().signs().kid().to_ascii_lowercase()), Signature),
        of("kid of a thousand letters", kid(&"k".repeat(1_000)), Signature),
        of("typ of a device", with(header(), "typ", json!("thr-device+jwt")), Kind),
        of("typ of a customer", with(header(), "typ", json!("thr-api+jwt")), Kind),
        of("typ JWT", with(header(), "typ", json!("JWT")), Kind),
        of("typ with its tree", with(header(), "typ", json!("application/thr-admin+jwt")), Kind),
        of("typ in great letters", with(header(), "typ", json!("THR-ADMIN+JWT")), Kind),
        of("an empty typ", with(header(), "typ", json!("")), Kind),
    ];
    for name in ["alg", "kid", "typ"] {
        cases.push(of(&format!("no {name}"), without(header(), name), Header));
    }
    cases
}

/// What a header may not hold, and what no key here is called.
fn foreign_headers() -> Vec<Case> {
    use TokenRefused::{Header, Signature};
    let body = payload().to_string();
    let of = |about: &str, header: String, refused| (about.to_owned(), sealed(&header, &body), refused);
    let mut cases = Vec::new();
    let jwk = serde_json::to_value(key(7, TokenAlgorithm::EdDsa, 0).jwk()).expect("texts");
    for (name, value) in [
        ("jwk", jwk),
        ("jku", json!("https://attacker.example/jwks.json")),
        ("x5u", json!("https://attacker.example/cert.pem")),
        ("x5c", json!(["MIIB"])),
        ("x5t", json!("AAAA")),
        ("x5t#S256", json!("AAAA")),
        ("crit", json!(["exp"])),
        ("zip", json!("DEF")),
        ("b64", json!(false)),
        ("cty", json!("JWT")),
        ("enc", json!("A128GCM")),
        ("epk", json!({})),
        ("p2c", json!(2_147_483_647_u32)),
        ("exp", json!(NOW_S + 900)),
        ("", json!("")),
    ] {
        cases.push(of(&format!("`{name}` in the header"), with(header(), name, value), Header));
    }
    for alg in [
        "none", "None", "NONE", "nOnE", "", "HS256", "HS384", "HS512", "RS256", "PS256", "ES256", "ES256K", "Ed25519",
        "Ed448", "eddsa", "EDDSA", "EdDSA ", "dir", "A128KW",
    ] {
        cases.push(of(&format!("alg `{alg}`"), with(header(), "alg", json!(alg)), Signature));
    }
    cases
}

/// What is wrong with the signature.
fn signatures() -> Vec<Case> {
    use TokenRefused::{Form, Signature};
    let (head, body) = (header().to_string(), payload().to_string());
    let good = sealed(&head, &body);
    let (signed, signature) = good.rsplit_once('.').expect("three parts");
    let public = *house().signs().public_bytes().expect("it has one");
    let digits = hex::encode(public);
    let jwk = serde_json::to_string(&house().signs().jwk()).expect("texts");
    let none = with(header(), "alg", json!("none"));
    let shared = with(header(), "alg", json!("HS256"));
    let mac = |secret: &[u8]| {
        use hmac::{Hmac, KeyInit, Mac};
        let signed = format!("{}.{}", encode(shared.as_bytes()), encode(body.as_bytes()));
        let mut mac = Hmac::<sha2::Sha256>::new_from_slice(secret).expect("any key");
        mac.update(signed.as_bytes());
        format!("{signed}.{}", encode(&mac.finalize().into_bytes()))
    };
    let mut cases = vec![
        case("another key under this kid", sealed_by(&key(7, TokenAlgorithm::EdDsa, 0), &head, &body), Signature),
        case("`none` without a signature", format!("{}.{}.", encode(none.as_bytes()), encode(body.as_bytes())), Form),
        case("`none` with one", sealed(&none, &body), Signature),
        case("HS256 by the public key", mac(&public), Signature),
        case("HS256 by its digits", mac(digits.as_bytes()), Signature),
        case("HS256 by its JWK", mac(jwk.as_bytes()), Signature),
        case("HS256 by nothing", mac(&[]), Signature),
        case("HS256 by the kid", mac(house().signs().kid().as_bytes()), Signature),
        case(
            "the signature of another payload",
            {
                let other = sealed(&head, &with(payload(), "sub", json!("bob")));
                format!("{signed}.{}", other.rsplit_once('.').expect("three parts").1)
            },
            Signature,
        ),
        case(
            "a changed payload",
            {
                let changed = encode(with(payload(), "sub", json!("bob")).as_bytes());
                format!("{}.{changed}.{signature}", encode(head.as_bytes()))
            },
            Signature,
        ),
        case(
            "a changed header",
            {
                let changed = encode(with(header(), "typ", json!("thr-api+jwt")).as_bytes());
                format!("{changed}.{}.{signature}", encode(body.as_bytes()))
            },
            Signature,
        ),
        case(
            "the same JSON with a space",
            format!("{}.{}.{signature}", encode(head.replacen(',', ", ", 1).as_bytes()), encode(body.as_bytes())),
            Signature,
        ),
        case("all zeros", format!("{signed}.{}", encode(&[0; 64])), Signature),
        case("all ones", format!("{signed}.{}", encode(&[255; 64])), Signature),
        case("63 bytes", format!("{signed}.{}", encode(&[1; 63])), Signature),
        case("65 bytes", format!("{signed}.{}", encode(&[1; 65])), Signature),
        case("32 bytes, as a MAC has", format!("{signed}.{}", encode(&[1; 32])), Signature),
    ];
    cases.extend(spellings(signed, signature));
    cases
}

/// Signatures that a check which is not strict takes.
fn spellings(signed: &str, signature: &str) -> Vec<Case> {
    use TokenRefused::Signature;
    let mut cases = Vec::new();
    // S and the group's order make the same sum: only one spelling is taken (RFC 8032, 5.1.7).
    let bytes = wire::fixed::<64>(signature).expect("64 bytes");
    let order = hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").expect("digits");
    let (mut greater, mut carry) = (bytes, 0_u16);
    for (place, add) in greater.iter_mut().skip(32).zip(&order) {
        carry += u16::from(*place) + u16::from(*add);
        *place = carry.to_le_bytes()[0];
        carry >>= 8;
    }
    cases.push(case("S beyond the group's order", format!("{signed}.{}", encode(&greater)), Signature));
    // The neutral element with S of zero, which a check that is not strict takes for some messages.
    let mut small = [0; 64];
    small[0] = 1;
    cases.push(case("R of small order", format!("{signed}.{}", encode(&small)), Signature));
    cases
}

/// Each claim missing and of each other type.
fn confused_claims() -> Vec<Case> {
    use TokenRefused::Claims;
    let head = header().to_string();
    let mut cases = Vec::new();
    for (name, value) in payload().as_object().expect("an object") {
        cases.push(case(&format!("no `{name}`"), sealed(&head, &without(payload(), name)), Claims));
        let mut others = vec![json!(null), json!(true), json!([value]), json!({ "value": value }), json!(1.5)];
        if value.is_number() {
            others.push(json!(value.to_string()));
            others.push(json!(""));
            others.push(json!(-1));
        } else {
            others.push(json!(0));
        }
        for other in others {
            let about = format!("`{name}` as {other}");
            cases.push(case(&about, sealed(&head, &with(payload(), name, other)), Claims));
        }
        if value.is_number() {
            for spelling in
                ["1e400", "1e3", "1771112011.0", "-0", "18446744073709551616", "0x10", "01", "NaN", "Infinity", "+1"]
            {
                let about = format!("`{name}` spelled {spelling}");
                cases.push(case(&about, sealed(&head, &spelled(&payload(), name, spelling)), Claims));
            }
        }
        let twice = payload().to_string().replacen('{', &format!("{{\"{name}\":{value},"), 1);
        cases.push(case(&format!("`{name}` twice"), sealed(&head, &twice), Claims));
    }
    cases
}

/// Claims that have their types and say what is not taken.
fn wrong_claims() -> Vec<Case> {
    use TokenRefused::{Audience, Claims, Issuer, Role as WrongRole, Version};
    let head = header().to_string();
    let of = |about: &str, name: &str, value: Value, refused| {
        case(about, sealed(&head, &with(payload(), name, value)), refused)
    };
    let text = payload().to_string();
    vec![
        of("an unknown claim", "admin", json!(true), Claims),
        of("`roles` too", "roles", json!(["admin"]), Claims),
        of("a scope", "scope", json!("*"), Claims),
        of("a key", "cnf", json!({ "jwk": {} }), Claims),
        of("a device where none is named", "dev", json!("thrdev1"), Claims),
        of("a level where no device is named", "lvl", json!(4), Claims),
        of("a device that is nothing", "dev", json!(null), Claims),
        of("an empty subject", "sub", json!(""), Claims),
        of("a subject with a space", "sub", json!("alice bob"), Claims),
        of("a subject with a zero", "sub", json!("alice\0"), Claims),
        of("a subject that looks alike", "sub", json!("\u{430}lice"), Claims),
        of("a long subject", "sub", json!("a".repeat(257)), Claims),
        of("an empty audience", "aud", json!(""), Claims),
        of("a name of 15 bytes", "jti", json!("AAECAwQFBgcICQoLDA0O"), Claims),
        of("a name of 17 bytes", "jti", json!("AAECAwQFBgcICQoLDA0ODxA"), Claims),
        of("a name with spare bits", "jti", json!("AAECAwQFBgcICQoLDA0ODx"), Claims),
        of("a padded name", "jti", json!("AAECAwQFBgcICQoLDA0ODw=="), Claims),
        of("an empty name", "jti", json!(""), Claims),
        of("an unknown role", "role", json!("auditor"), Claims),
        of("a role in great letters", "role", json!("Admin"), Claims),
        of("two roles in one", "role", json!("admin,viewer"), Claims),
        of("an empty role", "role", json!(""), Claims),
        case("a payload that is no object", sealed(&head, "7"), Claims),
        case("a payload in a list", sealed(&head, &format!("[{text}]")), Claims),
        case("a payload with something behind", sealed(&head, &format!("{text}x")), Claims),
        case("a payload that is a token", sealed(&head, &sealed(&head, &text)), Claims),
        case(
            "a payload that is no UTF-8",
            {
                let signed = format!("{}.{}", encode(head.as_bytes()), encode(&[b'{', 0xff, b'}']));
                let signature = house().signs().sign(signed.as_bytes()).expect("it signs");
                format!("{signed}.{}", encode(&signature))
            },
            Claims,
        ),
        of("another chain", "iss", json!("thr:22222222"), Issuer),
        of("no chain", "iss", json!("thr:"), Issuer),
        of("the issuer in great letters", "iss", json!("THR:11111111"), Issuer),
        of("an empty issuer", "iss", json!(""), Issuer),
        of("another chain's console", "aud", json!("thr-admin:22222222"), Audience),
        of("another service", "aud", json!("thr-api:11111111"), Audience),
        of("the beginning of the audience", "aud", json!("thr-admin:1111111"), Audience),
        of("more than the audience", "aud", json!("thr-admin:111111112"), Audience),
        of("another role", "role", json!("viewer"), WrongRole),
        of("a role that no record gives", "role", json!("driver"), WrongRole),
        of("an older version", "ver", json!(2), Version),
        of("version zero", "ver", json!(0), Version),
        of("a version that is not yet", "ver", json!(4), Version),
        of("the last version of all", "ver", json!(u64::MAX), Version),
        of("a subject that has no role", "sub", json!("mallory"), Version),
        of("a subject in great letters", "sub", json!("Alice"), Version),
    ]
}

/// Times that have their types and are not taken.
fn wrong_times() -> Vec<Case> {
    use TokenRefused::{Early, Expired, Life};
    let head = header().to_string();
    let times = |about: &str, [iat, nbf, exp]: [u64; 3], refused| {
        let mut said = payload();
        (said["iat"], said["nbf"], said["exp"]) = (json!(iat), json!(nbf), json!(exp));
        case(about, sealed(&head, &said.to_string()), refused)
    };
    vec![
        times("a second too long", [NOW_S, NOW_S, NOW_S + 901], Life),
        times("no life at all", [NOW_S, NOW_S, NOW_S], Life),
        times("an end before the beginning", [NOW_S, NOW_S, NOW_S - 1], Life),
        times("from 1970 to now", [0, 0, NOW_S + 900], Life),
        times("for ever", [NOW_S, NOW_S, u64::MAX], Life),
        times("good only after its end", [NOW_S, NOW_S + 901, NOW_S + 900], Life),
        times("over for the leeway", [NOW_S - 930, NOW_S - 930, NOW_S - 30], Expired),
        times("over for long", [1, 1, 2], Expired),
        times("at the year's zero", [0, 0, 1], Expired),
        times("good in 31 seconds", [NOW_S, NOW_S + 31, NOW_S + 900], Early),
        times("given in 31 seconds", [NOW_S + 31, NOW_S, NOW_S + 900], Early),
        times("given at the end of time", [u64::MAX - 1, u64::MAX - 1, u64::MAX], Early),
    ]
}

// FAULTS TK1, TK2
#[test]
fn each_hostile_token_is_refused_by_its_name() {
    let good = sealed(&header().to_string(), &payload().to_string());
    assert!(admin().verify(&house(), &good, &alice(), NOW_MS).is_ok(), "what they are made of is good");
    let cases = [forms(), headers(), foreign_headers(), signatures(), confused_claims(), wrong_claims(), wrong_times()]
        .concat();
    for (about, token, expected) in &cases {
        let refused = admin().verify(&house(), token, &alice(), NOW_MS);
        assert_eq!(refused, Err(*expected), "{about}: {token:.200}");
    }
    let distinct: std::collections::HashSet<_> = cases.iter().map(|(_, token, _)| token).collect();
    assert!(distinct.len() >= 250, "{}", distinct.len());
    println!("{} hostile tokens", distinct.len());
    let names: std::collections::HashSet<_> = cases.iter().map(|(_, _, refused)| refused).collect();
    // None of them is missing, and taking back has a test of its own.
    assert_eq!(names.len(), TokenRefused::ALL.len() - 2);
}

// FAULTS TK2
#[test]
fn the_leeway_is_30_seconds_on_either_side_to_the_second() {
    let of = |times: [u64; 3]| {
        let mut said = payload();
        (said["iat"], said["nbf"], said["exp"]) = (json!(times[0]), json!(times[1]), json!(times[2]));
        admin().verify(&house(), &sealed(&header().to_string(), &said.to_string()), &alice(), NOW_MS + 999).map(drop)
    };
    assert_eq!(of([NOW_S - 929, NOW_S - 929, NOW_S - 29]), Ok(()));
    assert_eq!(of([NOW_S - 930, NOW_S - 930, NOW_S - 30]), Err(TokenRefused::Expired));
    assert_eq!(of([NOW_S + 30, NOW_S + 30, NOW_S + 930]), Ok(()));
    assert_eq!(of([NOW_S, NOW_S + 31, NOW_S + 900]), Err(TokenRefused::Early));
}

// FAULTS TK2, TK3
#[test]
fn a_kind_an_audience_and_a_chain_take_no_token_of_another_and_what_was_taken_back_is_gone_at_once() {
    let keys = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 0));
    let note = DeviceNote { device: "thrdev1".to_owned(), level: 2 };
    let kinds = [(ADMIN, "thr-admin"), (DEVICE, "thr-device"), (API, "thr-api")];
    let all: &[Role] = &[Role::Admin];
    for (given_kind, given_name) in kinds {
        let device = given_kind.names_device.then_some(&note);
        let grant =
            Grant { subject: "alice", role: Role::Admin, version: 3, life_s: u64::MAX, jti: Jti([5; 16]), device };
        let token = terms(given_kind, given_name, all).issue(&keys, &grant, NOW_MS).expect("it is within the terms");
        for (kind, name) in kinds {
            let taken = terms(kind, name, all).verify(&keys, &token, &alice(), NOW_MS);
            match (kind == given_kind, taken) {
                (true, Ok(claims)) => {
                    assert_eq!(claims.expires_s - claims.issued_s, kind.life_s_max, "its life is cut");
                    assert_eq!(claims.device.as_ref(), device);
                }
                (is_its_own, taken) => assert_eq!((is_its_own, taken), (false, Err(TokenRefused::Kind))),
            }
        }
        let own = terms(given_kind, given_name, all);
        for (changed, refused) in [
            (TokenTerms { audience: "thr-other:11111111".to_owned(), ..own.clone() }, TokenRefused::Audience),
            (TokenTerms { issuer: "thr:22222222".to_owned(), ..own.clone() }, TokenRefused::Issuer),
            (TokenTerms { roles: &[Role::Viewer, Role::Operator], ..own.clone() }, TokenRefused::Role),
        ] {
            assert_eq!(changed.verify(&keys, &token, &alice(), NOW_MS), Err(refused));
        }
        let revoked = Book { revoked: Some(Jti([5; 16])), ..alice() };
        assert_eq!(own.verify(&keys, &token, &revoked, NOW_MS), Err(TokenRefused::Revoked));
        assert_eq!(own.verify(&keys, &token, &Book::with("alice", Role::Admin, 4), NOW_MS), Err(TokenRefused::Version));
        assert_eq!(own.verify(&keys, &token, &Book::default(), NOW_MS), Err(TokenRefused::Version));
    }
}

// FAULTS TK2
#[test]
fn nothing_is_given_beyond_the_terms() {
    let keys = TokenKeys::new(key(1, TokenAlgorithm::EdDsa, 0));
    let note = DeviceNote { device: "thrdev1".to_owned(), level: 2 };
    let grant = Grant { subject: "alice", role: Role::Admin, version: 3, life_s: 900, jti: Jti([5; 16]), device: None };
    assert!(admin().issue(&keys, &grant, NOW_MS).is_some());
    let long = "a".repeat(257);
    for wrong in [
        Grant { subject: "", ..grant.clone() },
        Grant { subject: "a b", ..grant.clone() },
        Grant { subject: &long, ..grant.clone() },
        Grant { role: Role::Viewer, ..grant.clone() },
        Grant { device: Some(&note), ..grant.clone() },
    ] {
        assert_eq!(admin().issue(&keys, &wrong, NOW_MS), None);
    }
    let of_device = terms(DEVICE, "thr-device", &[Role::Admin]);
    assert_eq!(of_device.issue(&keys, &grant, NOW_MS), None, "it names no device");
}

// FAULTS TK1
#[test]
fn a_shared_secret_takes_its_own_tokens_only_and_the_name_of_an_algorithm_belongs_to_its_key() {
    let algorithms = [TokenAlgorithm::EdDsa, TokenAlgorithm::Ed25519, TokenAlgorithm::Hs256];
    for algorithm in algorithms {
        let keys = TokenKeys::new(key(1, algorithm, 0));
        for said in algorithms {
            let header = json!({ "alg": said.name(), "kid": keys.signs().kid(), "typ": "thr-admin+jwt" });
            let token = sealed_by(keys.signs(), &header.to_string(), &payload().to_string());
            let taken = admin().verify(&keys, &token, &alice(), NOW_MS).map(drop);
            let expected = if said == algorithm { Ok(()) } else { Err(TokenRefused::Signature) };
            assert_eq!(taken, expected, "{said:?} by {algorithm:?}");
        }
    }
}

// FAULTS TK1
#[test]
fn no_bit_of_a_token_can_be_changed_and_no_end_cut_off() {
    for (algorithm, step) in [(TokenAlgorithm::Hs256, 1), (TokenAlgorithm::EdDsa, 16)] {
        let keys = TokenKeys::new(key(1, algorithm, 0));
        let header = json!({ "alg": algorithm.name(), "kid": keys.signs().kid(), "typ": "thr-admin+jwt" });
        let good = sealed_by(keys.signs(), &header.to_string(), &payload().to_string());
        let is_taken = |token: &str| admin().verify(&keys, token, &alice(), NOW_MS).is_ok();
        assert!(is_taken(&good));
        for place in (0..good.len()).step_by(step) {
            for bit in (0..7).skip(place % step.min(7)).step_by(step.min(7)) {
                let mut changed = good.clone().into_bytes();
                changed[place] ^= 1 << bit;
                assert!(!is_taken(&String::from_utf8(changed).expect("ASCII")), "{place} {bit}");
            }
            assert!(!is_taken(&good[..place]) && !is_taken(&good[place + 1..]), "{place}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn whatever_comes_is_refused_and_nothing_panics(text in "\\PC{0,300}", parts in "[A-Za-z0-9_-]{0,90}[.][A-Za-z0-9_-]{0,200}[.][A-Za-z0-9_-]{86}") {
        for token in [text, parts] {
            prop_assert!(admin().verify(&house(), &token, &alice(), NOW_MS).is_err());
        }
    }

    #[test]
    fn a_signed_payload_of_anything_is_refused_unless_it_is_the_closed_set(bytes in prop::collection::vec(any::<u8>(), 0..200), name in "[a-z]{1,6}", text in ".{0,40}") {
        let head = header().to_string();
        let signed = format!("{}.{}", encode(head.as_bytes()), encode(&bytes));
        let signature = house().signs().sign(signed.as_bytes()).expect("it signs");
        let token = format!("{signed}.{}", encode(&signature));
        prop_assert!(admin().verify(&house(), &token, &alice(), NOW_MS).is_err());
        let changed = sealed(&head, &with(payload(), &name, json!(text)));
        let is_good = payload()[&name] == json!(text);
        prop_assert_eq!(admin().verify(&house(), &changed, &alice(), NOW_MS).is_ok(), is_good);
    }
}
