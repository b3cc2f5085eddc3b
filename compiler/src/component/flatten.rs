//! From the bytes of a component to its flat form.
//!
//! Our own parser validates first. Then wasmtime's `wasmtime-environ` resolves what is nested,
//! which takes following aliases, substituting what instances are given, and telling resource types
//! apart; and it makes the adapters. That crate promises no stability: none of its types leaves
//! this file.

use std::borrow::Cow;
use std::collections::HashMap;

use cranelift_codegen::entity::EntityRef;
use wasmc_abi::component::{encoding, intrinsic};
use wasmc_abi::p2::HostFunction;
use wasmc_abi::traps::Trap;
use wasmparser::{FuncType, KnownCustom, Name, Parser, Payload, ValType, WasmFeatures};
use wasmtime_environ::component::{
    CanonicalOptions, CanonicalOptionsDataModel, Component, ComponentTypes, ComponentTypesBuilder,
    CoreDef, ExportIndex, ExportItem as TheirItem, FixedEncoding, GlobalInitializer,
    InstantiateModule, OptionsIndex, ResourceIndex, RuntimeMemoryIndex, RuntimePostReturnIndex,
    RuntimeReallocIndex, StringEncoding, Trampoline, Transcode, Translator, TypeResourceTable,
    TypeResourceTableIndex, UnsafeIntrinsic,
};
use wasmtime_environ::{EntityIndex, ScopeVec, Tunables, WasmHeapTopType, WasmValType};

use super::{
    Core, CoreExport, CoreInstance, CoreModule, Export, ExportItem, Flat, Import, Made, MadeKind,
    Options, Resource, ResourceTable, Subject,
};
use crate::error::{Error, Location, Result};
use crate::features::Features;
use crate::index::{FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex};
use crate::module::Entity;

/// Flattens a component.
///
/// # Errors
/// What is wrong with it, or what of it is not supported.
pub fn flatten(bytes: &[u8], features: Features) -> Result<Flat<'_>> {
    if !features.bits().contains(WasmFeatures::COMPONENT_MODEL) {
        return Err(Error::Unsupported {
            message: "`component-model` is disabled".into(),
            location: Location::default(),
            hint: None,
        });
    }
    let allowed = features.bits() | component_features();
    wasmparser::Validator::new_with_features(allowed)
        .validate_all(bytes)
        .map_err(|error| Error::invalid(&error))?;
    // Beyond this point the component is valid; what fails now is not supported.
    let features = their_features(allowed);
    let mut validator = wasmtime_environ::wasmparser::Validator::new_with_features(features);
    let mut types = ComponentTypesBuilder::new(&validator);
    let tunables = Tunables::default_u64();
    let adapters = ScopeVec::new();
    let translator = Translator::new(&tunables, &mut validator, &mut types, &adapters);
    let (translation, modules) = translator
        .translate(bytes)
        .map_err(|error| unsupported(format!("this component is not supported: {error}")))?;
    let own = bytes.as_ptr_range();
    let modules = modules.values().map(|module| {
        let at = module.wasm.as_ptr_range();
        // Where it lies is where it lies in the component, unless it is an adapter.
        let within = own.contains(&at.start).then(|| {
            let start = at.start as usize - own.start as usize;
            bytes.get(start..start + module.wasm.len())
        });
        match within.flatten() {
            Some(bytes) => CoreModule {
                bytes: Cow::Borrowed(bytes),
                name: module_name(bytes),
                is_adapter: false,
            },
            None => CoreModule {
                bytes: Cow::Owned(module.wasm.to_vec()),
                name: None,
                is_adapter: true,
            },
        }
    });
    let modules = modules.collect();
    let tables = types.num_resource_tables();
    let (types, _) = types.finish(&translation.component);
    let reading = Reading {
        component: &translation.component,
        types: &types,
        tables,
        found: Found::new(&translation.component)?,
    };
    let made = translation
        .trampolines
        .iter()
        .map(|(index, trampoline)| {
            Ok(Made {
                ty: reading.func_type(translation.component.trampolines[index])?,
                kind: reading.made(trampoline)?,
            })
        })
        .collect::<Result<Vec<_>>>()?;
    let mut flat = Flat {
        modules,
        components: translation.component.num_runtime_component_instances as usize,
        imports: reading.imports(),
        made,
        resources: reading.resources()?,
        resource_tables: reading.resource_tables(),
        exports: reading.exports()?,
        instances: Vec::new(),
        is_composed: false,
    };
    for initializer in &translation.component.initializers {
        let GlobalInitializer::InstantiateModule(module, component) = initializer else {
            continue;
        };
        let InstantiateModule::Static(module, imports) = module else {
            return Err(unsupported("the component imports core modules".into()));
        };
        let imports = imports.iter().map(|def| reading.core(def, &mut flat.made));
        flat.instances.push(CoreInstance {
            module: module.as_u32() as usize,
            component: component.map(|component| component.as_u32() as usize),
            imports: imports.collect::<Result<_>>()?,
        });
    }
    let mut components = flat.instances.iter().filter_map(|one| one.component);
    let first = components.next();
    flat.is_composed = components.any(|other| Some(other) != first);
    Ok(flat)
}

/// The name that a core module gives itself.
fn module_name(module: &[u8]) -> Option<String> {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    let mut names = payloads.filter_map(|payload| match payload {
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => names.map_while(Result::ok).find_map(|name| match name {
                Name::Module { name, .. } => Some(name.to_owned()),
                _ => None,
            }),
            _ => None,
        },
        _ => None,
    });
    names.next()
}

/// The trap that a code of an adapter means; `None` for those of asynchronous calls, and of mistakes
/// of whoever made the adapter.
pub fn adapter_trap(code: u8) -> Option<Trap> {
    use wasmtime_environ::Trap as Theirs;
    Some(match Theirs::from_u8(code)? {
        Theirs::CannotEnterComponent => Trap::CannotEnter,
        Theirs::CannotLeaveComponent => Trap::CannotLeave,
        Theirs::InvalidChar => Trap::InvalidChar,
        Theirs::InvalidDiscriminant => Trap::InvalidDiscriminant,
        Theirs::ListOutOfBounds => Trap::ListOutOfBounds,
        Theirs::MemoryOutOfBounds => Trap::MemoryOutOfBounds,
        Theirs::StringOutOfBounds => Trap::StringOutOfBounds,
        Theirs::UnalignedPointer => Trap::UnalignedPointer,
        Theirs::UncaughtException => Trap::UncaughtException,
        _ => return None,
    })
}

/// What components may use beyond what core modules may.
fn component_features() -> WasmFeatures {
    WasmFeatures::COMPONENT_MODEL
        | WasmFeatures::CM_ASYNC
        | WasmFeatures::CM_ASYNC_STACKFUL
        | WasmFeatures::CM_MORE_ASYNC_BUILTINS
        | WasmFeatures::CM_THREADING
        | WasmFeatures::CM_ERROR_CONTEXT
        | WasmFeatures::CM_FIXED_LENGTH_LISTS
        | WasmFeatures::CM_MAP
        | WasmFeatures::CM_IMPLEMENTS
}

/// The same features, as far as the translator copes with them: with types of function references
/// and of garbage collection it panics.
fn their_features(features: WasmFeatures) -> wasmtime_environ::wasmparser::WasmFeatures {
    use wasmtime_environ::wasmparser::WasmFeatures as Theirs;
    let known = features.iter_names();
    let theirs: Theirs = known
        .filter_map(|(name, _)| Theirs::from_name(name))
        .collect();
    theirs - (Theirs::FUNCTION_REFERENCES | Theirs::GC | Theirs::SHARED_EVERYTHING_THREADS)
}

fn unsupported(message: String) -> Error {
    Error::Unsupported {
        message,
        location: Location::default(),
        hint: None,
    }
}

/// What initializers extract from instances, for canonical options.
#[derive(Default)]
struct Found {
    memories: HashMap<RuntimeMemoryIndex, CoreExport>,
    reallocs: HashMap<RuntimeReallocIndex, Core>,
    post_returns: HashMap<RuntimePostReturnIndex, Core>,
}

impl Found {
    fn new(component: &Component) -> Result<Found> {
        let mut found = Found::default();
        for initializer in &component.initializers {
            match initializer {
                GlobalInitializer::ExtractMemory(memory) => {
                    let export = memory.export.clone().map_index(EntityIndex::Memory);
                    found.memories.insert(memory.index, core_export(&export)?);
                }
                GlobalInitializer::ExtractRealloc(realloc) => {
                    found
                        .reallocs
                        .insert(realloc.index, core_func(&realloc.def)?);
                }
                GlobalInitializer::ExtractPostReturn(post_return) => {
                    let core = core_func(&post_return.def)?;
                    found.post_returns.insert(post_return.index, core);
                }
                // Asynchronous functions are refused where they are used.
                GlobalInitializer::ExtractCallback(_)
                | GlobalInitializer::ExtractTable(_)
                | GlobalInitializer::InstantiateModule(..)
                | GlobalInitializer::LowerImport { .. }
                | GlobalInitializer::Resource(_) => {}
            }
        }
        Ok(found)
    }
}

/// A core function that options or exports name.
fn core_func(def: &CoreDef) -> Result<Core> {
    match def {
        CoreDef::Export(export) => core_export(export).map(Core::Export),
        CoreDef::Trampoline(index) => Ok(Core::Made(index.as_u32() as usize)),
        CoreDef::InstanceFlags(_) | CoreDef::UnsafeIntrinsic(_) | CoreDef::TaskMayBlock => Err(
            unsupported("an option of the canonical ABI is an intrinsic".into()),
        ),
    }
}

fn core_export(
    export: &wasmtime_environ::component::CoreExport<EntityIndex>,
) -> Result<CoreExport> {
    let entity = match &export.item {
        TheirItem::Index(index) => match *index {
            EntityIndex::Function(index) => Entity::Func(FuncIndex::from_u32(index.as_u32())),
            EntityIndex::Table(index) => Entity::Table(TableIndex::from_u32(index.as_u32())),
            EntityIndex::Memory(index) => Entity::Memory(MemoryIndex::from_u32(index.as_u32())),
            EntityIndex::Global(index) => Entity::Global(GlobalIndex::from_u32(index.as_u32())),
            EntityIndex::Tag(index) => Entity::Tag(TagIndex::from_u32(index.as_u32())),
        },
        TheirItem::Name(name) => {
            let message = format!("`{name}` is an export of a core module that is imported");
            return Err(unsupported(message));
        }
    };
    Ok(CoreExport {
        instance: export.instance.as_u32() as usize,
        entity,
    })
}

/// The translation that is being read.
struct Reading<'t> {
    component: &'t Component,
    types: &'t ComponentTypes,
    /// How many resource types there are as component instances see them.
    tables: usize,
    found: Found,
}

impl Reading<'_> {
    /// What a core instance imports. Intrinsics have no index of their own: they are added to those
    /// that are `made`.
    fn core(&self, def: &CoreDef, made: &mut Vec<Made>) -> Result<Core> {
        Ok(match def {
            CoreDef::Export(_) | CoreDef::Trampoline(_) => core_func(def)?,
            CoreDef::InstanceFlags(component) => Core::Flags(component.as_u32() as usize),
            CoreDef::TaskMayBlock => Core::MayBlock,
            CoreDef::UnsafeIntrinsic(which) => {
                let function = match which {
                    UnsafeIntrinsic::ContextGetI32_0 => intrinsic::context_get0,
                    UnsafeIntrinsic::ContextSetI32_0 => intrinsic::context_set0,
                    UnsafeIntrinsic::ContextGetI32_1 => intrinsic::context_get1,
                    UnsafeIntrinsic::ContextSetI32_1 => intrinsic::context_set1,
                    other => {
                        let message = format!("`{}` is not supported", other.name());
                        return Err(unsupported(message));
                    }
                };
                let types =
                    |types: &[WasmValType]| types.iter().map(val_type).collect::<Result<Vec<_>>>();
                made.push(Made {
                    ty: FuncType::new(types(which.core_params())?, types(which.core_results())?),
                    kind: MadeKind::Intrinsic {
                        function,
                        subject: Subject::Nothing,
                    },
                });
                Core::Made(made.len() - 1)
            }
        })
    }

    fn func_type(&self, ty: wasmtime_environ::ModuleInternedTypeIndex) -> Result<FuncType> {
        let ty = self.types.module_types()[ty].unwrap_func();
        let types = |types: &[WasmValType]| types.iter().map(val_type).collect::<Result<Vec<_>>>();
        Ok(FuncType::new(types(ty.params())?, types(ty.results())?))
    }

    fn imports(&self) -> Vec<Import> {
        let lowered =
            self.component
                .initializers
                .iter()
                .filter_map(|initializer| match initializer {
                    GlobalInitializer::LowerImport { import, .. } => Some(*import),
                    _ => None,
                });
        // They are numbered in this order.
        lowered.map(|import| self.import(import)).collect()
    }

    fn import(&self, index: wasmtime_environ::component::RuntimeImportIndex) -> Import {
        let (import, path) = &self.component.imports[index];
        Import {
            interface: self.component.import_types[*import].0.clone(),
            name: path.join("."),
        }
    }

    fn options(&self, index: OptionsIndex) -> Result<Options> {
        let options: &CanonicalOptions = &self.component.options[index];
        let linear = match options.data_model {
            CanonicalOptionsDataModel::LinearMemory(linear) => linear,
            CanonicalOptionsDataModel::Gc {} => {
                return Err(unsupported(
                    "values of the canonical ABI in GC objects".into(),
                ));
            }
        };
        let found = &self.found;
        Ok(Options {
            component: options.instance.as_u32() as usize,
            memory: linear.memory.map(|memory| found.memories[&memory]),
            realloc: linear.realloc.map(|realloc| found.reallocs[&realloc]),
            post_return: options.post_return.map(|func| found.post_returns[&func]),
            encoding: match options.string_encoding {
                StringEncoding::Utf8 => encoding::UTF8,
                StringEncoding::Utf16 => encoding::UTF16,
                StringEncoding::CompactUtf16 => encoding::COMPACT,
            },
            is_async: options.async_ || options.callback.is_some(),
        })
    }

    fn resources(&self) -> Result<Vec<Resource>> {
        let imported = self.component.imported_resources.values();
        let mut resources: Vec<_> = imported
            .map(|&import| Resource::Imported(self.import(import)))
            .collect();
        let mut destructors = HashMap::new();
        for initializer in &self.component.initializers {
            if let GlobalInitializer::Resource(resource) = initializer
                && let Some(destructor) = &resource.dtor
            {
                destructors.insert(resource.index, core_func(destructor)?);
            }
        }
        let defined = self.component.defined_resource_instances.iter();
        resources.extend(defined.map(|(index, component)| Resource::Defined {
            component: component.as_u32() as usize,
            destructor: destructors.get(&index).copied(),
        }));
        Ok(resources)
    }

    fn resource_tables(&self) -> Vec<Option<ResourceTable>> {
        let tables = (0..self.tables).map(TypeResourceTableIndex::new);
        tables
            .map(|index| match self.types[index] {
                TypeResourceTable::Concrete { ty, instance } => Some(ResourceTable {
                    resource: resource_number(ty),
                    component: instance.as_u32() as usize,
                }),
                TypeResourceTable::Abstract(_) => None,
            })
            .collect()
    }

    fn exports(&self) -> Result<Vec<Export>> {
        let mut exports = Vec::new();
        for (name, (index, _)) in self.component.exports.raw_iter() {
            self.export("", name, *index, &mut exports)?;
        }
        Ok(exports)
    }

    fn export(
        &self,
        interface: &str,
        name: &str,
        index: ExportIndex,
        exports: &mut Vec<Export>,
    ) -> Result<()> {
        use wasmtime_environ::component::Export as Theirs;
        let item = match &self.component.export_items[index] {
            Theirs::LiftedFunction { func, options, .. } => ExportItem::Function {
                core: core_func(func)?,
                options: self.options(*options)?,
            },
            Theirs::Instance { exports: items, .. } => {
                let path = match interface {
                    "" => name.to_owned(),
                    outer => format!("{outer}.{name}"),
                };
                for (name, (index, _)) in items.raw_iter() {
                    self.export(&path, name, *index, exports)?;
                }
                return Ok(());
            }
            Theirs::ModuleStatic { .. } | Theirs::ModuleImport { .. } => {
                ExportItem::Other("core module")
            }
            Theirs::Type(_) => ExportItem::Other("type"),
        };
        exports.push(Export {
            interface: interface.to_owned(),
            name: name.to_owned(),
            item,
        });
        Ok(())
    }

    fn made(&self, trampoline: &Trampoline) -> Result<MadeKind> {
        use Trampoline as T;
        let made =
            |function: &'static HostFunction, subject| MadeKind::Intrinsic { function, subject };
        let table = |ty: TypeResourceTableIndex| Subject::Table(ty.as_u32() as usize);
        Ok(match *trampoline {
            T::LowerImport { index, options, .. } => {
                let options = self.options(options)?;
                match options.is_async {
                    true => MadeKind::Unsupported("an asynchronous call of the host"),
                    false => MadeKind::Lower {
                        import: index.as_u32() as usize,
                        options,
                    },
                }
            }
            T::Transcoder {
                op,
                from,
                from64,
                to,
                to64,
            } => match from64 || to64 {
                true => MadeKind::Unsupported("a string in a memory with 64-bit addresses"),
                false => {
                    let memories = &self.found.memories;
                    let subject = Subject::Memories(memories[&from], memories[&to]);
                    made(transcoder(op), subject)
                }
            },
            T::ResourceNew { ty, .. } => made(intrinsic::resource_new, table(ty)),
            T::ResourceRep { ty, .. } => made(intrinsic::resource_rep, table(ty)),
            T::ResourceDrop { ty, .. } => made(intrinsic::resource_drop, table(ty)),
            T::ResourceTransferOwn => made(intrinsic::transfer_own, Subject::Tables),
            T::ResourceTransferBorrow => made(intrinsic::transfer_borrow, Subject::Tables),
            T::EnterSyncCall => made(intrinsic::enter_call, Subject::Nothing),
            T::ExitSyncCall => made(intrinsic::exit_call, Subject::Nothing),
            T::Trap => made(intrinsic::adapter_trap, Subject::TrapCodes),
            T::BackpressureInc { .. } => MadeKind::Unsupported("`backpressure.inc`"),
            T::BackpressureDec { .. } => MadeKind::Unsupported("`backpressure.dec`"),
            T::TaskReturn { .. } => MadeKind::Unsupported("`task.return`"),
            T::TaskCancel { .. } => MadeKind::Unsupported("`task.cancel`"),
            T::WaitableSetNew { .. } => MadeKind::Unsupported("`waitable-set.new`"),
            T::WaitableSetWait { .. } => MadeKind::Unsupported("`waitable-set.wait`"),
            T::WaitableSetPoll { .. } => MadeKind::Unsupported("`waitable-set.poll`"),
            T::WaitableSetDrop { .. } => MadeKind::Unsupported("`waitable-set.drop`"),
            T::WaitableJoin { .. } => MadeKind::Unsupported("`waitable.join`"),
            T::SubtaskDrop { .. } => MadeKind::Unsupported("`subtask.drop`"),
            T::SubtaskCancel { .. } => MadeKind::Unsupported("`subtask.cancel`"),
            T::StreamNew { .. }
            | T::StreamRead { .. }
            | T::StreamWrite { .. }
            | T::StreamCancelRead { .. }
            | T::StreamCancelWrite { .. }
            | T::StreamDropReadable { .. }
            | T::StreamDropWritable { .. }
            | T::StreamTransfer => MadeKind::Unsupported("`stream`"),
            T::FutureNew { .. }
            | T::FutureRead { .. }
            | T::FutureWrite { .. }
            | T::FutureCancelRead { .. }
            | T::FutureCancelWrite { .. }
            | T::FutureDropReadable { .. }
            | T::FutureDropWritable { .. }
            | T::FutureTransfer => MadeKind::Unsupported("`future`"),
            T::ErrorContextNew { .. }
            | T::ErrorContextDebugMessage { .. }
            | T::ErrorContextDrop { .. }
            | T::ErrorContextTransfer => MadeKind::Unsupported("`error-context`"),
            T::PrepareCall { .. } | T::SyncStartCall { .. } | T::AsyncStartCall { .. } => {
                MadeKind::Unsupported("an asynchronous call between components")
            }
            T::ThreadIndex { .. }
            | T::ThreadNewIndirect { .. }
            | T::ThreadResumeLater { .. }
            | T::ThreadSuspend { .. }
            | T::ThreadYield { .. }
            | T::ThreadSuspendThenResume { .. }
            | T::ThreadYieldThenResume { .. }
            | T::ThreadSuspendThenPromote { .. }
            | T::ThreadYieldThenPromote { .. } => MadeKind::Unsupported("`thread`"),
        })
    }
}

fn resource_number(index: ResourceIndex) -> usize {
    index.as_u32() as usize
}

fn transcoder(op: Transcode) -> &'static HostFunction {
    match op {
        Transcode::Copy(FixedEncoding::Utf8) => intrinsic::copy_utf8,
        Transcode::Copy(FixedEncoding::Utf16) => intrinsic::copy_utf16,
        Transcode::Copy(FixedEncoding::Latin1) => intrinsic::copy_latin1,
        Transcode::Latin1ToUtf16 => intrinsic::latin1_to_utf16,
        Transcode::Latin1ToUtf8 => intrinsic::latin1_to_utf8,
        Transcode::Utf16ToCompactProbablyUtf16 => intrinsic::utf16_to_compact_probably_utf16,
        Transcode::Utf16ToCompactUtf16 => intrinsic::utf16_to_compact_utf16,
        Transcode::Utf16ToLatin1 => intrinsic::utf16_to_latin1,
        Transcode::Utf16ToUtf8 => intrinsic::utf16_to_utf8,
        Transcode::Utf8ToCompactUtf16 => intrinsic::utf8_to_compact_utf16,
        Transcode::Utf8ToLatin1 => intrinsic::utf8_to_latin1,
        Transcode::Utf8ToUtf16 => intrinsic::utf8_to_utf16,
    }
}

/// A value type of a function that the host makes.
fn val_type(ty: &WasmValType) -> Result<ValType> {
    Ok(match ty {
        WasmValType::I32 => ValType::I32,
        WasmValType::I64 => ValType::I64,
        WasmValType::F32 => ValType::F32,
        WasmValType::F64 => ValType::F64,
        WasmValType::V128 => ValType::V128,
        WasmValType::Ref(ty) => match ty.heap_type.top() {
            WasmHeapTopType::Func => ValType::FUNCREF,
            _ => return Err(unsupported("references in calls of the host".into())),
        },
    })
}
