//! Reading another module's state: for adapters, which join the port that a reader owns with the module that it reads.
//!
//! It must not write, nor know what a key means. It is harmless in a module's hands, because a module cannot name the crate that
//! decodes what another one keeps; the list of modules can, and there the adapters stand.

use types::ModuleId;

use crate::context::SCAN_MAX;
use crate::keys;
use crate::overlay::Overlay;
use crate::records::{self, RunningRecord};
use crate::short_bytes::ShortBytes;
use crate::view::StateView;

/// What can be read while it is written over, and what nobody writes over.
enum Source<'a> {
    Overlay(&'a mut dyn Reading),
    View(&'a dyn StateView),
}

/// An overlay without the lifetime of what lies below it.
trait Reading {
    fn value(&mut self, key: &[u8]) -> Option<Vec<u8>>;
    fn pairs(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)>;
}

impl Reading for Overlay<'_> {
    fn value(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        self.read(key, |value| value.map(<[u8]>::to_vec))
    }

    fn pairs(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        self.scan(prefix, from, limit)
    }
}

/// The state of all modules, to read.
pub struct Elsewhere<'a> {
    source: Source<'a>,
}

/// One module's state, to read.
pub struct Other<'a> {
    source: Source<'a>,
    module: ModuleId,
}

impl<'a> Elsewhere<'a> {
    pub(crate) fn of_overlay(overlay: &'a mut Overlay<'_>) -> Self {
        Self { source: Source::Overlay(overlay) }
    }

    pub(crate) const fn of_view(view: &'a dyn StateView) -> Self {
        Self { source: Source::View(view) }
    }

    /// A module's state; nothing if it does not run.
    pub fn of(&mut self, module: ModuleId) -> Option<Other<'_>> {
        let running = self.source.value(&keys::running())?;
        let running: RunningRecord = records::decode(&running);
        running.has(module).then(|| Other { source: self.source.again(), module })
    }
}

impl Source<'_> {
    fn again(&mut self) -> Source<'_> {
        match self {
            Self::Overlay(overlay) => Source::Overlay(*overlay),
            Self::View(view) => Source::View(*view),
        }
    }

    fn value(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        match self {
            Self::Overlay(overlay) => overlay.value(key),
            Self::View(view) => view.get(key).map(Vec::from),
        }
    }

    fn pairs(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        match self {
            Self::Overlay(overlay) => overlay.pairs(prefix, from, limit),
            Self::View(view) => view.scan(prefix, from, limit),
        }
    }
}

impl Other<'_> {
    /// The value under a key of the module.
    pub fn get(&mut self, key: &[u8]) -> Option<Vec<u8>> {
        let key = self.namespaced(key);
        self.source.value(&key)
    }

    /// At most `limit` (and [`SCAN_MAX`]) pairs of the module with this prefix, not below `from`, in rising order of their keys.
    pub fn scan(&mut self, prefix: &[u8], from: &[u8], limit: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
        let (prefix, from) = (self.namespaced(prefix), self.namespaced(from));
        let pairs = self.source.pairs(&prefix, &from, limit.min(SCAN_MAX));
        pairs.into_iter().map(|(key, value)| (key.get(2..).unwrap_or_default().to_vec(), value)).collect()
    }

    fn namespaced(&self, key: &[u8]) -> ShortBytes {
        ShortBytes::joined(&self.module.0.to_be_bytes(), key)
    }
}

impl std::fmt::Debug for Elsewhere<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Elsewhere")
    }
}

impl std::fmt::Debug for Other<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_tuple("Other").field(&self.module).finish()
    }
}
