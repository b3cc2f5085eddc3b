//! The initial writable state: memory and table states, globals, lengths, tables.

use wasmc_abi::layout::{
    self, ExceptionPool, GUARDED_RESERVATION, MemoryState, PAYLOAD_UNIT, TableState,
    exception_root_kind, memory_flags, pool_flags,
};

use super::blob::{Blob, Place, Pointer, Section, Target};
use super::records::{Records, reference};
use super::text::Text;
use crate::program::{Constant, ExceptionRoot, Payloads, Program, Strategy, TablePlace, init};

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
        put(&mut blob, memory.state, &part.bytes);
    }
    for table in program.tables.values() {
        let fixed = init::is_fixed(table);
        let base = match table.place {
            TablePlace::Slot(base) => base,
            _ => 0,
        };
        let mut part = Blob::default();
        part.u64(base);
        part.u64(if fixed { table.ty.initial } else { 0 });
        part.u64(table.max);
        part.u64(0);
        assert_eq!(part.bytes.len(), size_of::<TableState>());
        put(&mut blob, table.state, &part.bytes);
        if let Some(place) = storage(table.place, records) {
            let offset = std::mem::offset_of!(TableState, storage) as u64;
            blob.pointers.push(Pointer {
                offset: u64::from(table.state) + offset,
                target: Target::Place(place),
            });
        }
        if let TablePlace::State(offset) = table.place {
            for (item, index) in table.image.iter().zip(0..) {
                let bits = reference(program, text, *item);
                put(&mut blob, offset + index * 8, &bits.to_le_bytes());
            }
        }
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
        put(&mut blob, cell, &bits.to_le_bytes());
    }
    if let Some(payloads) = &program.state.payloads {
        put(&mut blob, payloads.pool, &exception_pool(payloads).bytes);
    }
    if let Some(fuel) = program.state.fuel {
        // As good as any number, until the runtime fills in what the options say.
        put(&mut blob, fuel, &i64::MAX.to_le_bytes());
    }
    let elems = program.elems.values();
    let datas = program.datas.values();
    let lengths = elems
        .map(|elem| (elem.length_cell, elem.items.len()))
        .chain(datas.map(|data| (data.length_cell, data.bytes.len())));
    for (cell, len) in lengths {
        if let Some(cell) = cell {
            put(&mut blob, cell, &(len as u64).to_le_bytes());
        }
    }
    blob
}

/// The pool of payloads of exceptions, and its roots.
fn exception_pool(payloads: &Payloads) -> Blob {
    let mut part = Blob::default();
    part.u64(payloads.base);
    // No cell yet, and none is free.
    part.u64(0);
    part.u64(0);
    part.u64(0);
    part.u32(PAYLOAD_UNIT as u32 + payloads.bytes);
    part.u32(match payloads.traced {
        true => pool_flags::TRACED,
        false => 0,
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

fn put(blob: &mut Blob, offset: u32, bytes: &[u8]) {
    let offset = offset as usize;
    blob.bytes[offset..offset + bytes.len()].copy_from_slice(bytes);
}

/// Where a table with fixed storage has its elements.
pub(super) fn storage(place: TablePlace, records: &Records) -> Option<Place> {
    match place {
        TablePlace::Slot(_) => None,
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
