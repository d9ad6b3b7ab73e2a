//! Decoded pages of the tree at the tip, so that the many updates that share the upper pages decode them once.
//!
//! It must not know the database. Two generations: a page that was not asked for while a whole generation came in
//! is forgotten. Invariant: what it gives for a path is the page as of the last commit that began.

use std::collections::BTreeMap;
use std::sync::Arc;

use crypto::jellyfish::{Page, PageChanges, PagePath};

#[derive(Debug)]
pub(crate) struct PageCache {
    young: BTreeMap<PagePath, Arc<Page>>,
    old: BTreeMap<PagePath, Arc<Page>>,
    pages_max: usize,
    /// Height of the last commit that began.
    generation: u64,
}

impl PageCache {
    pub(crate) const fn new(pages_max: usize, generation: u64) -> Self {
        Self { young: BTreeMap::new(), old: BTreeMap::new(), pages_max, generation }
    }

    pub(crate) const fn generation(&self) -> u64 {
        self.generation
    }

    pub(crate) fn get(&mut self, path: &PagePath) -> Option<Arc<Page>> {
        if let Some(page) = self.young.get(path) {
            return Some(Arc::clone(page));
        }
        let page = self.old.remove(path)?;
        self.insert(*path, Arc::clone(&page));
        Some(page)
    }

    /// Takes a page that was read while no commit was under way, if none has begun since.
    pub(crate) fn offer(&mut self, path: PagePath, page: &Arc<Page>, generation: u64) {
        if self.generation == generation {
            self.insert(path, Arc::clone(page));
        }
    }

    /// Takes over the pages of a commit that is about to be written.
    pub(crate) fn begin(&mut self, height: u64, changes: &PageChanges) {
        self.generation = height;
        for (path, page) in changes {
            self.young.remove(path);
            self.old.remove(path);
            if let Some(page) = page {
                self.insert(*path, Arc::clone(page));
            }
        }
    }

    fn insert(&mut self, path: PagePath, page: Arc<Page>) {
        if self.young.len() >= self.pages_max.div_ceil(2) {
            self.old = std::mem::take(&mut self.young);
        }
        if self.pages_max > 0 {
            self.young.insert(path, page);
        }
    }
}
