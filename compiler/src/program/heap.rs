//! What is the collector told of the program's objects?

use super::places::OwnPlace;
use crate::index::TableId;

/// The heap of a program with types of objects.
#[derive(Debug)]
pub struct Heap {
    /// Offset in the state of what compiled code allocates from
    /// ([`Allocation`](wasmc_abi::heap::Allocation)), a multiple of 8.
    pub allocation: u32,
    /// Types of objects by their numbers: structures, arrays, exceptions.
    pub types: Vec<ObjectType>,
    /// The number of the first type of exceptions, that of the tag with the id 1.
    pub first_exception: u32,
    /// Where references to objects are, other than in the stack and in objects.
    pub roots: Vec<HeapRoot>,
}

/// How objects of a type lie in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ObjectType {
    /// A structure, or an exception.
    Struct {
        /// Bytes, a multiple of 8.
        size: u32,
        /// Offsets of the references to objects.
        references: Vec<u32>,
    },
    /// An array.
    Array {
        /// Bytes of an element.
        element: u32,
        /// Whether elements are references to objects.
        references: bool,
    },
}

/// A place that holds references to objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeapRoot {
    /// Cells of 8 bytes, one after the other: of a global, or of an element segment.
    Cells {
        /// The first.
        place: OwnPlace,
        /// How many.
        count: u32,
    },
    /// The elements of a table.
    Table(TableId),
}
