//! The protocol of the spec-suite driver.
//!
//! A script executable holds the instances of a `.wast` script and a list of [`ScriptCommand`]s.
//! The driver ([`MAIN_SCRIPT`](crate::symbols::MAIN_SCRIPT)) carries them out in order, survives
//! traps, and writes one [`ScriptRecord`] to standard output for each, followed by
//! `value_count` values of 16 bytes (little-endian bits, zero-extended). Judging the values is the
//! business of the harness on the host.

use crate::pointer::{Any, Function, RelPtr, Trampoline};
use crate::record::records;
use crate::variant::Variant;

records! {
    /// What a [`ScriptCommand`] does.
    pub enum ScriptCommandKind {
        /// Instantiate instance `instance`.
        Instantiate = 0,
        /// Call `code` through `trampoline` with the values at `args`.
        Invoke = 1,
        /// Read the 16-byte cell of a global at `code`.
        ReadGlobal = 2,
        /// Hash the memory whose [`MemoryState`](crate::layout::MemoryState) is at `code`: one value,
        /// the FNV-1a hash of 64 bits over its bytes, and its size in bytes in the upper half.
        HashMemory = 3,
    }

    /// One command of a script.
    #[derive(Clone, Copy, Debug)]
    pub struct ScriptCommand from NewScriptCommand {
        /// What it does.
        pub kind: Variant<ScriptCommandKind>,
        /// Index of the instance (`Instantiate` only).
        pub instance: u32,
        /// Code of the function, or the cell or state that is read.
        pub code: RelPtr<Any>,
        /// The trampoline of the function's signature.
        pub trampoline: RelPtr<Function<Trampoline>>,
        /// The arguments: bits, zero-extended.
        pub args: RelPtr<u128>,
        /// Number of arguments.
        pub arg_count: u32,
        /// Number of results.
        pub result_count: u32,
    }

    /// How a command ended.
    pub enum ScriptStatus {
        /// It returned; the values follow.
        Ok = 0,
        /// It trapped; `code` is the trap's code.
        Trap = 1,
        /// An import's current size is below the required minimum.
        Unlinkable = 2,
        /// The machine could not give what was asked for (memory).
        Exhausted = 3,
    }

    /// What the driver writes for each command.
    #[derive(Clone, Copy, Debug)]
    pub struct ScriptRecord from NewScriptRecord {
        /// Index of the command.
        pub command: u32,
        /// How it ended.
        pub status: Variant<ScriptStatus>,
        /// A trap code when `status` is `Trap`, else 0.
        pub code: u32,
        /// Number of 16-byte values that follow.
        pub value_count: u32,
    }
}
