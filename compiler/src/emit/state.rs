//! The initial writable state: memory and table states, globals, lengths, tables; and with what
//! the own area of each thread begins.

use wasmc_abi::layout::{
    self, ExceptionPool, ExceptionRootKind, GUARDED_RESERVATION, MemoryState, NewExceptionPool,
    NewExceptionRoot, NewMemoryState, NewTableState, PAYLOAD_UNIT, TableState, memory_flags,
    pool_flags, table_flags,
};
use wasmc_abi::symbols;
use wasmc_abi::write::{Blob, Place, Section};

use super::addresses::{Context, state};
use super::components;
use crate::index::{MemoryId, TableId};
use crate::options::{Emit, Options};
use crate::program::{
    Constant, Elements, ExceptionRoot, Main, MemoryPlace, Payloads, Program, Strategy,
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
        let len = u64::from(program.places.state_len);
        // What lies below the stack is its guard. Only our own linker is known to put code there,
        // and where pages may have several sizes there would be a gap.
        let has_stack = options.emit == Emit::Exe
            && options.target.arch == Arch::X86_64
            && layout::IMAGE_STACK.contains(&options.stack_size)
            // What prints and parses numbers has data that is relocated, which then lies below.
            && !matches!(program.main, Main::Invoke { .. });
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
    blob.bytes.resize(program.places.state_len as usize, 0);
    for (id, place) in &program.places.memories {
        let record = memory_state(program, id, place);
        blob.write::<MemoryState>(state(place.state), record);
    }
    components::write_states(program, &mut blob);
    if let Some(fuel) = program.places.fuel {
        // As good as any number, until the runtime fills in what the options say.
        blob.write::<i64>(state(fuel), i64::MAX);
    }
    if program.places.own_area.is_none() {
        write_own(cx, &mut blob);
    }
    blob
}

fn memory_state(program: &Program<'_>, id: MemoryId, place: &MemoryPlace) -> NewMemoryState {
    let memory = &program.world.memories[id];
    let mut flags = 0;
    if memory.ty.memory64 {
        flags |= memory_flags::MEMORY64;
    }
    if memory.ty.shared {
        flags |= memory_flags::SHARED;
    }
    if place.aliased {
        flags |= memory_flags::ALIASED;
    }
    NewMemoryState {
        base: place.base,
        // Until the memory is created.
        size: 0,
        max: place.max,
        reservation: match place.strategy {
            Strategy::Guarded => GUARDED_RESERVATION,
            Strategy::Checked(_) => 0,
        },
        page_log2: memory.page_log2(),
        flags,
    }
}

/// Writes what each thread has of its own, where there is room for it: in the state, or in what the
/// own area of each begins with. There it has no pointers but those between its parts.
pub(super) fn write_own(cx: Context<'_>, blob: &mut Blob) {
    let program = cx.program;
    if let Some(payloads) = &program.places.payloads {
        write_pool(cx, payloads, blob);
    }
    for id in program.world.tables.keys() {
        write_table(cx, id, blob);
    }
    for (id, global) in &program.world.globals {
        let Some(cell) = program.places.globals[id] else {
            continue;
        };
        if program.world.components.of_flags(id).is_some() {
            // They are part of the component instance.
            continue;
        }
        let bits = match global.value {
            Constant::I32(value) => u128::from(value as u32),
            Constant::I64(value) => u128::from(value as u64),
            Constant::F32(bits) => u128::from(bits),
            Constant::F64(bits) => u128::from(bits),
            Constant::V128(bits) => bits,
            Constant::Ref(item) => u128::from(cx.reference(item)),
        };
        blob.write::<u128>(cx.addresses.own(cell), bits);
    }
    for (id, cells) in &program.places.elem_cells {
        let Some(cells) = cells else { continue };
        for (item, index) in program.world.elems[id].items.iter().zip(0..) {
            let place: Place<u64> = cx.addresses.own(cells.behind(index * 8));
            blob.write(place, cx.reference(*item));
        }
    }
    let elems = program.places.elem_lengths.iter();
    let elems = elems.map(|(id, cell)| (*cell, program.world.elems[id].items.len()));
    let datas = program.places.data_lengths.iter();
    let datas = datas.map(|(id, cell)| (*cell, program.world.datas[id].bytes.len()));
    for (cell, len) in elems.chain(datas) {
        if let Some(cell) = cell {
            blob.write::<u64>(cx.addresses.own(cell), len as u64);
        }
    }
}

/// Writes the pool of payloads of exceptions, and its roots.
fn write_pool(cx: Context<'_>, payloads: &Payloads, blob: &mut Blob) {
    let (base, mapped) = match payloads.base {
        Some(base) => (base, 0),
        None => (0, pool_flags::MAPPED),
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
    blob.write::<ExceptionPool>(cx.addresses.own(payloads.pool), pool);
    let first = payloads.pool.behind(size_of::<ExceptionPool>() as u32);
    let offsets = (0..).step_by(size_of::<layout::ExceptionRoot>());
    for (root, offset) in payloads.roots.iter().zip(offsets) {
        let (place, kind) = match *root {
            ExceptionRoot::Global(cell) => (cell, ExceptionRootKind::Global),
            ExceptionRoot::Table(state) => (state, ExceptionRootKind::Table),
        };
        let root = NewExceptionRoot {
            // What a root refers to precedes the pool; both lie within 2 GiB.
            distance: place.offset().wrapping_sub(payloads.pool.offset()) as i32,
            kind,
        };
        blob.write::<layout::ExceptionRoot>(cx.addresses.own(first.behind(offset)), root);
    }
}

/// Writes a table's state, and its elements if they are beside it and not all null.
fn write_table(cx: Context<'_>, id: TableId, blob: &mut Blob) {
    let place = &cx.program.places.tables[id];
    let (base, flags) = match place.elements {
        Elements::Slot(base) => (base, 0),
        Elements::Mapped => (0, table_flags::MAPPED),
        Elements::ReadOnly(_) | Elements::Zero(_) | Elements::Own(_) => (0, 0),
    };
    let image = cx.program.steps.table_images[id].as_deref();
    let state = NewTableState {
        base,
        // Until the table is created, unless its storage is part of the image.
        size: image.map_or(0, |items| items.len() as u64),
        max: place.max,
        storage: cx.addresses.storage(place.elements).into(),
        flags,
    };
    blob.write::<TableState>(cx.addresses.own(place.state), state);
    let Elements::Own(elements) = place.elements else {
        return;
    };
    for (item, index) in image.unwrap_or_default().iter().zip(0..) {
        let bits = cx.reference(*item);
        // Tables whose elements are all null lie among the zeros that follow.
        if bits != 0 {
            let place: Place<u64> = cx.addresses.own(elements.behind(index * 8));
            blob.write(place, bits);
        }
    }
}
