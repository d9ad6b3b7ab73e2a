//! Routes with what each costs, described where their handlers are written.
//!
//! It must not know a listener. Invariant: a route that takes writes says so by its class, so no handler has to remember that a
//! node may be read-only.

use axum::middleware::from_fn;
use axum::routing::MethodRouter;
use utoipa_axum::router::UtoipaMethodRouter;

use super::request::{BATCH_BYTES_MAX, BODY_BYTES_MAX};
use super::told::in_language;

/// What a route costs: by this the node gives out places, bounds bodies, and refuses writes where it takes none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// Whether and how the node lives: never refused.
    Probe,
    /// What is in memory.
    Look,
    /// What is read from the store.
    Read,
    /// What is submitted one by one. Refused with 403 `read_only_replica` on a read-only node.
    Write,
    /// The same by the thousand.
    Batch,
    /// What may wait for a block.
    Wait,
    /// Streams, which have a bound of their own.
    Stream,
}

impl Class {
    /// Longest body of a request, in bytes.
    #[must_use]
    pub const fn body_bytes_max(self) -> usize {
        match self {
            Self::Probe | Self::Look | Self::Wait | Self::Stream => 0,
            Self::Read | Self::Write => BODY_BYTES_MAX,
            Self::Batch => BATCH_BYTES_MAX,
        }
    }

    /// Whether a read-only node refuses it.
    #[must_use]
    pub const fn is_write(self) -> bool {
        matches!(self, Self::Write | Self::Batch)
    }
}

/// One or more methods of one path.
#[derive(Clone)]
pub struct Route {
    /// What it costs.
    pub class: Class,
    /// What answers, and its description: made by [`utoipa_axum::routes!`].
    pub methods: UtoipaMethodRouter<()>,
}

impl Route {
    /// The paths that it describes.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.methods.1.paths.keys().map(String::as_str)
    }

    /// What answers, without the description.
    pub fn handlers(&self) -> MethodRouter {
        self.methods.2.clone()
    }
}

/// The routes of one service.
#[derive(Clone, Default)]
pub struct Routes {
    /// Below `/api/v1/NAME`, whole paths.
    pub own: Vec<Route>,
    /// Paths that other programs prescribe, such as public-pool's `/api/client/{address}`.
    pub foreign: Vec<Route>,
    /// The prefix that the service's own paths had before, if older programs still use it: `/api/mining`.
    pub former_prefix: Option<&'static str>,
}

impl Routes {
    /// Adds a route of the service's own, with the state that its handler needs.
    #[must_use]
    pub fn own<S: Clone + Send + Sync + 'static>(
        mut self,
        class: Class,
        state: &S,
        methods: UtoipaMethodRouter<S>,
    ) -> Self {
        self.own.push(route(class, state, methods));
        self
    }

    /// Adds a route whose path others prescribe.
    #[must_use]
    pub fn foreign<S: Clone + Send + Sync + 'static>(
        mut self,
        class: Class,
        state: &S,
        methods: UtoipaMethodRouter<S>,
    ) -> Self {
        self.foreign.push(route(class, state, methods));
        self
    }

    /// The same routes, answering in the language of whoever asks (`accept-language`) what is known in it: for a feature that has texts.
    #[must_use]
    pub fn in_languages(mut self) -> Self {
        for route in self.own.iter_mut().chain(&mut self.foreign) {
            route.methods.2 = route.methods.2.clone().layer(from_fn(in_language));
        }
        self
    }
}

fn route<S: Clone + Send + Sync + 'static>(class: Class, state: &S, methods: UtoipaMethodRouter<S>) -> Route {
    let (schemas, paths, handlers) = methods;
    Route { class, methods: (schemas, paths, handlers.with_state(state.clone())) }
}
