//! What the guest can ask of the host, whatever version of WASI it asks through.
//!
//! - [`descriptors`][]: the table of descriptors and their rights; [`grants`]: what it holds at
//!   start; [`address`]: how a socket's is written.
//! - [`lookup`][]: from names to addresses.

pub mod address;
pub mod descriptors;
pub mod grants;
pub mod lookup;
