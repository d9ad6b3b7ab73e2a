//! What every request passes: who may ask, for how long, and how much of its answers waits to be read.
//!
//! A web page must not reach a node on its reader's machine: the Host header must name this node (against DNS rebinding), and a
//! request that comes from a page must come from an allowed origin. No route answers to any origin.

use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};
use std::time::Duration;

use axum::body::{Body, HttpBody};
use axum::extract::{ConnectInfo, MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::StreamExt;
use tokio::sync::Semaphore;

use super::guests::prefix;
use super::listener::Caller;
use crate::config::ApiSettings;
use crate::metrics::Metrics;
use service::http::ApiError;
use service::http::shown;

/// An answer of so many bytes needs no room: 64 MiB over all connections.
const SHORT_BYTES_MAX: u64 = 64 * 1024;
/// Bytes of longer answers that wait to be read. The longest, a full block in JSON, is a third of it.
const WAITING_BYTES_MAX: usize = 128 * 1024 * 1024;
/// A request that waits longer for its answer gets an error; long polls are shorter.
const ANSWER_MAX: Duration = Duration::from_secs(75);

/// The rules of the door.
pub(crate) struct Guard {
    address: SocketAddr,
    lists: RwLock<Lists>,
    /// Bytes that may still wait to be read.
    waiting: Arc<Semaphore>,
    metrics: Arc<Metrics>,
}

/// What the operator may change while the node runs.
#[derive(Debug, Default)]
struct Lists {
    hosts: Vec<String>,
    origins: Vec<String>,
    proxies: Vec<IpAddr>,
}

impl Lists {
    fn of(settings: &ApiSettings) -> Self {
        Self {
            hosts: settings.hosts.iter().map(|host| host.to_ascii_lowercase()).collect(),
            origins: settings.origins.iter().map(|origin| origin.trim_end_matches('/').to_ascii_lowercase()).collect(),
            proxies: settings.trusted_proxies.iter().filter_map(|ip| ip.parse().ok()).map(prefix).collect(),
        }
    }
}

impl Guard {
    /// Takes names and origins anew.
    pub(crate) fn reload(&self, settings: &ApiSettings) {
        *self.lists.write().unwrap_or_else(PoisonError::into_inner) = Lists::of(settings);
    }

    fn lists(&self) -> RwLockReadGuard<'_, Lists> {
        // A panic elsewhere cannot leave a list half-changed: it is replaced.
        self.lists.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn new(address: SocketAddr, settings: &ApiSettings, metrics: Arc<Metrics>) -> Self {
        Self {
            address,
            lists: RwLock::new(Lists::of(settings)),
            waiting: Arc::new(Semaphore::new(WAITING_BYTES_MAX)),
            metrics,
        }
    }

    /// Judges where a request comes from.
    fn check(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let text = |name| headers.get(name).map(|value: &HeaderValue| value.to_str().unwrap_or("?"));
        let host = text(header::HOST).unwrap_or_default();
        if !self.is_own(host) {
            let message = format!("this node is not called `{}`", shown(host));
            let hint = "ask it by its address, or let its operator add the name to api.hosts";
            return Err(ApiError::new(StatusCode::MISDIRECTED_REQUEST, "wrong_host", message, hint));
        }
        let Some(origin) = text(header::ORIGIN) else { return Ok(()) };
        let origin = origin.to_ascii_lowercase();
        let is_same = origin.split_once("://").is_some_and(|(_, rest)| rest == host.to_ascii_lowercase());
        if is_same || self.lists().origins.contains(&origin) {
            return Ok(());
        }
        let message = format!("pages of `{}` may not use this node", shown(&origin));
        Err(ApiError::new(StatusCode::FORBIDDEN, "wrong_origin", message, "let the operator add it to api.origins"))
    }

    /// The client of a request: whom a trusted proxy names, or who is connected.
    fn client(&self, connected: IpAddr, headers: &HeaderMap) -> IpAddr {
        if !self.lists().proxies.contains(&connected) {
            return connected;
        }
        // What stands before the last comma is the client's own word.
        let last = headers.get_all("x-forwarded-for").iter().next_back().and_then(|value| value.to_str().ok());
        let named = last.and_then(|value| value.rsplit(',').next()).and_then(|named| named.trim().parse().ok());
        named.map_or(connected, prefix)
    }

    fn is_own(&self, host: &str) -> bool {
        let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
        let name = name.map_or(host, |(name, _)| name).to_ascii_lowercase();
        if name == "localhost" || self.lists().hosts.contains(&name) {
            return true;
        }
        // A name cannot be an address, so no name server can point one here.
        let bare = name.trim_start_matches('[').trim_end_matches(']');
        bare.parse::<IpAddr>()
            .is_ok_and(|ip| ip.is_loopback() || ip == self.address.ip() || self.address.ip().is_unspecified())
    }
}

/// Passes a request on, or refuses it.
pub(crate) async fn pass(State(guard): State<Arc<Guard>>, mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(Caller(connected))) = request.extensions().get::<ConnectInfo<Caller>>() {
        let client = guard.client(*connected, request.headers());
        request.extensions_mut().insert(ConnectInfo(Caller(client)));
        request.extensions_mut().insert(service::http::Client(client));
    }
    let route = request.extensions().get::<MatchedPath>().map_or("none", MatchedPath::as_str).to_owned();
    let origin = request.headers().get(header::ORIGIN).cloned();
    let mut response = match guard.check(request.headers()) {
        Err(error) => error.into_response(),
        Ok(()) if request.method() == Method::OPTIONS && origin.is_some() => preflight(),
        Ok(()) => answer(&guard, request, next).await,
    };
    if let Some(origin) = origin
        && response.status() != StatusCode::FORBIDDEN
    {
        // Exactly the origin that asked and was allowed, never any.
        response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        response.headers_mut().insert(header::VARY, HeaderValue::from_static("origin"));
    }
    response.headers_mut().insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    guard.metrics.request(&route, response.status().as_u16());
    response
}

/// A browser asks before it lets a page of an allowed origin send JSON.
fn preflight() -> Response {
    let headers = [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "GET, POST"),
        (header::ACCESS_CONTROL_ALLOW_HEADERS, "content-type, last-event-id"),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ];
    (StatusCode::NO_CONTENT, headers).into_response()
}

async fn answer(guard: &Guard, request: Request, next: Next) -> Response {
    match tokio::time::timeout(ANSWER_MAX, next.run(request)).await {
        Ok(response) => charged(&guard.waiting, response),
        Err(_) => {
            let hint = "try again, or ask another node";
            ApiError::new(StatusCode::GATEWAY_TIMEOUT, "timeout", "the answer took too long", hint).into_response()
        }
    }
}

fn busy() -> Response {
    let hint = "try again in a second, or ask another node";
    ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", "the node has too much to do", hint).into_response()
}

/// A long answer takes room until it is written or its reader is gone. Streams, whose length nobody knows, have bounds of their own.
fn charged(waiting: &Arc<Semaphore>, response: Response) -> Response {
    let Some(bytes) = response.body().size_hint().exact().filter(|bytes| *bytes > SHORT_BYTES_MAX) else {
        return response;
    };
    let charge = u32::try_from(bytes).unwrap_or(u32::MAX).min(WAITING_BYTES_MAX as u32);
    let Ok(room) = waiting.clone().try_acquire_many_owned(charge) else { return busy() };
    let (mut parts, body) = response.into_parts();
    parts.headers.insert(header::CONTENT_LENGTH, HeaderValue::from(bytes));
    let pieces = body.into_data_stream().map(move |piece| {
        let _held = &room;
        piece
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(bytes: usize) -> Response {
        Response::new(Body::from(vec![b'x'; bytes]))
    }

    // FAULTS HB7
    #[tokio::test]
    async fn answers_that_nobody_reads_share_a_room_and_short_ones_need_none() {
        let waiting = Arc::new(Semaphore::new(WAITING_BYTES_MAX));
        let mut unread = Vec::new();
        loop {
            let response = charged(&waiting, answer(WAITING_BYTES_MAX / 4));
            if response.status() == StatusCode::SERVICE_UNAVAILABLE {
                break;
            }
            unread.push(response);
        }
        assert_eq!((unread.len(), waiting.available_permits()), (4, 0));
        let short = usize::try_from(SHORT_BYTES_MAX).expect("small");
        for bytes in [0, 1, short] {
            assert_eq!(charged(&waiting, answer(bytes)).status(), StatusCode::OK, "{bytes} bytes");
        }
        assert_eq!(charged(&waiting, answer(short + 1)).status(), StatusCode::SERVICE_UNAVAILABLE);
        // One is read, another one's reader goes away.
        let read = unread.pop().expect("four");
        assert_eq!(read.headers()[header::CONTENT_LENGTH], (WAITING_BYTES_MAX / 4).to_string());
        let body = axum::body::to_bytes(read.into_body(), usize::MAX).await.expect("it is whole");
        assert_eq!(body.len(), WAITING_BYTES_MAX / 4);
        assert_eq!(waiting.available_permits(), WAITING_BYTES_MAX / 4);
        unread.pop();
        assert_eq!(waiting.available_permits(), WAITING_BYTES_MAX / 2);
    }

    // FAULTS RD4
    #[test]
    fn only_a_trusted_proxy_is_believed_and_only_its_own_word() {
        let settings = ApiSettings {
            trusted_proxies: vec!["10.0.0.1".to_owned(), "2001:db8:1:2::5".to_owned()],
            ..crate::config::Config::default().api
        };
        let own = "127.0.0.1:1".parse().expect("an address");
        let guard = Guard::new(own, &settings, Arc::new(Metrics::new()));
        let client = |connected: &str, named: &[&str]| {
            let mut headers = HeaderMap::new();
            for value in named {
                headers.append("x-forwarded-for", HeaderValue::from_str(value).expect("text"));
            }
            guard.client(prefix(connected.parse().expect("an address")), &headers).to_string()
        };
        for (connected, named, expected) in [
            ("10.0.0.1", &["203.0.113.7"][..], "203.0.113.7"),
            ("10.0.0.1", &["1.1.1.1, 2.2.2.2 , 203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["1.1.1.1", "203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &["2001:db8:9:9:1:2:3:4"], "2001:db8:9:9::"),
            ("2001:db8:1:2::77", &["203.0.113.7"], "203.0.113.7"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("10.0.0.1", &["unknown"], "10.0.0.1"),
            ("10.0.0.1", &["203.0.113.7, "], "10.0.0.1"),
            ("10.0.0.2", &["203.0.113.7"], "10.0.0.2"),
        ] {
            assert_eq!(client(connected, named), expected, "{connected} {named:?}");
        }
    }

    #[tokio::test]
    async fn an_answer_that_is_longer_than_the_room_takes_all_of_it() {
        let waiting = Arc::new(Semaphore::new(WAITING_BYTES_MAX));
        let response = charged(&waiting, answer(WAITING_BYTES_MAX + 1));
        assert_eq!((response.status(), waiting.available_permits()), (StatusCode::OK, 0));
    }
}
