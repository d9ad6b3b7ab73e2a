//! Events as they happen: server-sent events and WebSocket, with resume by height.
//!
//! Events: `final` (a block is final; its certificate is being checked), `block` (a summary; it is certified and can be read),
//! `transaction` (its status changed), `event` (a module reported something), `reset` (blocks that the reader has are not here: the node is behind, or its chain was made
//! anew; blocks follow from the one after the newest here). With `from`, final blocks from that height on come first, out
//! of the store, without a gap to the live ones. A reader that is too slow is brought up to date from the store.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use execution::FinalizedBlock;
use futures::Stream;
use replica::DecidedBlock;
use serde::{Deserialize, Serialize};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{OwnedSemaphorePermit, broadcast, mpsc};
use types::{Hash32, Height};
use utoipa::IntoParams;

use super::AppState;
use super::events::{self, Kind};
use super::models::{ErrorResponse, TransactionStatus};
use super::read;
use super::routes::{off_thread, off_thread_for};
use super::transactions::{is_certified, look};
use crate::shell::{Listening, PoolChange};
use service::http::ApiError;
use service::http::{Params, hash};

/// Events that may wait for a slow reader.
const WAITING_MAX: usize = 64;
/// Blocks read from the store at once.
const CHUNK: usize = 64;
/// How often an idle stream shows that it is alive.
const ALIVE: Duration = Duration::from_secs(10);
/// How long a WebSocket may take an event.
const SEND_MAX: Duration = Duration::from_secs(20);

#[derive(Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    /// Begin with the final block of this height.
    from: Option<u64>,
    /// Only this transaction, and no blocks: its status now, and whenever it changes.
    #[param(format = "transaction")]
    transaction: Option<String>,
    /// With `kind`, only events of this module, by its name or number, and no blocks.
    module: Option<String>,
    /// With `module`, only events of this kind, by its name or number.
    kind: Option<String>,
}

/// What a reader wants to be told.
#[derive(Clone, Copy)]
enum Wanted {
    Blocks,
    Transaction(Hash32),
    Events(Kind),
}

impl Wanted {
    fn read(params: &StreamParams, registry: &execution::Registry) -> Result<Self, ApiError> {
        match (&params.transaction, &params.module, &params.kind) {
            (None, None, None) => Ok(Self::Blocks),
            (Some(id), None, None) => hash(id).map(Self::Transaction),
            (None, Some(module), Some(kind)) => Kind::read(registry, module, kind).map(Self::Events),
            _ => {
                let message = "a stream is of blocks, of one transaction, or of one kind of event";
                let hint = "give `transaction`, or `module` and `kind`, or none of them";
                Err(ApiError::bad("bad_parameter", message, hint))
            }
        }
    }
}

/// The newest block here, for a reader that has seen others.
#[derive(Serialize)]
struct Newest {
    height: Height,
    hash: Hash32,
}

/// An event on its way to a reader.
struct Told {
    name: &'static str,
    height: Option<Height>,
    data: String,
}

fn told(name: &'static str, height: Option<Height>, value: &impl Serialize) -> Told {
    Told { name, height, data: serde_json::to_string(value).expect("answers always have a JSON form") }
}

/// Server-sent events; the id of a block's event is its height, so that `Last-Event-ID` resumes. Where that height is not here,
/// the event `reset` comes first, with the newest block. Of a block's events, the last carries the id: who lost the connection before
/// it is told all of that block again.
#[utoipa::path(get, path = "/api/v1/stream", tag = "stream",
    params(StreamParams, ("last-event-id" = Option<String>, Header, description = "The height that was seen last.", format = "height")),
    responses((status = 200, content_type = "text/event-stream", body = String), (status = 400, body = ErrorResponse),
              (status = 404, body = ErrorResponse)))]
pub(crate) async fn sse(
    State(state): State<AppState>,
    headers: axum::http::HeaderMap,
    Params(mut params): Params<StreamParams>,
) -> Result<impl IntoResponse, ApiError> {
    params.from = last_event(&headers)?.map(|last| last.saturating_add(1)).or(params.from);
    let receiver = open(&state, &params)?;
    Ok(Sse::new(outgoing(receiver)).keep_alive(KeepAlive::new().interval(ALIVE)))
}

/// The height that a reader saw last. Browsers send an empty id when they have seen none.
fn last_event(headers: &axum::http::HeaderMap) -> Result<Option<u64>, ApiError> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let height = id.to_str().ok().and_then(|id| id.parse().ok());
    height.map(Some).ok_or_else(|| {
        let hint = "send the id of the last event that came, or leave the header out";
        ApiError::bad("bad_last_event_id", "Last-Event-ID is not the height of a block", hint)
    })
}

fn outgoing(receiver: mpsc::Receiver<Told>) -> impl Stream<Item = Result<Event, Infallible>> {
    futures::stream::unfold(receiver, |mut receiver| async move {
        let told = receiver.recv().await?;
        let event = Event::default().event(told.name).data(told.data);
        let event = match told.height {
            Some(height) => event.id(height.to_string()),
            None => event,
        };
        Some((Ok(event), receiver))
    })
}

/// The same events over a WebSocket, each as `{"event": …, "data": …}`.
#[utoipa::path(get, path = "/api/v1/ws", tag = "stream", params(StreamParams), responses(
    (status = 101, description = "Events as text messages."), (status = 400, body = ErrorResponse),
    (status = 404, body = ErrorResponse)))]
pub(crate) async fn websocket(
    State(state): State<AppState>,
    Params(params): Params<StreamParams>,
    upgrade: Result<WebSocketUpgrade, axum::extract::ws::rejection::WebSocketUpgradeRejection>,
) -> Result<impl IntoResponse, ApiError> {
    let upgrade = upgrade.map_err(|_| {
        ApiError::bad("no_upgrade", "this route speaks WebSocket only", "use GET /api/v1/stream for server-sent events")
    })?;
    let receiver = open(&state, &params)?;
    // Nothing is expected from the other side.
    Ok(upgrade.max_message_size(1_024).max_frame_size(1_024).on_upgrade(move |socket| speak(socket, receiver)))
}

async fn speak(mut socket: WebSocket, mut receiver: mpsc::Receiver<Told>) {
    let mut alive = tokio::time::interval(ALIVE);
    loop {
        let message = tokio::select! {
            told = receiver.recv() => match told {
                Some(told) => Message::Text(format!(r#"{{"event":"{}","data":{}}}"#, told.name, told.data).into()),
                None => break,
            },
            heard = socket.recv() => match heard {
                Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                Some(Ok(_)) => continue,
            },
            _ = alive.tick() => Message::Ping(Vec::new().into()),
        };
        match tokio::time::timeout(SEND_MAX, socket.send(message)).await {
            Ok(Ok(())) => {}
            _ => break,
        }
    }
}

/// Starts telling; ends when the reader goes away or the node stops.
fn open(state: &AppState, params: &StreamParams) -> Result<mpsc::Receiver<Told>, ApiError> {
    let Ok(permit) = state.streams.clone().try_acquire_owned() else {
        let hint = "close one, or ask another node";
        let status = axum::http::StatusCode::SERVICE_UNAVAILABLE;
        return Err(ApiError::new(status, "too_many_streams", "the node has as many streams as it allows", hint));
    };
    let wanted = Wanted::read(params, &state.port.registry)?;
    // Of a transaction only the newest status matters, and its events are long.
    let (sender, receiver) = mpsc::channel(if matches!(wanted, Wanted::Transaction(_)) { 1 } else { WAITING_MAX });
    let notices = &state.port.notices;
    let (finals, blocks, changes) = (notices.finals(), notices.blocks(), notices.changes());
    let teller = Teller { state: state.clone(), finals, blocks, changes, sender, _permit: permit };
    let from = params.from.map(Height);
    tokio::spawn(async move {
        // A store that cannot be read ends the stream; the reader resumes elsewhere.
        let _ = match wanted {
            Wanted::Transaction(id) => teller.transaction(id).await,
            Wanted::Blocks => teller.blocks(from, None).await,
            Wanted::Events(of) => teller.blocks(from, Some(of)).await,
        };
    });
    Ok(receiver)
}

struct Teller {
    state: AppState,
    finals: Listening<DecidedBlock>,
    blocks: Listening<FinalizedBlock>,
    changes: broadcast::Receiver<PoolChange>,
    sender: mpsc::Sender<Told>,
    _permit: OwnedSemaphorePermit,
}

/// Something that a stream may tell.
enum News {
    Final(Arc<DecidedBlock>),
    Block(Arc<FinalizedBlock>),
    Change(PoolChange),
    /// Too much happened; the store knows what.
    Missed,
}

impl Teller {
    /// The next news of blocks; nothing when the stream is to end.
    async fn next_block(&mut self) -> Option<News> {
        let mut stopping = self.state.stopping.clone();
        tokio::select! {
            block = self.finals.recv() => news(block, News::Final),
            block = self.blocks.recv() => news(block, News::Block),
            () = self.sender.closed() => None,
            _ = stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    /// The next final block or change of the pool; nothing when the stream is to end.
    async fn next(&mut self) -> Option<News> {
        let mut stopping = self.state.stopping.clone();
        tokio::select! {
            change = self.changes.recv() => news(change, News::Change),
            block = self.blocks.recv() => news(block, News::Block),
            () = self.sender.closed() => None,
            _ = stopping.wait_for(|stopping| *stopping) => None,
        }
    }

    /// Tells blocks, or of their events those of one kind.
    async fn blocks(mut self, from: Option<Height>, of: Option<Kind>) -> Result<(), ApiError> {
        let mut next = from;
        if let (Some(from), Some(tip)) = (from, self.state.port.store.tip())
            && from > tip.height.next()
        {
            let newest = Newest { height: tip.height, hash: tip.hash };
            if self.sender.send(told("reset", Some(tip.height), &newest)).await.is_err() {
                return Ok(());
            }
            next = Some(tip.height.next());
        }
        loop {
            if let Some(height) = next {
                let told = match of {
                    None => self.replay(height).await?,
                    Some(of) => self.replay_events(of, height).await?,
                };
                match told {
                    Some(height) => next = Some(height),
                    None => return Ok(()),
                }
            }
            match self.next_block().await {
                None => return Ok(()),
                Some(News::Final(block)) if of.is_none() => {
                    if self.sender.send(told("final", None, &read::final_block(&block))).await.is_err() {
                        return Ok(());
                    }
                }
                Some(News::Block(block)) if next.is_none_or(|next| block.header.height == next) => {
                    let is_heard = match of {
                        None => {
                            let summary = read::fresh_summary(&block);
                            self.sender.send(told("block", Some(block.header.height), &summary)).await.is_ok()
                        }
                        Some(of) => self.tell_events(of, &block).await,
                    };
                    if !is_heard {
                        return Ok(());
                    }
                    next = Some(block.header.height.next());
                }
                // It was told already, or something was missed: the store has it.
                Some(_) => {}
            }
        }
    }

    /// Tells blocks from the store until there are none; gives the next height, or nothing when the reader is gone.
    async fn replay(&self, from: Height) -> Result<Option<Height>, ApiError> {
        let mut height = from;
        loop {
            let chunk = off_thread(&self.state, move |port| {
                let mut found = Vec::new();
                for step in 0..CHUNK as u64 {
                    let height = height.saturating_add(step);
                    let Some(block) = port.store.block(height)? else { break };
                    let count = port.store.receipts(height)?.map_or(0, |receipts| receipts.len().saturating_sub(1));
                    found.push(read::summary(&block, count));
                }
                Ok(found)
            })
            .await?;
            let is_end = chunk.len() < CHUNK;
            for block in chunk {
                height = block.height.next();
                if self.sender.send(told("block", Some(block.height), &block)).await.is_err() {
                    return Ok(None);
                }
            }
            if is_end {
                return Ok(Some(height));
            }
        }
    }

    /// Tells a block's events of a kind; says whether anybody hears it.
    async fn tell_events(&self, of: Kind, block: &FinalizedBlock) -> bool {
        let at = (block.header.height, block.header.time);
        let mut rest = events::of_block(
            (&self.state.port.registry, self.state.port.genesis.network),
            of,
            at,
            &block.outcome.receipts,
        )
        .peekable();
        while let Some(entry) = rest.next() {
            let id = rest.peek().is_none().then_some(entry.height);
            if self.sender.send(told("event", id, &entry)).await.is_err() {
                return false;
            }
        }
        true
    }

    /// Tells events of a kind from the store until there are none; gives the next height, or nothing when the reader is gone.
    async fn replay_events(&self, of: Kind, from: Height) -> Result<Option<Height>, ApiError> {
        let (mut at, mut height) = (events::first_of(from), from);
        loop {
            let (tip, page) = off_thread_for(&self.state, move |port, asker| {
                // Before the events: those of a block that is written in between are told once more, and not lost.
                let tip = port.store.tip().map(|tip| tip.height);
                Ok((tip, events::read_page(port, asker, of, at, CHUNK)?))
            })
            .await?;
            let events::Page { events, next, is_end } = page;
            let heights: Vec<Height> = events.iter().map(|entry| entry.height).collect();
            for (place, entry) in events.into_iter().enumerate() {
                let follower = heights.get(place.saturating_add(1)).copied().or((!is_end).then_some(next.height));
                let id = (follower != Some(entry.height)).then_some(entry.height);
                height = height.max(entry.height.next());
                if self.sender.send(told("event", id, &entry)).await.is_err() {
                    return Ok(None);
                }
            }
            if is_end {
                return Ok(Some(tip.map_or(height, |tip| height.max(tip.next()))));
            }
            at = next;
        }
    }

    async fn transaction(mut self, id: Hash32) -> Result<(), ApiError> {
        let mut shown: Option<(TransactionStatus, bool)> = None;
        loop {
            let found = look(&self.state, id).await?;
            let stands = (found.status, is_certified(&found));
            if shown != Some(stands) {
                shown = Some(stands);
                if self.sender.send(told("transaction", None, &found)).await.is_err() {
                    return Ok(());
                }
            }
            if is_certified(&found) {
                return Ok(());
            }
            loop {
                match self.next().await {
                    None => return Ok(()),
                    Some(News::Block(block)) => {
                        match read::fresh_transaction(&self.state.port.registry, &block, &id) {
                            Some(fresh) if is_certified(&fresh) => {
                                // The last event of this stream; a reader that is gone misses nothing.
                                let _ = self.sender.send(told("transaction", None, &fresh)).await;
                                return Ok(());
                            }
                            // The headers that lead to its certificate are in the store, or come with the next blocks.
                            Some(_) => break,
                            None if found.status == TransactionStatus::Final => break,
                            None => {}
                        }
                    }
                    Some(News::Change(change)) if change.id() != id => {}
                    Some(News::Change(_) | News::Final(_) | News::Missed) => break,
                }
            }
        }
    }
}

fn news<T>(heard: Result<T, RecvError>, make: impl FnOnce(T) -> News) -> Option<News> {
    match heard {
        Ok(heard) => Some(make(heard)),
        Err(RecvError::Lagged(_)) => Some(News::Missed),
        Err(RecvError::Closed) => None,
    }
}
