//! What holds for all routes, written into the description in one place: answers that every request may get, the forms of texts and
//! the bounds of numbers, with those of the node's own chain.
//!
//! It must not know a route. Handlers name a form (`format = "hash"`); what such a text looks like stands here alone.

use axum::http::StatusCode;
use serde_json::{Map, Value, json};
use types::{Genesis, Network};

/// What the chain adds to the description.
pub(crate) struct Chain {
    /// The only id that what is handed in may name.
    pub(crate) id: String,
    /// Which addresses it uses.
    pub(crate) network: Network,
    /// Most weight of a block.
    pub(crate) block_weight_max: u64,
}

impl Chain {
    pub(crate) fn new(id: types::ChainId, genesis: &Genesis) -> Self {
        let block_weight_max = genesis.parameters.limits.block_weight_max;
        Self { id: id.to_string(), network: genesis.network, block_weight_max }
    }
}

/// Answers with an error that requests of a kind may get, by their names among the components.
const SHARED: &[(&str, u16, Asked)] = &[
    ("BadRequest", 400, Asked::WithValues),
    ("WrongOrigin", 403, Asked::Always),
    ("SlowBody", 408, Asked::WithBody),
    ("Oversize", 413, Asked::WithBody),
    ("WrongContentType", 415, Asked::WithBody),
    ("WrongHost", 421, Asked::Always),
    ("Unavailable", 503, Asked::Always),
    ("Timeout", 504, Asked::Always),
];

/// Which requests.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    Always,
    /// Those with parameters or a body.
    WithValues,
    WithBody,
}

/// The description with everything that is the same everywhere.
///
/// # Panics
/// Never: a description always has a JSON form.
pub(crate) fn complete(description: &utoipa::openapi::OpenApi, chain: &Chain) -> Value {
    let mut document = serde_json::to_value(description).expect("a description has a JSON form");
    if let Some(paths) = document["paths"].as_object_mut() {
        for (path, item) in paths {
            let Some(methods) = item.as_object_mut() else { continue };
            for (method, operation) in methods {
                complete_operation(method, path, operation);
            }
        }
    }
    let shared = SHARED.iter().map(|(name, status, _)| ((*name).to_owned(), error_answer(*status)));
    document["components"]["responses"] = Value::Object(shared.collect());
    each_object(&mut document, &mut |object| bound(object, chain));
    document
}

fn complete_operation(method: &str, path: &str, operation: &mut Value) {
    // Handlers are called `one` and `list` in more than one file.
    let words = path.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    operation["operationId"] = Value::String(std::iter::once(method).chain(words).collect::<Vec<_>>().join("_"));
    let has_body = operation.get("requestBody").is_some();
    let has_values = has_body || operation["parameters"].as_array().is_some_and(|all| !all.is_empty());
    if let Some(content) = operation.pointer_mut("/requestBody/content/application~1octet-stream") {
        *content = json!({ "schema": { "type": "string", "format": "binary" } });
    }
    let Some(answers) = operation["responses"].as_object_mut() else { return };
    for (name, status, asked) in SHARED {
        let is_possible = match asked {
            Asked::Always => true,
            Asked::WithValues => has_values,
            Asked::WithBody => has_body,
        };
        if is_possible {
            add_error(answers, name, *status);
        }
    }
    for (status, answer) in answers {
        complete_answer(status, answer);
    }
}

/// Adds the shared answer, or its shape where the route has another one of the same status.
fn add_error(answers: &mut Map<String, Value>, name: &str, status: u16) {
    let shared = json!({ "$ref": format!("#/components/responses/{name}") });
    let answer = answers.entry(status.to_string()).or_insert_with(|| shared.clone());
    let Some(own) = answer["content"].as_object_mut() else {
        *answer = shared;
        return;
    };
    let is_alone = own.len() == 1 && own.contains_key("application/json");
    let own = own.entry("application/json").or_insert_with(|| json!({ "schema": error_schema() }));
    match &own["schema"] {
        schema if *schema == error_schema() && is_alone => *answer = shared,
        schema if *schema == error_schema() => {}
        schema => own["schema"] = json!({ "anyOf": [schema, error_schema()] }),
    }
}

/// Every answer has a description, and those that pass by themselves say when.
fn complete_answer(status: &str, answer: &mut Value) {
    if answer.get("$ref").is_some() {
        return;
    }
    let status = status.parse().ok().and_then(|status| StatusCode::from_u16(status).ok());
    if answer.get("description").is_none() {
        answer["description"] = json!(status.and_then(|status| status.canonical_reason()).unwrap_or_default());
    }
    if matches!(status, Some(StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)) {
        answer["headers"] = json!({ "retry-after": {
            "description": "Seconds after which to ask again, where that is known.",
            "schema": { "type": "integer", "minimum": 0 },
        }});
    }
}

fn error_schema() -> Value {
    json!({ "$ref": "#/components/schemas/ErrorResponse" })
}

fn error_answer(status: u16) -> Value {
    let mut answer = json!({ "content": { "application/json": { "schema": error_schema() } } });
    complete_answer(&status.to_string(), &mut answer);
    answer
}

/// Every object in a document, the inner ones first.
fn each_object(value: &mut Value, work: &mut impl FnMut(&mut Map<String, Value>)) {
    match value {
        Value::Object(object) => {
            object.values_mut().for_each(|inner| each_object(inner, work));
            work(object);
        }
        Value::Array(items) => items.iter_mut().for_each(|inner| each_object(inner, work)),
        _ => {}
    }
}

/// Puts what a form means beside its name.
fn bound(schema: &mut Map<String, Value>, chain: &Chain) {
    let Some(format) = schema.get("format").and_then(Value::as_str) else { return };
    let pattern = match format {
        "hash" | "transaction" => "^[0-9a-fA-F]{64}$",
        "hex" => "^([0-9a-fA-F]{2})*$",
        "amount" => "^[0-9]{1,39}$",
        "block" => "^(latest|[0-9]{1,20}|[0-9a-fA-F]{64})$",
        "height" => "^[0-9]{0,19}$",
        "cursor" => r"^[0-9]{1,19}\.[0-9]{1,9}$",
        "place" => r"^[0-9]{1,20}\.[0-9]{1,10}\.[0-9]{1,10}$",
        "address" => address_pattern(chain.network),
        "chain" => {
            schema.insert("enum".to_owned(), json!([chain.id]));
            return;
        }
        _ => {
            // The registry of formats writes them in one word.
            let (name, greatest) = match format {
                "u-int8" => ("uint8", u64::from(u8::MAX)),
                "u-int16" => ("uint16", u64::from(u16::MAX)),
                "u-int32" => ("uint32", u64::from(u32::MAX)),
                "u-int64" => ("uint64", u64::MAX),
                "weight" => ("uint64", chain.block_weight_max),
                _ => return,
            };
            schema.insert("format".to_owned(), json!(name));
            schema.entry("maximum").or_insert_with(|| json!(greatest));
            return;
        }
    };
    schema.insert("pattern".to_owned(), json!(pattern));
}

/// Bech32m in one case, or the older form in any.
const fn address_pattern(network: Network) -> &'static str {
    match network {
        Network::Main => "^(thr1[02-9ac-hj-np-z]{38}|THR1[02-9AC-HJ-NP-Z]{38}|[Tt][Hh][Rr][0-9a-fA-F]{40})$",
        Network::Test => "^(thrt1[02-9ac-hj-np-z]{38}|THRT1[02-9AC-HJ-NP-Z]{38}|[Tt][Hh][Rr][0-9a-fA-F]{40})$",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn document() -> Value {
        let chain = Chain { id: "00".repeat(32), network: Network::Test, block_weight_max: 4_000_000 };
        complete(&super::super::openapi::description(&runtime::registry(), &[]), &chain)
    }

    fn operations(document: &Value) -> impl Iterator<Item = &Value> {
        let items = document["paths"].as_object().into_iter().flatten();
        items.flat_map(|(_, item)| item.as_object().into_iter().flatten()).map(|(_, operation)| operation)
    }

    #[test]
    fn every_operation_has_an_id_of_its_own_and_every_answer_a_description() {
        let document = document();
        let ids: BTreeSet<&str> = operations(&document).filter_map(|one| one["operationId"].as_str()).collect();
        assert_eq!(ids.len(), operations(&document).count());
        for operation in operations(&document) {
            let answers = operation["responses"].as_object().expect("answers");
            assert!(["403", "421", "503", "504"].iter().all(|status| answers.contains_key(*status)), "{operation}");
            for answer in answers.values() {
                let name = answer["$ref"].as_str().and_then(|path| path.rsplit('/').next());
                let answer = name.map_or(answer, |name| &document["components"]["responses"][name]);
                assert!(answer["description"].as_str().is_some_and(|text| !text.is_empty()), "{operation}");
            }
        }
    }

    #[test]
    fn every_form_that_is_named_means_something() {
        let plain = ["binary", "int8", "int16", "int32", "int64", "float", "double"];
        each_object(&mut document(), &mut |object| {
            let Some(format) = object.get("format").and_then(Value::as_str) else { return };
            let is_bound = ["pattern", "maximum", "enum"].iter().any(|bound| object.contains_key(*bound));
            assert!(is_bound || plain.contains(&format), "`{format}` has no meaning: {object:?}");
        });
    }

    #[test]
    fn an_address_of_the_chain_fits_its_form() {
        for network in [Network::Main, Network::Test] {
            let text = types::Address([7; 20]).to_text(network);
            let (prefix, data) = text.split_once('1').expect("a separator");
            assert!(address_pattern(network).starts_with(&format!("^({prefix}1[")) && data.len() == 38, "{text}");
        }
    }
}
