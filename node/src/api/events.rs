//! Events of modules, kind by kind, oldest first: pages with cursors for whoever reads along, and the places that the stream tells.
//!
//! It must not know what an event says: its module describes it. Invariant: what stands before a cursor never changes, as only final
//! blocks are told, so a page is the same whenever it is asked for, and the next one begins where it ends.

use axum::Json;
use axum::extract::State;
use execution::{KERNEL, KERNEL_NAME, Registry};
use serde::Deserialize;
use service::http::{ApiError, Asker, PAGE_MAX, Params, Path, page, shown};
use store::EventPlace;
use types::{Event, Hash32, Height, ModuleId, Network, Receipt, TimeMs};
use utoipa::IntoParams;

use super::AppState;
use super::models::{ErrorResponse, EventEntry, EventsResponse};
use super::routes::off_thread_for;
use crate::shell::Port;

/// Bytes of receipts, roughly, that one page may read; the next page goes on where it ends.
const PAGE_BYTES_MAX: usize = 8 * 1024 * 1024;
/// What a receipt and an event take beside what a module says.
const RECEIPT_BYTES: usize = 64;
const EVENT_BYTES: usize = 8;

#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct EventsParams {
    /// What an earlier page gave: what comes after it.
    #[param(format = "place")]
    cursor: Option<String>,
    /// Without a cursor, the height to begin with; the first block when absent.
    from: Option<u64>,
    /// How many, at most 100.
    #[param(minimum = 1, maximum = 100)]
    limit: Option<u32>,
}

/// Events of one kind in final blocks, oldest first. The cursor of a page gives what comes after it, now or when more blocks are final.
#[utoipa::path(get, path = "/api/v1/events/{module}/{kind}", tag = "events",
    params(("module" = String, Path, description = "The module's name or number; `kernel` is 0."),
           ("kind" = String, Path, description = "The event's name, such as `transferred`, or the number of its kind."), EventsParams),
    responses((status = 200, body = EventsResponse), (status = 400, body = ErrorResponse), (status = 404, body = ErrorResponse)))]
pub(crate) async fn list(
    State(state): State<AppState>,
    Path((module, kind)): Path<(String, String)>,
    Params(params): Params<EventsParams>,
) -> Result<Json<EventsResponse>, ApiError> {
    let of = Kind::read(&state.port.registry, &module, &kind)?;
    let limit = page(params.limit)? as usize;
    let from = params.cursor.as_deref().map(read_cursor).transpose()?;
    let from = from.unwrap_or_else(|| first_of(Height(params.from.unwrap_or_default())));
    off_thread_for(&state, move |port, asker| {
        let Page { events, next, is_end } = read_page(port, asker, of, from, limit)?;
        let name = name_of(&port.registry, of).map(str::to_owned);
        Ok(Json(EventsResponse { module: of.module, kind: of.kind, name, events, cursor: text_of(next), is_end }))
    })
    .await
}

/// A module and its kind of event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Kind {
    module: ModuleId,
    kind: u16,
}

impl Kind {
    /// Reads both by name or number.
    pub(super) fn read(registry: &Registry, module: &str, kind: &str) -> Result<Self, ApiError> {
        let id = module_id(registry, module)?;
        if let Some(kind) = small_number(kind) {
            return Ok(Self { module: id, kind });
        }
        let mut of_module = registry.events().filter(|(of, ..)| *of == id).map(|(_, _, kind)| kind);
        let found = of_module.find(|known| known.name == kind).map(|known| known.kind);
        let kind = found.ok_or_else(|| {
            let message = format!("the module `{}` has no event `{}`", shown(module), shown(kind));
            ApiError::not_found(message, "write the event's name, such as `transferred`, or the number of its kind")
        })?;
        Ok(Self { module: id, kind })
    }

    /// Whether an event is of this kind.
    pub(super) fn has(self, event: &Event) -> bool {
        (event.module, event.kind) == (self.module, self.kind)
    }
}

/// A module by its name or number. What no module of this program has may still stand in the chain.
pub(super) fn module_id(registry: &Registry, text: &str) -> Result<ModuleId, ApiError> {
    let by_name = || match registry.module_named(text) {
        None if text == KERNEL_NAME => Some(KERNEL),
        found => found.map(execution::AnyModule::id),
    };
    small_number(text).map(ModuleId).or_else(by_name).ok_or_else(|| {
        let example = registry.modules().next().map_or(KERNEL_NAME, |module| module.name());
        let hint = format!("write a module's name, such as `{example}`, or its number");
        ApiError::not_found(format!("there is no module `{}`", shown(text)), hint)
    })
}

fn small_number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

fn name_of(registry: &Registry, of: Kind) -> Option<&'static str> {
    let mut known = registry.events().filter(|(module, _, kind)| (*module, kind.kind) == (of.module, of.kind));
    known.next().map(|(_, _, kind)| kind.name)
}

/// The first place of a block.
pub(super) const fn first_of(height: Height) -> EventPlace {
    EventPlace { height, receipt: 0, event: 0 }
}

fn text_of(place: EventPlace) -> String {
    format!("{}.{}.{}", place.height, place.receipt, place.event)
}

fn read_cursor(text: &str) -> Result<EventPlace, ApiError> {
    let parts: Option<Vec<u64>> = text.split('.').map(saturated).collect();
    match parts.as_deref() {
        Some([height, receipt, event]) => {
            let small = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
            Ok(EventPlace { height: Height(*height), receipt: small(*receipt), event: small(*event) })
        }
        _ => {
            let message = format!("`{}` is not a cursor", shown(text));
            Err(ApiError::bad("bad_cursor", message, "give back what an earlier page gave"))
        }
    }
}

/// A number in at most 20 digits. No chain gets to the highest.
fn saturated(digits: &str) -> Option<u64> {
    let is_number = (1..=20).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| digits.parse().unwrap_or(u64::MAX))
}

/// Events of one kind.
pub(super) struct Page {
    /// Oldest first.
    pub(super) events: Vec<EventEntry>,
    /// Where the next page begins.
    pub(super) next: EventPlace,
    /// Whether there was nothing more.
    pub(super) is_end: bool,
}

/// Reads at most `limit` events at or after a place, and no more receipts than a page may.
pub(super) fn read_page(
    port: &Port,
    asker: &Asker,
    of: Kind,
    from: EventPlace,
    limit: usize,
) -> Result<Page, ApiError> {
    let limit = limit.min(PAGE_MAX as usize);
    let places = port.store.event_places(of.module, of.kind, from, limit.saturating_add(1))?;
    let (mut events, mut read_bytes): (Vec<EventEntry>, usize) = (Vec::new(), 0);
    let mut open: Option<OpenBlock> = None;
    for place in places.iter().take(limit) {
        let block = match open.take().filter(|block| block.height == place.height) {
            Some(block) => block,
            None if read_bytes >= PAGE_BYTES_MAX => break,
            None => {
                asker.is_here()?;
                let block = OpenBlock::read(port, place.height)?;
                read_bytes = read_bytes.saturating_add(block.bytes());
                block
            }
        };
        events.push(block.entry((&port.registry, port.genesis.network), *place)?);
        open = Some(block);
    }
    let after_last = events.last().map(|last| EventPlace {
        height: last.height,
        receipt: last.receipt,
        event: last.event.saturating_add(1),
    });
    let more = places.get(events.len()).copied();
    Ok(Page { next: more.or(after_last).unwrap_or(from), is_end: more.is_none(), events })
}

/// A block whose events are looked at, so that those that stand in one block read it once.
struct OpenBlock {
    height: Height,
    time: TimeMs,
    receipts: Vec<Receipt>,
}

impl OpenBlock {
    fn read(port: &Port, height: Height) -> Result<Self, ApiError> {
        let block = port.store.block(height)?.ok_or_else(lost)?;
        let receipts = port.store.receipts(height)?.ok_or_else(lost)?;
        Ok(Self { height, time: block.header.time, receipts })
    }

    fn bytes(&self) -> usize {
        let event = |event: &Event| event.body.len().saturating_add(EVENT_BYTES);
        let receipt = |receipt: &Receipt| receipt.events.iter().map(event).fold(RECEIPT_BYTES, usize::saturating_add);
        self.receipts.iter().map(receipt).fold(0, usize::saturating_add)
    }

    fn entry(&self, registry: (&Registry, Network), place: EventPlace) -> Result<EventEntry, ApiError> {
        let receipt = self.receipts.get(place.receipt as usize).ok_or_else(lost)?;
        let event = receipt.events.get(place.event as usize).ok_or_else(lost)?;
        Ok(entry(registry, (place, self.time), receipt.id, event))
    }
}

/// The index names an event that is not there: the store is damaged, and the node's log will say so.
fn lost() -> ApiError {
    tracing::error!("the index of events names one that is not in the store");
    service::chain::Unavailable::Unreadable.into()
}

fn entry(
    (registry, network): (&Registry, Network),
    (place, time): (EventPlace, TimeMs),
    id: Hash32,
    event: &Event,
) -> EventEntry {
    EventEntry {
        height: place.height,
        time,
        receipt: place.receipt,
        event: place.event,
        id,
        body: types::to_hex(&event.body),
        fields: registry.show_event(event, network),
    }
}

/// The events of a kind in a block's receipts, in order.
pub(super) fn of_block<'a>(
    registry: (&'a Registry, Network),
    of: Kind,
    (height, time): (Height, TimeMs),
    receipts: &'a [Receipt],
) -> impl Iterator<Item = EventEntry> + 'a {
    (0..).zip(receipts).flat_map(move |(receipt, found)| {
        let of_kind = (0..).zip(&found.events).filter(move |(_, event)| of.has(event));
        of_kind.map(move |(place, event)| {
            entry(registry, (EventPlace { height, receipt, event: place }, time), found.id, event)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_and_kinds_are_read_by_name_and_by_number() {
        let registry = runtime::registry();
        let read = |module, kind| Kind::read(&registry, module, kind).map(|of| (of.module.0, of.kind)).ok();
        for (module, kind, expected) in [
            ("tokens", "transferred", Some((1, 1))),
            ("1", "transferred", Some((1, 1))),
            ("tokens", "4", Some((1, 4))),
            ("kernel", "epoch_ended", Some((0, 4))),
            ("0", "4", Some((0, 4))),
            ("99", "7", Some((99, 7))),
            ("99", "transferred", None),
            ("nothing", "1", None),
            ("tokens", "nothing", None),
            ("tokens", "65536", None),
            ("+1", "1", None),
            ("", "1", None),
            ("1", "", None),
        ] {
            assert_eq!(read(module, kind), expected, "{module} {kind}");
        }
    }

    #[test]
    fn a_cursor_is_what_a_page_gave_and_nothing_else() {
        let place = EventPlace { height: Height(7), receipt: 0, event: 12 };
        assert_eq!(read_cursor(&text_of(place)), Ok(place));
        let highest = EventPlace { height: Height(u64::MAX), receipt: u32::MAX, event: u32::MAX };
        assert_eq!(read_cursor(&text_of(highest)), Ok(highest));
        assert_eq!(read_cursor("99999999999999999999.4294967296.9999999999"), Ok(highest), "beyond every chain");
        for text in ["", "7", "7.0", "7.0.12.1", "+7.0.1", "7.0.", "a.b.c", "999999999999999999999.0.0"] {
            assert!(read_cursor(text).is_err(), "{text}");
        }
    }
}
