//! How many requests of each class may be under way, together and from one client, so that no class takes another's place.
//!
//! Whoever finds no place is answered 503 at once, with the seconds after which to come again. A place is free again when the answer is
//! made, or its asker has gone. It must not know routes.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use service::http::{ApiError, BODY_BYTES_MAX, Class, oversize};

use super::listener::Caller;

/// How long a body may take to come, and that of a batch.
const BODY_PATIENCE: Duration = Duration::from_secs(5);
const BATCH_PATIENCE: Duration = Duration::from_secs(15);

/// Most requests of a class under way, and after how many seconds who finds no place may come again.
const fn limits(class: Class) -> Option<(usize, u32)> {
    match class {
        Class::Probe | Class::Stream => None,
        Class::Look => Some((256, 1)),
        Class::Read => Some((96, 2)),
        Class::Write => Some((128, 1)),
        Class::Batch => Some((16, 1)),
        Class::Wait => Some((256, 5)),
    }
}

const fn what(class: Class) -> &'static str {
    match class {
        Class::Probe | Class::Stream => "requests",
        Class::Look => "questions",
        Class::Read => "readers of the store",
        Class::Write | Class::Batch => "submissions",
        Class::Wait => "waiting requests",
    }
}

/// The places of one class. One client gets no more than half of them.
#[derive(Debug)]
pub(crate) struct Room {
    class: Class,
    places: usize,
    retry_after_s: u32,
    taken: Mutex<Taken>,
}

#[derive(Debug, Default)]
struct Taken {
    all: usize,
    /// Clients without a place are not in it.
    by: BTreeMap<IpAddr, usize>,
}

impl Room {
    /// The room of a class that has a bound.
    pub(crate) fn of(class: Class) -> Option<Arc<Self>> {
        let (places, retry_after_s) = limits(class)?;
        Some(Arc::new(Self { class, places, retry_after_s, taken: Mutex::default() }))
    }

    fn enter(self: &Arc<Self>, client: IpAddr) -> Option<Place> {
        let mut taken = self.lock();
        let own = taken.by.get(&client).copied().unwrap_or_default();
        if taken.all >= self.places || own >= self.places.div_ceil(2) {
            return None;
        }
        taken.all = taken.all.saturating_add(1);
        taken.by.insert(client, own.saturating_add(1));
        drop(taken);
        Some(Place { room: self.clone(), client })
    }

    fn lock(&self) -> MutexGuard<'_, Taken> {
        // A panic elsewhere cannot leave a count half-changed.
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A place, until it is dropped.
#[derive(Debug)]
struct Place {
    room: Arc<Room>,
    client: IpAddr,
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.room.lock();
        taken.all = taken.all.saturating_sub(1);
        if let Some(own) = taken.by.get_mut(&self.client) {
            *own = own.saturating_sub(1);
            if *own == 0 {
                taken.by.remove(&self.client);
            }
        }
    }
}

/// Passes a request on while there is a place for it. Its body is read before: whoever sends slowly takes nobody's place.
pub(crate) async fn take_place(
    State(room): State<Arc<Room>>,
    ConnectInfo(Caller(client)): ConnectInfo<Caller>,
    request: Request,
    next: Next,
) -> Response {
    let waits = request.uri().query().is_some_and(|query| query.contains("wait"));
    if room.class == Class::Wait && !waits {
        return next.run(request).await;
    }
    let request = match with_body(request, room.class.body_bytes_max()).await {
        Ok(request) => request,
        Err(error) => return error.into_response(),
    };
    match room.enter(client) {
        Some(_place) => next.run(request).await,
        None => {
            let message = format!("this node has as many {} as it can serve at once", what(room.class));
            let hint = format!("try again in {} s, or ask another node", room.retry_after_s);
            let error = ApiError::new(StatusCode::SERVICE_UNAVAILABLE, "busy", message, hint);
            error.retry_after(room.retry_after_s).into_response()
        }
    }
}

/// A request whose body is there.
async fn with_body(request: Request, max: usize) -> Result<Request, ApiError> {
    if request.method() != Method::POST || max == 0 {
        return Ok(request);
    }
    let patience = if max > BODY_BYTES_MAX { BATCH_PATIENCE } else { BODY_PATIENCE };
    let (parts, body) = request.into_parts();
    let announced =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length > max as u64) {
        return Err(oversize(max));
    }
    match tokio::time::timeout(patience, axum::body::to_bytes(body, max)).await {
        Ok(Ok(bytes)) => Ok(Request::from_parts(parts, Body::from(bytes))),
        // Whoever announced nothing sends too much; whoever announced something has gone.
        Ok(Err(_)) if announced.is_none() => Err(oversize(max)),
        Ok(Err(_)) => Err(ApiError::bad("bad_body", "the body cannot be read", "send it again")),
        Err(_) => {
            let message = format!("the body did not come within {} s", patience.as_secs());
            Err(ApiError::new(StatusCode::REQUEST_TIMEOUT, "slow_body", message, "send it again, without a pause"))
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::Router;
    use axum::routing::get;
    use tokio::sync::Semaphore;
    use tower::ServiceExt;

    use super::*;

    fn client(last: u8) -> IpAddr {
        IpAddr::from([10, 0, 0, last])
    }

    // FAULTS RD3
    #[test]
    fn one_client_gets_half_of_the_places_and_whoever_has_gone_leaves_its_own() {
        for class in [Class::Look, Class::Read, Class::Write, Class::Batch, Class::Wait] {
            let room = Room::of(class).expect("it has a bound");
            let fill = |last| std::iter::from_fn(|| room.enter(client(last))).collect::<Vec<_>>();
            let (one, two, three) = (fill(1), fill(2), fill(3));
            assert_eq!((one.len(), two.len(), three.len()), (room.places / 2, room.places / 2, 0), "{class:?}");
            drop(one);
            assert_eq!(fill(2).len(), 0);
            assert_eq!(fill(3).len(), room.places / 2);
            drop(two);
            let taken = room.lock();
            assert_eq!((taken.all, taken.by.len()), (0, 0));
        }
        assert!(Room::of(Class::Probe).is_none());
    }

    // FAULTS RD3
    #[tokio::test]
    async fn who_sends_slowly_takes_nobodys_place_and_is_told_so() {
        let room = Room::of(Class::Write).expect("it has a bound");
        let layer = axum::middleware::from_fn_with_state(room.clone(), take_place);
        let app = Router::new().route("/", axum::routing::post(|| async { "done" }).layer(layer));
        let ask = |body: Body| {
            let mut request = Request::new(body);
            *request.method_mut() = Method::POST;
            request.extensions_mut().insert(ConnectInfo(Caller(client(1))));
            app.clone().oneshot(request)
        };
        let never = || Body::from_stream(futures::stream::pending::<Result<axum::body::Bytes, std::io::Error>>());
        let slow: Vec<_> = (0..2 * room.places).map(|_| tokio::spawn(ask(never()))).collect();
        tokio::task::yield_now().await;
        assert_eq!(room.lock().all, 0);
        assert_eq!(ask(Body::from("{}")).await.expect("an answer").status(), StatusCode::OK);
        for one in slow {
            assert_eq!(one.await.expect("it ran").expect("an answer").status(), StatusCode::REQUEST_TIMEOUT);
        }
        let long = ask(Body::from(vec![b'x'; BODY_BYTES_MAX + 1])).await.expect("an answer");
        assert_eq!(long.status(), StatusCode::PAYLOAD_TOO_LARGE);
    }

    // FAULTS RD3
    #[tokio::test]
    async fn a_full_class_answers_503_with_the_time_to_come_again_until_somebody_has_gone() {
        let gate = Arc::new(Semaphore::new(0));
        let held = gate.clone();
        let handler = move || async move { held.acquire().await.map(|_| "done").unwrap_or("closed") };
        let room = Room::of(Class::Read).expect("it has a bound");
        let layer = axum::middleware::from_fn_with_state(room.clone(), take_place);
        let app = Router::new().route("/", get(handler).layer(layer));
        let ask = |last| {
            let mut request = Request::new(Body::empty());
            request.extensions_mut().insert(ConnectInfo(Caller(client(last))));
            app.clone().oneshot(request)
        };
        let mut waiting: Vec<_> =
            (0..room.places).map(|number| tokio::spawn(ask(u8::try_from(number % 4).expect("small")))).collect();
        while room.lock().all < room.places {
            tokio::task::yield_now().await;
        }
        let refused = ask(9).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[header::RETRY_AFTER], "2");
        // One asker goes: its place is free, though nothing was answered.
        let gone = waiting.pop().expect("there are many");
        gone.abort();
        assert!(gone.await.is_err());
        let late = tokio::spawn(ask(9));
        while room.lock().all < room.places {
            tokio::task::yield_now().await;
        }
        gate.add_permits(room.places);
        assert_eq!(late.await.expect("it ran").expect("an answer").status(), StatusCode::OK);
        for one in waiting {
            assert_eq!(one.await.expect("it ran").expect("an answer").status(), StatusCode::OK);
        }
        assert_eq!(room.lock().all, 0);
    }
}
