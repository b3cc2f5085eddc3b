//! What instances consist of, and its life: memories, tables, payloads of exceptions.
//!
//! - [`memory`], [`table`][]: instantiation, growth.
//! - [`payloads`][]: for how long payloads of exceptions are kept.
//! - [`atomics`][]: waiting at an address of a memory, and waking.

pub mod atomics;
pub mod memory;
pub mod payloads;
pub mod table;
