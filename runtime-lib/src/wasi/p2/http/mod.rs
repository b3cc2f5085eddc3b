//! `wasi:http`: requests, answers and their bodies.
//!
//! - [`fields`][]: headers and trailers.
//! - [`incoming`][]: the request that is being answered, and its body.
//! - [`answer`][]: the answer; [`outgoing_body`][]: bodies that the guest writes.
//! - [`request`][]: requests of the guest's own; [`options`]: how long they may take.
//! - [`errors`][]: error codes.

pub mod answer;
pub mod errors;
pub mod fields;
pub mod incoming;
pub mod options;
pub mod outgoing_body;
pub mod request;
mod text;
