//! Places: address slots of memories and growing tables, and the layout of the state.

use wasmc_abi::layout::{self, MemoryState, TableState};

use super::reach::{Reached, hottest_memory};
use super::{GLOBAL_CELL, Memory, Program, Reference, Strategy, Table, TablePlace, init, script};
use crate::error::{Error, Location, Result};
use crate::options::Options;

/// Most bytes of a 32-bit memory.
const MEMORY32_MAX: u64 = 1 << 32;

/// Assigns every entity its place.
pub(super) fn assign(
    program: &mut Program<'_>,
    reached: &Reached,
    options: &Options,
) -> Result<()> {
    let mut slots = Slots { next: 1 };
    assign_memories(program, reached, options, &mut slots)?;
    assign_tables(program, &mut slots)?;
    lay_out_state(program, reached)
}

/// Hands out address slots from number 1.
struct Slots {
    next: u64,
}

impl Slots {
    fn take(&mut self) -> u64 {
        let base = layout::SLOT_SIZE * (self.next + 1);
        self.next += 1;
        base
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
    let hottest = hottest_memory(program, reached);
    for (id, memory) in program.memories.iter_mut() {
        memory.base = if hottest == Some(id) {
            options.target.arch.row().slot0
        } else {
            slots.take()
        };
        memory.strategy = if options.bounds_checks {
            Strategy::Checked
        } else {
            Strategy::Guarded
        };
        memory.max = max_bytes(memory, options)?;
    }
    Ok(())
}

fn max_bytes(memory: &Memory, options: &Options) -> Result<u64> {
    let page_log2 = memory.page_log2();
    let declared = memory.ty.maximum.map_or(MEMORY32_MAX, |maximum| {
        maximum
            .checked_shl(page_log2)
            .filter(|bytes| bytes >> page_log2 == maximum)
            .unwrap_or(u64::MAX)
    });
    let granted = options.max_memory.unwrap_or(u64::MAX);
    let max = declared.min(MEMORY32_MAX).min(granted) >> page_log2 << page_log2;
    if memory.initial_bytes() > max && memory.initial_bytes() <= MEMORY32_MAX {
        return Err(limit(format!(
            "the module's memory starts with {} bytes, more than the {max} that `--max-memory` \
             allows",
            memory.initial_bytes(),
        )));
    }
    Ok(max)
}

fn assign_tables(program: &mut Program<'_>, slots: &mut Slots) -> Result<()> {
    let (mut state, mut zero, mut read_only) = (0, 0, 0);
    for table in program.tables.values_mut() {
        let size = table.ty.initial;
        if size > layout::TABLE_MAX_ELEMENTS {
            return Err(limit(format!(
                "a table starts with {size} elements, more than {}",
                layout::TABLE_MAX_ELEMENTS
            )));
        }
        table.max = table
            .ty
            .maximum
            .unwrap_or(u64::MAX)
            .min(layout::TABLE_MAX_ELEMENTS);
        table.place = if !init::is_fixed(table) {
            TablePlace::Slot(slots.take())
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

/// Lays out the writable state: memory states, table states, globals, lengths, tables.
fn lay_out_state(program: &mut Program<'_>, reached: &Reached) -> Result<()> {
    let mut end: u64 = 0;
    let mut take = |bytes: u64| {
        let offset = end;
        end += bytes;
        u32::try_from(offset).unwrap_or(u32::MAX)
    };
    for memory in program.memories.values_mut() {
        memory.state = take(size_of::<MemoryState>() as u64);
    }
    let needs_empty = program
        .funcs
        .values()
        .any(|func| matches!(func.kind, super::FuncKind::Wasi { memory: None, .. }));
    program.state.empty_memory = needs_empty.then(|| take(size_of::<MemoryState>() as u64));
    for table in program.tables.values_mut() {
        table.state = take(size_of::<TableState>() as u64);
    }
    let mut read = Vec::new();
    for step in program.script.iter().flatten() {
        if let script::ScriptStep::ReadGlobal(global) = step {
            read.push(*global);
        }
    }
    let padding = end_padding(take(0), GLOBAL_CELL);
    take(u64::from(padding));
    for (id, global) in program.globals.iter_mut() {
        if global.ty.mutable || read.contains(&id) {
            global.cell = Some(take(u64::from(GLOBAL_CELL)));
        }
    }
    for (id, elem) in program.elems.iter_mut() {
        if elem.passive && elem.used_by_init && reached.elems_dropped[id] {
            elem.length_cell = Some(take(8));
        }
    }
    for (id, data) in program.datas.iter_mut() {
        if data.passive && data.used_by_init && reached.datas_dropped[id] {
            data.length_cell = Some(take(8));
        }
    }
    let tables = take(u64::from(program.state.len));
    for table in program.tables.values_mut() {
        if let TablePlace::State(offset) = &mut table.place {
            *offset += tables;
        }
    }
    program.state.len = u32::try_from(end)
        .ok()
        .filter(|&len| len <= i32::MAX as u32)
        .ok_or_else(|| limit("globals and tables need more than 2 GiB".to_owned()))?;
    Ok(())
}

fn end_padding(end: u32, alignment: u32) -> u32 {
    end.next_multiple_of(alignment) - end
}
