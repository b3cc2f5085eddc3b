//! `repr(C)` structures of the program image: written by the compiler, read by the runtime.
//!
//! Each is defined once, by [`records!`](crate::record): what the compiler states to write one has the
//! same name after `New`.

use crate::confine::Needs;
use crate::heap::Heap;
use crate::options::{OptionError, Options, RunOption};
use crate::pointer::{Any, Code, Function};
pub use crate::pointer::{RelPtr, RelSlice, Trampoline};
use crate::record::records;
use crate::script::ScriptCommand;
use crate::traps::Trap;
use crate::variant::Variant;

/// First word of a [`Program`]: "wsmc".
pub const MAGIC: u32 = u32::from_le_bytes(*b"wsmc");

/// Bytes of a WebAssembly page of the default size.
pub const WASM_PAGE: u64 = 64 * 1024;
/// Address of the memory in slot 0 on x86-64: 64 MiB below 1 GiB (see docs/rationale.md).
pub const SLOT0_X86_64: u64 = 0x3c08_0000;
/// Address of the memory in slot 0 on aarch64.
pub const SLOT0_AARCH64: u64 = 0x1_0000_0000;
/// Distance of the other slots: slot n ≥ 1 starts at `SLOT_SIZE * (n + 1)`.
pub const SLOT_SIZE: u64 = 16 << 30;
/// What an index and an offset of 32 bits can reach beyond a base, plus the widest access.
pub const GUARDED_RESERVATION: u64 = (8 << 30) + WASM_PAGE;
/// Most elements a table can grow to.
pub const TABLE_MAX_ELEMENTS: u64 = 16 << 20;
/// Most bytes of a slot that holds a table.
pub const TABLE_SLOT_BYTES: u64 = TABLE_MAX_ELEMENTS * 8;

/// Most bytes of the state that are copied at start; more stand in the file as such.
pub const STATE_COPY_MAX: u64 = 4096;
/// Bytes that a stack has which is part of the image: from what the runtime needs at least.
pub const IMAGE_STACK: core::ops::RangeInclusive<u64> = 128 << 10..=8 << 20;
/// Most bytes of what every start touches of the runtime's own state.
pub const RUNTIME_STATE_MAX: u64 = 576;
/// Bytes of a unit of the pool of payloads of exceptions.
pub const PAYLOAD_UNIT: u64 = 16;

/// A main function of the runtime: the second argument is the initial process stack.
pub type Main = unsafe extern "C" fn(&'static Program, *const usize) -> !;
/// The type of [`Parts::read_options`]: the argument is the initial process stack.
pub type ReadOptions = unsafe fn(*const usize);
/// The type of [`Parts::next_option`].
pub type NextOption =
    fn(&mut Options<'static>) -> Option<Result<RunOption<'static>, OptionError<'static>>>;
/// The type of [`Parts::make_heap`].
pub type MakeHeap = extern "C" fn(&'static Heap);
/// The type of [`SourceTable::write`]: the arguments are the runtime's writer, the number of the
/// frame's function in [`Program::functions`], and the offset in its code.
pub type WriteSource = unsafe fn(*mut (), usize, u32);
/// The type of [`Threads::init`].
pub type ThreadsInit = extern "C" fn(&'static Threads);

records! {
    /// Value types in [`Entry`]: the bytes of the WebAssembly binary format.
    pub flags value_type: u8 {
        /// `i32`
        I32 = 0x7f;
        /// `i64`
        I64 = 0x7e;
        /// `f32`
        F32 = 0x7d;
        /// `f64`
        F64 = 0x7c;
        /// `v128`
        V128 = 0x7b;
        /// `funcref`
        FUNCREF = 0x70;
        /// `externref`
        EXTERNREF = 0x6f;
    }

    /// A function that the program calls: the entry or the target of `--invoke`.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Entry from NewEntry {
        /// The function's code; null when there is none.
        pub code: RelPtr<Code>,
        /// The trampoline of its signature.
        pub trampoline: RelPtr<Function<Trampoline>>,
        /// Parameter types ([`value_type`]).
        pub params: RelSlice<u8>,
        /// Result types ([`value_type`]).
        pub results: RelSlice<u8>,
    }

    /// The root of the image, at symbol [`PROGRAM`](crate::symbols::PROGRAM).
    #[derive(Debug)]
    pub struct Program from NewProgram {
        /// [`MAGIC`].
        pub magic: u32,
        /// [`LAYOUT_HASH`](crate::version::LAYOUT_HASH).
        pub layout: u32,
        /// Bits of [`program_flags`].
        pub flags: u32,
        /// Bits of [`crate::cpu`] for the target.
        pub required_cpu: u32,
        /// Main function, see [`MAIN_COMMAND`](crate::symbols::MAIN_COMMAND).
        pub main: RelPtr<Function<Main>>,
        /// Guest code.
        pub text: RelSlice<u8>,
        /// Text offsets, ascending, of instructions that may trap.
        pub trap_offsets: RelSlice<u32>,
        /// Trap codes for `trap_offsets`.
        pub trap_codes: RelSlice<u8>,
        /// Functions, ascending by `start`.
        pub functions: RelSlice<FunctionRecord>,
        /// Names: UTF-8, referred to by offset and length.
        pub names: RelSlice<u8>,
        /// Line table (see [`FunctionRecord::lines`]).
        pub lines: RelSlice<u8>,
        /// Instances in the order of instantiation.
        pub instances: RelSlice<Instance>,
        /// Memories of all instances.
        pub memories: RelSlice<MemoryState>,
        /// Tables of all instances.
        pub tables: RelSlice<TableState>,
        /// Called after instantiation and before `entry`: `_initialize` of a reactor.
        pub initialize: Entry,
        /// `_start`, or what `--invoke` names.
        pub entry: Entry,
        /// Baked options: NUL-terminated words (see [`crate::options`]).
        pub options: RelSlice<u8>,
        /// Commands of a script executable.
        pub script: RelSlice<ScriptCommand>,
        /// Where exceptions go on, ascending; null when nothing handles exceptions.
        pub landings: RelPtr<RelSlice<LandingRecord>>,
        /// The fuel that is left, writable; null in a program that does not count.
        pub fuel: RelPtr<i64>,
        /// Tags in the order of their ids, from 1; null when there is none.
        pub tags: RelPtr<RelSlice<TagRecord>>,
        /// Null in a program that never spawns threads.
        pub threads: RelPtr<Threads>,
        /// Lowest byte of the image's own stack for the thread that the program starts with; null when
        /// the runtime maps one. It ends where the state begins.
        pub stack: RelPtr<u8>,
        /// Bytes of the guest's stack; every thread has one.
        pub stack_size: u64,
        /// What the program needs of the kernel once its guest runs.
        pub needs: Needs,
        /// How the writable state begins.
        pub state: StateImage,
        /// What of the runtime the program can need for its options.
        pub parts: Parts,
        /// What a server needs, a record of `component`; null in a program that is none.
        pub server: RelPtr<Any>,
        /// Padding; 0.
        pub reserved: u32,
        /// Where code comes from; null in a program that knows no lines.
        pub sources: RelPtr<SourceTable>,
        /// Null in a program without heap types.
        pub heap: RelPtr<Heap>,
    }

    /// Bytes to put into the writable state before anything reads it. Null in an executable whose file
    /// holds the state as such. Writable bytes of the file would cost each start a copy of their page
    /// and a mapping of it; zeros that a few bytes are put into are much cheaper.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct StateImage from NewStateImage {
        /// The bytes.
        pub bytes: RelSlice<u8>,
        /// Where they belong.
        pub place: RelPtr<u8>,
        /// Offsets of the [`RelPtr`]s among them, which are right where the bytes stand in the
        /// image, not yet where they belong.
        pub pointers: RelSlice<u32>,
    }

    /// Functions of the runtime that only some programs can need: null where the program cannot, so
    /// that they are no part of it.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Parts from NewParts {
        /// [`READ_OPTIONS`](crate::symbols::READ_OPTIONS); null when `WASMC_OPTIONS` is ignored.
        pub read_options: RelPtr<Function<ReadOptions>>,
        /// [`NEXT_OPTION`](crate::symbols::NEXT_OPTION).
        pub next_option: RelPtr<Function<NextOption>>,
        /// [`SET_LIMITS`](crate::symbols::SET_LIMITS).
        pub set_limits: RelPtr<Function<fn()>>,
        /// [`OPEN_GRANTS`](crate::symbols::OPEN_GRANTS).
        pub open_grants: RelPtr<Function<fn()>>,
        /// [`MAKE_HEAP`](crate::symbols::MAKE_HEAP), called before instantiation; null in a program
        /// without heap types.
        pub make_heap: RelPtr<Function<MakeHeap>>,
    }

    /// What the runtime needs to start threads of the guest (wasi-threads).
    ///
    /// Each thread is a new instantiation that shares the memories. What it has of its own (mutable
    /// globals, tables and their sizes, lengths of dropped segments, payloads of exceptions) lies in its
    /// *own area*, whose address is in Cranelift's pinned register (r15, x21) while the thread runs
    /// code of the guest.
    ///
    /// ```text
    /// | table states | globals | lengths | tables | exceptions | tables that are null at first |
    /// |<---------------------- template --------------------->|<---------- zeros ------------>|
    /// ```
    #[derive(Debug)]
    pub struct Threads from NewThreads {
        /// [`THREADS_INIT`](crate::symbols::THREADS_INIT), called before instantiation.
        pub init: RelPtr<Function<ThreadsInit>>,
        /// `wasi_thread_start` of the instance that imports `thread-spawn`.
        pub code: RelPtr<Code>,
        /// The trampoline of its signature, `(i32, i32) -> ()`.
        pub trampoline: RelPtr<Function<Trampoline>>,
        /// Bytes that an own area begins with. [`InitStep`]s refer to tables here, which stand for those
        /// of the own area in question.
        pub template: RelSlice<u8>,
        /// Tables of all instances, in the template.
        pub tables: RelSlice<TableState>,
        /// In the template; null when there is none.
        pub pool: RelPtr<ExceptionPool>,
        /// Bytes of an own area, a multiple of 16.
        pub own_area_size: u32,
    }

    /// Bits of [`Program::flags`].
    pub flags program_flags: u32 {
        /// Arguments of `entry` come from the command line and results are printed (`--invoke`).
        INVOKE = 2;
        /// Some code divides: on x86-64 the processor traps with a signal of its own.
        DIVIDES = 1 << 9;
        /// Every function begins with a landing pad of indirect branches (aarch64's BTI).
        GUARD_BRANCHES = 1 << 8;
    }

    /// A function in the text, for backtraces.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct FunctionRecord from NewFunctionRecord {
        /// Offset of its first byte in the text.
        pub start: u32,
        /// Offset of its name in [`Program::names`].
        pub name: u32,
        /// Bytes of its name; 0 when it has none.
        pub name_len: u32,
        /// Index in its module's function index space, or `u32::MAX` for a trampoline.
        pub index: u32,
        /// Offset in [`Program::lines`] of its pairs (text offset delta from the previous pair's,
        /// first from `start`; wasm byte offset delta from the previous pair's, first from 0), each an
        /// unsigned and a signed LEB128. A pair says where the instruction that ends at (return
        /// address) or starts at (trap) this text offset comes from. The list ends where the next
        /// function's begins.
        pub lines: u32,
    }

    /// Where the code of functions comes from, for backtraces: files, lines, inlined calls.
    ///
    /// `places` has for each function a list of places, each of which holds for the frames from its
    /// text offset on, up to the next; before the first nothing is known. A place is:
    ///
    /// ```text
    /// unsigned  text offset from the place before, at first from the function's start, times 4;
    ///           plus 1 if the file changes, plus 2 if the inlined call does
    /// signed    line minus that of the place before, at first 0; line 0 is no line
    /// unsigned  if the file changes: its number in `texts`; at first 0
    /// signed    if the inlined call changes: it minus the one before, at first 0
    /// ```
    ///
    /// An inlined call is 0, for code of the function itself, or where it begins in `calls`, plus 1:
    ///
    /// ```text
    /// unsigned  the distance back to the inlined call that it lies in, or 0
    /// unsigned  the number of the name of the function called in `texts`, plus 1, or 0
    /// unsigned  the number of the file of the call in `texts`
    /// unsigned  the line of the call, or 0
    /// ```
    ///
    /// All numbers are LEB128.
    #[derive(Clone, Copy, Debug)]
    pub struct SourceTable from NewSourceTable {
        /// [`WRITE_SOURCE`](crate::symbols::WRITE_SOURCE), which reads the rest.
        pub write: RelPtr<Function<WriteSource>>,
        /// Offsets in `places` where the lists of [`Program::functions`] begin; a list ends where the
        /// next begins.
        pub starts: RelSlice<u32>,
        /// Places.
        pub places: RelSlice<u8>,
        /// Inlined calls.
        pub calls: RelSlice<u8>,
        /// Paths and names of functions.
        pub texts: RelSlice<TextRecord>,
    }

    /// A text among [`Program::names`], behind another one if that is the folder of several paths.
    #[derive(Clone, Copy, Debug)]
    pub struct TextRecord from NewTextRecord {
        /// Offset in [`Program::names`].
        pub start: u32,
        /// Bytes.
        pub len: u32,
        /// The number of the text that it stands behind, plus 1, or 0; that one stands behind none.
        pub folder: u32,
    }

    /// A tag of exceptions, for the message about one that nothing catches.
    #[derive(Clone, Copy, Debug)]
    pub struct TagRecord from NewTagRecord {
        /// Offset of its name in [`Program::names`].
        pub name: u32,
        /// Bytes of its name.
        pub name_len: u32,
    }

    /// A call in `try_table`: where an exception that comes out of it goes on. The code there gets the
    /// reference to the exception in the first register of Cranelift's exception payloads, and may
    /// find anything in the others.
    #[derive(Clone, Copy, Debug)]
    pub struct LandingRecord from NewLandingRecord {
        /// Text offset of the call's return address.
        pub return_offset: u32,
        /// Text offset of the code that handles the exception.
        pub handler: u32,
        /// Bytes between the frame pointer and the stack pointer at the call.
        pub frame: u32,
    }

    /// Payloads of exceptions that references were made of, in cells of equal size. Writable; its
    /// [`ExceptionRoot`]s follow.
    #[derive(Debug)]
    pub struct ExceptionPool from NewExceptionPool {
        /// Address of the first cell: a slot's address.
        pub base: u64,
        /// Number of cells that were ever in use.
        pub cells: u64,
        /// How many there may be before free ones are looked for.
        pub limit: u64,
        /// The first cell that is free again, plus 1; 0 when none is known.
        pub free: u64,
        /// Bytes of a cell: a unit, and the largest payload.
        pub cell_bytes: u32,
        /// Bits of [`pool_flags`].
        pub flags: u32,
        /// Number of roots.
        pub roots: u32,
        /// Padding; 0.
        pub reserved: u32,
    }

    /// Bits of [`ExceptionPool::flags`].
    pub flags pool_flags: u32 {
        /// Payloads may hold references to exceptions.
        TRACED = 1;
        /// The runtime chooses `base`, and changes it when the pool grows: each thread has one.
        MAPPED = 2;
    }

    /// A global or table that may hold references to exceptions.
    #[derive(Clone, Copy, Debug)]
    pub struct ExceptionRoot from NewExceptionRoot {
        /// Bytes from the pool to the global's cell or to the [`TableState`].
        pub distance: i32,
        /// What there is.
        pub kind: Variant<ExceptionRootKind>,
    }

    /// What an [`ExceptionRoot`] is.
    pub enum ExceptionRootKind {
        /// A global's cell: one reference.
        Global = 0,
        /// A [`TableState`].
        Table = 1,
    }

    /// A memory: its fixed place and its changing size. Writable.
    #[derive(Debug)]
    pub struct MemoryState from NewMemoryState {
        /// Address of the first byte: its slot's address, always the same.
        pub base: u64,
        /// Current size in bytes; 0 until instantiated. Compiled code reads it.
        pub size: u64,
        /// Most bytes it may have: declared maximum, `--max-memory` and index width, whichever is least.
        pub max: u64,
        /// Bytes to reserve without access at `base`; 0 for a memory with explicit bounds checks,
        /// whose pages are mapped as it grows.
        pub reservation: u64,
        /// log2 of its page size.
        pub page_log2: u32,
        /// Bits of [`memory_flags`].
        pub flags: u32,
    }

    /// Bits of [`MemoryState::flags`].
    pub flags memory_flags: u32 {
        /// 64-bit indices.
        MEMORY64 = 1;
        /// Shared between threads.
        SHARED = 2;
        /// Mapped a second time at the guest's own addresses, for debuggers.
        ALIASED = 4;
    }

    /// A table of 8-byte elements. Writable.
    #[derive(Debug)]
    pub struct TableState from NewTableState {
        /// Address of the first element for a table in a slot (one that grows); 0 for fixed storage.
        pub base: u64,
        /// Current number of elements; 0 until instantiated. Compiled code reads it for tables that grow.
        pub size: u64,
        /// Most elements it may have.
        pub max: u64,
        /// Its elements, for a table with fixed storage. In a thread's own area both are in it, so that
        /// the distance is right in every copy of it.
        pub storage: RelPtr<u64>,
        /// Bits of [`table_flags`].
        pub flags: u32,
    }

    /// Bits of [`TableState::flags`].
    pub flags table_flags: u32 {
        /// The runtime chooses `base` when it creates the table, and changes it when the table grows:
        /// each thread has such a table of its own.
        MAPPED = 1;
    }

    /// An instance: what instantiation does, in order.
    #[derive(Debug)]
    pub struct Instance from NewInstance {
        /// What is done, in order.
        pub steps: RelSlice<InitStep>,
        /// Offset of the instance's name in [`Program::names`].
        pub name: u32,
        /// Bytes of the instance's name.
        pub name_len: u32,
    }

    /// What an [`InitStep`] does.
    pub enum InitStepKind {
        /// Fail as unlinkable unless memory `target` has at least `a` bytes.
        CheckMemory = 0,
        /// Fail as unlinkable unless table `target` has at least `a` elements.
        CheckTable = 1,
        /// Reserve memory `target`'s slot and make `a` bytes of zeros accessible.
        CreateMemory = 2,
        /// Move `len` bytes at `source` (page-aligned, in the image section, whole pages) to byte `a`
        /// of memory `target`; copy them when that is cheaper. They are in bounds. `source` is never
        /// read again.
        PlaceImage = 3,
        /// Set table `target`'s size to `a` elements; one in a slot is reserved and its elements are
        /// set to `b`. Fixed storage holds its elements already.
        CreateTable = 4,
        /// Copy `len` bytes at `source` to byte `a` of memory `target`, or trap
        /// [`Trap::MemoryOutOfBounds`] before any effect.
        InitMemory = 5,
        /// Copy `len` elements (8 bytes each) at `source` to element `a` of table `target`, or trap
        /// [`Trap::TableOutOfBounds`] before any effect. If `b` is not 0, `source` is writable and
        /// null afterwards.
        InitTable = 6,
        /// Call the function at `target`, of type `() -> ()`, through the trampoline at `source`; when
        /// `a` is not 0, only when the program starts, not when one of its threads does.
        Call = 7,
    }

    /// One step of instantiation.
    #[derive(Clone, Copy, Debug)]
    pub struct InitStep from NewInitStep {
        /// What it does.
        pub kind: Variant<InitStepKind>,
        /// A [`MemoryState`], [`TableState`] or function ([`Code`]).
        pub target: RelPtr<Any>,
        /// Bytes or elements to copy, or the function's trampoline.
        pub source: RelPtr<Any>,
        /// Number of bytes or elements at `source`.
        pub len: u32,
        /// See [`InitStepKind`].
        pub a: u64,
        /// See [`InitStepKind`].
        pub b: u64,
    }
}

/// A funcref: null is 0.
///
/// ```text
/// 63                      32 31                       0
/// | code offset in the text | type id (canonical, ≥ 1) |
/// ```
pub const fn funcref(type_id: u32, code_offset: u32) -> u64 {
    ((code_offset as u64) << 32) | type_id as u64
}

/// A reference of the host that the spec-suite driver makes of `ref.extern n`: the lowest bits are
/// `10`, which no object's address and no `i31` has. Null is 0.
pub const fn externref(n: u32) -> u64 {
    ((n as u64) << 2) | 2
}

/// The bit of an exnref that says that its payload lies in memory.
///
/// ```text
/// 63                             32 31 30                          0
/// | payload of 32 bits, or its unit | m | tag id (canonical, >= 1) |
/// ```
///
/// Null is 0. With `m`, unit 0 means the payload of the exception that was thrown last.
pub const EXNREF_IN_MEMORY: u32 = 1 << 31;

/// Exit status of a program that trapped.
pub const STATUS_TRAP: i32 = 134;
/// Exit status of a program that could not start.
pub const STATUS_NO_START: i32 = 1;

/// Prefix of the line a trap prints, before [`Trap::text`].
pub const TRAP_PREFIX: &str = "wasm trap: ";

const _: () = assert!(Trap::ALL.len() < 200, "codes above 200 belong to Cranelift");
