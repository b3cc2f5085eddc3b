//! Which control frames are open at a place of a function, and what did they catch?

use cranelift_codegen::ir::{self, Value};
use wasmparser::{Catch, ValType};

use crate::index::TagId;

/// What a `block`, `loop`, `if`, `try` or `try_table` opens and its `end` closes: a control frame of the
/// specification's [validation algorithm](https://webassembly.github.io/spec/core/appendix/algorithm.html).
///
/// A *block*, here and everywhere, is a basic block of the IR; what the specification calls a block is
/// named by its instruction, or as the frame that it opens.
#[derive(Debug)]
pub(super) struct Frame {
    pub kind: Kind,
    /// Where the instructions after its end continue; its parameters are the frame's results.
    pub exit: ir::Block,
    /// Whether anything jumps to `exit`.
    pub exit_reached: bool,
    /// Height of the operand stack below the frame's parameters.
    pub height: usize,
    /// Number of parameters.
    pub params: usize,
    /// The types of the results, canonical.
    pub results: Vec<ValType>,
    /// Whether its first instruction can be reached.
    pub entered: bool,
    /// Where a part of an `if` is unlikely to be reached, the number of blocks before it.
    pub cold_from: Option<usize>,
}

#[derive(Debug)]
pub(super) enum Kind {
    /// `block`, and the function itself.
    Block,
    /// `loop`: branches go to its header.
    Loop { header: ir::Block },
    /// `if` before its `else`, with the block of the alternative and the parameters' values.
    If {
        alternative: ir::Block,
        params: Vec<Value>,
        /// Their types, canonical.
        param_types: Vec<ValType>,
        /// Whether the condition is likely to hold, if the module says so.
        hint: Option<bool>,
    },
    /// `try_table`, with what it catches and the place where exceptions land, once one may.
    TryTable {
        catches: Vec<Catch>,
        landing: Option<ir::Block>,
    },
    /// `try` before its first `catch`, with the place where exceptions land, once one may.
    Try { landing: Option<ir::Block> },
    /// A `catch` or `catch_all`, with what it caught if that can be, and the place where exceptions
    /// go on that no clause so far catches.
    Catch {
        caught: Option<Caught>,
        next: Option<ir::Block>,
    },
    /// `if` after its `else`; whether the end of the first part was reached is in `exit_reached`.
    Else,
}

/// The exception of a `catch`.
#[derive(Clone, Debug)]
pub(super) struct Caught {
    pub reference: Value,
    pub payload: CaughtPayload,
}

/// What `rethrow` needs beside the reference.
#[derive(Clone, Debug)]
pub(super) enum CaughtPayload {
    /// Nothing: the reference leads to the payload for as long as it exists, or nothing rethrows.
    Referred,
    /// The values of the tag.
    Values(TagId, Vec<Value>),
    /// The place of the payload that was thrown last, in parts.
    Parts(Vec<Value>),
}
