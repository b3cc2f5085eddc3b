//! HTTP/1.1 (RFC 9110, RFC 9112), whatever version of WASI asks for it.
//!
//! - [`syntax`][]: which bytes a name, a value, a target may have; [`fields`]: headers and trailers.
//! - [`head`][]: the head of a request, and how its body is framed; [`body`]: the bytes of a body.
//! - [`message`][]: how the head of an answer is written; [`date`].
//! - [`outlet`][]: where the body of a message goes; [`exchange`]: a connection, the request that is
//!   being answered and its answer.
//! - [`error`][]: why a message could not be received or sent.
//!
//! Everything that comes from a connection is hostile, and so is everything of the guest's. What is
//! ambiguous is refused: another program in front may read it differently (request smuggling).

pub mod body;
pub mod date;
pub mod error;
pub mod exchange;
pub mod fields;
pub mod head;
pub mod message;
pub mod outlet;
pub mod syntax;
