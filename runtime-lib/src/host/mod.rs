//! What the guest can ask of the host, whatever version of WASI it asks through.
//!
//! Nothing here knows how a version of WASI numbers or lays out anything: its errors are
//! [`error`]s, its buffers what [`crate::guest::pointer`] gives.
//!
//! - [`system`][]: what the running program has; [`descriptors`] and their [`rights`]; [`grants`]:
//!   what it holds at start; [`environment`]: arguments and variables.
//! - [`files`][]: open descriptors; [`stream`]: what is different for standard streams; [`paths`]: files by path.
//! - [`sockets`][]: opening and using them; [`poll`]: waiting for descriptors and times.
//! - [`heap`][]: memory for what the guest makes the host keep; [`http`]: the protocol.
//! - [`lookup`][]: from names to addresses; [`address`]: how a socket's is written.

pub mod address;
pub mod descriptors;
pub mod environment;
pub mod error;
pub mod files;
pub mod grants;
pub mod heap;
pub mod http;
pub mod lookup;
pub mod paths;
pub mod poll;
pub mod rights;
pub mod sockets;
pub mod stream;
pub mod system;
