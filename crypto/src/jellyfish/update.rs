//! Changing the tree: from a root and a sorted batch of changed keys to the new root and the changed pages.
//!
//! It must not know values, only their hashes, nor where the pages go. Invariants: a page is read at most once and rehashed at
//! most once per batch; a page that ends as it began is not named; parts of the tree below different slots of the root page never
//! touch a common page, which is why [`Plan`] may hand them to different threads.

use std::sync::Arc;
use std::vec;

use super::hash::{EMPTY_ROOT, KeyHash, Leaf, NodeHash, ValueHash};
use super::page::{ALL_SLOTS, Page};
use super::path::PagePath;
use super::reader::{PageChanges, PageReader, ReplacedPages, branch_pages, check_keys, root_page};
use super::slot::{Leaves, Slot};

/// A key that changed: the hash of its new value, or `None` if it was deleted.
pub type Change = (KeyHash, Option<ValueHash>);

/// What a batch makes of the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeUpdate {
    /// The new root.
    pub root: NodeHash,
    /// The pages that differ.
    pub pages: PageChanges,
    /// What was under the same paths before, in their order: enough to undo the update later.
    pub replaced: ReplacedPages,
}

/// Applies `changes`, sorted by key and each key once, to the tree with root `root`. Deleting an absent key changes nothing.
///
/// # Panics
/// The changes are not strictly ascending, or the reader's pages are not those of `root`.
#[must_use]
pub fn update<R: PageReader + ?Sized>(reader: &R, root: NodeHash, changes: &[Change]) -> TreeUpdate {
    let plan = Plan::new(reader, root, changes);
    let parts = plan.subtrees().map(|subtree| subtree.update(reader)).collect::<Vec<_>>();
    plan.finish(parts)
}

/// An update cut into independent parts: run each of [`Plan::subtrees`] in any order, on any thread, then [`Plan::finish`].
#[derive(Clone, Debug)]
pub struct Plan<'a> {
    root_page: Option<Arc<Page>>,
    changes: &'a [Change],
}

/// One part of an update: the changes below one slot of the root page.
#[derive(Clone, Copy, Debug)]
pub struct Subtree<'a> {
    nibble: u8,
    slot: Slot,
    changes: &'a [Change],
}

/// What a [`Subtree`] became.
#[derive(Clone, Debug)]
pub struct SubtreeUpdate {
    nibble: u8,
    slot: Slot,
    pages: ChangedPages,
}

/// A page before and after.
#[derive(Clone, Debug)]
struct ChangedPage {
    path: PagePath,
    before: Option<Arc<Page>>,
    after: Option<Arc<Page>>,
}

/// The pages of a part, each once, in no order: they are sorted once, with those of the other parts.
type ChangedPages = Vec<ChangedPage>;

impl<'a> Plan<'a> {
    /// Reads the root page and checks the order of the changes; conditions as for [`update`].
    ///
    /// # Panics
    /// The changes are not strictly ascending, or the reader's root page is not that of `root`.
    #[must_use]
    pub fn new<R: PageReader + ?Sized>(reader: &R, root: NodeHash, changes: &'a [Change]) -> Self {
        assert!(changes.is_sorted_by(|(left, _), (right, _)| left < right), "changes come sorted, each key once");
        Self { root_page: root_page(reader, &root), changes }
    }

    /// The parts, at most 16.
    pub fn subtrees(&self) -> impl Iterator<Item = Subtree<'a>> + '_ {
        by_nibble(self.changes, 0).map(|(nibble, changes)| {
            let slot = self.root_page.as_ref().map_or(Slot::Empty, |page| page.slot(nibble));
            Subtree { nibble, slot, changes }
        })
    }

    /// Joins the parts, each of which has to be there once, in any order.
    #[must_use]
    pub fn finish(self, parts: impl IntoIterator<Item = SubtreeUpdate>) -> TreeUpdate {
        let before = self.root_page;
        let mut page = before.clone().unwrap_or_else(|| Arc::new(Page::blank()));
        let mut pages = ChangedPages::new();
        let mut dirty = 0;
        for part in parts {
            pages.extend(part.pages);
            dirty |= replace_slot(&mut page, part.nibble, part.slot);
        }
        if dirty == 0 {
            return tree_update(page.hash(), pages);
        }
        Arc::make_mut(&mut page).rehash(dirty);
        let root = page.hash();
        pages.push(ChangedPage { path: PagePath::ROOT, before, after: (root != EMPTY_ROOT).then_some(page) });
        tree_update(root, pages)
    }
}

fn tree_update(root: NodeHash, mut changed: ChangedPages) -> TreeUpdate {
    changed.sort_unstable_by_key(|page| page.path);
    let replaced = changed.iter_mut().map(|page| (page.path, page.before.take())).collect();
    TreeUpdate { root, pages: changed.into_iter().map(|page| (page.path, page.after)).collect(), replaced }
}

impl Subtree<'_> {
    /// Runs this part. The reader is the one that the plan was made with, or one of the same version.
    #[must_use]
    pub fn update<R: PageReader + ?Sized>(&self, reader: &R) -> SubtreeUpdate {
        let mut walk = Walk { ahead: self.read_ahead(reader), pages: ChangedPages::new() };
        let slot = walk.update_slot(&PagePath::ROOT, self.nibble, self.slot, self.changes);
        SubtreeUpdate { nibble: self.nibble, slot, pages: walk.pages }
    }

    /// The pages on the way to the changed keys, level by level, each level read at once.
    fn read_ahead<R: PageReader + ?Sized>(&self, reader: &R) -> Vec<vec::IntoIter<Arc<Page>>> {
        let mut ahead = Vec::new();
        let (mut branches, mut ways) = (Vec::new(), Vec::new());
        if let Slot::Branch(hash) = self.slot {
            branches.push((PagePath::ROOT.child(self.nibble), hash));
            ways.push(self.changes);
        }
        while !branches.is_empty() {
            let pages = branch_pages(reader, &branches);
            let (mut below, mut ways_below) = (Vec::new(), Vec::new());
            for ((page, (path, _)), changes) in pages.iter().zip(&branches).zip(&ways) {
                for (nibble, changes) in by_nibble(changes, path.nibble_count()) {
                    if let Some(hash) = page.branch(nibble) {
                        below.push((path.child(nibble), *hash));
                        ways_below.push(changes);
                    }
                }
            }
            ahead.push(pages.into_iter());
            (branches, ways) = (below, ways_below);
        }
        ahead
    }
}

/// A walk through the pages that were read ahead, which meets those of each level in their order.
struct Walk {
    ahead: Vec<vec::IntoIter<Arc<Page>>>,
    pages: ChangedPages,
}

impl Walk {
    /// Applies `changes`, all of them below slot `nibble` of the page at `parent`, to what that slot holds.
    fn update_slot(&mut self, parent: &PagePath, nibble: u8, slot: Slot, changes: &[Change]) -> Slot {
        let (path, before, mut page, mut dirty) = match slot {
            Slot::Branch(_) => {
                let level = self.ahead.get_mut(parent.nibble_count());
                let page = level.and_then(Iterator::next).expect("each page on the way was read ahead");
                (parent.child(nibble), Some(Arc::clone(&page)), page, 0)
            }
            Slot::Empty | Slot::Leaf(_) | Slot::Few(_) => {
                let before = slot.leaves().unwrap_or_default();
                if let Slot::Few(keys) = &slot {
                    check_keys(parent, nibble, keys);
                }
                if let Some(after) = Leaves::after(before, changes) {
                    return if after.as_slice() == before { slot } else { Slot::of(after, parent.slot_depth()) };
                }
                let path = parent.child(nibble);
                (path, None, Arc::new(page_around(before, &path)), ALL_SLOTS)
            }
        };
        for (nibble, changes) in by_nibble(changes, path.nibble_count()) {
            let slot = self.update_slot(&path, nibble, page.slot(nibble), changes);
            dirty |= replace_slot(&mut page, nibble, slot);
        }
        if dirty == 0 {
            return slot;
        }
        Arc::make_mut(&mut page).rehash(dirty);
        let settled = page.as_slot();
        self.pages.push(ChangedPage { path, before, after: matches!(settled, Slot::Branch(_)).then_some(page) });
        settled
    }
}

/// A new page at `path` that takes over what stood there without one.
fn page_around(leaves: &[Leaf], path: &PagePath) -> Page {
    let mut page = Page::blank();
    let depth = path.nibble_count();
    for together in leaves.chunk_by(|left, right| left.key_hash.nibble(depth) == right.key_hash.nibble(depth)) {
        if let ([first, ..], Some(leaves)) = (together, Leaves::collect(together.iter().copied())) {
            page.set_slot(first.key_hash.nibble(depth), Slot::of(leaves, path.slot_depth()));
        }
    }
    page
}

/// Puts `slot` into the page if it differs (keys are known by their hash); returns the set of slots that became dirty. A page shared with the reader is copied
/// here, when the first change is certain.
fn replace_slot(page: &mut Arc<Page>, nibble: u8, slot: Slot) -> u16 {
    if page.holds(nibble, &slot) { 0 } else { Arc::make_mut(page).set_slot(nibble, slot) }
}

/// The changes in runs of equal nibble at `depth`.
fn by_nibble(changes: &[Change], depth: usize) -> impl Iterator<Item = (u8, &[Change])> {
    changes
        .chunk_by(move |(left, _), (right, _)| left.nibble(depth) == right.nibble(depth))
        .filter_map(move |run| run.first().map(|(key, _)| (key.nibble(depth), run)))
}
