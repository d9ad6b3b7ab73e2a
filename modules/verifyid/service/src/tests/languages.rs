//! What is refused is said in the language of whoever asks; codes, statuses, names and commands are the same in all.

use std::collections::BTreeSet;

use axum::body::Body;
use axum::http::Request;
use languages::{Language, check, untranslated};
use service::Service;
use verifyid_tpm::{CredentialError, EkChainRefused, QuoteRefused, TpmFormError, TpmKeyRefused};

use super::harness::*;
use super::hostile::{wrong_answers, wrong_questions};
use crate::api::TEXTS;
use crate::tpm::TpmRefused;

#[test]
fn every_language_has_the_same_sentences_with_the_same_variables_commands_and_forms_of_number() {
    let flaws: Vec<String> = check(&TEXTS).iter().chain(&untranslated(&TEXTS)).map(ToString::to_string).collect();
    assert!(flaws.is_empty(), "{}", flaws.join("\n"));
}

/// What a request is answered with and without a wish for a language.
struct Said {
    plain: Answered,
    by_language: Vec<(Language, Answered)>,
}

impl Said {
    async fn of(routes: &service::http::Routes, path: &str, body: &str) -> Self {
        let plain = post_bytes(routes, HERE, path, body.to_owned()).await;
        let mut by_language = Vec::new();
        for language in Language::ALL {
            let accepted = format!("it, {};q=0.9, *;q=0.1", language.tag());
            by_language.push((language, post_in(routes, &accepted, path, body).await));
        }
        Self { plain, by_language }
    }

    /// Whether all say the same with other words.
    fn judge(&self, body: &str) {
        for (language, said) in &self.by_language {
            assert_eq!(said.code(), self.plain.code(), "{language:?} {body}");
            let told = |header: &str| said.headers.get(header).and_then(|value| value.to_str().ok());
            assert_eq!(told("content-language"), Some(language.tag()), "{body}");
            assert_eq!(told("vary"), Some("accept-language"), "{body}");
            assert_eq!(
                told("retry-after"),
                self.plain.headers.get("retry-after").and_then(|value| value.to_str().ok())
            );
            let fields = |body: &serde_json::Value| -> BTreeSet<String> {
                body.as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect()
            };
            assert_eq!(fields(&said.body), fields(&self.plain.body), "{body}");
            let is_english = *language == Language::English;
            for part in ["message", "hint"] {
                // There is nothing to translate in it.
                let is_same = said.body[part] == self.plain.body[part];
                assert_eq!(is_same, is_english, "{language:?} {part} of {body}: {}", said.body);
            }
        }
    }
}

// FAULTS A6
#[tokio::test]
async fn each_hostile_request_has_the_same_code_in_every_language_and_other_words() {
    let world = World::new();
    let Lives { routes, running } = world.lives().await;
    for (body, _) in wrong_questions() {
        Said::of(&routes, ASK, &body).await.judge(&body);
    }
    let asked = challenge(&routes, Device(0)).await;
    let good = answer_of(Device(0), &asked);
    let text = |key: &str| good[key].as_str().expect("digits").to_owned();
    for (body, _) in wrong_answers(&text("challenge"), &text("answer")) {
        Said::of(&routes, ANSWER, &body).await.judge(&body);
    }
    assert_eq!(hand_in(&routes, &good).await.status, 200, "nothing was used up");
    for path in [
        "/api/v1/verifyid/token",
        "/api/v1/verifyid/hmac/enrol",
        "/api/v1/verifyid/hmac/answer",
        "/api/v1/verifyid/tpm/enrolments",
        "/api/v1/verifyid/tpm/activations",
        "/api/v1/verifyid/tpm/quotes",
        "/api/verify/register",
        "/api/verify/challenge/create",
        "/api/verify/challenge/respond",
        "/api/verify/check",
    ] {
        for body in ["", "{}", "[1]"] {
            Said::of(&routes, path, body).await.judge(path);
        }
    }
    running.stop().await.expect("it ends without a fault");
}

#[tokio::test]
async fn hostile_wishes_for_a_language_are_answered_in_english_and_good_answers_say_nothing_of_it() {
    let world = World::new();
    let routes = Service::routes(&world.opened());
    let long = format!("{},de", "x".repeat(8_192));
    let many = format!("{}de", "it,".repeat(1_000));
    for accepted in [long.as_str(), many.as_str(), "de;q=NaN", "de;q=2", "\u{e9}", "", ";;;,,,", "de\tfr"] {
        let said = post_in(&routes, accepted, ASK, "{}").await;
        assert_eq!(said.code(), (400, "malformed_json"), "{accepted}");
        assert_eq!(said.headers["content-language"], "en", "{accepted}");
        assert!(said.body["message"].as_str().is_some_and(|text| text.starts_with("the body cannot be read as JSON")));
    }
    let good = post_in(&routes, "de", ASK, &question(Device(0)).to_string()).await;
    assert_eq!((good.status, good.headers.get("content-language")), (201, None));
    let path = format!("/api/v1/verifyid/devices/{}", Device(2).id().0);
    let request = Request::get(path).header("accept-language", "de-CH").body(Body::empty()).expect("a path");
    let missing = send(&routes, HERE, request).await;
    assert_eq!(missing.code(), (404, "not_found"));
    assert_eq!(missing.body["message"], "Es ist kein Gerät mit dieser Kennung registriert");
}

/// One of each structure of a TPM that is not taken.
fn forms() -> Vec<TpmFormError> {
    use TpmFormError::*;
    vec![
        Short,
        Trailing,
        Size,
        FieldLength,
        KeyType(7),
        NameAlgorithm(7),
        Attributes(7),
        SymmetricAlgorithm(7),
        SymmetricBits(256),
        SymmetricMode(7),
        Scheme(7),
        HashAlgorithm(7),
        Curve(7),
        KeyDerivation(7),
        KeyBits(1_024),
        Exponent(3),
        Modulus,
        Point,
        Magic(7),
        AttestType(7),
        Safe(7),
        PcrBanks(2),
        PcrBank(7),
        SignatureAlgorithm(7),
    ]
}

/// One of each reason about a TPM with the sentence of the crate that judges, where it is that one's.
fn tpm_reasons() -> Vec<(TpmRefused, Option<String>)> {
    use EkChainRefused as Chain;
    use QuoteRefused as Quote;
    use TpmKeyRefused as Key;
    let keys = forms().into_iter().map(Key::Form).chain([
        Key::NotRestricted,
        Key::NotFixedTpm,
        Key::NotFixedParent,
        Key::FromOutside,
        Key::NotSigning,
        Key::Decrypts,
        Key::NotDecrypting,
        Key::Signs,
        Key::NoScheme,
        Key::Cipher,
    ]);
    let chains = [
        Chain::Length(5),
        Chain::TooLong,
        Chain::Form,
        Chain::CriticalExtension,
        Chain::Purpose,
        Chain::OtherKey,
        Chain::Early,
        Chain::Over,
        Chain::NotIssued,
        Chain::MayNotIssue,
        Chain::Algorithm,
        Chain::Signature,
        Chain::Root,
    ];
    let quotes = [Quote::Form(TpmFormError::Short), Quote::SignatureForm(TpmFormError::Scheme(7))].into_iter().chain([
        Quote::SignatureKind,
        Quote::Signature,
        Quote::QualifiedSigner,
        Quote::ExtraData,
        Quote::ClockUnsafe,
        Quote::ResetsFell,
        Quote::RestartsFell,
        Quote::ClockStood,
        Quote::PcrSelection,
        Quote::PcrDigest,
    ]);
    let credentials = [CredentialError::SecretLength(33), CredentialError::Random, CredentialError::Encryption];
    let own = [
        TpmRefused::EndorsementKind,
        TpmRefused::OtherDevice,
        TpmRefused::Full,
        TpmRefused::NotEnrolled,
        TpmRefused::KeyChanged,
        TpmRefused::PcrCount,
        TpmRefused::PcrValue(7),
        TpmRefused::Meanwhile,
    ];
    let mut all: Vec<(TpmRefused, Option<String>)> = own.into_iter().map(|why| (why, None)).collect();
    for key in keys {
        all.push((TpmRefused::EndorsementKey(key), Some(format!("the endorsement key: {key}"))));
        all.push((TpmRefused::AttestationKey(key), Some(format!("the attestation key: {key}"))));
    }
    all.extend(chains.map(|why| (TpmRefused::Chain(why), Some(format!("the endorsement key's certificate: {why}")))));
    all.extend(quotes.map(|why| (TpmRefused::Quote(why), Some(format!("the quote: {why}")))));
    all.extend(credentials.map(|why| (TpmRefused::Credential(why), Some(format!("no credential: {why}")))));
    all
}

#[test]
fn every_reason_about_a_tpm_is_said_as_the_crate_that_judges_says_it_and_in_other_languages_otherwise() {
    for (why, expected) in tpm_reasons() {
        let (message, hint) = why.said();
        if let Some(expected) = expected {
            assert_eq!(format!("{message}: {hint}"), expected);
        }
        for language in Language::ALL.into_iter().skip(1) {
            for said in [&message, &hint] {
                let told = said.in_language(language);
                assert!(!told.is_empty() && told != said.to_string(), "{language:?} {why:?}: {told}");
            }
        }
    }
}

#[test]
fn words_after_a_number_are_those_of_the_number() {
    let said = |language: Language, limit: u64| {
        TEXTS.said("plan_required").with("used", limit).with("limit", limit).in_language(language)
    };
    assert_eq!(said(Language::English, 100), "100 of the 100 verifications of the customer's month are used");
    for (language, one, many) in [
        (Language::German, "1 Prüfung ", "100 Prüfungen "),
        (Language::Greek, "1 επαλήθευση ", "100 επαληθεύσεις "),
        (Language::Spanish, "1 verificación", "100 verificaciones"),
        (Language::French, "1 vérification ", "100 vérifications "),
    ] {
        assert!(format!("{} ", said(language, 1)).contains(one), "{}", said(language, 1));
        assert!(said(language, 100).contains(many), "{}", said(language, 100));
    }
}
