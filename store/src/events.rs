//! The places of a block's events of one kind, as one value: for each event how far the receipt goes on and, as a
//! number of its own or from the last one on if the receipt stays, the event.
//!
//! It must not know what an event says.

use std::collections::BTreeMap;

use types::{Height, ModuleId, Receipt};

use crate::keys::EventPlace;
use crate::varint;

/// A module and its kind of event.
pub(crate) type Kind = (ModuleId, u16);

/// The places of the events in these receipts, by kind.
pub(crate) fn places_by_kind(receipts: &[Receipt]) -> BTreeMap<Kind, Vec<u8>> {
    let mut kinds: BTreeMap<Kind, (Vec<u8>, (u32, u32))> = BTreeMap::new();
    for (receipt, content) in (0..).zip(receipts) {
        for (event, content) in (0..).zip(&content.events) {
            let (bytes, last) = kinds.entry((content.module, content.kind)).or_default();
            varint::put(bytes, (receipt - last.0).into());
            varint::put(bytes, if receipt == last.0 { event - last.1 } else { event }.into());
            *last = (receipt, event);
        }
    }
    kinds.into_iter().map(|(kind, (bytes, _))| (kind, bytes)).collect()
}

/// Reads the places of one kind in a block; `None` if the bytes are not such places.
pub(crate) fn places(height: Height, mut bytes: &[u8]) -> Option<Vec<EventPlace>> {
    let mut last = EventPlace { height, receipt: 0, event: 0 };
    let mut places = Vec::new();
    while !bytes.is_empty() {
        let receipts = u32::try_from(varint::take(&mut bytes)?).ok()?;
        let event = u32::try_from(varint::take(&mut bytes)?).ok()?;
        last.event = if receipts == 0 { last.event.checked_add(event)? } else { event };
        last.receipt = last.receipt.checked_add(receipts)?;
        places.push(last);
    }
    Some(places)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_places_are_refused() {
        assert_eq!(places(Height(1), &[]), Some(Vec::new()));
        assert_eq!(places(Height(1), &[0]), None);
        assert_eq!(places(Height(1), &[0x80]), None);
        assert_eq!(places(Height(1), &[1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0, 1]), None, "beyond 2^32");
        let place = |receipt, event| EventPlace { height: Height(1), receipt, event };
        assert_eq!(places(Height(1), &[2, 3, 0, 1, 1, 0]), Some(vec![place(2, 3), place(2, 4), place(3, 0)]));
    }
}
