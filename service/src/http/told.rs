//! Answers with sentences for people: in English until it is known who asks, then in their language.
//!
//! A handler does not know which languages its asker understands, nor need it: its answer carries the sentences, and on the routes of a feature that has texts the last step
//! tells them. It must not know a sentence. Codes, names and numbers are the same in all languages.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use languages::Language;
use serde::Serialize;

/// The body of an answer in each language, as JSON.
#[derive(Clone)]
struct Untold(Arc<dyn Fn(Language) -> Vec<u8> + Send + Sync>);

/// An answer in JSON whose sentences depend on the language: in English, and on routes that are [`super::Routes::in_languages`] in that of whoever asks.
pub fn told<T: Serialize>(status: StatusCode, of: impl Fn(Language) -> T + Send + Sync + 'static) -> Response {
    let mut response = (status, Json(of(Language::English))).into_response();
    let written = move |language| serde_json::to_vec(&of(language)).expect("it had a JSON form in English");
    response.extensions_mut().insert(Untold(Arc::new(written)));
    response
}

/// Tells an answer in the language of whoever asks.
pub(super) async fn in_language(request: Request, next: Next) -> Response {
    let accepted = request.headers().get_all(header::ACCEPT_LANGUAGE);
    let language = Language::accepted(accepted.iter().map(HeaderValue::as_bytes));
    let mut response = next.run(request).await;
    let Some(Untold(of)) = response.extensions_mut().remove::<Untold>() else { return response };
    response.headers_mut().insert(header::CONTENT_LANGUAGE, HeaderValue::from_static(language.tag()));
    response.headers_mut().append(header::VARY, HeaderValue::from_static("accept-language"));
    if language != Language::English {
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = Body::from(of(language));
    }
    response
}

#[cfg(test)]
mod tests {
    use languages::{check, untranslated};

    use super::super::TEXTS;

    #[test]
    fn every_language_has_the_sentences_that_all_services_say() {
        let flaws: Vec<String> = check(&TEXTS).iter().chain(&untranslated(&TEXTS)).map(ToString::to_string).collect();
        assert!(flaws.is_empty(), "{}", flaws.join("\n"));
    }
}
