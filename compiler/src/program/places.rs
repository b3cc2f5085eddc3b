//! Places: address slots of memories and growing tables, and the layout of the state.

use wasmc_abi::layout::{self, ExceptionPool, MemoryState, TableState};
use wasmparser::{AbstractHeapType, HeapType, RefType, ValType};

use super::live::{Reached, hottest_memory};
use super::{
    ExceptionRoot, GLOBAL_CELL, Memory, PAYLOAD_VALUE, Payload, Payloads, Program, Reference,
    Strategy, Table, TablePlace, bytes_of_pages, script, steps,
};
use crate::error::{Error, Location, Result};
use crate::index::{MemoryId, TableId, TagId};
use crate::names::Named;
use crate::options::Options;
use crate::target::Arch;

/// Most bytes of a 32-bit memory.
const MEMORY32_MAX: u64 = 1 << 32;
/// Most bytes of a 64-bit memory.
const MEMORY64_MAX: u64 = 64 << 30;

/// Assigns every entity its place.
pub(super) fn assign(
    program: &mut Program<'_>,
    reached: &Reached,
    options: &Options,
) -> Result<()> {
    let mut slots = Slots::new(options.target.arch);
    assign_memories(program, reached, options, &mut slots)?;
    assign_tables(program, &mut slots)?;
    lay_out_state(program, reached)?;
    place_payloads(program, &mut slots);
    if program.threads.is_some() {
        end_block(program)?;
    }
    if options.fuel {
        let offset = program.state.len.next_multiple_of(8);
        program.state.fuel = Some(offset);
        program.state.len = offset + 8;
    }
    Ok(())
}

/// Where guarded slots end on aarch64. There kernels may have addresses of 39 bits only, and load
/// executables from 341 GiB on: what lies below has to do for most programs.
const AARCH64_GUARDED_END: u64 = 192 << 30;
/// Addresses on aarch64 that nothing is given: there such kernels, and emulators, put executables,
/// stacks and whatever has no fixed address.
const AARCH64_GAP: std::ops::Range<u64> = 336 << 30..512 << 30;

/// Hands out addresses to memories and tables: slots from number 1, on aarch64 only to guarded
/// memories and only as long as there are some; the rest is packed there.
struct Slots {
    next: u64,
    /// The next address of what is packed.
    packed: Option<u64>,
}

impl Slots {
    fn new(arch: Arch) -> Slots {
        Slots {
            next: 1,
            packed: (arch == Arch::Aarch64).then_some(AARCH64_GUARDED_END),
        }
    }

    /// The address of a slot for a guarded memory, if there is one left.
    fn take_guarded(&mut self) -> Option<u64> {
        let base = layout::SLOT_SIZE * (self.next + 1);
        if self.packed.is_some() && base + layout::SLOT_SIZE > AARCH64_GUARDED_END {
            return None;
        }
        self.next += 1;
        Some(base)
    }

    /// The address of `bytes` bytes that nothing is reached beyond.
    fn take(&mut self, bytes: u64) -> u64 {
        if let Some(packed) = &mut self.packed {
            let bytes = bytes.max(1).next_multiple_of(layout::WASM_PAGE);
            if *packed < AARCH64_GAP.end && *packed + bytes > AARCH64_GAP.start {
                *packed = AARCH64_GAP.end;
            }
            let base = *packed;
            *packed += bytes;
            return base;
        }
        let base = layout::SLOT_SIZE * (self.next + 1);
        self.next += bytes.div_ceil(layout::SLOT_SIZE).max(1);
        base
    }

    /// Keeps the slots free that a memory in slot 0 reaches into; it ends at address `end`.
    fn skip_to(&mut self, end: u64) {
        self.next = self.next.max(end.div_ceil(layout::SLOT_SIZE) - 1);
    }
}

fn limit(message: String) -> Error {
    Error::Limit {
        message,
        location: Location::default(),
    }
}

fn assign_memories(
    program: &mut Program<'_>,
    reached: &Reached,
    options: &Options,
    slots: &mut Slots,
) -> Result<()> {
    let maxima: Vec<_> = program
        .memories
        .iter()
        .map(|(id, memory)| max_bytes(memory, options, || memory_title(program, id)))
        .collect::<Result<_>>()?;
    for (memory, max) in program.memories.values_mut().zip(maxima) {
        // Guard pages serve 32-bit indices and sizes that are whole pages of the machine.
        let guarded = !options.bounds_checks && !memory.ty.memory64 && memory.page_log2() == 16;
        memory.strategy = match guarded {
            true => Strategy::Guarded,
            false => Strategy::Checked,
        };
        memory.max = max;
    }
    let hottest = hottest_memory(program, reached);
    let slot0 = options.target.arch.row().slot0;
    if let Some(hottest) = hottest {
        slots.skip_to(slot0 + program.memories[hottest].max);
    }
    for (id, memory) in program.memories.iter_mut() {
        if hottest == Some(id) {
            memory.base = slot0;
            continue;
        }
        let guarded = match memory.strategy {
            Strategy::Guarded => slots.take_guarded(),
            Strategy::Checked => None,
        };
        memory.base = guarded.unwrap_or_else(|| {
            memory.strategy = Strategy::Checked;
            slots.take(memory.max)
        });
    }
    Ok(())
}

/// What a message calls a memory.
fn memory_title(program: &Program<'_>, id: MemoryId) -> String {
    let name = program.instances.values().find_map(|instance| {
        let index = instance.memories.iter().find(|(_, of)| **of == id)?.0;
        instance.module.names.get(Named::Memory, index.as_u32())
    });
    match name {
        Some(name) => format!("the memory `{}`", name.escape_debug()),
        None => "the module's memory".to_owned(),
    }
}

/// What a message calls a table.
fn table_title(program: &Program<'_>, id: TableId) -> String {
    let name = program.instances.values().find_map(|instance| {
        let index = instance.tables.iter().find(|(_, of)| **of == id)?.0;
        instance.module.names.get(Named::Table, index.as_u32())
    });
    match name {
        Some(name) => format!("the table `{}`", name.escape_debug()),
        None => "a table".to_owned(),
    }
}

/// Most bytes that a memory may grow to: the least of its declared maximum, what its indices reach,
/// and `--max-memory`.
fn max_bytes(memory: &Memory, options: &Options, title: impl Fn() -> String) -> Result<u64> {
    let page_log2 = memory.page_log2();
    let declared = memory
        .ty
        .maximum
        .map_or(u64::MAX, |maximum| bytes_of_pages(maximum, page_log2));
    let indexed = match (memory.ty.memory64, page_log2) {
        (true, _) => MEMORY64_MAX,
        // The number of pages must be less than what a failure to grow gives.
        (false, 0) => MEMORY32_MAX - 1,
        (false, _) => MEMORY32_MAX,
    };
    let granted = options.max_memory.unwrap_or(u64::MAX);
    let max = declared.min(indexed).min(granted) >> page_log2 << page_log2;
    let initial = memory.initial_bytes();
    if initial > max {
        let start = match initial {
            u64::MAX => "more than 2^64 bytes".to_owned(),
            bytes => format!("{bytes} bytes"),
        };
        let cause = match granted < indexed {
            true => format!("the {max} that `--max-memory` allows"),
            false => format!("the {max} that a memory may have"),
        };
        return Err(limit(format!(
            "{} starts with {start}, more than {cause}",
            title()
        )));
    }
    Ok(max)
}

fn assign_tables(program: &mut Program<'_>, slots: &mut Slots) -> Result<()> {
    for (id, table) in &program.tables {
        let size = table.ty.initial;
        if size > layout::TABLE_MAX_ELEMENTS {
            return Err(limit(format!(
                "{} starts with {size} elements, more than {}",
                table_title(program, id),
                layout::TABLE_MAX_ELEMENTS
            )));
        }
    }
    let (mut state, mut zero, mut read_only) = (0, 0, 0);
    let threaded = program.threads.is_some();
    for table in program.tables.values_mut() {
        let size = table.ty.initial;
        table.max = table
            .ty
            .maximum
            .unwrap_or(u64::MAX)
            .min(layout::TABLE_MAX_ELEMENTS);
        table.place = if !steps::is_fixed(table) && threaded {
            TablePlace::Mapped
        } else if !steps::is_fixed(table) {
            TablePlace::Slot(slots.take(layout::TABLE_SLOT_BYTES))
        } else {
            let place = |end: &mut u32| {
                let offset = *end;
                *end += size as u32 * 8;
                offset
            };
            if !table.writable {
                TablePlace::ReadOnly(place(&mut read_only))
            } else if is_null(table) {
                TablePlace::Zero(place(&mut zero))
            } else {
                TablePlace::State(place(&mut state))
            }
        };
    }
    // Tables in the state follow its other parts; their offsets are made final there.
    program.state.len = state;
    program.state.zero_len = zero;
    program.state.read_only_len = read_only;
    Ok(())
}

fn is_null(table: &Table) -> bool {
    table.image.iter().all(|item| *item == Reference::Null)
}

/// Offsets that are handed out one after the other.
#[derive(Default)]
struct Offsets {
    end: u64,
}

impl Offsets {
    fn take(&mut self, bytes: u64) -> u32 {
        let offset = self.end;
        self.end += bytes;
        u32::try_from(offset).unwrap_or(u32::MAX)
    }

    fn align(&mut self, alignment: u64) {
        self.end = self.end.next_multiple_of(alignment);
    }

    /// Bytes that were handed out, unless they are too many.
    fn len(&self) -> Result<u32> {
        u32::try_from(self.end)
            .ok()
            .filter(|&len| len <= i32::MAX as u32)
            .ok_or_else(|| limit("globals and tables need more than 2 GiB".to_owned()))
    }
}

/// Lays out the writable state: memory states, table states, globals, lengths, tables. In a
/// program that starts threads all but the memory states are in the block of each thread.
fn lay_out_state(program: &mut Program<'_>, reached: &Reached) -> Result<()> {
    let threaded = program.threads.is_some();
    let (mut state, mut block) = (Offsets::default(), Offsets::default());
    for memory in program.memories.values_mut() {
        memory.state = state.take(size_of::<MemoryState>() as u64);
    }
    let needs_empty = program
        .funcs
        .values()
        .any(|func| matches!(func.kind, super::FuncKind::Wasi { memory: None, .. }));
    program.state.empty_memory = needs_empty.then(|| state.take(size_of::<MemoryState>() as u64));
    let own = if threaded { &mut block } else { &mut state };
    for table in program.tables.values_mut() {
        table.state = own.take(size_of::<TableState>() as u64);
    }
    let mut read = Vec::new();
    for step in program.script.iter().flatten() {
        if let script::ScriptStep::ReadGlobal(global) = step {
            read.push(*global);
        }
    }
    own.align(u64::from(GLOBAL_CELL));
    for (id, global) in program.globals.iter_mut() {
        if global.ty.mutable || read.contains(&id) {
            global.cell = Some(own.take(u64::from(GLOBAL_CELL)));
        }
    }
    for (id, elem) in program.elems.iter_mut() {
        if elem.passive && elem.used_by_init && reached.elems_dropped[id] {
            elem.length_cell = Some(own.take(8));
        }
    }
    for (id, data) in program.datas.iter_mut() {
        if data.passive && data.used_by_init && reached.datas_dropped[id] {
            data.length_cell = Some(own.take(8));
        }
    }
    let tables = own.take(u64::from(program.state.len));
    for table in program.tables.values_mut() {
        if let TablePlace::State(offset) = &mut table.place {
            *offset += tables;
        }
    }
    program.state.len = state.len()?;
    program.state.template_len = block.len()?;
    Ok(())
}

/// Completes the block of each thread by what is zero at first.
fn end_block(program: &mut Program<'_>) -> Result<()> {
    let state = &mut program.state;
    state.template_len = state.template_len.next_multiple_of(16);
    let zeros = state.template_len;
    let len = u64::from(zeros) + u64::from(state.zero_len);
    state.block_len = Offsets { end: len }.len()?.next_multiple_of(16);
    state.zero_len = 0;
    for table in program.tables.values_mut() {
        match table.place {
            TablePlace::State(offset) => table.place = TablePlace::Block(offset),
            TablePlace::Zero(offset) => table.place = TablePlace::Block(zeros + offset),
            _ => {}
        }
    }
    Ok(())
}

/// Places the payloads of exceptions at the end of the state.
fn place_payloads(program: &mut Program<'_>, slots: &mut Slots) {
    let in_memory = |&tag: &TagId| program.payload(tag) == Payload::Memory;
    let values = |tag: TagId| program.sigs[program.tags[tag]].params().len() as u32;
    let Some(values) = program.tags.keys().filter(in_memory).map(values).max() else {
        return;
    };
    let bytes = values * PAYLOAD_VALUE;
    let roots = exception_roots(program);
    let params = |tag: TagId| program.sigs[program.tags[tag]].params();
    let mut payloads = program.tags.keys().filter(in_memory).flat_map(params);
    let traced = payloads.any(|&ty| matches!(ty, ValType::Ref(ty) if is_exception(ty)));
    let state = &mut program.state;
    let end = match program.threads {
        Some(_) => &mut state.template_len,
        None => &mut state.len,
    };
    let pool = end.next_multiple_of(16);
    let roots_len = roots.len() * size_of::<layout::ExceptionRoot>();
    let pool_len = (size_of::<ExceptionPool>() + roots_len) as u32;
    let current = (pool + pool_len).next_multiple_of(16);
    *end = current + bytes;
    program.state.payloads = Some(Payloads {
        current,
        bytes,
        pool,
        base: slots.take(layout::SLOT_SIZE),
        traced,
        roots,
    });
}

/// The globals and tables that may hold references to exceptions.
fn exception_roots(program: &Program<'_>) -> Vec<ExceptionRoot> {
    let globals = program.globals.values().filter_map(|global| {
        let holds = matches!(global.ty.content_type, ValType::Ref(ty) if is_exception(ty));
        global.cell.filter(|_| holds).map(ExceptionRoot::Global)
    });
    let tables = program.tables.values();
    let tables = tables.filter(|table| table.writable || table.grows);
    let tables = tables.filter(|table| is_exception(table.ty.element_type));
    let tables = tables.map(|table| ExceptionRoot::Table(table.state));
    globals.chain(tables).collect()
}

/// Whether references of a type are to exceptions.
fn is_exception(ty: RefType) -> bool {
    matches!(
        ty.heap_type(),
        HeapType::Abstract {
            ty: AbstractHeapType::Exn | AbstractHeapType::NoExn,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarded_memories_have_slots_of_their_own_on_x86_64() {
        let mut slots = Slots::new(Arch::X86_64);
        assert_eq!(slots.take_guarded(), Some(32 << 30));
        assert_eq!(slots.take(1), 48 << 30);
        assert_eq!(slots.take(64 << 30), 64 << 30);
        assert_eq!(slots.take_guarded(), Some(128 << 30));
    }

    #[test]
    fn memories_are_packed_on_aarch64_when_slots_run_out() {
        let mut slots = Slots::new(Arch::Aarch64);
        let guarded = std::iter::from_fn(|| slots.take_guarded()).last();
        assert_eq!(guarded, Some(176 << 30));
        assert_eq!(slots.take(1), 192 << 30);
        assert_eq!(slots.take(4 << 30), (192 << 30) + layout::WASM_PAGE);
        // What does not fit below the gap lies beyond it.
        assert_eq!(slots.take(160 << 30), 512 << 30);
    }
}
