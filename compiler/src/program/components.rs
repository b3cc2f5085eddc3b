//! A component becomes a program: its core instances with what they import, by position.

use std::collections::HashMap;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::component::FIRST_GUEST_RESOURCE;
use wasmc_abi::p2::{self, HostFunction};
use wasmc_abi::wasi::ValueType;
use wasmparser::{FuncType, GlobalType, ValType};

use super::consts::Constant;
use super::declare::Input;
use super::imports::{Failures, Source, describe_function};
use super::live::Live;
use super::records::{Destructor, Record, Resource};
use super::types::Types;
use super::world::{FuncKind, Global, World};
use crate::component::{self, Core, CoreExport, Flat, Made, MadeKind, Subject};
use crate::error::{Error, Location, Result};
use crate::index::{ComponentId, FuncId, GlobalId, InstanceId, MemoryId, RecordId, ResourceId};
use crate::module::{Entity, Module};

impl<'a> World<'a> {
    /// Links a component. `modules` are those of its core instances, in their order.
    ///
    /// # Errors
    /// One that lists what the component imports and nothing offers; what it does that is not
    /// supported.
    pub(crate) fn of_component(flat: &Flat<'_>, modules: Vec<Module<'a>>) -> Result<World<'a>> {
        let functions = resolve(flat)?;
        let (types, module_types) = Types::canonical(modules.iter())?;
        let mut world = World::new(types);
        let flags = GlobalType {
            content_type: ValType::I32,
            mutable: true,
            shared: false,
        };
        for _ in 0..flat.components {
            // The runtime's record of the instance begins with them.
            let global = world.globals.push(Global {
                ty: flags,
                value: Constant::I32(0),
            });
            world.components.instances.push(global);
        }
        let mut linking = Linking {
            flat,
            functions: &functions,
            records: HashMap::new(),
            may_block: None,
        };
        let parts = modules.into_iter().zip(module_types);
        for ((module, types), instance) in parts.zip(&flat.instances) {
            let imports = instance.imports.iter();
            let sources = imports
                .map(|&core| linking.source(&mut world, core))
                .collect::<Result<Vec<_>>>()?;
            let input = Input {
                name: component::title(flat, instance),
                module,
                imports: HashMap::new(),
                // What components call at start is their core modules' start function alone.
                initializes: false,
            };
            let id = world.instantiate(input, types, &sources)?;
            if flat.modules[instance.module].is_adapter {
                note_post_returns(&mut world, flat, id, &instance.imports);
            }
        }
        let tables = flat.resource_tables.iter();
        let tables = tables
            .map(|table| {
                table
                    .as_ref()
                    .map(|table| linking.resource(&world, table))
                    .transpose()
            })
            .collect::<Result<_>>()?;
        world.components.resources = tables;
        Ok(world)
    }

    /// What an entity of a core instance is.
    fn core_func(&self, export: CoreExport) -> Option<FuncId> {
        let instance = self.instances.get(InstanceId::new(export.instance))?;
        match export.entity {
            Entity::Func(index) => instance.funcs.get(index).copied(),
            _ => None,
        }
    }

    fn core_memory(&self, export: CoreExport) -> Option<MemoryId> {
        let instance = self.instances.get(InstanceId::new(export.instance))?;
        match export.entity {
            Entity::Memory(index) => instance.memories.get(index).copied(),
            _ => None,
        }
    }

    /// The function of a core instance that options or exports of the component name.
    pub(super) fn component_func(&self, core: Core) -> Result<FuncId> {
        match core {
            Core::Export(export) => self.core_func(export),
            Core::Made(_) | Core::Flags(_) | Core::MayBlock => None,
        }
        .ok_or_else(|| {
            unsupported("a function of the host as `realloc`, destructor or what is exported")
        })
    }
}

fn unsupported(what: &str) -> Error {
    Error::Unsupported {
        message: format!("{what} is not supported yet in components"),
        location: Location::default(),
        hint: None,
    }
}

/// Notes which imports of an adapter are what components call when their results have been read: they
/// may not call out of their component, which the adapter does not see to.
fn note_post_returns(world: &mut World<'_>, flat: &Flat<'_>, id: InstanceId, imports: &[Core]) {
    let instance = &mut world.instances[id];
    for (import, core) in instance.module.imports.iter().zip(imports) {
        if let ("post_return", Entity::Func(index)) = (import.module, import.entity)
            && let Core::Export(export) = core
            && let Some(component) = flat.instances[export.instance].component
        {
            let component = ComponentId::new(component);
            instance.without_leave.insert(index, component);
        }
    }
}

/// Finds the functions of the host that are imported, in their order.
fn resolve(flat: &Flat<'_>) -> Result<Vec<&'static HostFunction>> {
    let mut failures = Failures::default();
    let mut functions = Vec::with_capacity(flat.imports.len());
    // All calls of one function have its type.
    let lowered = flat.made.iter().filter_map(|made| match made.kind {
        MadeKind::Lower { import, .. } => Some((import, &made.ty)),
        _ => None,
    });
    let types: HashMap<_, _> = lowered.collect();
    for (index, import) in flat.imports.iter().enumerate() {
        match host_function(import, types.get(&index).copied()) {
            Ok(function) => functions.push(function),
            Err(cause) => failures.push(title(import, cause), || hint(import)),
        }
    }
    for resource in &flat.resources {
        if let component::Resource::Imported(import) = resource
            && find_resource(import).is_none()
        {
            let line = title(import, "unknown import of a resource".to_owned());
            failures.push(line, || hint(import));
        }
    }
    failures.into_result()?;
    Ok(functions)
}

/// A function of the canonical ABI that the runtime does not have: no program can reach it.
static ABSENT: HostFunction = HostFunction {
    name: "absent",
    symbol: "",
    interface: "",
    import: "",
    params: &[],
    result: None,
    needs: wasmc_abi::confine::Needs::NONE,
    realloc: false,
    offered: false,
};

/// A line about an import.
fn title(import: &component::Import, cause: String) -> String {
    let interface = import.interface.escape_debug();
    match &*import.name {
        "" => format!("{cause}: `{interface}`"),
        name => format!("{cause}: `{interface}` `{}`", name.escape_debug()),
    }
}

/// The function of the host that is imported; else why there is none. `ty` is the type with which
/// it is called, if it is.
fn host_function(
    import: &component::Import,
    ty: Option<&FuncType>,
) -> Result<&'static HostFunction, String> {
    let function = offered_interface(&import.interface)
        .and_then(|interface| p2::find(interface, &import.name))
        .ok_or_else(|| "unknown import".to_owned())?;
    let offered = signature(function);
    match ty {
        Some(ty) if *ty != offered => Err(format!(
            "incompatible import type ({}, offered as {})",
            describe_function("func", ty),
            describe_function("func", &offered)
        )),
        _ => Ok(function),
    }
}

fn find_resource(import: &component::Import) -> Option<p2::Resource> {
    p2::find_resource(offered_interface(&import.interface)?, &import.name)
}

/// An interface without its version, if that is one that is offered.
fn offered_interface(name: &str) -> Option<&str> {
    let (interface, version) = p2::split_version(name)?;
    p2::offers_version(version).then_some(interface)
}

/// The flat signature of a function of the host.
fn signature(function: &HostFunction) -> FuncType {
    let value = |ty: ValueType| match ty {
        ValueType::I32 => ValType::I32,
        ValueType::I64 => ValType::I64,
    };
    let params = function.params.iter().map(|&(_, ty)| value(ty));
    FuncType::new(params, function.result.into_iter().map(value))
}

/// What to do about an import that nothing offers.
fn hint(import: &component::Import) -> String {
    let version = p2::split_version(&import.interface).map_or("", |(_, version)| version);
    let is_wasi = import.interface.starts_with("wasi:");
    if is_wasi && version.starts_with("0.3.0-rc") {
        return format!(
            "`{version}` is a release candidate of WASI 0.3, which is not the same as any release: \
             rebuild the component for WASI 0.2"
        );
    }
    if is_wasi && version.starts_with("0.3") {
        return "WASI 0.3 is not supported yet: build the component for WASI 0.2".to_owned();
    }
    if is_wasi && !version.starts_with(p2::TRACK) {
        return format!("offered is WASI {}", p2::VERSION);
    }
    format!(
        "offered are the interfaces of WASI {}; what other components export has to be composed \
         with this one, as `wac plug` does",
        p2::VERSION
    )
}

/// What has been found out about a component.
struct Linking<'f> {
    flat: &'f Flat<'f>,
    /// The functions of the host, by import.
    functions: &'f [&'static HostFunction],
    /// The records so far.
    records: HashMap<Record, RecordId>,
    /// The global that says whether the current task may block.
    may_block: Option<GlobalId>,
}

impl Linking<'_> {
    /// What satisfies an import.
    fn source(&mut self, world: &mut World<'_>, core: Core) -> Result<Source> {
        Ok(match core {
            Core::Export(export) => Source::Export(InstanceId::new(export.instance), export.entity),
            Core::Made(index) => {
                let made = &self.flat.made[index];
                let (function, record) = self.made(world, made)?;
                let record = record.map(|record| {
                    let next = || world.components.records.push(record);
                    *self.records.entry(record).or_insert_with(next)
                });
                let name = match made.kind {
                    MadeKind::Lower { import, .. } => {
                        let import = &self.flat.imports[import];
                        format!("`{}` `{}`", import.interface, import.name)
                    }
                    MadeKind::Unsupported(what) => what.to_owned(),
                    MadeKind::Intrinsic { .. } => function.import.to_owned(),
                };
                Source::Host {
                    function,
                    record,
                    name,
                }
            }
            Core::Flags(component) => {
                Source::Global(world.components.instances[ComponentId::new(component)])
            }
            Core::MayBlock => {
                let global = *self.may_block.get_or_insert_with(|| {
                    world.globals.push(Global {
                        ty: GlobalType {
                            content_type: ValType::I32,
                            mutable: true,
                            shared: false,
                        },
                        value: Constant::I32(0),
                    })
                });
                Source::Global(global)
            }
        })
    }

    /// A function that the host makes, and what it is handed.
    fn made(
        &self,
        world: &World<'_>,
        made: &Made,
    ) -> Result<(&'static HostFunction, Option<Record>)> {
        let missing = || unsupported("a memory of an instance that comes later");
        Ok(match &made.kind {
            MadeKind::Lower { import, options } => {
                let function = self.functions[*import];
                let memory = options.memory.map(|memory| world.core_memory(memory));
                let realloc = options.realloc.filter(|_| function.realloc);
                let record = Record::Call {
                    memory: memory
                        .map(|memory| memory.ok_or_else(missing))
                        .transpose()?,
                    realloc: realloc
                        .map(|realloc| world.component_func(realloc))
                        .transpose()?,
                    component: ComponentId::new(options.component),
                    encoding: options.encoding,
                };
                (function, Some(record))
            }
            MadeKind::Intrinsic { function, subject } => {
                let drops = function.name == wasmc_abi::component::intrinsic::resource_drop.name;
                let record = match *subject {
                    Subject::Nothing => None,
                    Subject::Table(index) => Some(match drops {
                        true => Record::Drop(ResourceId::new(index)),
                        false => Record::Resource(ResourceId::new(index)),
                    }),
                    Subject::Tables => Some(Record::Resources),
                    Subject::Memories(from, to) => {
                        let memory = |export| world.core_memory(export).ok_or_else(missing);
                        Some(Record::Memories(memory(from)?, memory(to)?))
                    }
                    Subject::TrapCodes => Some(Record::TrapCodes),
                };
                (*function, record)
            }
            MadeKind::Unsupported(_) => (&ABSENT, None),
        })
    }

    /// A resource type as a component instance sees it.
    fn resource(&self, world: &World<'_>, table: &component::ResourceTable) -> Result<Resource> {
        let component = ComponentId::new(table.component);
        Ok(match &self.flat.resources[table.resource] {
            component::Resource::Imported(import) => {
                let Some(resource) = find_resource(import) else {
                    return Err(unsupported("a resource that nothing offers"));
                };
                Resource {
                    id: resource as u32,
                    component,
                    destructor: resource.destructor().map(Destructor::Runtime),
                    definer: None,
                }
            }
            component::Resource::Defined {
                component: definer,
                destructor,
            } => {
                let destructor = destructor
                    .map(|func| world.component_func(func))
                    .transpose()?;
                Resource {
                    id: FIRST_GUEST_RESOURCE + table.resource as u32,
                    component,
                    destructor: destructor.map(Destructor::Guest),
                    definer: Some(ComponentId::new(*definer)),
                }
            }
        })
    }
}

/// Makes sure that the program can reach no function of the host that the runtime lacks.
pub(super) fn check_offered(world: &World<'_>, live: &Live) -> Result<()> {
    let mut absent: Vec<_> = live
        .funcs
        .iter()
        .filter_map(|func| match world.funcs[func].kind {
            FuncKind::Host { function, .. } if !function.offered => {
                Some(world.funcs[func].name.as_deref().unwrap_or_default())
            }
            _ => None,
        })
        .collect();
    absent.sort_unstable();
    absent.dedup();
    let mut failures = Failures::default();
    for name in absent {
        failures.push(
            format!("not supported yet: {}", name.escape_debug()),
            || "the program can reach what the runtime does not have yet".to_owned(),
        );
    }
    failures.into_result()
}
