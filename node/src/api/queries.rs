//! What modules answer, as routes: `GET /api/v1/MODULE/QUERY` for every question that the registry lists, the kernel's among them.
//!
//! It must not know a module: names, arguments and sentences are those of [`ModuleQuery`]. Invariant: a module meets only arguments
//! that it described, each given once, and addresses of this chain's network.

use axum::Json;
use axum::extract::State;
use axum::routing::get;
use execution::{Argument, ArgumentKind, ModuleQuery, QueryArguments, QueryError, Registry};
use serde_json::Value;
use types::Network;
use utoipa::openapi::path::PathsBuilder;
use utoipa::openapi::path::{
    HttpMethod, Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem,
};
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, SchemaType, Type};
use utoipa::openapi::{ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder};
use utoipa_axum::router::UtoipaMethodRouter;

use super::AppState;
use super::routes::{Row, off_thread};
use service::http::{ApiError, Class, Params, address, shown};

/// A row for every question.
pub(super) fn rows(registry: &Registry) -> Vec<Row> {
    registry.queries().map(|(module, query)| (Class::Read, route(module, query))).collect()
}

/// Where a question is asked.
fn path_of(module: &str, query: &ModuleQuery) -> String {
    format!("/api/v1/{module}/{}", query.name)
}

fn route(module: &'static str, query: &'static ModuleQuery) -> UtoipaMethodRouter<AppState> {
    let item = PathItem::new(HttpMethod::Get, describe(module, query));
    let paths = PathsBuilder::new().path(path_of(module, query), item).build();
    let handler =
        move |State(state): State<AppState>, Params(given): Params<Given>| answer(state, module, query, given);
    (Vec::new(), paths, get(handler))
}

/// Names and values as they stand behind the `?`.
type Given = Vec<(String, String)>;

async fn answer(
    state: AppState,
    module: &'static str,
    query: &'static ModuleQuery,
    given: Given,
) -> Result<Json<Value>, ApiError> {
    let network = state.port.genesis.network;
    let arguments = read(query, given, network)?;
    off_thread(&state, move |port| {
        let answer = port.registry.query(&port.store.view()?, module, query.name, &arguments);
        answer
            .map(|answer| Json(port.registry.show_answer(module, answer, network)))
            .map_err(|error| refusal(module, error))
    })
    .await
}

/// Names and values of arguments, with addresses read as this chain's.
fn read(query: &ModuleQuery, given: Given, network: Network) -> Result<QueryArguments, ApiError> {
    let mut arguments = QueryArguments::new();
    for (name, value) in given {
        let is_address = |argument: &&Argument| argument.name == name && argument.kind == ArgumentKind::Address;
        let value = match query.arguments.iter().find(is_address) {
            Some(_) => address(&value, network)?.to_text(network),
            None => value,
        };
        if arguments.contains_key(&name) {
            let message = format!("the argument `{}` is given twice", shown(&name));
            return Err(ApiError::bad("bad_parameter", message, "give each argument once"));
        }
        arguments.insert(name, value);
    }
    Ok(arguments)
}

/// Why a question has no answer, for whoever asked it over HTTP.
fn refusal(module: &str, error: QueryError) -> ApiError {
    match error {
        QueryError::NotFound(what) => ApiError::not_found(what, "see /docs for what can be asked"),
        // The route stands for a question that the module has: it is the module that is not there.
        QueryError::Unknown(_) => {
            let hint = "modules run from the genesis on, or from the protocol version that starts them";
            ApiError::not_found(format!("this chain does not run the module `{module}`"), hint)
        }
        error @ (QueryError::Argument { .. } | QueryError::UnknownArgument { .. }) => {
            ApiError::bad("bad_parameter", error.to_string(), "see /docs for the parameters of this route")
        }
    }
}

/// The question in OpenAPI.
fn describe(module: &str, query: &ModuleQuery) -> Operation {
    let error = || json(Ref::from_schema_name("ErrorResponse"));
    // What an answer looks like is the module's to say.
    let any = Schema::Object(ObjectBuilder::new().schema_type(SchemaType::AnyValue).build());
    OperationBuilder::new()
        .tag(module)
        .summary(Some(query.about))
        .parameters((!query.arguments.is_empty()).then(|| query.arguments.iter().map(parameter)))
        .response("200", json(any))
        .response("400", error())
        .response("404", error())
        .build()
}

fn json(schema: impl Into<RefOr<Schema>>) -> Response {
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new().content("application/json", content).build()
}

fn parameter(argument: &Argument) -> Parameter {
    let required = if argument.is_required { Required::True } else { Required::False };
    ParameterBuilder::new()
        .name(argument.name)
        .parameter_in(ParameterIn::Query)
        .required(required)
        .description(Some(argument.about))
        .schema(Some(form(argument.kind)))
        .build()
}

/// What an argument looks like; the names of forms are those of `described.rs`.
fn form(kind: ArgumentKind) -> Schema {
    let text = |format: &str| {
        ObjectBuilder::new().schema_type(Type::String).format(Some(SchemaFormat::Custom(format.to_owned())))
    };
    let form = match kind {
        ArgumentKind::Number => text("u-int64").schema_type(Type::Integer).minimum(Some(0_u64)),
        ArgumentKind::Address => text("address"),
        ArgumentKind::Hash => text("hash"),
        // Ids of whatever kind: what else they must be the module says.
        ArgumentKind::Form(name) => text(name).pattern(Some("^[0-9A-Za-z]{1,128}$")),
        ArgumentKind::Text => ObjectBuilder::new().schema_type(Type::String),
    };
    Schema::Object(form.build())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::api::routes;

    /// What a path's first part below `/api/v1/` may not be taken by: the node's own resources.
    fn own_parts() -> BTreeSet<String> {
        let own = routes::table().into_iter().flat_map(|(_, (_, paths, _))| paths.paths.into_keys());
        own.filter_map(|path| Some(path.strip_prefix("/api/v1/")?.split('/').next()?.to_owned())).collect()
    }

    #[test]
    fn names_of_modules_questions_and_arguments_fit_a_path_and_no_resource_of_the_nodes_own_has_them() {
        let is_plain = |name: &str| {
            !name.is_empty()
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte))
        };
        let own = own_parts();
        assert!(own.contains("blocks"));
        for (module, query) in runtime::registry().queries() {
            assert!(is_plain(module) && is_plain(query.name) && !own.contains(module), "{module} {}", query.name);
            assert!(
                query.about.ends_with('.') && query.arguments.iter().all(|argument| is_plain(argument.name)),
                "{query:?}"
            );
        }
    }

    #[test]
    fn an_argument_given_twice_or_an_address_of_another_network_never_meets_the_module() {
        const ARGUMENTS: &[Argument] = &[Argument::required("who", ArgumentKind::Address, "the account")];
        let query = ModuleQuery { name: "what", about: "Something.", arguments: ARGUMENTS };
        let account = types::Address([7; 20]);
        let (own, other) = (account.to_text(Network::Test), account.to_text(Network::Main));
        let read = |values: &[&String]| {
            let given = values.iter().map(|value| ("who".to_owned(), (*value).clone())).collect();
            read(&query, given, Network::Test).map_err(|error| error.into_body().code)
        };
        assert_eq!(read(&[&own]), Ok(QueryArguments::from([("who".to_owned(), own.clone())])));
        assert_eq!(read(&[&account.to_legacy_text()]), read(&[&own]), "any form of it");
        assert_eq!(read(&[&own, &own]), Err("bad_parameter".to_owned()));
        assert_eq!(read(&[&other]), Err("bad_address".to_owned()));
    }
}
