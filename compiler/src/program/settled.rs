//! Which tables have elements that never change? What calls one of them by a constant index calls the
//! function directly.
//!
//! Components are full of such tables: functions of the host are called through one, since an
//! instance must exist before the functions can be made that work on its memory.

use std::collections::HashMap;
use std::ops::Range;

use cranelift_codegen::entity::{EntityRef, EntitySet};

use super::consts::Reference;
use super::world::{FuncKind, SegmentMode, World};
use crate::index::{FuncId, InstanceId, TableId, TypeId};
use crate::module::Fact;

/// Most elements of a table that is looked at; larger ones are never part of the image.
pub(super) const FIXED_TABLE_MAX: u64 = 1 << 16;

/// Tables whose elements never change once code can see them.
#[derive(Debug, Default)]
pub struct Settled {
    /// Their elements.
    tables: HashMap<TableId, Vec<Reference>>,
    /// Whether what an instance puts into others' tables counts: not in a driver, which goes on when
    /// an instantiation has failed in the middle.
    across: bool,
    /// The instances whose instantiation may call something through a table.
    calling: EntitySet<InstanceId>,
}

impl Settled {
    /// Finds those tables that code calls by a constant index.
    pub(super) fn find(world: &World<'_>, is_script: bool) -> Settled {
        let mut settled = Settled {
            tables: HashMap::new(),
            across: !is_script,
            calling: EntitySet::new(),
        };
        if is_script {
            return settled;
        }
        for (id, instance) in &world.instances {
            let starts = instance.starts.iter().map(|start| start.func);
            if may_call_through_tables(world, starts) {
                settled.calling.insert(id);
            }
        }
        let mut called = EntitySet::new();
        let mut changed = EntitySet::new();
        for instance in world.instances.values() {
            let bodies = instance.module.funcs.values();
            let facts = bodies.filter_map(|func| func.body.as_ref());
            for fact in facts.flat_map(|body| &body.facts) {
                match *fact {
                    Fact::CallElement { table, .. } => {
                        called.insert(instance.tables[table]);
                    }
                    Fact::TableWrite(table) | Fact::TableGrow(table) => {
                        changed.insert(instance.tables[table]);
                    }
                    _ => {}
                }
            }
        }
        for table in called.iter().filter(|&table| !changed.contains(table)) {
            if let Some(elements) = settled.elements(world, table) {
                settled.tables.insert(table, elements);
            }
        }
        settled
    }

    /// What a table has in it from the first moment that code can see it; `None` if that is not
    /// known.
    fn elements(&self, world: &World<'_>, table: TableId) -> Option<Vec<Reference>> {
        let declared = &world.tables[table];
        if declared.ty.initial > FIXED_TABLE_MAX {
            return None;
        }
        let mut elements = vec![declared.init; declared.ty.initial as usize];
        for (id, instance) in &world.instances {
            for &elem in instance.elems.values() {
                let elem = &world.elems[elem];
                let SegmentMode::Active { target, offset } = elem.mode else {
                    continue;
                };
                if target != table {
                    continue;
                }
                if !self.is_unseen(declared.owner, id) {
                    return None;
                }
                let start = usize::try_from(offset).ok()?;
                let end = start.checked_add(elem.items.len())?;
                elements.get_mut(start..end)?.copy_from_slice(&elem.items);
            }
        }
        Some(elements)
    }

    /// Whether no code looks into a table between the instantiation of one instance, which creates
    /// it, and that of another, which fills it.
    pub(super) fn is_unseen(&self, creator: InstanceId, filler: InstanceId) -> bool {
        let between: Range<usize> = creator.index()..filler.index();
        let mut between = between.map(InstanceId::new);
        creator == filler || self.across && between.all(|id| !self.calling.contains(id))
    }

    /// The function that a call of this type by a constant index calls; `None` if that is not known
    /// or it traps.
    pub fn callee(
        &self,
        world: &World<'_>,
        table: TableId,
        ty: TypeId,
        index: u32,
    ) -> Option<FuncId> {
        match self.tables.get(&table)?.get(index as usize)? {
            Reference::Func(func) => {
                let has_type = world.types.is_below(world.funcs[*func].ty, ty);
                has_type.then_some(*func)
            }
            Reference::Null | Reference::Number(_) | Reference::Computed => None,
        }
    }
}

/// Whether functions, or what they call, may look into a table or do what is not known here.
fn may_call_through_tables(world: &World<'_>, funcs: impl Iterator<Item = FuncId>) -> bool {
    let mut pending: Vec<_> = funcs.collect();
    let mut seen: EntitySet<FuncId> = EntitySet::new();
    while let Some(func) = pending.pop() {
        if !seen.insert(func) {
            continue;
        }
        let (instance, index) = match world.funcs[func].kind {
            FuncKind::Defined { instance, index } => (instance, index),
            FuncKind::Wasi { .. } => continue,
            FuncKind::Host { record, .. } => {
                pending.extend(record.and_then(|record| world.components.called_back(record)));
                continue;
            }
        };
        let funcs = &world.instances[instance].funcs;
        for fact in &world.body(instance, index).facts {
            match *fact {
                Fact::Call(func) | Fact::TailCall(func) => pending.push(funcs[func]),
                Fact::RefFunc(_)
                | Fact::CallRef
                | Fact::TableRead(_)
                | Fact::CallElement { .. } => return true,
                _ => {}
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use crate::features::Features;
    use crate::options::{Emit, Options};
    use crate::provenance;

    /// Whether a program of a component, whose shim is called once and filled last, needs what the
    /// function of the host does: with code for the main module's start function, and in `run`.
    fn needs_host(start: &str, run: &str) -> bool {
        let text = format!(
            r#"(component
              (import "wasi:random/random@0.2.0" (instance $random
                (export "get-random-u64" (func (result u64)))))
              (core func $random (canon lower (func $random "get-random-u64")))
              (core module $shim
                (type $t (func (result i64)))
                (table (export "t") 1 1 funcref)
                (func (export "f") (type $t) (call_indirect (type $t) (i32.const 0))))
              (core instance $shim (instantiate $shim))
              (core module $main
                (import "" "f" (func $f (result i64)))
                (func $start {start})
                (start $start)
                (func (export "run") (result i32) {run} (i32.const 0)))
              (core instance $main (instantiate $main
                (with "" (instance (export "f" (func $shim "f"))))))
              (core module $fixups
                (import "" "f" (func (result i64)))
                (import "" "t" (table 1 1 funcref))
                (elem (i32.const 0) func 0))
              (core instance (instantiate $fixups (with "" (instance
                (export "f" (func $random)) (export "t" (table $shim "t"))))))
              (func $run (result (result)) (canon lift (core func $main "run")))
              (instance $command (export "run" (func $run)))
              (export "wasi:cli/run@0.2.0" (instance $command)))"#
        );
        let component = wat::parse_str(text).unwrap();
        let options = Options {
            emit: Emit::Obj,
            features: Features::complete(),
            ..Options::default()
        };
        let object = crate::compile(&component, &options).unwrap().bytes;
        let note = provenance::read(&object).unwrap().unwrap();
        let needs = provenance::needs(&note).unwrap();
        needs.contains(wasmc_abi::confine::Needs::RANDOM)
    }

    #[test]
    fn functions_of_the_host_count_when_they_are_reached() {
        assert!(needs_host("", "(drop (call $f))"));
        // What is in the table counts only if it is called.
        assert!(!needs_host("", ""));
        // A start function in between that looks into no table changes nothing.
        assert!(!needs_host("nop", ""));
        // One that may see that the table is still empty does.
        assert!(needs_host("(drop (call $f))", ""));
    }
}
