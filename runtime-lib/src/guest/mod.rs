//! The guest at run time: its pointers, its stacks, its traps, its threads.
//!
//! - [`pointer`][]: the only way from a guest pointer to memory.
//! - [`trap`][]: entering the guest, and leaving it by a trap; [`unwind`]: the backtrace;
//!   [`sources`]: its files and lines.
//! - [`thread`][]: what each thread has of its own; [`stacks`]: where it has its stacks.
//! - [`exceptions`][]: throwing; [`frames`]: where references to objects are in the stack.
//! - [`call`][]: calls from components, by the canonical ABI; [`handles`]: their handle tables;
//!   [`adapters`] and [`calls`], [`transcode`]: calls between components, and strings between their
//!   memories.

pub mod adapters;
pub mod call;
pub mod calls;
pub mod exceptions;
pub mod frames;
pub mod handles;
pub mod pointer;
pub mod sources;
pub mod stacks;
pub mod thread;
pub mod transcode;
pub mod trap;
pub mod unwind;
