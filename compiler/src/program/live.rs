//! Reachability: what the program can get to from what the runtime calls.
//!
//! Unreachable functions are not translated, unused segments are not part of the image, tables
//! that nothing grows or writes get simpler places.

use cranelift_codegen::entity::{EntityRef, SecondaryMap};

use super::world::called_by_runtime;
use super::{Constant, FuncKind, Program, Reference, threads};
use crate::index::{DataId, ElemId, FuncId, GlobalId, InstanceId, MemoryId, TableId};
use crate::module::{ElemMode, Fact};

/// What reachable code does.
#[derive(Debug, Default)]
pub(super) struct Reached {
    funcs: SecondaryMap<FuncId, bool>,
    in_text: SecondaryMap<FuncId, bool>,
    referenced: SecondaryMap<FuncId, bool>,
    pub tables_read: SecondaryMap<TableId, bool>,
    pub tables_written: SecondaryMap<TableId, bool>,
    pub tables_grown: SecondaryMap<TableId, bool>,
    pub memories_grown: SecondaryMap<MemoryId, bool>,
    pub memory_weights: SecondaryMap<MemoryId, u64>,
    elems_read: SecondaryMap<ElemId, bool>,
    pub elems_dropped: SecondaryMap<ElemId, bool>,
    datas_read: SecondaryMap<DataId, bool>,
    pub datas_dropped: SecondaryMap<DataId, bool>,
    /// Functions whose bodies are still to be looked at.
    pending: Vec<FuncId>,
}

/// Finds everything that is reachable.
pub(super) fn reach(program: &Program<'_>) -> Reached {
    let mut reached = Reached::default();
    for func in called_by_runtime(program) {
        reached.by_value(func);
    }
    for global in program.globals.values() {
        if let Constant::Ref(Reference::Func(func)) = global.value {
            reached.by_value(func);
            reached.referenced[func] = true;
        }
    }
    let active = active_elems(program);
    let mut active_done = vec![false; active.len()];
    let inits = table_inits(program);
    let spawners = threads::spawners(program);
    loop {
        while let Some(func) = reached.pending.pop() {
            reached.scan(program, func);
        }
        // Elements of a table become reachable once live code reads the table.
        for (&(table, elem), done) in active.iter().zip(&mut active_done) {
            if reached.tables_read[table] && !*done {
                *done = true;
                reached.items(program, elem);
            }
        }
        for &(table, func) in &inits {
            if reached.tables_read[table] {
                reached.by_value(func);
            }
        }
        // Once a thread can be started, what threads call is live too.
        for &(instance, spawn) in &spawners {
            if reached.funcs[spawn]
                && let Some(entry) = threads::entry(&program.instances[instance])
            {
                reached.by_value(entry);
            }
        }
        if reached.pending.is_empty() {
            return reached;
        }
    }
}

/// Writes into the program what was found about its entities.
pub(super) fn record(program: &mut Program<'_>, reached: &Reached) {
    let ids: Vec<FuncId> = program.funcs.keys().collect();
    for id in ids {
        let func = &mut program.funcs[id];
        func.in_text = match func.kind {
            FuncKind::Defined { .. } => reached.funcs[id],
            FuncKind::Wasi { .. } => reached.in_text[id],
        };
        if reached.referenced[id] && func.in_text {
            func.ref_slot = Some(program.ref_funcs.len() as u32);
            program.ref_funcs.push(id);
        }
    }
    for (id, elem) in program.elems.iter_mut() {
        elem.used_by_init = reached.elems_read[id];
        elem.in_image = elem.used_by_init && elem.passive;
    }
    for (id, data) in program.datas.iter_mut() {
        data.used_by_init = reached.datas_read[id];
        data.in_image = data.used_by_init && data.passive;
    }
    for (id, table) in program.tables.iter_mut() {
        table.grows = reached.tables_grown[id];
        table.writable = reached.tables_written[id];
    }
    for (id, memory) in program.memories.iter_mut() {
        memory.grows = reached.memories_grown[id];
    }
}

fn active_elems(program: &Program<'_>) -> Vec<(TableId, ElemId)> {
    let mut active = Vec::new();
    for instance in program.instances.values() {
        for (index, elem) in instance.module.elems.iter() {
            if let ElemMode::Active { table, .. } = elem.mode {
                active.push((instance.tables[table], instance.elems[index]));
            }
        }
    }
    active
}

/// Functions that are the initial value of a table's elements.
fn table_inits(program: &Program<'_>) -> Vec<(TableId, FuncId)> {
    let mut inits = Vec::new();
    for instance in program.instances.values() {
        for (index, table) in instance.module.tables.iter() {
            let Some(init) = &table.init else { continue };
            let value =
                super::consts::eval(instance, init, |id: GlobalId| program.globals[id].value);
            if let Ok(Constant::Ref(Reference::Func(func))) = value {
                inits.push((instance.tables[index], func));
            }
        }
    }
    inits
}

impl Reached {
    /// Whether a function is live.
    pub fn is_live(&self, func: FuncId) -> bool {
        self.funcs[func]
    }

    /// A function that is called directly.
    fn by_call(&mut self, func: FuncId) {
        if !self.funcs[func] {
            self.funcs[func] = true;
            self.pending.push(func);
        }
    }

    /// A function that is reached otherwise: its code must have the guest's convention.
    fn by_value(&mut self, func: FuncId) {
        self.in_text[func] = true;
        self.by_call(func);
    }

    fn items(&mut self, program: &Program<'_>, elem: ElemId) {
        for item in &program.elems[elem].items {
            if let Reference::Func(func) = *item {
                self.by_value(func);
            }
        }
    }

    fn scan(&mut self, program: &Program<'_>, func: FuncId) {
        let FuncKind::Defined { instance, index } = program.funcs[func].kind else {
            return;
        };
        self.scan_body(program, instance, index);
    }

    fn scan_body(
        &mut self,
        program: &Program<'_>,
        instance: InstanceId,
        index: crate::index::FuncIndex,
    ) {
        let instance = &program.instances[instance];
        let body = instance.module.funcs[index].body.as_ref();
        for fact in &body.expect("a defined function").facts {
            match *fact {
                Fact::Call(func) => self.by_call(instance.funcs[func]),
                Fact::TailCall(func) => self.by_value(instance.funcs[func]),
                Fact::RefFunc(func) => {
                    let func = instance.funcs[func];
                    self.by_value(func);
                    self.referenced[func] = true;
                }
                Fact::TableRead(table) => self.tables_read[instance.tables[table]] = true,
                Fact::TableWrite(table) => self.tables_written[instance.tables[table]] = true,
                Fact::TableGrow(table) => self.tables_grown[instance.tables[table]] = true,
                Fact::ElemInit(elem) => {
                    let elem = instance.elems[elem];
                    if !self.elems_read[elem] {
                        self.elems_read[elem] = true;
                        if program.elems[elem].passive {
                            self.items(program, elem);
                        }
                    }
                }
                Fact::ElemDrop(elem) => self.elems_dropped[instance.elems[elem]] = true,
                Fact::DataInit(data) => self.datas_read[instance.datas[data]] = true,
                Fact::DataDrop(data) => self.datas_dropped[instance.datas[data]] = true,
                Fact::MemoryGrow(memory) => {
                    self.memories_grown[instance.memories[memory]] = true;
                }
                Fact::Memory(memory, weight) => {
                    let total = &mut self.memory_weights[instance.memories[memory]];
                    *total = total.saturating_add(u64::from(weight));
                }
            }
        }
    }
}

/// The memory that live code accesses most, by weight; the first of equals.
pub(super) fn hottest_memory(program: &Program<'_>, reached: &Reached) -> Option<MemoryId> {
    program
        .memories
        .keys()
        .max_by_key(|&id| (reached.memory_weights[id], std::cmp::Reverse(id.index())))
}
