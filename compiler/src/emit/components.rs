//! What functions of the runtime are handed when components call them: the records, and the state of
//! component instances.

use std::collections::HashMap;

use wasmc_abi::component::{
    CallOptions, ComponentState, MAX_HANDLES, Memories, NewCallOptions, NewComponentState,
    NewMemories, NewResourceRecord, NewResourceTables, ResourceRecord, ResourceTables,
    component_flags,
};
use wasmc_abi::layout::{MemoryState, Trampoline};
use wasmc_abi::pointer::{Any, Code, Function};
use wasmc_abi::traps::Trap;
use wasmc_abi::write::{Array, Blob, Place, Pointer, Section};

use super::text::Text;
use crate::component::adapter_trap;
use crate::index::{ComponentId, FuncId, MemoryId, RecordId, ResourceId};
use crate::program::{Destructor, FuncKind, Program, Record};

/// Something in the writable state.
fn state<T>(offset: u32) -> Place<T> {
    Place::new(Section::State, offset.into())
}

/// Writes the records that live code hands to functions of the runtime: where each lies.
pub(super) fn write(
    program: &Program<'_>,
    text: &Text,
    blob: &mut Blob,
) -> HashMap<RecordId, Place<Any>> {
    let writer = Writer { program, text };
    let mut live: Vec<_> = program
        .live
        .funcs
        .iter()
        .filter_map(|func| match program.world.funcs[func].kind {
            FuncKind::Host { record, .. } => record,
            FuncKind::Defined { .. } | FuncKind::Wasi { .. } => None,
        })
        .collect();
    live.sort_unstable();
    live.dedup();
    blob.align(8);
    let records = live.into_iter();
    records
        .map(|record| {
            (
                record,
                writer.record(program.world.components.records[record], blob),
            )
        })
        .collect()
}

/// Writes the state of component instances.
pub(super) fn write_states(program: &Program<'_>, blob: &mut Blob) {
    for place in program.places.components.values() {
        let record = NewComponentState {
            flags: component_flags::MAY_LEAVE,
            // No handle yet.
            used: 0,
            free: 0,
            capacity: MAX_HANDLES,
            handles: Place::new(Section::Zero, place.handles.into()).into(),
        };
        blob.write::<ComponentState>(state(place.state), record);
    }
}

struct Writer<'p> {
    program: &'p Program<'p>,
    text: &'p Text,
}

impl Writer<'_> {
    fn record(&self, record: Record, blob: &mut Blob) -> Place<Any> {
        match record {
            Record::Call {
                memory,
                realloc,
                component,
                encoding,
            } => {
                let record = NewCallOptions {
                    memory: memory.map(|memory| self.memory(memory)).into(),
                    realloc: realloc.map(|func| self.code(func)).into(),
                    realloc_trampoline: realloc.map(|func| self.trampoline(func)).into(),
                    component: self.component(component).into(),
                    encoding,
                };
                blob.push::<CallOptions>(record).any()
            }
            Record::Drop(resource) => {
                let record = self.resource(resource, true);
                blob.push::<ResourceRecord>(record).any()
            }
            Record::Resource(resource) => {
                let record = self.resource(resource, false);
                blob.push::<ResourceRecord>(record).any()
            }
            Record::Resources => {
                let resources = self.program.world.components.resources.keys();
                // Adapters move resources, and drop none.
                let records: Vec<_> = resources.map(|id| self.resource(id, false)).collect();
                let tables: Array<ResourceRecord> = blob.array(records);
                blob.push::<ResourceTables>(NewResourceTables { tables })
                    .any()
            }
            Record::Memories(from, to) => {
                let record = NewMemories {
                    from: self.memory(from).into(),
                    to: self.memory(to).into(),
                };
                blob.push::<Memories>(record).any()
            }
            Record::TrapCodes => {
                let codes = (0..=u8::MAX).map(|code| {
                    let trap = adapter_trap(code).unwrap_or(Trap::Unreachable);
                    trap.code()
                });
                let codes: Vec<_> = codes.collect();
                let place = blob.here::<Any>();
                blob.bytes(&codes);
                blob.align(8);
                place
            }
        }
    }

    /// A resource type; with its destructor if some are `dropped`.
    fn resource(&self, resource: ResourceId, dropped: bool) -> NewResourceRecord {
        // Nothing refers to a type that no instance has.
        let Some(resource) = self.program.world.components.resources[resource] else {
            return NewResourceRecord::default();
        };
        let (destructor, trampoline) = match resource.destructor.filter(|_| dropped) {
            None => (Pointer::Null, Pointer::Null),
            Some(Destructor::Runtime(symbol)) => (Pointer::Runtime(symbol), Pointer::Null),
            Some(Destructor::Guest(func)) => (
                Pointer::from(self.code(func)).any(),
                self.trampoline(func).into(),
            ),
        };
        NewResourceRecord {
            id: resource.id,
            component: self.component(resource.component).into(),
            destructor,
            trampoline,
            definer: resource
                .definer
                .map(|definer| self.component(definer))
                .into(),
        }
    }

    fn component(&self, component: ComponentId) -> Place<ComponentState> {
        state(self.program.places.components[component].state)
    }

    fn memory(&self, memory: MemoryId) -> Place<MemoryState> {
        state(self.program.places.memories[memory].state)
    }

    fn code(&self, func: FuncId) -> Place<Code> {
        Place::new(Section::Text, self.text.func(func).into())
    }

    fn trampoline(&self, func: FuncId) -> Place<Function<Trampoline>> {
        let sig = self.program.world.funcs[func].ty;
        Place::new(Section::Text, self.text.trampoline(sig).into())
    }
}
