//! Where pages come from: the port that the store implements, and the layering of unsaved pages over it.
//!
//! It must not know what a page holds beyond its hash. Invariant: a page is accepted only under the hash that its parent (or the
//! root) names, so a torn or mixed-up store stops the machine instead of giving a wrong root.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::hash::{EMPTY_ROOT, NodeHash};
use super::page::Page;
use super::path::PagePath;
use super::slot::Keys;

/// What an update does to the pages: the new page under a path, or `None` where the page goes.
pub type PageChanges = BTreeMap<PagePath, Option<Arc<Page>>>;

/// What was under the paths that an update changed, in their order: the page, or `None` where there was none.
pub type ReplacedPages = Vec<(PagePath, Option<Arc<Page>>)>;

/// Gives the pages of one version of the tree.
///
/// Reading cannot fail: a store that cannot answer stops the machine, because going on would fork the chain.
pub trait PageReader {
    /// The page at `path`, `None` if there is none.
    fn page(&self, path: &PagePath) -> Option<Arc<Page>>;

    /// The pages at `paths`, which rise, in their order. A store may find many at once more cheaply than one by one.
    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        paths.iter().map(|path| self.page(path)).collect()
    }
}

impl<R: PageReader + ?Sized> PageReader for &R {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        (**self).page(path)
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        (**self).pages(paths)
    }
}

impl<R: PageReader + ?Sized> PageReader for Arc<R> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        (**self).page(path)
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        (**self).pages(paths)
    }
}

/// A whole tree in memory.
impl PageReader for BTreeMap<PagePath, Arc<Page>> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        self.get(path).cloned()
    }
}

/// The version that `changes` make out of the version `below`, before anything is saved. Layers stack.
#[derive(Clone, Copy, Debug)]
pub struct Overlay<'a, R: ?Sized> {
    /// The pages of an update.
    pub changes: &'a PageChanges,
    /// The version it was made from.
    pub below: &'a R,
}

impl<R: PageReader + ?Sized> PageReader for Overlay<'_, R> {
    fn page(&self, path: &PagePath) -> Option<Arc<Page>> {
        match self.changes.get(path) {
            Some(changed) => changed.clone(),
            None => self.below.page(path),
        }
    }

    fn pages(&self, paths: &[PagePath]) -> Vec<Option<Arc<Page>>> {
        pages_over(self.below, paths, |path| self.changes.get(path).cloned())
    }
}

/// The pages at `paths`: as `changed` gives them, or as they are `below`.
pub fn pages_over(
    below: &(impl PageReader + ?Sized),
    paths: &[PagePath],
    changed: impl Fn(&PagePath) -> Option<Option<Arc<Page>>>,
) -> Vec<Option<Arc<Page>>> {
    let known: Vec<_> = paths.iter().map(changed).collect();
    let unknown: Vec<_> =
        paths.iter().zip(&known).filter(|(_, known)| known.is_none()).map(|(path, _)| *path).collect();
    let mut below = below.pages(&unknown).into_iter();
    known.into_iter().map(|known| known.or_else(|| below.next()).flatten()).collect()
}

/// The page at the top of the tree with root `root`; `None` for the empty tree.
///
/// # Panics
/// The reader is not at the version with that root.
pub(super) fn root_page(reader: &(impl PageReader + ?Sized), root: &NodeHash) -> Option<Arc<Page>> {
    let page = reader.page(&PagePath::ROOT);
    let found = page.as_ref().map_or(EMPTY_ROOT, |page| page.hash());
    assert!(found == *root, "the pages are of root {}, not of root {}", hex::encode(found), hex::encode(root));
    page
}

/// The page at `path`, which its parent names by `hash`.
///
/// # Panics
/// The page is missing or is not the one that the parent names.
pub(super) fn branch_page(reader: &(impl PageReader + ?Sized), path: &PagePath, hash: &NodeHash) -> Arc<Page> {
    checked(path, hash, reader.page(path))
}

/// The pages at paths that rise, each with the hash by which its parent names it.
///
/// # Panics
/// As [`branch_page`].
pub(super) fn branch_pages(reader: &(impl PageReader + ?Sized), branches: &[(PagePath, NodeHash)]) -> Vec<Arc<Page>> {
    let paths: Vec<_> = branches.iter().map(|(path, _)| *path).collect();
    let pages = reader.pages(&paths);
    assert!(pages.len() == paths.len(), "a reader answers for each path");
    pages.into_iter().zip(branches).map(|(page, (path, hash))| checked(path, hash, page)).collect()
}

fn checked(path: &PagePath, hash: &NodeHash, page: Option<Arc<Page>>) -> Arc<Page> {
    let page = page.expect("a page is stored as long as its parent names it");
    assert!(page.hash() == *hash, "the page at {path:?} is not the one its parent names");
    page
}

/// The depth of slot `nibble` of the page at `path`, which holds these keys.
///
/// # Panics
/// Their hash is not the one that the page gives.
pub(super) fn check_keys(path: &PagePath, nibble: u8, keys: &Keys) -> usize {
    let depth = path.slot_depth();
    assert!(keys.check(depth), "the keys in slot {nibble:x} of the page at {path:?} are not those that it names");
    depth
}
