//! How a service speaks HTTP: one shape for errors, sentences in the language of whoever asks, requests that are read within bounds, reads of the store in turn, and routes
//! that are described where they are written.
//!
//! It must not know a route. The node serves what it is given and keeps the door.

mod error;
mod params;
mod reads;
mod request;
mod routes;
mod told;

pub use error::{ApiError, ErrorResponse, hint_of};
pub use params::Params;
pub use reads::{Asker, Reads};
pub use request::{
    BATCH_BYTES_MAX, BODY_BYTES_MAX, BlockName, BodyMax, Client, JsonBody, JsonOrBytes, PAGE_DEFAULT, PAGE_MAX, Path,
    address, block_name, hash, number, oversize, page, shown,
};
pub use routes::{Class, Route, Routes};
pub use told::told;

languages::texts! {
    /// What is said on every service's routes.
    pub(crate) static TEXTS
}
