//! What is live: what the program can get to from what the runtime reaches, and what it does there.
//!
//! Functions that are not live are not translated, segments that nothing reads are not part of the
//! image, tables that nothing grows or writes get simpler places.

use cranelift_codegen::entity::{EntityRef, EntitySet, SecondaryMap};
use wasmc_abi::confine::Needs;

use super::consts::{Constant, Reference, functions_of};
use super::entry::Roots;
use super::settled::Settled;
use super::threads::{self, Threads};
use super::world::{FuncKind, SegmentMode, World};
use crate::error::Result;
use crate::index::{DataId, ElemId, FuncId, FuncIndex, InstanceId, MemoryId, TableId};
use crate::module::Fact;
use crate::options::Options;

/// What is live.
#[derive(Debug)]
pub struct Live {
    /// Functions that may run.
    pub funcs: EntitySet<FuncId>,
    /// Functions whose code is part of the text: the defined ones that are live, and those of the
    /// runtime that are reached by other means than direct calls.
    pub text: EntitySet<FuncId>,
    /// Functions to which code makes references: the table of funcref constants, ascending.
    pub referenced: Vec<FuncId>,
    /// Functions that functions of the runtime call when the guest calls them: `realloc` and
    /// destructors of components.
    pub called_back: Vec<FuncId>,
    /// What live code does.
    pub uses: Uses,
    /// Tables whose elements never change.
    pub settled: Settled,
    /// How threads of the guest start; `None` when live code starts none.
    pub threads: Option<Threads>,
}

/// What live code does to tables, memories and segments.
#[derive(Debug, Default)]
pub struct Uses {
    /// Tables whose elements it reads.
    pub tables_read: EntitySet<TableId>,
    /// Tables whose elements it writes.
    pub tables_written: EntitySet<TableId>,
    /// Tables that it grows.
    pub tables_grown: EntitySet<TableId>,
    /// Memories that it grows.
    pub memories_grown: EntitySet<MemoryId>,
    /// How often it accesses each memory, by weight.
    pub memory_weights: SecondaryMap<MemoryId, u64>,
    /// Segments that `table.init` reads.
    pub elems_read: EntitySet<ElemId>,
    /// Segments that `elem.drop` drops.
    pub elems_dropped: EntitySet<ElemId>,
    /// Segments that `memory.init` reads.
    pub datas_read: EntitySet<DataId>,
    /// Segments that `data.drop` drops.
    pub datas_dropped: EntitySet<DataId>,
    /// Whether it wakes threads that wait at an address.
    pub notifies: bool,
    /// Whether it waits at an address.
    pub waits: bool,
    /// Whether it makes references to exceptions, or keeps those that it caught.
    pub keeps_exceptions: bool,
}

impl Live {
    /// Finds what is live.
    ///
    /// # Errors
    /// What live code does with threads and cannot be done.
    pub(super) fn find(world: &World<'_>, roots: &Roots, options: &Options) -> Result<Live> {
        let search = search(world, roots);
        let threads = threads::choose(world, |func| search.funcs.contains(func), options)?;
        let is_text = |&(id, kind): &(FuncId, FuncKind)| match kind {
            FuncKind::Defined { .. } => search.funcs.contains(id),
            FuncKind::Wasi { .. } | FuncKind::Host { .. } => search.by_value.contains(id),
        };
        let mut text = EntitySet::with_capacity(world.funcs.len());
        let kinds = world.funcs.iter().map(|(id, func)| (id, func.kind));
        text.extend(kinds.filter(is_text).map(|(id, _)| id));
        Ok(Live {
            text,
            referenced: search.referenced.iter().collect(),
            called_back: search.called_back.iter().collect(),
            funcs: search.funcs,
            uses: search.uses,
            settled: search.settled,
            threads,
        })
    }

    /// The index of a function in the table of funcref constants.
    pub fn ref_slot(&self, func: FuncId) -> usize {
        let slot = self.referenced.binary_search(&func);
        slot.expect("referenced functions have a slot")
    }

    /// The memory that live code accesses most, by weight; the first of equals.
    pub(super) fn hottest_memory(&self, world: &World<'_>) -> Option<MemoryId> {
        let weight = |&id: &MemoryId| (self.uses.memory_weights[id], std::cmp::Reverse(id.index()));
        world.memories.keys().max_by_key(weight)
    }
}

/// A search for what is live.
#[derive(Default)]
struct Search {
    funcs: EntitySet<FuncId>,
    /// Functions that are reached by other means than direct calls: their code must have the guest's
    /// convention.
    by_value: EntitySet<FuncId>,
    referenced: EntitySet<FuncId>,
    called_back: EntitySet<FuncId>,
    settled: Settled,
    uses: Uses,
    /// Functions whose bodies are still to be looked at.
    pending: Vec<FuncId>,
}

fn search(world: &World<'_>, roots: &Roots) -> Search {
    let mut search = Search {
        settled: Settled::find(world, roots.needs.contains(Needs::INSTANTIATE)),
        ..Search::default()
    };
    for &func in &roots.funcs {
        search.by_value(func);
    }
    for global in world.globals.values() {
        if let Constant::Ref(Reference::Func(func)) = global.value {
            search.by_reference(func);
        }
    }
    for instance in world.instances.values() {
        for expr in instance.computed(world) {
            for func in functions_of(expr) {
                search.by_reference(instance.funcs[func]);
            }
        }
    }
    // Elements of a table become reachable once live code reads the table.
    let mut waiting: Vec<(TableId, Contents)> = contents(world).collect();
    let spawners = threads::spawners(world);
    loop {
        while let Some(func) = search.pending.pop() {
            search.scan(world, func);
        }
        waiting.retain(|&(table, contents)| {
            let is_read = search.uses.tables_read.contains(table);
            if is_read {
                search.contents(world, contents);
            }
            !is_read
        });
        // Once a thread can be started, what threads call is live too.
        for &(instance, spawn) in &spawners {
            if search.funcs.contains(spawn)
                && let Some(entry) = threads::entry(&world.instances[instance])
            {
                search.by_value(entry);
            }
        }
        if search.pending.is_empty() {
            return search;
        }
    }
}

/// What a table gets at instantiation.
#[derive(Clone, Copy)]
enum Contents {
    /// The items of an active segment.
    Elem(ElemId),
    /// One value in all its elements.
    Init(Reference),
}

/// What each table gets at instantiation.
fn contents(world: &World<'_>) -> impl Iterator<Item = (TableId, Contents)> {
    let inits = world.tables.iter();
    let inits = inits.map(|(id, table)| (id, Contents::Init(table.init)));
    let actives = world.elems.iter().filter_map(|(id, elem)| match elem.mode {
        SegmentMode::Active { target, .. } => Some((target, Contents::Elem(id))),
        SegmentMode::Passive | SegmentMode::Declared => None,
    });
    inits.chain(actives)
}

impl Search {
    /// A function that is called directly.
    fn by_call(&mut self, func: FuncId) {
        if self.funcs.insert(func) {
            self.pending.push(func);
        }
    }

    /// A function that is reached otherwise.
    fn by_value(&mut self, func: FuncId) {
        self.by_value.insert(func);
        self.by_call(func);
    }

    /// A function to which code makes references.
    fn by_reference(&mut self, func: FuncId) {
        self.referenced.insert(func);
        self.by_value(func);
    }

    fn contents(&mut self, world: &World<'_>, contents: Contents) {
        match contents {
            Contents::Elem(elem) => self.items(world, elem),
            Contents::Init(item) => self.item(item),
        }
    }

    fn items(&mut self, world: &World<'_>, elem: ElemId) {
        for &item in &world.elems[elem].items {
            self.item(item);
        }
    }

    fn item(&mut self, item: Reference) {
        match item {
            Reference::Func(func) => self.by_value(func),
            Reference::Null | Reference::Number(_) | Reference::Computed => {}
        }
    }

    fn scan(&mut self, world: &World<'_>, func: FuncId) {
        match world.funcs[func].kind {
            FuncKind::Defined { instance, index } => self.scan_body(world, instance, index),
            FuncKind::Wasi { .. } => {}
            FuncKind::Host { record, .. } => {
                let called = record.and_then(|record| world.components.called_back(record));
                if let Some(called) = called {
                    self.called_back.insert(called);
                    self.by_value(called);
                }
            }
        }
    }

    fn scan_body(&mut self, world: &World<'_>, id: InstanceId, index: FuncIndex) {
        let instance = &world.instances[id];
        for fact in &world.body(id, index).facts {
            let uses = &mut self.uses;
            match *fact {
                Fact::Call(func) => self.by_call(instance.funcs[func]),
                Fact::TailCall(func) => self.by_value(instance.funcs[func]),
                Fact::RefFunc(func) => self.by_reference(instance.funcs[func]),
                Fact::ElemInit(elem) => {
                    let elem = instance.elems[elem];
                    if uses.elems_read.insert(elem) && world.elems[elem].mode.is_passive() {
                        self.items(world, elem);
                    }
                }
                Fact::CallElement { table, ty, index } => {
                    let table = instance.tables[table];
                    let ty = instance.types[ty];
                    match self.settled.callee(world, table, ty, index) {
                        Some(func) => self.by_call(func),
                        None => {
                            uses.tables_read.insert(table);
                        }
                    }
                }
                Fact::TableRead(table) => {
                    uses.tables_read.insert(instance.tables[table]);
                }
                Fact::TableWrite(table) => {
                    uses.tables_written.insert(instance.tables[table]);
                }
                Fact::TableGrow(table) => {
                    uses.tables_grown.insert(instance.tables[table]);
                }
                Fact::ElemDrop(elem) => {
                    uses.elems_dropped.insert(instance.elems[elem]);
                }
                Fact::DataInit(data) => {
                    uses.datas_read.insert(instance.datas[data]);
                }
                Fact::DataDrop(data) => {
                    uses.datas_dropped.insert(instance.datas[data]);
                }
                Fact::MemoryGrow(memory) => {
                    uses.memories_grown.insert(instance.memories[memory]);
                }
                Fact::Memory(memory, weight) => {
                    let total = &mut uses.memory_weights[instance.memories[memory]];
                    *total = total.saturating_add(u64::from(weight));
                }
                Fact::Notify => uses.notifies = true,
                Fact::Wait => uses.waits = true,
                Fact::CallRef => {}
                Fact::KeepException => uses.keeps_exceptions = true,
            }
        }
    }
}
