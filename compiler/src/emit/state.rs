//! The initial writable state: memory and table states, globals, lengths, tables; and with what
//! the block of each thread begins.

use wasmc_abi::layout::{
    self, ExceptionPool, ExceptionRootKind, GUARDED_RESERVATION, MemoryState, NewExceptionPool,
    NewExceptionRoot, NewMemoryState, NewTableState, PAYLOAD_UNIT, TableState, memory_flags,
    pool_flags, table_flags,
};
use wasmc_abi::symbols;
use wasmc_abi::write::{Blob, Place, Section};

use super::needs::is_aliased;
use super::places::{Context, state};
use crate::options::{Emit, Options};
use crate::program::{
    Constant, ExceptionRoot, Memory, Payloads, Program, Strategy, Table, TablePlace, steps,
};
use crate::target::Arch;

/// Bytes of a page where the image has a stack.
pub(super) const PAGE: u64 = 4096;
/// Least bytes of the stack that share a page with the state.
const STACK_TAIL: u64 = 1024;

/// Where the state comes from when the program starts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Form {
    /// The file holds it as such.
    File,
    /// There are zeros, into which the runtime puts what they begin with.
    Zeros,
}

/// How the writable part of the image is made up.
#[derive(Clone, Copy, Debug)]
pub(super) struct Layout {
    pub state: Form,
    /// Bytes of whole pages of a stack below the state; 0 for none.
    pub stack: u64,
    /// Bytes of that stack that follow, on the page on which the state lies: few starts touch more
    /// than that page.
    pub tail: u64,
}

impl Layout {
    pub fn new(program: &Program<'_>, options: &Options) -> Layout {
        let len = u64::from(program.state.len);
        // What lies below the stack is its guard. Only our own linker is known to put code there,
        // and where pages may have several sizes there would be a gap.
        let has_stack = options.emit == Emit::Exe
            && options.target.arch == Arch::X86_64
            && layout::IMAGE_STACK.contains(&options.stack_size)
            // What prints and parses numbers has data that is relocated, which then lies below.
            && !program.invoke;
        let is_copied = len <= layout::STATE_COPY_MAX;
        let (stack, tail) = match has_stack && is_copied {
            true => (options.stack_size.next_multiple_of(PAGE), stack_tail(len)),
            false => (0, 0),
        };
        Layout {
            state: match is_copied {
                true => Form::Zeros,
                false => Form::File,
            },
            stack,
            tail,
        }
    }
}

/// Bytes of the stack before `len` bytes of state, such that all of these and what the runtime adds
/// end with a page.
fn stack_tail(len: u64) -> u64 {
    let used = len.next_multiple_of(symbols::STATE_ALIGNMENT) + layout::RUNTIME_STATE_MAX;
    match PAGE - used % PAGE {
        tail @ STACK_TAIL.. => tail,
        tail => tail + PAGE,
    }
}

/// Writes the state.
pub(super) fn write(cx: Context<'_>) -> Blob {
    let program = cx.program;
    let mut blob = Blob::new(Section::State);
    blob.bytes.resize(program.state.len as usize, 0);
    for memory in program.memories.values() {
        blob.write::<MemoryState>(state(memory.state), memory_state(program, memory));
    }
    if let Some(fuel) = program.state.fuel {
        // As good as any number, until the runtime fills in what the options say.
        blob.write::<i64>(state(fuel), i64::MAX);
    }
    if program.threads.is_none() {
        write_own(cx, &mut blob);
    }
    blob
}

fn memory_state(program: &Program<'_>, memory: &Memory) -> NewMemoryState {
    let mut flags = 0;
    if memory.ty.memory64 {
        flags |= memory_flags::MEMORY64;
    }
    if memory.ty.shared {
        flags |= memory_flags::SHARED;
    }
    if is_aliased(program, memory) {
        flags |= memory_flags::ALIASED;
    }
    NewMemoryState {
        base: memory.base,
        // Until the memory is created.
        size: 0,
        max: memory.max,
        reservation: match memory.strategy {
            Strategy::Guarded => GUARDED_RESERVATION,
            Strategy::Checked => 0,
        },
        page_log2: memory.page_log2(),
        flags,
    }
}

/// Writes what each thread has of its own, where there is room for it: in the state, or in what the
/// block of each begins with. There it has no pointers but those between its parts.
pub(super) fn write_own(cx: Context<'_>, blob: &mut Blob) {
    let program = cx.program;
    if let Some(payloads) = &program.state.payloads {
        write_pool(cx, payloads, blob);
    }
    for table in program.tables.values() {
        write_table(cx, table, blob);
    }
    for global in program.globals.values() {
        let Some(cell) = global.cell else { continue };
        let bits = match global.value {
            Constant::I32(value) => u128::from(value as u32),
            Constant::I64(value) => u128::from(value as u64),
            Constant::F32(bits) => u128::from(bits),
            Constant::F64(bits) => u128::from(bits),
            Constant::V128(bits) => bits,
            Constant::Ref(item) => u128::from(cx.reference(item)),
        };
        blob.write::<u128>(cx.places.own(cell), bits);
    }
    let elems = program.elems.values();
    let datas = program.datas.values();
    let lengths = elems
        .map(|elem| (elem.length_cell, elem.items.len()))
        .chain(datas.map(|data| (data.length_cell, data.bytes.len())));
    for (cell, len) in lengths {
        if let Some(cell) = cell {
            blob.write::<u64>(cx.places.own(cell), len as u64);
        }
    }
}

/// Writes the pool of payloads of exceptions, and its roots.
fn write_pool(cx: Context<'_>, payloads: &Payloads, blob: &mut Blob) {
    let (base, mapped) = match cx.program.threads {
        None => (payloads.base, 0),
        Some(_) => (0, pool_flags::MAPPED),
    };
    let traced = match payloads.traced {
        true => pool_flags::TRACED,
        false => 0,
    };
    let pool = NewExceptionPool {
        base,
        // No cell yet, and none is free.
        cells: 0,
        limit: 0,
        free: 0,
        cell_bytes: PAYLOAD_UNIT as u32 + payloads.bytes,
        flags: mapped | traced,
        roots: payloads.roots.len() as u32,
        reserved: 0,
    };
    blob.write::<ExceptionPool>(cx.places.own(payloads.pool), pool);
    let first = payloads.pool + size_of::<ExceptionPool>() as u32;
    let places = (first..).step_by(size_of::<layout::ExceptionRoot>());
    for (root, place) in payloads.roots.iter().zip(places) {
        let (offset, kind) = match *root {
            ExceptionRoot::Global(cell) => (cell, ExceptionRootKind::Global),
            ExceptionRoot::Table(state) => (state, ExceptionRootKind::Table),
        };
        let root = NewExceptionRoot {
            // What a root refers to precedes the pool; both lie within 2 GiB.
            distance: offset.wrapping_sub(payloads.pool) as i32,
            kind,
        };
        blob.write::<layout::ExceptionRoot>(cx.places.own(place), root);
    }
}

/// Writes a table's state, and its elements if they are beside it and not all null.
fn write_table(cx: Context<'_>, table: &Table, blob: &mut Blob) {
    let (base, flags) = match table.place {
        TablePlace::Slot(base) => (base, 0),
        TablePlace::Mapped => (0, table_flags::MAPPED),
        _ => (0, 0),
    };
    let state = NewTableState {
        base,
        size: match steps::is_fixed(table) {
            true => table.ty.initial,
            false => 0,
        },
        max: table.max,
        storage: cx.places.storage(table.place).into(),
        flags,
    };
    blob.write::<TableState>(cx.places.own(table.state), state);
    let (TablePlace::State(offset) | TablePlace::Block(offset)) = table.place else {
        return;
    };
    for (item, index) in table.image.iter().zip(0..) {
        let bits = cx.reference(*item);
        // Tables whose elements are all null lie among the zeros that follow.
        if bits != 0 {
            let place: Place<u64> = cx.places.own(offset + index * 8);
            blob.write(place, bits);
        }
    }
}
