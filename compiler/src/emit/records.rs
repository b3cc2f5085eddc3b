//! The read-only records that the runtime reads: the program's root and its tables.

use std::collections::HashMap;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::layout::{
    self, ABI_VERSION, Entry, FunctionRecord, InitStep, InitStepKind, Instance, LandingRecord,
    MAGIC, Program as Root, StateImage, TagRecord, program_flags,
};
use wasmc_abi::options::{Options as RunOptions, RunOption, kinds};
use wasmc_abi::script::{ScriptCommand, ScriptCommandKind};
use wasmc_abi::symbols;
use wasmc_abi::traps::Trap;
use wasmparser::{RefType, ValType};

use super::blob::{Blob, Place, Pointer, Section, Target, sleb128, uleb128};
use super::needs::needs;
use super::state::{self, storage};
use super::text::Text;
use crate::error::{Error, Location, Result};
use crate::index::{DataId, DataIndex, ElemId, FuncId, GlobalIndex, MemoryId, TableId, TableIndex};
use crate::names::Named;
use crate::options::Options;
use crate::program::{
    CodeItem, FuncKind, GLOBAL_CELL, Program, Reference, Step, script::ScriptStep,
};
use crate::translate::Symbol;

/// The records, and where code finds those that it reads.
#[derive(Debug)]
pub(super) struct Records {
    pub blob: Blob,
    /// How the writable part of the image is made up.
    pub layout: state::Layout,
    /// The writable state, unless it is put into zeros at start: then it is among the records.
    pub state: Blob,
    /// Bytes of the root, which is at offset 0.
    pub program_len: u64,
    /// Offset of the read-only tables.
    pub read_only_tables: u64,
    /// Offset of what the block of each thread begins with.
    template: u64,
    ref_funcs: u64,
    elems: HashMap<ElemId, u64>,
    datas: HashMap<DataId, u64>,
}

/// The value of a reference: known now that the text is laid out. A function that is not part of
/// the text can only be in a table that no code reads.
pub(super) fn reference(program: &Program<'_>, text: &Text, reference: Reference) -> u64 {
    match reference {
        Reference::Func(func) if program.funcs[func].in_text => {
            let type_id = program.type_id(program.funcs[func].sig);
            layout::funcref(type_id, text.func(func))
        }
        _ => 0,
    }
}

/// The name of a part of the text.
pub(super) fn symbol_name(program: &Program<'_>, item: CodeItem) -> String {
    match item {
        CodeItem::Trampoline(sig) => format!("trampoline[{}]", sig.index()),
        CodeItem::Func(id) => {
            let func = &program.funcs[id];
            match (func.kind, &func.name) {
                (FuncKind::Defined { .. }, Some(name)) => name.clone(),
                (FuncKind::Defined { index, .. }, None) => format!("func[{}]", index.index()),
                (FuncKind::Wasi { function, .. }, _) => format!("thunk[{}]", function.name),
            }
        }
    }
}

/// The passive and copied data segments, in the order of their ids.
pub(super) fn segments(program: &Program<'_>) -> Result<Blob> {
    let mut blob = Blob::default();
    for data in program.datas.values().filter(|data| data.in_image) {
        blob.align(16);
        blob.bytes.extend_from_slice(data.bytes);
    }
    if blob.bytes.len() > i32::MAX as usize {
        return Err(Error::Limit {
            message: "the module has more than 2 GiB of data".into(),
            location: Location::default(),
        });
    }
    Ok(blob)
}

impl Records {
    /// The globals, tables and segments of the image that the name section names: name, place and
    /// bytes.
    pub fn named_data<'p>(&self, program: &'p Program<'_>) -> Vec<(&'p str, Place, u64)> {
        let mut named = Vec::new();
        for instance in program.instances.values() {
            let names = &instance.module.names;
            for (index, name) in names.of_kind(Named::Global) {
                if let Some(&id) = instance.globals.get(GlobalIndex::from_u32(index))
                    && index as usize >= instance.module.imported_globals
                    && let Some(cell) = program.globals[id].cell
                    // Otherwise each thread has one.
                    && program.threads.is_none()
                {
                    named.push((name, state_place(cell), u64::from(GLOBAL_CELL)));
                }
            }
            for (index, name) in names.of_kind(Named::Table) {
                if let Some(&id) = instance.tables.get(TableIndex::from_u32(index))
                    && index as usize >= instance.module.imported_tables
                    && let Some(place) = storage(program.tables[id].place, self)
                {
                    named.push((name, place, program.tables[id].ty.initial * 8));
                }
            }
            for (index, name) in names.of_kind(Named::Data) {
                if let Some(id) = instance.datas.get(DataIndex::from_u32(index))
                    && let Some(&offset) = self.datas.get(id)
                {
                    let section = Section::Segments;
                    let place = Place { section, offset };
                    named.push((name, place, program.datas[*id].bytes.len() as u64));
                }
            }
        }
        // A section without bytes is not made.
        named.retain(|(_, _, size)| *size > 0);
        named
    }

    /// Where a symbol lies in the object; `None` for a function of the runtime.
    pub fn place_of(&self, symbol: Symbol) -> Option<Place> {
        let (section, offset) = match symbol {
            Symbol::Text => (Section::Text, 0),
            Symbol::State => (Section::State, 0),
            Symbol::Zero => (Section::Zero, 0),
            Symbol::ReadOnlyTables => (Section::ReadOnly, self.read_only_tables),
            Symbol::RefFuncs => (Section::ReadOnly, self.ref_funcs),
            Symbol::Elem(id) => (Section::ReadOnly, self.elems[&ElemId::from_u32(id)]),
            Symbol::Data(id) => (Section::Segments, self.datas[&DataId::from_u32(id)]),
            Symbol::Func(_) => unreachable!("calls within the text are resolved"),
            Symbol::Wasi(_) | Symbol::ThreadSpawn | Symbol::Builtin(_) => return None,
        };
        Some(Place { section, offset })
    }
}

/// Writes the records. The root comes first; its slices are filled in from what follows it.
pub(super) fn write(
    program: &Program<'_>,
    text: &Text,
    required_cpu: u32,
    options: &Options,
) -> Result<Records> {
    let mut records = Records {
        blob: Blob::default(),
        layout: state::Layout::new(program, options),
        state: Blob::default(),
        program_len: size_of::<Root>() as u64,
        read_only_tables: 0,
        template: 0,
        ref_funcs: 0,
        elems: HashMap::new(),
        datas: segment_offsets(program),
    };
    let blob = &mut records.blob;
    blob.bytes.resize(size_of::<Root>(), 0);

    records.read_only_tables = blob.align(16);
    write_read_only_tables(program, text, blob);
    records.ref_funcs = blob.align(8);
    for &func in &program.ref_funcs {
        blob.u64(reference(program, text, Reference::Func(func)));
    }
    for (id, elem) in program.elems.iter().filter(|(_, elem)| elem.in_image) {
        records.elems.insert(id, blob.align(8));
        for &item in &elem.items {
            blob.u64(reference(program, text, item));
        }
    }
    if program.threads.is_some() {
        records.template = blob.align(16);
        blob.bytes.extend(state::template(program, text));
    }
    let mut names = Vec::new();
    let script = write_script(program, text, &mut records);
    let instances = write_instances(program, text, &mut records, &mut names);
    let blob = &mut records.blob;
    let initialize = entry_types(program, blob, program.initialize);
    let entry = entry_types(program, blob, program.entry);
    let options_at = here(blob, 1);
    blob.bytes.extend_from_slice(&options.run_options);
    let state_image = write_state(program, text, &mut records);
    let blob = &mut records.blob;

    // What only a trap needs comes last, on pages of its own as far as it is large.
    let (functions, lines) = write_functions(program, text, blob, &mut names);
    let tags = write_tags(program, blob, &mut names);
    let trap_offsets = here(blob, 4);
    for &(offset, _) in &text.traps {
        blob.u32(offset);
    }
    let trap_codes = here(blob, 1);
    blob.bytes
        .extend(text.traps.iter().map(|(_, trap)| trap.code()));
    let lines_at = here(blob, 1);
    blob.bytes.extend_from_slice(&lines);
    let names_at = here(blob, 1);
    blob.bytes.extend_from_slice(&names);
    let landings = write_landings(text, blob);
    let threads = write_threads(program, text, &mut records);

    let mut flags = 0;
    if program.invoke {
        flags |= program_flags::INVOKE;
    }
    let divides = |&(_, trap): &(u32, Trap)| {
        matches!(trap, Trap::IntegerDivideByZero | Trap::IntegerOverflow)
    };
    if text.traps.iter().any(divides) {
        flags |= program_flags::DIVIDES;
    }
    if options.branch_protection.guards() {
        flags |= program_flags::GUARD_BRANCHES;
    }
    let mut root = Blob::default();
    root.u32(MAGIC);
    root.u32(ABI_VERSION);
    root.u32(flags);
    root.u32(required_cpu);
    root.pointer(Some(Target::Runtime(match program.script {
        Some(_) => symbols::MAIN_SCRIPT,
        None if program.invoke => symbols::MAIN_INVOKE,
        None => symbols::MAIN_COMMAND,
    })));
    let first_memory = program.memories.values().next();
    let first_table = program.tables.keys().next();
    let first_table =
        first_table.map(|table| own_place(program, &records, program.tables[table].state));
    root.slice(
        Place {
            section: Section::Text,
            offset: 0,
        },
        text.code.len(),
    );
    root.slice(trap_offsets, text.traps.len());
    root.slice(trap_codes, text.traps.len());
    root.slice(functions, text.parts.len());
    root.slice(names_at, names.len());
    root.slice(lines_at, lines.len());
    root.slice(instances, program.instances.len());
    root.slice(
        state_place(first_memory.map_or(0, |memory| memory.state)),
        program.memories.len(),
    );
    root.slice(first_table.unwrap_or(state_place(0)), program.tables.len());
    write_entry(program, text, &mut root, program.initialize, initialize);
    write_entry(program, text, &mut root, program.entry, entry);
    root.slice(options_at, options.run_options.len());
    root.slice(script, program.script.as_ref().map_or(0, Vec::len));
    root.place(landings);
    root.place(program.state.fuel.map(state_place));
    root.place(tags);
    root.place(threads);
    root.place((records.layout.stack > 0).then_some(Place {
        section: Section::Stack,
        offset: 0,
    }));
    root.u64(options.stack_size);
    root.u64(needs(program, text).0);
    match state_image {
        Some(image) => {
            root.slice(image.bytes, image.len);
            root.place(Some(state_place(0)));
            root.slice(image.pointers, image.pointers_len);
        }
        None => root
            .bytes
            .resize(root.bytes.len() + size_of::<StateImage>(), 0),
    }
    for part in parts(options) {
        root.pointer(part.map(Target::Runtime));
    }
    root.u32(0);
    assert_eq!(root.bytes.len(), size_of::<Root>());
    records.blob.bytes[..root.bytes.len()].copy_from_slice(&root.bytes);
    records.blob.pointers.extend(root.pointers);
    if records.blob.bytes.len() > i32::MAX as usize {
        return Err(Error::Limit {
            message: "tables and names need more than 2 GiB".into(),
            location: Location::default(),
        });
    }
    Ok(records)
}

/// The functions of [`Parts`](wasmc_abi::layout::Parts) that a program can need, in their order.
fn parts(options: &Options) -> [Option<&'static str>; 4] {
    let mut given = match options.sealed {
        // What `WASMC_OPTIONS` says is not known.
        false => u8::MAX,
        true => 0,
    };
    for option in RunOptions::new(&options.run_options) {
        // The runtime says what is wrong with one that is none.
        given |= option.map_or(u8::MAX, RunOption::kind);
    }
    let part = |of: u8, symbol| (given & of != 0).then_some(symbol);
    [
        (!options.sealed).then_some(symbols::READ_OPTIONS),
        part(u8::MAX, symbols::NEXT_OPTION),
        part(kinds::LIMITS, symbols::SET_LIMITS),
        part(kinds::DIR | kinds::LISTEN, symbols::OPEN_GRANTS),
    ]
}

/// Where the state stands among the records.
struct StateRecord {
    bytes: Place,
    len: usize,
    pointers: Place,
    pointers_len: usize,
}

/// Writes the state: among the records if it is put into zeros at start.
fn write_state(program: &Program<'_>, text: &Text, records: &mut Records) -> Option<StateRecord> {
    let mut state = state::write(program, text, records);
    if records.layout.state == state::Form::File {
        records.state = state;
        return None;
    }
    while state.bytes.last() == Some(&0) {
        state.bytes.pop();
    }
    let last = state.pointers.iter().map(|pointer| pointer.offset + 4);
    let len = state.bytes.len().max(last.max().unwrap_or(0) as usize);
    state.bytes.resize(len, 0);
    if len == 0 && records.layout.stack == 0 {
        return None;
    }
    let blob = &mut records.blob;
    let bytes = here(blob, 16);
    blob.bytes.extend(&state.bytes);
    for pointer in &state.pointers {
        let offset = bytes.offset + pointer.offset;
        blob.pointers.push(Pointer { offset, ..*pointer });
    }
    let pointers = here(blob, 4);
    for pointer in &state.pointers {
        blob.u32(pointer.offset as u32);
    }
    Some(StateRecord {
        bytes,
        len,
        pointers,
        pointers_len: state.pointers.len(),
    })
}

/// Writes the calls that have a handler for exceptions, and a slice of them; `None` without any.
fn write_landings(text: &Text, blob: &mut Blob) -> Option<Place> {
    if text.landings.is_empty() {
        return None;
    }
    let landings = here(blob, 4);
    for landing in &text.landings {
        let start = blob.bytes.len();
        blob.u32(landing.return_offset);
        blob.u32(landing.handler);
        blob.u32(landing.frame);
        debug_assert_eq!(blob.bytes.len() - start, size_of::<LandingRecord>());
    }
    let slice = here(blob, 4);
    blob.slice(landings, text.landings.len());
    Some(slice)
}

/// Writes the names of the tags, and a slice of them; `None` without any.
fn write_tags(program: &Program<'_>, blob: &mut Blob, names: &mut Vec<u8>) -> Option<Place> {
    if program.tag_names.is_empty() {
        return None;
    }
    let tags = here(blob, 4);
    for name in program.tag_names.values() {
        let (name, name_len) = intern(names, name);
        let start = blob.bytes.len();
        blob.u32(name);
        blob.u32(name_len);
        debug_assert_eq!(blob.bytes.len() - start, size_of::<TagRecord>());
    }
    let slice = here(blob, 4);
    blob.slice(tags, program.tag_names.len());
    Some(slice)
}

/// The place at the end of the blob, aligned.
fn here(blob: &mut Blob, alignment: usize) -> Place {
    Place {
        section: Section::ReadOnly,
        offset: blob.align(alignment),
    }
}

fn segment_offsets(program: &Program<'_>) -> HashMap<DataId, u64> {
    let mut offsets = HashMap::new();
    let mut end: u64 = 0;
    for (id, data) in program.datas.iter().filter(|(_, data)| data.in_image) {
        let start = end.next_multiple_of(16);
        offsets.insert(id, start);
        end = start + data.bytes.len() as u64;
    }
    offsets
}

fn write_read_only_tables(program: &Program<'_>, text: &Text, blob: &mut Blob) {
    let start = blob.bytes.len();
    for table in program.tables.values() {
        if let crate::program::TablePlace::ReadOnly(offset) = table.place {
            debug_assert_eq!(blob.bytes.len(), start + offset as usize);
            for &item in &table.image {
                blob.u64(reference(program, text, item));
            }
        }
    }
}

/// Where the state of a memory lies.
fn memory_place(program: &Program<'_>, memory: MemoryId) -> Place {
    Place {
        section: Section::State,
        offset: u64::from(program.memories[memory].state),
    }
}

/// Where something lies that each thread has of its own: in the state, or in what the block of
/// each thread begins with.
fn own_place(program: &Program<'_>, records: &Records, offset: u32) -> Place {
    match program.threads {
        None => Place {
            section: Section::State,
            offset: u64::from(offset),
        },
        Some(_) => Place {
            section: Section::ReadOnly,
            offset: records.template + u64::from(offset),
        },
    }
}

/// A byte of the state.
fn state_place(offset: u32) -> Place {
    Place {
        section: Section::State,
        offset: u64::from(offset),
    }
}

/// Writes what the runtime needs to start threads, if the program starts any.
fn write_threads(program: &Program<'_>, text: &Text, records: &mut Records) -> Option<Place> {
    let entry = program.threads?.entry;
    let first_table = program
        .tables
        .values()
        .next()
        .map_or(0, |table| table.state);
    let (template, tables) = (
        own_place(program, records, 0),
        own_place(program, records, first_table),
    );
    let pool = program.state.payloads.as_ref();
    let pool = pool.map(|payloads| own_place(program, records, payloads.pool));
    let blob = &mut records.blob;
    let threads = here(blob, 4);
    let start = blob.bytes.len();
    blob.pointer(Some(Target::Runtime(symbols::THREADS_INIT)));
    blob.place(Some(code_place(text.func(entry))));
    blob.place(Some(code_place(text.trampoline(program.funcs[entry].sig))));
    blob.slice(template, program.state.template_len as usize);
    blob.slice(tables, program.tables.len());
    blob.place(pool);
    // At least something, so that there is a block to map.
    blob.u32(program.state.block_len.max(1).next_multiple_of(16));
    debug_assert_eq!(blob.bytes.len() - start, size_of::<layout::Threads>());
    Some(threads)
}

fn code_place(offset: u32) -> Place {
    Place {
        section: Section::Text,
        offset: u64::from(offset),
    }
}

fn write_instances(
    program: &Program<'_>,
    text: &Text,
    records: &mut Records,
    names: &mut Vec<u8>,
) -> Place {
    let mut steps_at = Vec::new();
    for instance in program.instances.values() {
        steps_at.push(here(&mut records.blob, 8));
        for step in &instance.steps {
            write_step(program, text, records, step);
        }
    }
    let blob = &mut records.blob;
    let instances = here(blob, 8);
    for (instance, steps) in program.instances.values().zip(steps_at) {
        let start = blob.bytes.len();
        blob.slice(steps, instance.steps.len());
        let (name, name_len) = intern(names, &instance.name);
        blob.u32(name);
        blob.u32(name_len);
        debug_assert_eq!(blob.bytes.len() - start, size_of::<Instance>());
    }
    instances
}

fn intern(names: &mut Vec<u8>, name: &str) -> (u32, u32) {
    let offset = names.len() as u32;
    names.extend_from_slice(name.as_bytes());
    (offset, name.len() as u32)
}

fn write_step(program: &Program<'_>, text: &Text, records: &mut Records, step: &Step) {
    let memory = |memory| Some(memory_place(program, memory));
    let table = |table: TableId| Some(own_place(program, records, program.tables[table].state));
    let elem = |elem| {
        Some(Place {
            section: Section::ReadOnly,
            offset: records.elems[&elem],
        })
    };
    let data = |data| {
        Some(Place {
            section: Section::Segments,
            offset: records.datas[&data],
        })
    };
    use InitStepKind as Kind;
    let (kind, target, source, len, a, b) = match *step {
        Step::CheckMemory { memory: id, min } => (Kind::CheckMemory, memory(id), None, 0, min, 0),
        Step::CheckTable { table: id, min } => (Kind::CheckTable, table(id), None, 0, min, 0),
        Step::CreateMemory { memory: id, bytes } => {
            (Kind::CreateMemory, memory(id), None, 0, bytes, 0)
        }
        Step::PlaceImage {
            memory: id,
            offset,
            image,
        } => {
            let start: u64 = program.images[..image].iter().map(|image| image.len).sum();
            let source = Place {
                section: Section::Image,
                offset: start,
            };
            let len = program.images[image].len as usize;
            (Kind::PlaceImage, memory(id), Some(source), len, offset, 0)
        }
        Step::CreateTable {
            table: id,
            size,
            init,
        } => {
            let init = reference(program, text, init);
            (Kind::CreateTable, table(id), None, 0, size, init)
        }
        Step::InitMemory {
            memory: id,
            offset,
            data: source,
        } => {
            let len = program.datas[source].bytes.len();
            // A segment without bytes may have no section to point into.
            let source = data(source).filter(|_| len > 0);
            (Kind::InitMemory, memory(id), source, len, offset, 0)
        }
        Step::InitTable {
            table: id,
            offset,
            elem: source,
        } => {
            let len = program.elems[source].items.len();
            (Kind::InitTable, table(id), elem(source), len, offset, 0)
        }
        Step::Call { func, once } => {
            let sig = program.funcs[func].sig;
            let code = Some(code_place(text.func(func)));
            let trampoline = Some(code_place(text.trampoline(sig)));
            (Kind::Call, code, trampoline, 0, u64::from(once), 0)
        }
    };
    let blob = &mut records.blob;
    let start = blob.bytes.len();
    blob.u32(kind as u32);
    blob.place(target);
    blob.place(source);
    blob.u32(u32::try_from(len).expect("segments are limited"));
    blob.u64(a);
    blob.u64(b);
    debug_assert_eq!(blob.bytes.len() - start, size_of::<InitStep>());
}

/// The value types of an entry: where its parameters and results lie, and how many there are.
type EntryTypes = [(Place, usize); 2];

fn entry_types(program: &Program<'_>, blob: &mut Blob, func: Option<FuncId>) -> EntryTypes {
    let ty = func.map(|func| &program.sigs[program.funcs[func].sig]);
    let mut write = |types: &[ValType]| {
        let place = here(blob, 1);
        blob.bytes.extend(types.iter().map(|ty| value_type(*ty)));
        (place, types.len())
    };
    [
        write(ty.map_or(&[], |ty| ty.params())),
        write(ty.map_or(&[], |ty| ty.results())),
    ]
}

fn value_type(ty: ValType) -> u8 {
    use layout::value_type as code;
    match ty {
        ValType::I32 => code::I32,
        ValType::I64 => code::I64,
        ValType::F32 => code::F32,
        ValType::F64 => code::F64,
        ValType::V128 => code::V128,
        ValType::Ref(ty) if is_func(ty) => code::FUNCREF,
        ValType::Ref(_) => code::EXTERNREF,
    }
}

/// Whether references of a canonical type are to functions.
fn is_func(ty: RefType) -> bool {
    // Every type index means a function type.
    ty.type_index().is_some() || matches!(ty.nullable(), RefType::FUNCREF | RefType::NULLFUNCREF)
}

fn write_entry(
    program: &Program<'_>,
    text: &Text,
    root: &mut Blob,
    func: Option<FuncId>,
    types: EntryTypes,
) {
    let start = root.bytes.len();
    root.place(func.map(|func| code_place(text.func(func))));
    root.place(func.map(|func| code_place(text.trampoline(program.funcs[func].sig))));
    for (place, len) in types {
        root.slice(place, len);
    }
    debug_assert_eq!(root.bytes.len() - start, size_of::<Entry>());
}

fn write_script(program: &Program<'_>, text: &Text, records: &mut Records) -> Place {
    let place = own_place(program, records, 0);
    let own = |offset: u32| Place {
        offset: place.offset + u64::from(offset),
        ..place
    };
    let blob = &mut records.blob;
    let steps = program.script.as_deref().unwrap_or_default();
    let args: Vec<_> = steps
        .iter()
        .map(|step| {
            let place = here(blob, 16);
            if let ScriptStep::Invoke { args, .. } = step {
                for arg in args {
                    blob.bytes.extend(arg.to_le_bytes());
                }
            }
            place
        })
        .collect();
    let script = here(blob, 8);
    use ScriptCommandKind as Kind;
    for (step, args) in steps.iter().zip(args) {
        let mut instance_index = 0;
        let mut code = None;
        let mut trampoline = None;
        let mut counts = (0, 0);
        let kind = match step {
            ScriptStep::Instantiate(instance) => {
                instance_index = instance.as_u32();
                Kind::Instantiate
            }
            ScriptStep::Invoke { func, args } => {
                let sig = program.funcs[*func].sig;
                code = Some(code_place(text.func(*func)));
                trampoline = Some(code_place(text.trampoline(sig)));
                counts = (args.len(), program.sigs[sig].results().len());
                Kind::Invoke
            }
            ScriptStep::ReadGlobal(global) => {
                let cell = program.globals[*global].cell;
                let cell = cell.expect("globals that scripts read have cells");
                code = Some(own(cell));
                counts = (0, 1);
                Kind::ReadGlobal
            }
            ScriptStep::HashMemory(memory) => {
                code = Some(memory_place(program, *memory));
                counts = (0, 1);
                Kind::HashMemory
            }
        };
        let start = blob.bytes.len();
        blob.u32(kind as u32);
        blob.u32(instance_index);
        blob.place(code);
        blob.place(trampoline);
        blob.place((counts.0 > 0).then_some(args));
        blob.u32(counts.0 as u32);
        blob.u32(counts.1 as u32);
        debug_assert_eq!(blob.bytes.len() - start, size_of::<ScriptCommand>());
    }
    script
}

/// Writes the function records; returns where they are, and the line table.
fn write_functions(
    program: &Program<'_>,
    text: &Text,
    blob: &mut Blob,
    names: &mut Vec<u8>,
) -> (Place, Vec<u8>) {
    let functions = here(blob, 4);
    let mut lines = Vec::new();
    for part in &text.parts {
        let (index, name) = match part.item {
            None | Some(CodeItem::Trampoline(_)) => (u32::MAX, None),
            Some(CodeItem::Func(id)) => match program.funcs[id].kind {
                FuncKind::Defined { index, .. } => {
                    (index.as_u32(), program.funcs[id].name.as_deref())
                }
                FuncKind::Wasi { function, .. } => (u32::MAX, Some(function.name)),
            },
        };
        let (name, name_len) = intern(names, name.unwrap_or_default());
        let start = blob.bytes.len();
        blob.u32(part.start);
        blob.u32(name);
        blob.u32(name_len);
        blob.u32(index);
        blob.u32(lines.len() as u32);
        debug_assert_eq!(blob.bytes.len() - start, size_of::<FunctionRecord>());
        let (mut last_offset, mut last_source) = (0, 0);
        for &(offset, source) in &part.lines {
            uleb128(&mut lines, u64::from(offset - last_offset));
            sleb128(&mut lines, i64::from(source) - last_source);
            last_offset = offset;
            last_source = i64::from(source);
        }
    }
    (functions, lines)
}
