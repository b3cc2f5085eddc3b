//! What instances consist of: memories, tables, payloads of exceptions.
//!
//! - [`instance`][]: instantiation; [`shortage`]: what the system does not give.
//! - [`memory`], [`table`][]: how they are made, and how they grow.
//! - [`renewal`][]: how an instance becomes a new one.
//! - [`heap`][]: how objects get room, and when and how they are moved.
//! - [`payloads`][]: for how long payloads of exceptions are kept.
//! - [`atomics`][]: waiting at an address of a memory, and waking.

pub mod alias;
pub mod atomics;
pub mod heap;
pub mod instance;
pub mod memory;
pub mod payloads;
pub mod renewal;
pub mod shortage;
pub mod table;
