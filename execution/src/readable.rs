//! JSON that people write: addresses are text of the network, and what cannot be read is named by its key.
//!
//! It must not know what a value means. A type says by pointers where its addresses stand, so it needs no second form of itself.

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use types::{Address, AddressError, Network};

/// Most letters of a wrong text that an error repeats.
const SHOWN_MAX: usize = 100;
/// A key that differs in more letters was not meant.
const DISTANCE_MAX: usize = 3;
/// Elements of a list that are looked at for the one to blame.
const TRIED_MAX: usize = 2_000;
/// Values that all tries together may copy.
const TRIED_VALUES_MAX: usize = 4_000_000;

/// Why JSON is not the value it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnreadJson {
    /// A text that is no address of the network.
    Address {
        /// Where it stands: keys and numbers, joined by points.
        key: String,
        /// What stands there.
        text: String,
        /// What is wrong with it.
        error: AddressError,
    },
    /// Another kind of value, a missing or an unknown key.
    Value {
        /// Where it stands, as far as that can be told; else empty.
        key: String,
        /// What is wrong.
        why: String,
    },
}

/// Reads a value. `addresses` are JSON pointers, `*` for every element.
///
/// # Errors
/// [`UnreadJson`].
pub fn read<T: DeserializeOwned>(mut json: Value, addresses: &[&str], network: Network) -> Result<T, UnreadJson> {
    for pointer in addresses {
        each(&mut json, pointer, String::new(), &mut |text, key| {
            let address = read_address(text, network).map_err(|error| UnreadJson::Address {
                key,
                text: text.chars().take(SHOWN_MAX).collect(),
                error,
            })?;
            *text = types::to_hex(&address.0);
            Ok(())
        })?;
    }
    serde_json::from_value(json.clone()).map_err(|error| explain::<T>(&json, &error.to_string()))
}

/// Writes a value, with its addresses as text of the network.
pub fn write(value: &impl Serialize, addresses: &[&str], network: Network) -> Value {
    let mut json = serde_json::to_value(value).expect("texts, numbers and lists always have a JSON form");
    for pointer in addresses {
        let written = each(&mut json, pointer, String::new(), &mut |text, _| {
            if let Ok(address) = read_address(text, network) {
                *text = address.to_text(network);
            }
            Ok(())
        });
        debug_assert!(written.is_ok(), "nothing above refuses");
    }
    json
}

/// Reads hex, the text form of `network`, or the older form.
///
/// # Errors
/// Why the text is none of them.
pub fn read_address(text: &str, network: Network) -> Result<Address, AddressError> {
    if text.len() == 40
        && let Ok(address) = serde_json::from_value(Value::String(text.to_owned()))
    {
        return Ok(address);
    }
    Address::parse(text, network)
}

/// Hands over every text that a pointer leads to, with its place.
fn each(
    json: &mut Value,
    pointer: &str,
    place: String,
    change: &mut impl FnMut(&mut String, String) -> Result<(), UnreadJson>,
) -> Result<(), UnreadJson> {
    let Some(rest) = pointer.strip_prefix('/') else {
        return match json {
            Value::String(text) => change(text, place),
            // What is absent is no address, and what is neither is refused where the value is read.
            _ => Ok(()),
        };
    };
    let (step, rest) = rest.find('/').map_or((rest, ""), |at| rest.split_at(at));
    let inner = |key: &str| if place.is_empty() { key.to_owned() } else { format!("{place}.{key}") };
    match json {
        Value::Array(elements) if step == "*" => {
            let mut numbered = elements.iter_mut().enumerate();
            numbered.try_for_each(|(number, element)| each(element, rest, format!("{place}[{number}]"), change))
        }
        Value::Object(fields) => fields.get_mut(step).map_or(Ok(()), |value| each(value, rest, inner(step), change)),
        _ => Ok(()),
    }
}

/// Names the key that is to blame, and what was probably meant.
fn explain<T: DeserializeOwned>(json: &Value, error: &str) -> UnreadJson {
    let key = blamed::<T>(json, error);
    match quoted(error, "unknown field `") {
        Some(unknown) => {
            let key = if key.is_empty() { unknown.to_owned() } else { key };
            UnreadJson::Value { key, why: format!("there is no such key{}", did_you_mean(error)) }
        }
        None => UnreadJson::Value { key, why: error.to_owned() },
    }
}

/// Where the error comes from, found by trying: without the key that is to blame the error is another one, and an element that
/// is to blame has it alone. Slow, and only done when there is an error.
fn blamed<T: DeserializeOwned>(json: &Value, error: &str) -> String {
    let fails_alike = |json: Value| serde_json::from_value::<T>(json).is_err_and(|other| other.to_string() == error);
    let replaced = |pointer: &str, change: &dyn Fn(&mut Value)| {
        let mut json = json.clone();
        json.pointer_mut(pointer).map(change);
        json
    };
    // Each try reads a copy: where there is much to copy, few are made, or none.
    let tries = TRIED_VALUES_MAX.checked_div(values(json)).unwrap_or_default().min(TRIED_MAX);
    let (mut place, mut pointer) = (String::new(), String::new());
    loop {
        let found = match json.pointer(&pointer) {
            _ if tries == 0 => None,
            Some(Value::Object(fields)) => {
                let without =
                    |key: &str| replaced(&pointer, &|node| drop(node.as_object_mut().map(|node| node.remove(key))));
                let is_missing_here = quoted(error, "missing field `").is_some_and(|missing| {
                    let with = |node: &mut Value| node[missing] = Value::Null;
                    !fields.contains_key(missing) && !fails_alike(replaced(&pointer, &with))
                });
                let key = fields.keys().take(tries).find(|key| !fails_alike(without(key))).filter(|_| !is_missing_here);
                key.map(|key| (if place.is_empty() { key.clone() } else { format!("{place}.{key}") }, key.clone()))
            }
            Some(Value::Array(elements)) => {
                let alone = |element: &Value| replaced(&pointer, &|node| *node = Value::Array(vec![element.clone()]));
                let number = elements.iter().take(tries).position(|element| fails_alike(alone(element)));
                number.map(|number| (format!("{place}[{number}]"), number.to_string()))
            }
            _ => None,
        };
        let Some((inner, step)) = found else { return place };
        let step = step.replace('~', "~0").replace('/', "~1");
        (place, pointer) = (inner, format!("{pointer}/{step}"));
    }
}

/// How many values there are in this one, itself included.
fn values(json: &Value) -> usize {
    let inner: usize = match json {
        Value::Array(elements) => elements.iter().map(values).sum(),
        Value::Object(fields) => fields.values().map(values).sum(),
        _ => 0,
    };
    inner.saturating_add(1)
}

/// What stands in backquotes after these words of an error.
fn quoted<'e>(error: &'e str, words: &str) -> Option<&'e str> {
    error.split_once(words)?.1.split_once('`').map(|(key, _)| key)
}

/// `; did you mean …?` for an error of serde that calls a key unknown and lists the known ones, when one is close.
#[must_use]
pub fn did_you_mean(error: &str) -> String {
    let Some(unknown) = quoted(error, "unknown field `") else { return String::new() };
    let known = error.split_once("expected").map_or("", |(_, list)| list);
    nearest(unknown, known.split('`').skip(1).step_by(2))
}

/// `; did you mean …?` when one of the known words is close to this one.
pub fn nearest<'a>(word: &str, known: impl Iterator<Item = &'a str>) -> String {
    let mut best: Option<(usize, &str)> = None;
    for known in known {
        let holds_it = word.len() >= DISTANCE_MAX && known.contains(word);
        let steps = if holds_it { DISTANCE_MAX } else { distance(word, known) };
        best = best.filter(|(least, _)| *least <= steps).or(Some((steps, known)));
    }
    match best {
        Some((steps, known)) if steps <= DISTANCE_MAX => format!("; did you mean `{known}`?"),
        _ => String::new(),
    }
}

/// How many letters must be added, removed or replaced.
fn distance(left: &str, right: &str) -> usize {
    if left.len() > SHOWN_MAX {
        return usize::MAX;
    }
    let right: Vec<char> = right.chars().collect();
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (line, letter) in left.chars().enumerate() {
        let mut diagonal = line;
        let mut before = line.saturating_add(1);
        for (cell, other) in row.iter_mut().skip(1).zip(&right) {
            let replaced = diagonal.saturating_add(usize::from(letter != *other));
            diagonal = *cell;
            *cell = replaced.min(before.saturating_add(1)).min(cell.saturating_add(1));
            before = *cell;
        }
        if let Some(first) = row.first_mut() {
            *first = line.saturating_add(1);
        }
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::json;

    use super::*;

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Owner {
        account: Option<Address>,
        share: u8,
    }

    #[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Owners {
        pool: Address,
        spacing_ms: u64,
        owners: Vec<Owner>,
    }

    const ADDRESSES: &[&str] = &["/pool", "/owners/*/account"];

    fn owners() -> Owners {
        let owner = |account| Owner { account, share: 3 };
        Owners { pool: Address([1; 20]), spacing_ms: 9, owners: vec![owner(None), owner(Some(Address([2; 20])))] }
    }

    fn reread(change: impl FnOnce(&mut Value)) -> Result<Owners, UnreadJson> {
        let mut json = write(&owners(), ADDRESSES, Network::Test);
        change(&mut json);
        read(json, ADDRESSES, Network::Test)
    }

    #[test]
    fn addresses_are_text_of_the_network_wherever_they_stand() {
        let json = write(&owners(), ADDRESSES, Network::Test);
        assert!(json["pool"].as_str().expect("text").starts_with("thrt1"));
        assert!(json["owners"][1]["account"].as_str().expect("text").starts_with("thrt1"));
        assert_eq!(json["owners"][0]["account"], Value::Null);
        assert_eq!(reread(|_| ()), Ok(owners()));
        let legacy = Address([2; 20]).to_legacy_text();
        assert_eq!(reread(|json| json["owners"][1]["account"] = json!(legacy)), Ok(owners()));
        assert_eq!(reread(|json| json["pool"] = json!("01".repeat(20))), Ok(owners()));
        let other = Address([2; 20]).to_text(Network::Main);
        let refused = reread(|json| json["owners"][1]["account"] = json!(other)).expect_err("another network's");
        assert!(matches!(&refused, UnreadJson::Address { key, .. } if key == "owners[1].account"), "{refused:?}");
    }

    // FAULTS RE15
    #[test]
    fn of_a_long_list_an_error_is_named_less_exactly_and_at_once() {
        let wrong_at = |place: usize, owners: usize| {
            let refused = reread(|json| {
                json["owners"] = json!(vec![json!({"account": null, "share": 3}); owners]);
                json["owners"][place]["share"] = json!(300);
            });
            let Err(UnreadJson::Value { key, .. }) = refused else { panic!("{refused:?}") };
            key
        };
        assert_eq!(wrong_at(3, 3_000), "owners[3].share");
        assert_eq!(wrong_at(2_999, 3_000), "owners", "so many copies are not made");
        assert_eq!(wrong_at(3, TRIED_VALUES_MAX / 3), "", "of such a list none");
    }

    #[test]
    fn what_cannot_be_read_is_named_by_its_key() {
        let wrong = |key: &str, why: &str| Err(UnreadJson::Value { key: key.to_owned(), why: why.to_owned() });
        let unknown = reread(|json| json["spacing"] = json!(1));
        assert_eq!(unknown, wrong("spacing", "there is no such key; did you mean `spacing_ms`?"));
        let unknown = reread(|json| json["owners"][0]["shade"] = json!(1));
        assert_eq!(unknown, wrong("owners[0].shade", "there is no such key; did you mean `share`?"));
        let unknown = reread(|json| json["quite_another"] = json!(1));
        assert_eq!(unknown, wrong("quite_another", "there is no such key"));
        let kind = reread(|json| json["spacing_ms"] = json!("9"));
        assert_eq!(kind, wrong("spacing_ms", "invalid type: string \"9\", expected u64"));
        let missing = reread(|json| drop(json.as_object_mut().expect("an object").remove("pool")));
        assert_eq!(missing, wrong("", "missing field `pool`"));
        let missing = reread(|json| drop(json["owners"][1].as_object_mut().expect("an object").remove("share")));
        assert_eq!(missing, wrong("owners[1]", "missing field `share`"));
        let kind = reread(|json| json["owners"][1]["share"] = json!(256));
        assert_eq!(kind, wrong("owners[1].share", "invalid value: integer `256`, expected u8"));
        let kind = reread(|json| json["owners"] = json!(7));
        assert_eq!(kind, wrong("owners", "invalid type: integer `7`, expected a sequence"));
        assert!(reread(|json| *json = json!([1, 2])).is_err());
    }

    #[test]
    fn a_close_word_is_offered_and_a_far_one_is_not() {
        assert_eq!(nearest("minning", ["tokens", "mining"].into_iter()), "; did you mean `mining`?");
        assert_eq!(nearest("bits", ["spacing_ms", "launch_bits"].into_iter()), "; did you mean `launch_bits`?");
        assert_eq!(nearest("bridge", ["tokens", "mining"].into_iter()), "");
        assert_eq!(nearest(&"m".repeat(1_000), ["mining"].into_iter()), "");
        assert_eq!(distance("kitten", "sitting"), 3);
    }
}
