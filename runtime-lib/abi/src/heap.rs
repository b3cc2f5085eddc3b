//! The garbage-collected heap: how objects lie in it, and what a program tells the runtime so that it
//! can move them.
//!
//! A reference is the address of an object in the low 4 GiB, so that it is its own pointer. In the
//! heap it has 4 bytes; in cells of globals, tables, segments and stack frames it has 8, of which the
//! upper 4 are zero.
//!
//! ```text
//! null       0
//! object     ..................000   its address
//! i31        .................v..1   the value times 2, plus 1
//! external   .................n.10   what a driver of the spec suite makes of `ref.extern n`
//! ```
//!
//! Objects have 8 bytes or a multiple, and begin with their header: the number of their type, times 2.
//!
//! ```text
//! structure  | header: u32 | fields, each aligned to its size, at most to 8 … |
//! array      | header: u32 | length: u32 | elements …                         |
//! moved      | the new address, plus 1   | what was there …                   |
//! ```
//!
//! The last form exists only while a collection goes on.

use crate::options::MAX_HEAP;
use crate::pointer::Any;
pub use crate::pointer::{RelPtr, RelSlice};
use crate::record::records;
use crate::variant::Variant;

/// First address of the heap. Below it nothing is mapped, so that an access through a null reference
/// faults.
pub const HEAP_START: u64 = 0x1000_0000;
/// What `--max-heap` is when nobody says: the most bytes that live objects have.
pub const HEAP_DEFAULT: u64 = 1 << 30;
/// What stands in memory that objects have left, with `--gc-stress`: as a reference an address that
/// nothing has, as a number of a type one that no program has.
pub const POISON: u32 = 0xfdfd_fdf8;
/// All objects have a multiple of this, and its alignment.
pub const OBJECT_ALIGNMENT: u64 = 8;
/// Where the elements of an array begin.
pub const ARRAY_ELEMENTS: u64 = 8;
/// The bit of a header that says that the object has moved.
pub const MOVED: u32 = 1;

const _: () = assert!(
    HEAP_START + 2 * MAX_HEAP <= POISON as u64,
    "both halves of the heap have addresses of 32 bits, and none is that of what was left"
);

records! {
    /// Where new objects go; writable. Compiled code takes from it what it allocates: if `next` and
    /// the object's bytes are beyond `end`, it calls `gc_allocate`. What lies between, nobody knows.
    #[derive(Debug)]
    pub struct Allocation from NewAllocation {
        /// Where the next object begins.
        pub next: u64,
        /// Where room ends.
        pub end: u64,
    }

    /// What an object of a type is.
    pub enum HeapKind {
        /// A structure, or an exception.
        Struct = 0,
        /// An array.
        Array = 1,
    }

    /// A type of objects.
    #[derive(Clone, Copy, Debug)]
    pub struct HeapType from NewHeapType {
        /// What it is.
        pub kind: Variant<HeapKind>,
        /// Structure: bytes of an object, a multiple of 8. Array: bytes of an element.
        pub size: u32,
        /// Structure: how many fields are references to objects. Array: 1 if elements are, else 0.
        pub references: u32,
        /// Structure: index in [`Heap::offsets`] of the first of its references.
        pub first: u32,
    }

    /// Where the references are in frames of compiled code, by the return addresses of calls.
    ///
    /// A map in `words` is: the number of references, the bytes from the stack pointer to the frame
    /// pointer, and for each reference its distance from the stack pointer. Equal maps are there once.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct StackMaps from NewStackMaps {
        /// Text offsets of return addresses, ascending.
        pub returns: RelSlice<u32>,
        /// For each the index in `words` of its map.
        pub maps: RelSlice<u32>,
        /// Maps.
        pub words: RelSlice<u32>,
    }

    /// Where references to objects are, other than in the stack and in objects.
    pub enum HeapRootKind {
        /// Cells of 8 bytes: of a global, or of an element segment.
        Cells = 0,
        /// A [`TableState`](crate::layout::TableState): the elements that the table has.
        Table = 1,
    }

    /// A place where references to objects are.
    #[derive(Clone, Copy, Debug)]
    pub struct HeapRoot from NewHeapRoot {
        /// What it is.
        pub kind: Variant<HeapRootKind>,
        /// Where it is; writable.
        pub place: RelPtr<Any>,
        /// Number of cells.
        pub count: u32,
    }

    /// What the runtime needs to know of the heap.
    #[derive(Debug)]
    pub struct Heap from NewHeap {
        /// Where new objects go.
        pub allocation: RelPtr<Allocation>,
        /// Types of objects, in the order of their numbers.
        pub types: RelSlice<HeapType>,
        /// Offsets in their objects of the references that structures have.
        pub offsets: RelSlice<u32>,
        /// Where references are in the stack.
        pub maps: StackMaps,
        /// Where else they are.
        pub roots: RelSlice<HeapRoot>,
        /// The number of the type of exceptions of the tag with the id 1; that of id 2 follows, and so
        /// on.
        pub first_exception: u32,
    }
}
