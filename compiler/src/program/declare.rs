//! Which entity does every index of every module mean?
//!
//! What an import means, what a type is equal to and what a constant expression's value is are
//! found out here and asked nowhere else.

use std::collections::HashMap;

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmparser::{GlobalType, TableType};

use super::consts::{self, Reference};
use super::imports::{self, Exporters, Failures, Importer, Source, Unlinked};
use super::objects::Objects;
use super::records::Components;
use super::types::{ModuleTypes, Types, canonical_type};
use super::world::{
    Data, Elem, Func, FuncKind, Global, Instance, Memory, SegmentMode, Start, Table, Tag, World,
};
use crate::error::{Error, Result};
use crate::index::{
    DataId, DataIndex, ElemId, ElemIndex, FuncId, FuncIndex, GlobalId, GlobalIndex, InstanceId,
    MemoryId, MemoryIndex, TableId, TableIndex, TagId, TagIndex,
};
use crate::module::{ElemItems, ElemMode, Entity, Module};
use crate::names::Named;

/// An instance to be.
pub(crate) struct Input<'a> {
    /// Its name for messages; empty for the only instance of a program.
    pub name: String,
    /// Its module.
    pub module: Module<'a>,
    /// Import module names and the earlier instances that they mean.
    pub imports: HashMap<String, InstanceId>,
    /// Whether instantiation calls its `_initialize`, if it has one: it is a linked reactor.
    pub initializes: bool,
}

impl<'a> World<'a> {
    /// Links instances, in their order of instantiation.
    ///
    /// # Errors
    /// One that lists the imports of all of them that nothing satisfies.
    pub(crate) fn link(inputs: Vec<Input<'a>>) -> Result<World<'a>> {
        let modules = inputs.iter().map(|input| &input.module);
        let (types, module_types) = Types::canonical(modules)?;
        let mut later: Vec<_> = inputs
            .iter()
            .rev()
            .map(|input| input.name.clone())
            .collect();
        let mut world = World::new(types);
        let mut unlinked = Vec::new();
        let mut failures = Failures::default();
        for (input, types) in inputs.into_iter().zip(module_types) {
            later.pop();
            let importer = Importer {
                // The last is the program itself.
                name: (!later.is_empty()).then_some(&*input.name),
                module: &input.module,
                types: &types,
                names: &input.imports,
            };
            let exporters = Exporters {
                world: &world,
                unlinked: &unlinked,
                // The program itself exports nothing to the others.
                later: later.get(1..).unwrap_or_default(),
            };
            match imports::resolve(importer, exporters) {
                Ok(sources) if unlinked.is_empty() => {
                    world.instantiate(input, types, &sources)?;
                    continue;
                }
                Ok(_) => {}
                Err(more) => failures.add(more),
            }
            unlinked.push(Unlinked {
                module: input.module,
                types,
            });
        }
        failures.into_result()?;
        Ok(world)
    }

    /// One without instances, with the types of all that are to come.
    pub(super) fn new(types: Types) -> World<'a> {
        World {
            instances: PrimaryMap::new(),
            objects: Objects::new(&types),
            types,
            funcs: PrimaryMap::new(),
            tables: PrimaryMap::new(),
            memories: PrimaryMap::new(),
            globals: PrimaryMap::new(),
            tags: PrimaryMap::new(),
            elems: PrimaryMap::new(),
            datas: PrimaryMap::new(),
            components: Components::default(),
        }
    }

    /// Adds an instance. Imports are given by position: the source of each of the module's, in its
    /// order; the names of [`Input::imports`] are not asked.
    pub(super) fn instantiate(
        &mut self,
        input: Input<'a>,
        types: ModuleTypes,
        sources: &[Source],
    ) -> Result<InstanceId> {
        let module = input.module;
        debug_assert_eq!(module.imports.len(), sources.len());
        let adding = Adding {
            id: self.instances.next_key(),
            module: &module,
            types: &types,
            sources,
            export_names: export_names(&module),
        };
        let memories = adding.memories(self);
        let memory = match module.export("memory") {
            Some(Entity::Memory(index)) => Some(memories[index]),
            _ => memories.values().next().copied(),
        };
        let funcs = adding.funcs(self, memory);
        let tags = adding.tags(self);
        let in_instance = |error: Error| error.in_instance(&input.name);
        let globals = adding.globals(self, &funcs).map_err(in_instance)?;
        let tables = adding.tables(self, &funcs, &globals).map_err(in_instance)?;
        let elems = adding
            .elems(self, &funcs, &globals, &tables)
            .map_err(in_instance)?;
        let datas = adding
            .datas(self, &funcs, &globals, &memories)
            .map_err(in_instance)?;
        let start = module.start.map(|index| (index, false));
        let initialize = match module.export("_initialize") {
            Some(Entity::Func(index)) if input.initializes => Some(index),
            _ => None,
        };
        let initialize = initialize.filter(|&index| module.is_procedure(index));
        let starts = start
            .into_iter()
            .chain(initialize.map(|index| (index, true)))
            .map(|(index, once)| Start {
                func: funcs[index],
                once,
            })
            .collect();
        Ok(self.instances.push(Instance {
            name: input.name,
            types,
            funcs,
            tables,
            memories,
            globals,
            tags,
            elems,
            datas,
            starts,
            without_leave: HashMap::new(),
            module,
        }))
    }
}

/// The names under which entities are exported; the first of several.
fn export_names<'a>(module: &Module<'a>) -> HashMap<Entity, &'a str> {
    let exports = module.exports.iter().rev();
    exports.map(|export| (export.entity, export.name)).collect()
}

/// An instance that is being added: each function declares the entities of one kind, those that are
/// imported first.
struct Adding<'i, 'a> {
    id: InstanceId,
    module: &'i Module<'a>,
    types: &'i ModuleTypes,
    sources: &'i [Source],
    export_names: HashMap<Entity, &'a str>,
}

impl<'a> Adding<'_, 'a> {
    /// The imports and their sources.
    fn imports(&self) -> impl Iterator<Item = (Entity, &Source, (&'a str, &'a str))> {
        let imports = self.module.imports.iter().zip(self.sources);
        imports.map(|(import, source)| (import.entity, source, (import.module, import.name)))
    }

    /// The entities of one kind that other instances export: `of` finds one.
    fn exported<Id>(
        &self,
        world: &World<'a>,
        of: impl Fn(&Instance<'a>, Entity) -> Option<Id>,
    ) -> impl Iterator<Item = Id> {
        self.imports()
            .filter_map(move |(_, source, _)| match *source {
                Source::Export(instance, entity) => of(&world.instances[instance], entity),
                Source::Wasi(_) | Source::Made(_) | Source::Host { .. } | Source::Global(_) => None,
            })
    }

    fn memories(&self, world: &mut World<'a>) -> PrimaryMap<MemoryIndex, MemoryId> {
        let mut memories = PrimaryMap::with_capacity(self.module.memories.len());
        for (import, source, names) in self.imports() {
            let Entity::Memory(index) = import else {
                continue;
            };
            memories.push(match *source {
                Source::Export(instance, Entity::Memory(theirs)) => {
                    world.instances[instance].memories[theirs]
                }
                Source::Made(Some(memory)) => memory,
                Source::Made(None) => world.memories.push(Memory {
                    ty: self.module.memories[index],
                    owner: self.id,
                    made_for: Some((names.0.to_owned(), names.1.to_owned())),
                }),
                ref source => unreachable!("{source:?} is no memory"),
            });
        }
        for &ty in self.module.memories.values().skip(memories.len()) {
            memories.push(world.memories.push(Memory {
                ty,
                owner: self.id,
                made_for: None,
            }));
        }
        memories
    }

    /// `memory` is the one that functions of the runtime work on.
    fn funcs(
        &self,
        world: &mut World<'a>,
        memory: Option<MemoryId>,
    ) -> PrimaryMap<FuncIndex, FuncId> {
        let module = self.module;
        let mut funcs = PrimaryMap::with_capacity(module.funcs.len());
        for (import, source, _) in self.imports() {
            let Entity::Func(index) = import else {
                continue;
            };
            funcs.push(match *source {
                Source::Export(instance, Entity::Func(theirs)) => {
                    world.instances[instance].funcs[theirs]
                }
                Source::Wasi(function) => world.funcs.push(Func {
                    ty: self.types[module.funcs[index].ty],
                    kind: FuncKind::Wasi { function, memory },
                    name: Some(function.name.to_owned()),
                }),
                Source::Host {
                    function,
                    record,
                    ref name,
                } => world.funcs.push(Func {
                    ty: self.types[module.funcs[index].ty],
                    kind: FuncKind::Host { function, record },
                    name: Some(name.clone()),
                }),
                ref source => unreachable!("{source:?} is no function"),
            });
        }
        for (index, func) in module.funcs.iter().skip(funcs.len()) {
            let named = module.names.funcs.get(&index.as_u32());
            let name = named.or(self.export_names.get(&Entity::Func(index)));
            funcs.push(world.funcs.push(Func {
                ty: self.types[func.ty],
                kind: FuncKind::Defined {
                    instance: self.id,
                    index,
                },
                name: name.map(|&name| name.to_owned()),
            }));
        }
        funcs
    }

    fn tags(&self, world: &mut World<'a>) -> PrimaryMap<TagIndex, TagId> {
        let module = self.module;
        let mut tags: PrimaryMap<_, _> = self
            .exported(world, |instance, entity| match entity {
                Entity::Tag(index) => Some(instance.tags[index]),
                _ => None,
            })
            .collect();
        for (index, &ty) in module.tags.iter().skip(tags.len()) {
            let named = module.names.get(Named::Tag, index.as_u32());
            let name = named.or(self.export_names.get(&Entity::Tag(index)).copied());
            tags.push(world.tags.push(Tag {
                ty: self.types[ty],
                name: name.map_or_else(|| format!("tag[{}]", index.index()), str::to_owned),
            }));
        }
        tags
    }

    fn globals(
        &self,
        world: &mut World<'a>,
        funcs: &PrimaryMap<FuncIndex, FuncId>,
    ) -> Result<PrimaryMap<GlobalIndex, GlobalId>> {
        let imported = self.imports().filter_map(|(_, source, _)| match *source {
            Source::Export(instance, Entity::Global(index)) => {
                Some(world.instances[instance].globals[index])
            }
            Source::Global(global) => Some(global),
            _ => None,
        });
        let mut globals: PrimaryMap<_, _> = imported.collect();
        for global in self.module.globals.values().skip(globals.len()) {
            let init = global.init.as_ref().expect("a defined global");
            let value = consts::eval(init, funcs, |index| world.globals[globals[index]].value)?;
            // In a type of the program, like in its signatures.
            let ty = GlobalType {
                content_type: canonical_type(global.ty.content_type, self.types),
                ..global.ty
            };
            globals.push(world.globals.push(Global { ty, value }));
        }
        Ok(globals)
    }

    fn tables(
        &self,
        world: &mut World<'a>,
        funcs: &PrimaryMap<FuncIndex, FuncId>,
        globals: &PrimaryMap<GlobalIndex, GlobalId>,
    ) -> Result<PrimaryMap<TableIndex, TableId>> {
        let mut tables: PrimaryMap<_, _> = self
            .exported(world, |instance, entity| match entity {
                Entity::Table(index) => Some(instance.tables[index]),
                _ => None,
            })
            .collect();
        for table in self.module.tables.values().skip(tables.len()) {
            let value = |index| world.globals[globals[index]].value;
            let init = match &table.init {
                None => Reference::Null,
                Some(init) => consts::eval(init, funcs, value)?.as_reference(),
            };
            // In a type of the program, as for globals.
            let element_type = canonical_type(table.ty.element_type.into(), self.types);
            let ty = TableType {
                element_type: element_type.as_reference_type().expect("it was one before"),
                ..table.ty
            };
            tables.push(world.tables.push(Table {
                ty,
                owner: self.id,
                init,
            }));
        }
        Ok(tables)
    }

    fn elems(
        &self,
        world: &mut World<'a>,
        funcs: &PrimaryMap<FuncIndex, FuncId>,
        globals: &PrimaryMap<GlobalIndex, GlobalId>,
        tables: &PrimaryMap<TableIndex, TableId>,
    ) -> Result<PrimaryMap<ElemIndex, ElemId>> {
        let value = |index| world.globals[globals[index]].value;
        let mut elems = PrimaryMap::with_capacity(self.module.elems.len());
        for elem in self.module.elems.values() {
            let items = match &elem.items {
                ElemItems::Funcs(items) => items
                    .iter()
                    .map(|&func| Reference::Func(funcs[func]))
                    .collect(),
                ElemItems::Exprs(exprs) => exprs
                    .iter()
                    .map(|expr| Ok(consts::eval(expr, funcs, value)?.as_reference()))
                    .collect::<Result<_>>()?,
            };
            let mode = match &elem.mode {
                ElemMode::Passive => SegmentMode::Passive,
                ElemMode::Declared => SegmentMode::Declared,
                ElemMode::Active { table, offset } => SegmentMode::Active {
                    target: tables[*table],
                    offset: consts::eval(offset, funcs, value)?.as_offset(),
                },
            };
            elems.push(world.elems.push(Elem { items, mode }));
        }
        Ok(elems)
    }

    fn datas(
        &self,
        world: &mut World<'a>,
        funcs: &PrimaryMap<FuncIndex, FuncId>,
        globals: &PrimaryMap<GlobalIndex, GlobalId>,
        memories: &PrimaryMap<MemoryIndex, MemoryId>,
    ) -> Result<PrimaryMap<DataIndex, DataId>> {
        let value = |index| world.globals[globals[index]].value;
        let mut datas = PrimaryMap::with_capacity(self.module.datas.len());
        for data in self.module.datas.values() {
            let mode = match &data.active {
                None => SegmentMode::Passive,
                Some((memory, offset)) => SegmentMode::Active {
                    target: memories[*memory],
                    offset: consts::eval(offset, funcs, value)?.as_offset(),
                },
            };
            datas.push(world.datas.push(Data {
                bytes: data.bytes,
                mode,
            }));
        }
        Ok(datas)
    }
}

#[cfg(test)]
mod tests {
    use wasmc_abi::wasi;

    use super::super::consts::Constant;
    use super::*;
    use crate::features::Features;

    fn input<'a>(bytes: &'a [u8], initializes: bool) -> Input<'a> {
        Input {
            name: String::new(),
            module: crate::parse::parse(bytes, Features::default()).unwrap(),
            imports: HashMap::new(),
            initializes,
        }
    }

    #[test]
    fn imports_are_given_by_position() {
        let exporter = wat::parse_str(
            "(module
               (memory (export \"m\") 1)
               (global (export \"g\") i32 (i32.const 7))
               (table (export \"t\") 1 funcref)
               (tag (export \"e\") (param i32))
               (func)
               (func $f (export \"f\"))
               (start $f)
               (func (export \"_initialize\")))",
        )
        .unwrap();
        // The names say nothing, and are the same.
        let importer = wat::parse_str(
            "(module
               (import \"\" \"\" (func))
               (import \"\" \"\" (memory 1))
               (import \"\" \"\" (func (param i32 i32) (result i32)))
               (import \"\" \"\" (global i32))
               (import \"\" \"\" (table 1 funcref))
               (import \"\" \"\" (tag (param i32)))
               (global i32 (global.get 0))
               (elem (i32.const 0) func 0))",
        )
        .unwrap();
        let inputs = [input(&exporter, true), input(&importer, false)];
        let modules = inputs.iter().map(|input| &input.module);
        let (types, module_types) = Types::canonical(modules).unwrap();
        let mut world = World::new(types);
        let [exporter, importer] = inputs;
        let [first, second] = <[_; 2]>::try_from(module_types).unwrap();
        let export = |name: &str| exporter.module.export(name).unwrap();
        let first_id = InstanceId::new(0);
        let random_get = wasi::find("random_get").unwrap();
        let sources = [
            Source::Export(first_id, export("f")),
            Source::Export(first_id, export("m")),
            Source::Wasi(random_get),
            Source::Export(first_id, export("g")),
            Source::Export(first_id, export("t")),
            Source::Export(first_id, export("e")),
        ];
        assert_eq!(world.instantiate(exporter, first, &[]).unwrap(), first_id);
        let second_id = world.instantiate(importer, second, &sources).unwrap();

        let [exporter, importer] = [first_id, second_id].map(|id| &world.instances[id]);
        let index = FuncIndex::new;
        assert_eq!(importer.funcs[index(0)], exporter.funcs[index(1)]);
        let FuncKind::Wasi { function, memory } = world.funcs[importer.funcs[index(1)]].kind else {
            panic!("a function of the runtime");
        };
        assert_eq!(function.name, "random_get");
        assert_eq!(memory, Some(exporter.memories[MemoryIndex::new(0)]));
        assert_eq!(importer.tables.len(), 1);
        assert_eq!(importer.tags.len(), 1);
        assert_eq!(
            world.tables.len() + world.memories.len() + world.tags.len(),
            3
        );
        assert_eq!(world.globals[GlobalId::new(1)].value, Constant::I32(7));
        let active = SegmentMode::Active {
            target: exporter.tables[TableIndex::new(0)],
            offset: 0,
        };
        assert_eq!(world.elems[ElemId::new(0)].mode, active);
        // The start function, then what a linked reactor is initialised by, once.
        let starts = exporter.starts.iter().map(|start| (start.func, start.once));
        let expected = [
            (exporter.funcs[index(1)], false),
            (exporter.funcs[index(2)], true),
        ];
        assert!(starts.eq(expected));
    }
}
