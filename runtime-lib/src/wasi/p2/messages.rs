//! What the resources of `wasi:http` are made of: fields, requests, answers, bodies.
//!
//! What can be done with each is in [`http`](super::http).

use crate::host::heap::Block;
use crate::host::http::fields::Fields;

/// `fields`: a list of its own, or that of a message.
#[derive(Clone, Copy)]
pub struct FieldsView {
    pub fields: Fields,
    /// Whether it is that of a message, which cannot be changed and goes with the message.
    pub immutable: bool,
}

/// An `incoming-request`: the one that is being answered.
#[derive(Clone, Copy)]
pub struct IncomingRequest {
    /// Its fields, once the guest has asked for them.
    pub fields: Option<Fields>,
    /// Whether its body was given out.
    pub consumed: bool,
}

/// An `incoming-body`.
#[derive(Clone, Copy)]
pub struct IncomingBody {
    /// Whether its stream was given out.
    pub streamed: bool,
}

/// A `future-trailers`.
#[derive(Clone, Copy)]
pub struct FutureTrailers {
    /// Whether they were given out.
    pub given: bool,
}

/// An `outgoing-response`.
#[derive(Clone, Copy)]
pub struct OutgoingResponse {
    pub status: u16,
    pub fields: Fields,
    /// The number of its body, once that was given out.
    pub outlet: Option<u32>,
}

/// An `outgoing-body`.
#[derive(Clone, Copy)]
pub struct OutgoingBody {
    /// Its number.
    pub outlet: u32,
    /// Whether its stream was given out.
    pub streamed: bool,
}

/// A method, or a scheme: one with a number of its own in WIT, or another one.
#[derive(Clone, Copy)]
pub struct Word {
    /// The number of its case.
    pub case: u8,
    /// The text of the last case.
    pub other: Block,
}

/// An `outgoing-request`.
#[derive(Clone, Copy)]
pub struct OutgoingRequest {
    pub fields: Fields,
    pub method: Word,
    /// `None` for no scheme.
    pub scheme: Option<Word>,
    /// Nothing for none; empty texts are kept as none too.
    pub authority: Block,
    pub path: Block,
    /// The number of its body, once that was given out.
    pub outlet: Option<u32>,
}

/// `request-options`: nanoseconds, if they were set.
#[derive(Clone, Copy)]
pub struct RequestOptions {
    pub connect: Option<u64>,
    pub first_byte: Option<u64>,
    pub between_bytes: Option<u64>,
}
