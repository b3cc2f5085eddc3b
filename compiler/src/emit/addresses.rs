//! Where does everything lie that code and records refer to?

use std::collections::HashMap;

use wasmc_abi::layout::{self, MemoryState, TableState, Trampoline};
use wasmc_abi::pointer::{Any, Code, Function};
use wasmc_abi::write::{Blob, Place, Section};

use super::components;
use super::text::Text;
use crate::error::{Error, Location, Result};
use crate::index::{DataId, ElemId, FuncId, MemoryId, RecordId, TableId, TypeId};
use crate::program::{Elements, OwnPlace, Program, Reference};
use crate::translate::Symbol;

/// The program and its text, with the addresses of what else there is in the object.
#[derive(Clone, Copy)]
pub(super) struct Context<'a> {
    pub program: &'a Program<'a>,
    pub text: &'a Text,
    pub addresses: &'a Addresses,
}

/// The addresses of the constants that code reads, and of what each thread has of its own.
#[derive(Debug)]
pub(super) struct Addresses {
    read_only_tables: Place<u64>,
    ref_funcs: Place<u64>,
    elems: HashMap<ElemId, Place<u64>>,
    datas: HashMap<DataId, Place<u8>>,
    /// What functions of the runtime are handed.
    records: HashMap<RecordId, Place<Any>>,
    /// What the own area of each thread begins with, in a program that starts threads.
    template: Option<Place<u8>>,
}

impl Addresses {
    /// Writes the constants that code reads: read-only tables, references to functions, element
    /// segments. Leaves room for what the own area of each thread begins with.
    pub fn write(program: &Program<'_>, text: &Text, blob: &mut Blob) -> Addresses {
        blob.align(16);
        let read_only_tables = blob.here();
        write_read_only_tables(program, text, blob);
        let ref_funcs = blob.here();
        for &func in &program.live.referenced {
            blob.push::<u64>(reference(program, text, Reference::Func(func)));
        }
        let mut elems = HashMap::new();
        let constant = |id: &ElemId| program.places.elem_cells[*id].is_none();
        for id in program.steps.elems.iter().filter(constant) {
            elems.insert(id, blob.here());
            for &item in &program.world.elems[id].items {
                blob.push::<u64>(reference(program, text, item));
            }
        }
        let records = components::write(program, text, blob);
        let template = program.places.own_area.map(|area| {
            blob.align(16);
            let template = blob.here();
            let len = area.template_len as usize;
            blob.bytes.resize(blob.bytes.len() + len, 0);
            template
        });
        Addresses {
            read_only_tables,
            ref_funcs,
            elems,
            datas: segment_places(program),
            records,
            template,
        }
    }

    /// Where something lies that each thread has of its own: what is in an own area, in the template.
    pub fn own<T>(&self, place: OwnPlace) -> Place<T> {
        match place {
            OwnPlace::State(offset) => state(offset),
            OwnPlace::Area(offset) => {
                let template = self.template.expect("there is an own area");
                Place::new(template.section(), template.offset() + u64::from(offset))
            }
        }
    }

    /// The bytes of a data segment, if they are part of the image.
    pub fn data(&self, data: DataId) -> Option<Place<u8>> {
        self.datas.get(&data).copied()
    }

    /// The elements of a table with fixed storage.
    pub fn storage(&self, elements: Elements) -> Option<Place<u64>> {
        match elements {
            Elements::Slot(_) | Elements::Mapped => None,
            Elements::ReadOnly(offset) => {
                let tables = self.read_only_tables;
                let offset = tables.offset() + u64::from(offset);
                Some(Place::new(tables.section(), offset))
            }
            Elements::Own(place) => Some(self.own(place)),
            Elements::Zero(offset) => Some(Place::new(Section::Zero, offset.into())),
        }
    }

    /// What code means by a symbol; `None` for a function of the runtime.
    pub fn of_symbol(&self, symbol: Symbol) -> Option<Place<Any>> {
        Some(match symbol {
            Symbol::Text => Place::new(Section::Text, 0),
            Symbol::State => Place::new(Section::State, 0),
            Symbol::Zero => Place::new(Section::Zero, 0),
            Symbol::ReadOnlyTables => self.read_only_tables.any(),
            Symbol::RefFuncs => self.ref_funcs.any(),
            Symbol::Elem(id) => self.elems[&ElemId::from_u32(id)].any(),
            Symbol::Data(id) => self.datas[&DataId::from_u32(id)].any(),
            Symbol::Record(id) => self.records[&RecordId::from_u32(id)],
            Symbol::Func(_) => unreachable!("calls within the text are resolved"),
            Symbol::Wasi(_) | Symbol::ThreadSpawn | Symbol::Host(_) | Symbol::Builtin(_) => {
                return None;
            }
        })
    }
}

impl Context<'_> {
    /// A function's code.
    pub fn code(&self, func: FuncId) -> Place<Code> {
        Place::new(Section::Text, self.text.func(func).into())
    }

    /// The trampoline of a function's signature.
    pub fn trampoline(&self, func: FuncId) -> Place<Function<Trampoline>> {
        let sig: TypeId = self.program.world.funcs[func].ty;
        Place::new(Section::Text, self.text.trampoline(sig).into())
    }

    /// The state of a memory.
    pub fn memory(&self, memory: MemoryId) -> Place<MemoryState> {
        state(self.program.places.memories[memory].state)
    }

    /// The state of a table.
    pub fn table(&self, table: TableId) -> Place<TableState> {
        self.addresses.own(self.program.places.tables[table].state)
    }

    /// The elements of a segment that is in the image or in cells.
    pub fn elem(&self, elem: ElemId) -> Place<u64> {
        match self.program.places.elem_cells[elem] {
            Some(cells) => self.addresses.own(cells),
            None => self.addresses.elems[&elem],
        }
    }

    /// The value of a reference.
    pub fn reference(&self, item: Reference) -> u64 {
        reference(self.program, self.text, item)
    }
}

/// Something in the writable state that all threads share.
pub(super) fn state<T>(offset: u32) -> Place<T> {
    Place::new(Section::State, offset.into())
}

/// The value of a reference: known now that the text is laid out. A function that is not part of
/// the text can only be in a table that no code reads.
fn reference(program: &Program<'_>, text: &Text, reference: Reference) -> u64 {
    match reference {
        Reference::Func(func) if program.live.text.contains(func) => {
            let type_id = program.world.types.id(program.world.funcs[func].ty);
            layout::funcref(type_id, text.func(func))
        }
        Reference::Number(bits) => bits.into(),
        // What is computed is written before anything reads it.
        Reference::Func(_) | Reference::Null | Reference::Computed => 0,
    }
}

fn write_read_only_tables(program: &Program<'_>, text: &Text, blob: &mut Blob) {
    let start = blob.bytes.len();
    for (id, table) in &program.places.tables {
        if let Elements::ReadOnly(offset) = table.elements {
            debug_assert_eq!(blob.bytes.len(), start + offset as usize);
            for &item in program.steps.table_images[id].iter().flatten() {
                blob.push::<u64>(reference(program, text, item));
            }
        }
    }
}

/// The passive and copied data segments, in the order of their ids: where each lies, and their
/// bytes ([`segments`]).
fn segment_places(program: &Program<'_>) -> HashMap<DataId, Place<u8>> {
    let mut addresses = HashMap::new();
    let mut end: u64 = 0;
    for id in program.steps.datas.iter() {
        let start = end.next_multiple_of(16);
        addresses.insert(id, Place::new(Section::Segments, start));
        end = start + program.world.datas[id].bytes.len() as u64;
    }
    addresses
}

/// The bytes of the passive and copied data segments.
pub(super) fn segments(program: &Program<'_>) -> Result<Vec<u8>> {
    let mut blob = Blob::new(Section::Segments);
    for id in program.steps.datas.iter() {
        blob.align(16);
        blob.bytes(program.world.datas[id].bytes);
    }
    if blob.bytes.len() > i32::MAX as usize {
        return Err(Error::Limit {
            message: "the module has more than 2 GiB of data".into(),
            location: Location::default(),
        });
    }
    Ok(blob.bytes)
}
