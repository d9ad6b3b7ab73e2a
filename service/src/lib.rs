//! What a feature does off the chain, and what the node gives it: the contract between `node`, which hosts services, and the
//! features' folders, which write them.
//!
//! A service has settings of its own (`settings!`), routes (`http`), tokens of those who ask (`token`), a view of the chain (`chain`), streams to
//! other nodes and clients (`streams`), a folder, and a life (`life`). It must not know any feature, and it runs nothing.

pub mod account;
pub mod chain;
pub mod http;
pub mod kept;
mod life;
pub mod log;
pub mod outbox;
pub mod plain_file;
pub mod private_file;
mod service;
pub mod settings;
pub mod streams;
pub mod token;
mod value;
mod verbs;

pub use account::{AccountNeed, DeedError, Past, ServiceAccount, Unfit};
pub use life::{Life, State};
pub use service::{
    AnyService, Bound, Finding, FolderFindings, Ground, Listed, Operator, Refusal, Service, ServiceFault, WantedSocket,
    service,
};
pub use settings::{AnySection, Settings};
pub use streams::{AnyStream, PeerStream, StreamError, StreamRow, Streams};
pub use utoipa_axum::routes;
pub use value::Value;
pub use verbs::{ANSWER_BYTES_MAX, NoVerbs, VerbContext, Verbs};
