//! The page of routes: the OpenAPI description of a node as tables, one for each of its tags.
//!
//! What belongs to one chain (its id, its bounds) is left out, so the page is the same whichever node was asked.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::Failure;

/// The page.
pub(super) fn page(description: &str) -> Result<String, Failure> {
    let document: Value = serde_json::from_str(description)
        .map_err(|error| Failure::new(format!("the description of the API is no JSON: {error}")))?;
    let paths = document["paths"].as_object().filter(|paths| !paths.is_empty());
    let paths = paths.ok_or_else(|| Failure::new("the description of the API names no paths"))?;
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (path, item) in paths {
        for (method, operation) in item.as_object().into_iter().flatten() {
            let tag = operation["tags"][0].as_str().unwrap_or("other").to_owned();
            rows.entry(tag).or_default().push(row(method, path, operation));
        }
    }
    let about = "Every route of a node; the whole description, with the shape of each answer, is at `/api/v1/openapi.json` of a \
                 running node, and to browse at `/docs`. A parameter with `?` may be left out.";
    let mut page = super::heading("Routes", about);
    for (tag, rows) in rows {
        page.push_str(&format!(
            "\n## {tag}\n\n| Route | Asked with | Answer | What it is for |\n| --- | --- | --- | --- |\n"
        ));
        page.extend(rows);
    }
    Ok(page)
}

fn row(method: &str, path: &str, operation: &Value) -> String {
    let parameters = operation["parameters"].as_array().into_iter().flatten().filter_map(parameter);
    let body = body(&operation["requestBody"]);
    let asked: Vec<String> = parameters.chain(body).collect();
    let about =
        [&operation["summary"], &operation["description"]].map(|text| text.as_str().unwrap_or_default()).join(" ");
    let (asked, answer, about) = (super::cell(&asked.join(", ")), super::cell(&answer(operation)), super::cell(&about));
    format!("| `{} {path}` | {asked} | {answer} | {about} |\n", method.to_ascii_uppercase())
}

/// Query and header parameters; those of the path stand in it.
fn parameter(value: &Value) -> Option<String> {
    let (name, place) = (value["name"].as_str()?, value["in"].as_str()?);
    let optional = if value["required"] == true { "" } else { "?" };
    match place {
        "path" => None,
        "query" => Some(format!("`{name}`{optional}")),
        other => Some(format!("{other} `{name}`{optional}")),
    }
}

fn body(value: &Value) -> Option<String> {
    let kinds = value["content"].as_object()?;
    let shapes: Vec<String> = kinds.iter().map(|(kind, content)| shape(kind, &content["schema"])).collect();
    Some(format!("body {}", shapes.join(" or ")))
}

/// The status and the shape of each answer that is none of an error.
fn answer(operation: &Value) -> String {
    let answers = operation["responses"].as_object().into_iter().flatten();
    let good = answers.filter(|(status, _)| status.starts_with(['1', '2']));
    let told = good.map(|(status, answer)| {
        let content = answer["content"].as_object().into_iter().flatten();
        let shapes: Vec<String> = content.map(|(kind, content)| shape(kind, &content["schema"])).collect();
        format!("{status} {}", shapes.join(" or ")).trim_end().to_owned()
    });
    told.collect::<Vec<_>>().join(", ")
}

/// A schema by its name, or the kind of content where it has none.
fn shape(kind: &str, schema: &Value) -> String {
    let name = |schema: &Value| schema["$ref"].as_str().and_then(|path| path.rsplit('/').next()).map(str::to_owned);
    match (name(schema), name(&schema["items"])) {
        (Some(name), _) => format!("`{name}`"),
        (None, Some(name)) => format!("list of `{name}`"),
        (None, None) => kind.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn description() -> Value {
        serde_json::json!({"paths": {
            "/blocks/{id}": {"get": {
                "tags": ["blocks"],
                "summary": "One block:\nby height | hash.",
                "parameters": [
                    {"name": "id", "in": "path", "required": true},
                    {"name": "from", "in": "query", "required": true},
                    {"name": "limit", "in": "query"},
                    {"name": "last-event-id", "in": "header"},
                ],
                "responses": {
                    "200": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Block"}}}},
                    "404": {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Error"}}}},
                },
            }},
            "/live": {"get": {"tags": ["health"], "responses": {"200": {"content": {"text/plain": {"schema": {}}}}}}},
            "/submit": {"post": {
                "requestBody": {"content": {"application/json": {"schema": {"items": {"$ref": "#/x/Transaction"}}}}},
                "responses": {"202": {}},
            }},
        }})
    }

    #[test]
    fn each_route_is_a_row_of_its_tag() {
        let page = page(&description().to_string()).expect("it is a description");
        let block = "\n## blocks\n\n| Route | Asked with | Answer | What it is for |\n| --- | --- | --- | --- |\n\
                     | `GET /blocks/{id}` | `from`, `limit`?, header `last-event-id`? | 200 `Block` | One block: by height \\| hash. |\n";
        assert!(page.contains(block), "{page}");
        assert!(page.contains("| `GET /live` |  | 200 text/plain |  |\n"), "{page}");
        assert!(page.contains("\n## other\n") && page.contains("| body list of `Transaction` | 202 |"), "{page}");
        assert!(!page.contains("Error"), "{page}");
    }

    #[test]
    fn what_is_no_description_is_refused() {
        for text in ["", "[]", "{\"paths\": {}}"] {
            assert!(page(text).is_err(), "{text}");
        }
    }
}
