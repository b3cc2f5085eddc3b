//! The initial writable state: memory and table states, globals, lengths, tables; and with what
//! the block of each thread begins.

use wasmc_abi::layout::{
    self, ExceptionPool, GUARDED_RESERVATION, MemoryState, PAYLOAD_UNIT, TableState,
    exception_root_kind, memory_flags, pool_flags, table_flags,
};
use wasmc_abi::symbols;

use super::blob::{Blob, Place, Pointer, Section, Target};
use super::records::{Records, reference};
use super::text::Text;
use crate::options::{Emit, Options};
use crate::program::{
    Constant, ExceptionRoot, Payloads, Program, Strategy, Table, TablePlace, init,
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
pub(super) fn write(program: &Program<'_>, text: &Text, records: &Records) -> Blob {
    let mut blob = Blob {
        bytes: vec![0; program.state.len as usize],
        pointers: Vec::new(),
    };
    for memory in program.memories.values() {
        let reservation = match memory.strategy {
            Strategy::Guarded => GUARDED_RESERVATION,
            Strategy::Checked => 0,
        };
        let mut flags = 0;
        if memory.ty.memory64 {
            flags |= memory_flags::MEMORY64;
        }
        if memory.ty.shared {
            flags |= memory_flags::SHARED;
        }
        // The size stays 0 until the memory is created.
        let mut part = Blob::default();
        part.u64(memory.base);
        part.u64(0);
        part.u64(memory.max);
        part.u64(reservation);
        part.u32(memory.page_log2());
        part.u32(flags);
        assert_eq!(part.bytes.len(), size_of::<MemoryState>());
        put(&mut blob.bytes, memory.state, &part.bytes);
    }
    if let Some(fuel) = program.state.fuel {
        // As good as any number, until the runtime fills in what the options say.
        put(&mut blob.bytes, fuel, &i64::MAX.to_le_bytes());
    }
    if program.threads.is_some() {
        return blob;
    }
    write_own(program, text, &mut blob.bytes);
    for table in program.tables.values() {
        if let Some(place) = storage(table.place, records) {
            let offset = std::mem::offset_of!(TableState, storage) as u64;
            blob.pointers.push(Pointer {
                offset: u64::from(table.state) + offset,
                target: Target::Place(place),
            });
        }
    }
    blob
}

/// What the block of each thread begins with. It has no pointers but those between its parts.
pub(super) fn template(program: &Program<'_>, text: &Text) -> Vec<u8> {
    let mut bytes = vec![0; program.state.template_len as usize];
    write_own(program, text, &mut bytes);
    for table in program.tables.values() {
        if let TablePlace::Block(offset) = table.place {
            let field = table.state + std::mem::offset_of!(TableState, storage) as u32;
            // At most 2 GiB apart.
            let distance = offset as i32 - field as i32;
            put(&mut bytes, field, &distance.to_le_bytes());
        }
    }
    bytes
}

/// Writes what each thread has of its own.
fn write_own(program: &Program<'_>, text: &Text, bytes: &mut [u8]) {
    if let Some(payloads) = &program.state.payloads {
        put(
            bytes,
            payloads.pool,
            &exception_pool(program, payloads).bytes,
        );
    }
    for table in program.tables.values() {
        write_table(program, text, table, bytes);
    }
    for global in program.globals.values() {
        let Some(cell) = global.cell else { continue };
        let bits: u128 = match global.value {
            Constant::I32(value) => u128::from(value as u32),
            Constant::I64(value) => u128::from(value as u64),
            Constant::F32(bits) => u128::from(bits),
            Constant::F64(bits) => u128::from(bits),
            Constant::V128(bits) => bits,
            Constant::Ref(item) => u128::from(reference(program, text, item)),
        };
        put(bytes, cell, &bits.to_le_bytes());
    }
    let elems = program.elems.values();
    let datas = program.datas.values();
    let lengths = elems
        .map(|elem| (elem.length_cell, elem.items.len()))
        .chain(datas.map(|data| (data.length_cell, data.bytes.len())));
    for (cell, len) in lengths {
        if let Some(cell) = cell {
            put(bytes, cell, &(len as u64).to_le_bytes());
        }
    }
}

/// The pool of payloads of exceptions, and its roots.
fn exception_pool(program: &Program<'_>, payloads: &Payloads) -> Blob {
    let mut part = Blob::default();
    let (base, place) = match program.threads {
        None => (payloads.base, 0),
        Some(_) => (0, pool_flags::MAPPED),
    };
    part.u64(base);
    // No cell yet, and none is free.
    part.u64(0);
    part.u64(0);
    part.u64(0);
    part.u32(PAYLOAD_UNIT as u32 + payloads.bytes);
    part.u32(match payloads.traced {
        true => pool_flags::TRACED | place,
        false => place,
    });
    part.u32(payloads.roots.len() as u32);
    part.u32(0);
    assert_eq!(part.bytes.len(), size_of::<ExceptionPool>());
    for root in &payloads.roots {
        let (offset, kind) = match *root {
            ExceptionRoot::Global(cell) => (cell, exception_root_kind::GLOBAL),
            ExceptionRoot::Table(state) => (state, exception_root_kind::TABLE),
        };
        let start = part.bytes.len();
        // What a root refers to precedes the pool; both lie within 2 GiB.
        part.u32(offset.wrapping_sub(payloads.pool));
        part.u32(kind);
        debug_assert_eq!(part.bytes.len() - start, size_of::<layout::ExceptionRoot>());
    }
    part
}

/// Writes a table's state, and its elements if they are beside it and not all null.
fn write_table(program: &Program<'_>, text: &Text, table: &Table, bytes: &mut [u8]) {
    let (base, flags) = match table.place {
        TablePlace::Slot(base) => (base, 0),
        TablePlace::Mapped => (0, table_flags::MAPPED),
        _ => (0, 0),
    };
    let fixed = init::is_fixed(table);
    let mut part = Blob::default();
    part.u64(base);
    part.u64(if fixed { table.ty.initial } else { 0 });
    part.u64(table.max);
    part.u32(0);
    part.u32(flags);
    assert_eq!(part.bytes.len(), size_of::<TableState>());
    put(bytes, table.state, &part.bytes);
    let (TablePlace::State(offset) | TablePlace::Block(offset)) = table.place else {
        return;
    };
    for (item, index) in table.image.iter().zip(0..) {
        let bits = reference(program, text, *item);
        // Tables whose elements are all null lie among the zeros that follow.
        if bits != 0 {
            put(bytes, offset + index * 8, &bits.to_le_bytes());
        }
    }
}

fn put(target: &mut [u8], offset: u32, bytes: &[u8]) {
    let offset = offset as usize;
    target[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// Where a table with fixed storage has its elements.
pub(super) fn storage(place: TablePlace, records: &Records) -> Option<Place> {
    match place {
        TablePlace::Slot(_) | TablePlace::Block(_) | TablePlace::Mapped => None,
        TablePlace::ReadOnly(offset) => Some(Place {
            section: Section::ReadOnly,
            offset: records.read_only_tables + u64::from(offset),
        }),
        TablePlace::State(offset) => Some(Place {
            section: Section::State,
            offset: u64::from(offset),
        }),
        TablePlace::Zero(offset) => Some(Place {
            section: Section::Zero,
            offset: u64::from(offset),
        }),
    }
}
