//! From the newest state to a template: what the next work must build on, and the block that its coinbase binds.
//!
//! It must not know miners. A template is made anew when the terms change, and before the block that it binds becomes too old.

use std::sync::Arc;
use std::time::Duration;

use execution::{Module, ModuleView};
use mining::{AnchorBlock, Mining, WorkTerms};
use pow::Target;
use service::chain::{Chain, StateAt, Unavailable};
use stratum::Template;
use tokio::sync::watch;
use types::{Header, Height, TimeMs};

use crate::unix_ms;

/// Version of Bitcoin's headers (BIP 9) with no bit set.
const VERSION: u32 = 0x2000_0000;
/// A template is made anew at least so often, so that what its coinbase binds is young.
const REFRESH_MS: u64 = 20_000;
/// Modules see the last 4,096 blocks; a coinbase binds a block that stays visible for at least another 2,048 blocks.
const ANCHORS_HALF: u64 = 2_048;
/// A node whose newest block is older than this is catching up, or cut off: what it would offer is worth nothing.
const BEHIND_MS_MAX: u64 = 30_000;
/// Header times end this long before the rule's bound, for clocks that differ.
const TIME_MARGIN_S: u64 = 60;

/// What there is to mine, with the block that a coinbase may bind.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    /// The chain's terms.
    pub(crate) terms: WorkTerms,
    /// The newest final block.
    pub(crate) anchor: Header,
    /// Its hash and height.
    pub(crate) anchor_block: AnchorBlock,
    /// Until when proofs that bind it count, in Unix ms.
    pub(crate) expires_ms: u64,
}

/// What the newest final state asks for; nothing while the node is behind.
///
/// # Errors
/// [`Unavailable`] when the store cannot be read.
pub(crate) fn offer(chain: &dyn Chain) -> Result<Option<Offer>, Unavailable> {
    let StateAt { head, view } = chain.state()?;
    let (header, hash) = (head.header, head.hash);
    if chain.now_ms().saturating_sub(header.time.0) > BEHIND_MS_MAX {
        return Ok(None);
    }
    let state = ModuleView::new(&*view, Mining::ID);
    if !state.runs() {
        return Ok(None);
    }
    let terms = mining::work_terms(&state);
    drop(view);
    let half = Height(header.height.0.saturating_sub(ANCHORS_HALF));
    let early = chain.head(half)?.map_or(TimeMs(0), |head| head.header.time);
    let is_young = header.height.0 <= ANCHORS_HALF;
    let seen_ms = if is_young { u64::MAX } else { header.time.0.saturating_sub(early.0) };
    let age_ms = terms.anchor_age_max_ms.min(seen_ms);
    Ok(Some(Offer {
        terms,
        expires_ms: header.time.0.saturating_add(age_ms),
        anchor_block: AnchorBlock { height: header.height, hash },
        anchor: header,
    }))
}

impl Offer {
    /// The same for the port.
    pub(crate) fn template(&self, chain: &dyn Chain) -> Option<Template> {
        let rules = execution::section::<Mining>(chain.genesis())?;
        let Self { terms, anchor, anchor_block, expires_ms } = self;
        let target = Target::from_compact(terms.bits).ok()?;
        let (now_s, anchor_s) = (chain.now_ms() / 1_000, anchor.time.0 / 1_000);
        let seconds = |value: u64| u32::try_from(value).unwrap_or(u32::MAX);
        let ahead = u64::from(rules.header_ahead_max_s);
        Some(Template {
            chain_id: chain.id(),
            work_height: terms.work_height,
            previous: terms.previous.0,
            version: VERSION,
            bits: terms.bits,
            share_target: target.times(terms.share_factor),
            anchor: anchor_block.hash,
            anchor_height: anchor_block.height,
            expires_ms: *expires_ms,
            time: seconds(now_s),
            time_min: seconds(anchor_s.saturating_sub(rules.header_behind_max_s.into())),
            time_max: seconds(now_s.saturating_add(ahead.saturating_sub(TIME_MARGIN_S.min(ahead / 2)))),
            // The chain counts shares on the work before until the one after the next, which is at least so far away: half of it is
            // for miners who hear late, the other half for the share's way into a block.
            grace_ms: rules.spacing_min_ms / 2,
            branch: Vec::new(),
        })
    }
}

/// Keeps the port's template new until the node stops, from when miners may begin.
pub(super) async fn follow(
    chain: Arc<dyn Chain>,
    templates: watch::Sender<Option<Arc<Template>>>,
    mut may_begin: watch::Receiver<bool>,
    mut stopping: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = stopping.wait_for(|stopping| *stopping) => return,
        // A sender that is gone means that the node is gone.
        begun = may_begin.wait_for(|may_begin| *may_begin) => if begun.is_err() { return },
    }
    let mut heads = chain.heads();
    let mut ticks = tokio::time::interval(Duration::from_secs(1));
    ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Skip);
    let (mut made_ms, mut terms) = (0_u64, None);
    loop {
        let is_tick = tokio::select! {
            // A sender that is gone means that the node is gone.
            _ = stopping.wait_for(|stopping| *stopping) => return,
            head = heads.changed() => if head.is_err() { return } else { false },
            _ = ticks.tick() => true,
        };
        let is_old = needs_refresh(&templates, made_ms, unix_ms());
        if is_tick && !is_old {
            continue;
        }
        let asked = chain.clone();
        match tokio::task::spawn_blocking(move || offer(&*asked)).await {
            Ok(Ok(Some(offer))) if is_old || terms.as_ref() != Some(&offer.terms) => {
                if let Some(template) = offer.template(&*chain) {
                    templates.send_replace(Some(Arc::new(template)));
                    (made_ms, terms) = (unix_ms(), Some(offer.terms));
                }
            }
            Ok(Ok(_)) => {}
            Ok(Err(error)) => tracing::warn!(%error, "no template can be made"),
            // It panicked, which the store does when it cannot be read: the node's own threads meet the same and stop it.
            Err(_) => return,
        }
    }
}

/// Whether the template is missing, old, or half way to its end.
fn needs_refresh(templates: &watch::Sender<Option<Arc<Template>>>, made_ms: u64, now_ms: u64) -> bool {
    let template = templates.borrow();
    let Some(template) = template.as_ref() else { return true };
    let life_ms = template.expires_ms.saturating_sub(made_ms);
    now_ms.saturating_sub(made_ms) >= REFRESH_MS.min(life_ms / 2)
}
