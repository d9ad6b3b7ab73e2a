//! What a request asks for: its method and parameters as values.
//!
//! It must not know sessions. Invariant: every parameter has a fixed length or a bound when it leaves this file; the
//! parts of a share are numbers and arrays, so that two spellings of a share are one value.

use pow::{Difficulty, Target};
use serde_json::value::RawValue;

use crate::limits::{EXTENSION_BYTES_MAX, EXTENSIONS_MAX, EXTRANONCE2_BYTES, LINE_BYTES_MAX};
use crate::refusal::Refusal;
use crate::request::{Request, text_of};

/// A request that was understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Call {
    /// `mining.configure` (BIP310).
    Configure(Vec<Extension>),
    /// `mining.subscribe`.
    Subscribe {
        /// What the program calls itself, as sent.
        agent: String,
        /// The session to resume.
        session: Option<String>,
    },
    /// `mining.authorize`.
    Authorize {
        /// `address[.worker]`, as sent.
        user: String,
        /// Options.
        password: String,
    },
    /// `mining.submit`.
    Submit(Submit),
    /// `mining.suggest_difficulty` and `mining.suggest_target`.
    Suggest(Difficulty),
    /// `mining.extranonce.subscribe`.
    ExtranonceSubscribe,
    /// `mining.get_transactions`.
    GetTransactions,
    /// `mining.ping`.
    Ping,
    /// `client.get_version`, asked of the server.
    GetVersion,
    /// Something that needs no more than a friendly answer.
    Acknowledge,
    /// An answer to something that the server said: needs none itself.
    Answer,
}

/// One extension of `mining.configure`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extension {
    /// The mask that the miner can roll.
    VersionRolling(u32),
    /// The least difficulty that the miner wants; nothing if it is no difficulty.
    MinimumDifficulty(Option<Difficulty>),
    /// The miner takes `mining.set_extranonce`.
    SubscribeExtranonce,
    /// The miner tells about itself.
    Info,
    /// Any other, by name.
    Unknown(String),
}

/// A share as it was submitted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submit {
    /// The user, as sent.
    pub user: String,
    /// The job's number, nothing if the text is no number of a job.
    pub job: Option<u32>,
    /// The bytes that the miner counts.
    pub extranonce2: [u8; EXTRANONCE2_BYTES],
    /// The header's time.
    pub time: u32,
    /// The header's nonce.
    pub nonce: u32,
    /// The rolled version bits, if there is a sixth parameter.
    pub version_bits: Option<u32>,
}

type Params<'a> = [&'a RawValue];

impl Call {
    /// Reads method and parameters.
    ///
    /// # Errors
    /// The [`Refusal`] that says what does not fit.
    pub fn parse(request: &Request<'_>) -> Result<Self, Refusal> {
        let params = request.params()?;
        match request.method.as_ref() {
            "mining.submit" => submit(&params).map(Self::Submit),
            "mining.configure" => configure(&params).map(Self::Configure),
            "mining.subscribe" => subscribe(&params),
            "mining.authorize" => authorize(&params),
            "mining.suggest_difficulty" => suggested(&params, |text| Difficulty::parse(text).ok()),
            "mining.suggest_target" => suggested(&params, target_text),
            "mining.extranonce.subscribe" => Ok(Self::ExtranonceSubscribe),
            "mining.get_transactions" => Ok(Self::GetTransactions),
            "mining.ping" => Ok(Self::Ping),
            "client.get_version" => Ok(Self::GetVersion),
            "client.show_message" | "client.reconnect" | "mining.capabilities" | "mining.pong" => Ok(Self::Acknowledge),
            "" => Ok(Self::Answer),
            _ => Err(Refusal::UnknownMethod),
        }
    }
}

fn submit(params: &Params<'_>) -> Result<Submit, Refusal> {
    let (user, job, extranonce2, time, nonce, version) = match params {
        [user, job, extranonce2, time, nonce] => (user, job, extranonce2, time, nonce, None),
        [user, job, extranonce2, time, nonce, version] => (user, job, extranonce2, time, nonce, Some(version)),
        _ => return Err(Refusal::BadParams),
    };
    let user = text_of(user).ok_or(Refusal::BadParams)?.into_owned();
    let job = number(&text_of(job).ok_or(Refusal::BadParams)?);
    let extranonce2 = text_of(extranonce2).ok_or(Refusal::BadExtranonce2)?;
    let mut bytes = [0; EXTRANONCE2_BYTES];
    hex::decode_to_slice(extranonce2.as_bytes(), &mut bytes).map_err(|_| Refusal::BadExtranonce2)?;
    let digits = |raw: &RawValue, refusal| text_of(raw).and_then(|text| number(&text)).ok_or(refusal);
    Ok(Submit {
        user,
        job,
        extranonce2: bytes,
        time: digits(time, Refusal::BadTime)?,
        nonce: digits(nonce, Refusal::BadNonce)?,
        version_bits: version.map(|raw| digits(raw, Refusal::BadVersion)).transpose()?,
    })
}

/// One to eight hexadecimal digits in any case. Some firmware leaves out leading zeros; they are zeros all the same.
fn number(text: &str) -> Option<u32> {
    let is_hex = (1..=8).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hex.then(|| u32::from_str_radix(text, 16).ok()).flatten()
}

fn subscribe(params: &Params<'_>) -> Result<Call, Refusal> {
    let optional = |raw: Option<&&RawValue>| match raw {
        None => Ok(None),
        Some(raw) if raw.get() == "null" => Ok(None),
        Some(raw) => text_of(raw).map(|text| Some(text.into_owned())).ok_or(Refusal::BadParams),
    };
    Ok(Call::Subscribe { agent: optional(params.first())?.unwrap_or_default(), session: optional(params.get(1))? })
}

fn authorize(params: &Params<'_>) -> Result<Call, Refusal> {
    let (user, password) = match params {
        [user] => (user, None),
        [user, password, ..] => (user, Some(password)),
        [] => return Err(Refusal::BadParams),
    };
    let user = text_of(user).ok_or(Refusal::BadParams)?.into_owned();
    // Machines send numbers and null as passwords; none of these is an option.
    let password = password.and_then(|raw| text_of(raw)).unwrap_or_default().into_owned();
    Ok(Call::Authorize { user, password })
}

/// The difficulty as a number or a text of one, alone or as the first of a list.
fn suggested(params: &Params<'_>, read: impl Fn(&str) -> Option<Difficulty>) -> Result<Call, Refusal> {
    let raw = params.first().ok_or(Refusal::BadParams)?;
    let text = text_of(raw).unwrap_or_else(|| raw.get().into());
    read(text.trim()).map(Call::Suggest).ok_or(Refusal::BadDifficulty)
}

/// 64 hexadecimal digits, the most significant first.
fn target_text(text: &str) -> Option<Difficulty> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text.trim_start_matches("0x"), &mut bytes).ok()?;
    bytes.reverse();
    Target::from_le_bytes(bytes).map(Target::difficulty)
}

fn configure(params: &Params<'_>) -> Result<Vec<Extension>, Refusal> {
    let (names, options) = match params {
        [names] => (names, None),
        [names, options, ..] => (names, Some(options)),
        [] => return Err(Refusal::BadParams),
    };
    let names: Vec<String> = serde_json::from_str(names.get()).map_err(|_| Refusal::BadParams)?;
    if names.len() > EXTENSIONS_MAX || names.iter().any(|name| name.len() > EXTENSION_BYTES_MAX) {
        return Err(Refusal::BadParams);
    }
    let options = match options {
        Some(raw) if raw.get().starts_with('{') && raw.get().len() <= LINE_BYTES_MAX => options_of(raw)?,
        _ => Options::new(),
    };
    Ok(names.into_iter().map(|name| extension(name, &options)).collect())
}

type Options<'a> = std::collections::BTreeMap<String, &'a RawValue>;

fn options_of(raw: &RawValue) -> Result<Options<'_>, Refusal> {
    serde_json::from_str(raw.get()).map_err(|_| Refusal::BadParams)
}

fn extension(name: String, options: &Options<'_>) -> Extension {
    match name.as_str() {
        "version-rolling" => {
            let mask = options.get("version-rolling.mask").and_then(|raw| text_of(raw));
            Extension::VersionRolling(mask.map_or(Some(u32::MAX), |text| number(&text)).unwrap_or(0))
        }
        "minimum-difficulty" => {
            let value = options.get("minimum-difficulty.value");
            let text = value.map(|raw| text_of(raw).unwrap_or_else(|| raw.get().into()));
            Extension::MinimumDifficulty(text.and_then(|text| Difficulty::parse(text.trim()).ok()))
        }
        "subscribe-extranonce" => Extension::SubscribeExtranonce,
        "info" => Extension::Info,
        _ => Extension::Unknown(name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn call(method: &str, params: &str) -> Result<Call, Refusal> {
        let line = format!(r#"{{"id":1,"method":"{method}","params":{params}}}"#);
        Call::parse(&Request::parse(line.as_bytes()).expect("a request"))
    }

    fn share(params: &str) -> Submit {
        match call("mining.submit", params) {
            Ok(Call::Submit(submit)) => submit,
            other => panic!("{params}: {other:?}"),
        }
    }

    #[test]
    fn spellings_of_one_share_are_one_value() {
        let plain = share(r#"["u","a","00000000000000ab","0000000f","0000beef"]"#);
        for other in [
            r#"["u","A","00000000000000AB","0000000F","0000BEEF"]"#,
            r#"["u","0a","00000000000000ab","f","beef"]"#,
            r#"["u","\u0061","00000000000000\u0061b","F","0beef"]"#,
        ] {
            assert_eq!(share(other), plain);
        }
        assert_eq!(plain.version_bits, None);
        assert_eq!(share(r#"["u","a","00000000000000ab","f","1","00002000"]"#).version_bits, Some(0x2000));
    }

    #[test]
    fn what_is_not_the_length_of_its_part_is_refused() {
        let cases = [
            (r#"["u","a","ab","f","1"]"#, Refusal::BadExtranonce2),
            (r#"["u","a","00000000000000abcd","f","1"]"#, Refusal::BadExtranonce2),
            (r#"["u","a","00000000000000ag","f","1"]"#, Refusal::BadExtranonce2),
            (r#"["u","a","00000000000000ab","000000001","1"]"#, Refusal::BadTime),
            (r#"["u","a","00000000000000ab","","1"]"#, Refusal::BadTime),
            (r#"["u","a","00000000000000ab","+f","1"]"#, Refusal::BadTime),
            (r#"["u","a","00000000000000ab","f","0x1"]"#, Refusal::BadNonce),
            (r#"["u","a","00000000000000ab","f",1]"#, Refusal::BadNonce),
            (r#"["u","a","00000000000000ab","f","1","g"]"#, Refusal::BadVersion),
            (r#"["u","a","00000000000000ab","f"]"#, Refusal::BadParams),
            (r#"["u",1,"00000000000000ab","f","1"]"#, Refusal::BadParams),
        ];
        for (params, refusal) in cases {
            assert_eq!(call("mining.submit", params), Err(refusal), "{params}");
        }
    }

    #[test]
    fn a_suggestion_is_a_number_a_text_or_a_list() {
        let thousand = Ok(Call::Suggest(Difficulty::parse("1000").expect("a number")));
        for params in ["1000", "[1000]", r#"["1000"]"#, r#""1000""#, "[1e3,null]"] {
            assert_eq!(call("mining.suggest_difficulty", params), thousand);
        }
        for params in ["[1e400]", r#"["NaN"]"#, "[-1]", "[0]", "[1e-12]", "[true]", "[{}]"] {
            assert_eq!(call("mining.suggest_difficulty", params), Err(Refusal::BadDifficulty), "{params}");
        }
        let target = format!(r#"["00000000ffff{}"]"#, "0".repeat(52));
        assert_eq!(call("mining.suggest_target", &target), Ok(Call::Suggest(Difficulty::ONE)));
        assert_eq!(call("mining.suggest_target", &format!(r#"["{}"]"#, "0".repeat(64))), Err(Refusal::BadDifficulty));
    }

    #[test]
    fn configure_knows_the_extensions_of_bip310() {
        let params = r#"[["version-rolling","minimum-difficulty","subscribe-extranonce","info","x"],
            {"version-rolling.mask":"1fffe000","version-rolling.min-bit-count":2,"minimum-difficulty.value":0.5}]"#;
        let expected = vec![
            Extension::VersionRolling(0x1fff_e000),
            Extension::MinimumDifficulty(Difficulty::parse("0.5").ok()),
            Extension::SubscribeExtranonce,
            Extension::Info,
            Extension::Unknown("x".to_owned()),
        ];
        assert_eq!(call("mining.configure", params), Ok(Call::Configure(expected)));
        let mask = |params: &str| call("mining.configure", params);
        assert_eq!(mask(r#"[["version-rolling"]]"#), Ok(Call::Configure(vec![Extension::VersionRolling(u32::MAX)])));
        assert_eq!(mask("[]"), Err(Refusal::BadParams));
        assert_eq!(mask(r#"["version-rolling"]"#), Err(Refusal::BadParams));
    }
}
