//! What a module is and needs: its kind, types, imports, exports, proposals and sizes.

use wasmc_abi::p2;
use wasmc_abi::wasi::{self, WasiFunction};
use wasmparser::{
    CompositeInnerType, ExternalKind, FuncType, FunctionBody, KnownCustom, Operator, Parser,
    Payload, SubType, TypeRef, Validator, WasmFeatures,
};

use crate::error::{Error, Result};
use crate::features::{Features, PROPOSALS, Proposal, Status};
use crate::inspect::entity::EntityType;
use crate::inspect::proposals::{of_locals, of_operator};
pub use crate::names::Named;
use crate::names::Names;
use crate::parse::walk::{self, BodyToValidate};
use crate::program::imports::{offered_functions, runtime_function};
use crate::type_text::sub_type;

pub mod entity;
mod flat;
pub mod policy;
mod proposals;

pub use flat::flat_list;

/// What [`inspect`] finds.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Inspection {
    /// How the module is started.
    pub kind: Kind,
    /// The module's name, from its name section.
    pub name: Option<String>,
    /// The type section, a text for each type.
    pub types: Vec<String>,
    /// Imports, in the order of the module.
    pub imports: Vec<Import>,
    /// Exports, in the order of the module.
    pub exports: Vec<Export>,
    /// Tables that the module defines.
    pub tables: Vec<EntityType>,
    /// Memories that the module defines.
    pub memories: Vec<EntityType>,
    /// Globals that the module defines.
    pub globals: Vec<EntityType>,
    /// Index of the start function.
    pub start: Option<u32>,
    /// The proposals without which the module is invalid, in the order of [`PROPOSALS`].
    pub proposals: Vec<&'static Proposal>,
    /// Whether it starts threads (wasi-threads).
    pub starts_threads: bool,
    /// Bytes and counts.
    pub sizes: Sizes,
    /// The names of the name section.
    pub names: NameList,
    /// The producers section: fields, each with names and versions.
    pub producers: Vec<(String, Vec<(String, String)>)>,
}

/// What the name section names, beside the module.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct NameList {
    /// How many functions, locals, labels and fields have a name.
    pub counts: [(&'static str, usize); 4],
    /// The names of other entities: kind, index and name, in the order of the name section.
    pub entities: Vec<(Named, u32, String)>,
}

impl NameList {
    fn new(names: &Names<'_>) -> NameList {
        let of_kind = |kind| {
            let names = names.of_kind(kind).into_iter();
            names.map(move |(index, name)| (kind, index, name.to_owned()))
        };
        NameList {
            counts: [
                ("functions", names.funcs.len()),
                ("locals", names.locals),
                ("labels", names.labels),
                ("fields", names.fields),
            ],
            entities: Named::ALL.into_iter().flat_map(of_kind).collect(),
        }
    }
}

/// How a module is started.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Kind {
    /// Exports `_start`, or no function but `_initialize`: a program.
    Command,
    /// Exports `_initialize`: called once, before its other exports.
    Reactor,
    /// Neither.
    Library,
}

impl Inspection {
    /// Whether wasmc compiles what the module needs of a proposal.
    pub fn supports(&self, proposal: &Proposal) -> bool {
        match proposal.status {
            Status::Complete | Status::Synchronous => true,
            Status::NotYet => false,
        }
    }
}

impl Kind {
    /// A word for it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Command => "command",
            Kind::Reactor => "reactor",
            Kind::Library => "library",
        }
    }
}

/// An import.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Import {
    /// The module's part of the name.
    pub module: String,
    /// The entity's part of the name.
    pub name: String,
    /// What is imported.
    pub ty: EntityType,
    /// Whether the runtime satisfies it.
    pub offer: Offer,
}

/// Whether the runtime satisfies an import.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub enum Offer {
    /// It does, with this function; a shared memory is made.
    Offered(Option<&'static WasiFunction>),
    /// It offers functions of this name, but of other types: those given.
    OtherTypes(Vec<String>),
    /// It offers nothing of this name.
    Unknown,
}

/// An export.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Export {
    /// Its name.
    pub name: String,
    /// What is exported.
    pub ty: EntityType,
    /// Its index in the index space of its kind.
    pub index: u32,
}

/// Bytes and counts of a module.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Sizes {
    /// Bytes of the whole module.
    pub module: usize,
    /// Bytes of the code section.
    pub code: usize,
    /// Bytes of the data section.
    pub data: usize,
    /// Functions that the module defines.
    pub functions: usize,
    /// Custom sections in the order of the module: name and bytes of content.
    pub custom: Vec<(String, usize)>,
}

/// Finds out what a module is and needs. All proposals that wasmc knows are accepted, whether or
/// not it compiles them; invalid modules and components are errors.
pub fn inspect(module: &[u8]) -> Result<Inspection> {
    if Parser::is_component(module) {
        return Err(crate::parse::is_a_component());
    }
    let all = PROPOSALS
        .iter()
        .fold(Features::default().bits(), |all, proposal| {
            all | proposal.bits
        })
        - WasmFeatures::COMPONENT_MODEL;
    let mut scan = Scan::default();
    let mut sections = Vec::new();
    let bodies = walk::sections(module, all, |payload| {
        scan.record(&payload)
            .map_err(|error| Error::invalid(&error))?;
        sections.push(payload);
        Ok(())
    })?;
    scan.sizes.module = module.len();
    scan.sizes.functions = bodies.len();
    let features = used_by_bodies(bodies)? | used_by_sections(&sections, all);
    Ok(scan.finish(features))
}

/// Whether the bytes begin like a component in the binary format.
pub fn is_component(bytes: &[u8]) -> bool {
    Parser::is_component(bytes)
}

/// Whether the program of a component is a server: it exports `wasi:http/incoming-handler`.
pub fn is_server(component: &[u8]) -> bool {
    if !is_component(component) {
        return false;
    }
    let mut depth = 0usize;
    for payload in Parser::new(0).parse_all(component).map_while(Result::ok) {
        match payload {
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => depth += 1,
            Payload::End(_) => depth = depth.saturating_sub(1),
            Payload::ComponentExportSection(exports) if depth == 0 => {
                let mut exports = exports.into_iter().map_while(Result::ok);
                if exports.any(|export| is_handler(export.name.name)) {
                    return true;
                }
            }
            _ => {}
        }
    }
    false
}

fn is_handler(export: &str) -> bool {
    p2::split_version(export).is_some_and(|(interface, version)| {
        interface == "wasi:http/incoming-handler" && p2::offers_version(version)
    })
}

/// The proposals without which some section other than the code section is invalid.
fn used_by_sections(sections: &[Payload<'_>], all: WasmFeatures) -> WasmFeatures {
    let validates = |features: WasmFeatures| {
        let mut validator = Validator::new_with_features(features);
        sections
            .iter()
            .filter(|payload| {
                !matches!(
                    payload,
                    Payload::CodeSectionStart { .. } | Payload::End(_) | Payload::CustomSection(_)
                )
            })
            .all(|payload| validator.payload(payload).is_ok())
    };
    PROPOSALS
        .iter()
        .filter(|proposal| all.contains(proposal.bits) && !validates(all - proposal.bits))
        .fold(WasmFeatures::empty(), |used, proposal| used | proposal.bits)
}

/// The proposals that a body uses. (The default of [`WasmFeatures`] is what validators allow by
/// default.)
struct Used(WasmFeatures);

impl Default for Used {
    fn default() -> Used {
        Used(WasmFeatures::empty())
    }
}

/// Validates the bodies, and finds the proposals of their operators.
fn used_by_bodies(bodies: Vec<BodyToValidate<'_>>) -> Result<WasmFeatures> {
    let note = |used: &mut Used, operator: &Operator<'_>, _| used.0 |= of_operator(operator);
    let finish = |used: Used, body: FunctionBody<'_>| {
        let locals = of_locals(&body).map_err(|error| Error::invalid(&error))?;
        Ok(used.0 | locals)
    };
    let used = walk::bodies(bodies, |_| None, note, finish)?;
    Ok(used
        .into_iter()
        .fold(WasmFeatures::empty(), |all, used| all | used))
}

/// What the sections of a module say, while they are read.
#[derive(Default)]
struct Scan {
    name: Option<String>,
    types: Vec<SubType>,
    imports: Vec<Import>,
    exports: Vec<Export>,
    /// Index spaces, imports first.
    funcs: Vec<EntityType>,
    tables: Vec<EntityType>,
    memories: Vec<EntityType>,
    globals: Vec<EntityType>,
    tags: Vec<EntityType>,
    /// Numbers of imported tables, memories and globals.
    imported: [usize; 3],
    start: Option<u32>,
    sizes: Sizes,
    names: NameList,
    producers: Vec<(String, Vec<(String, String)>)>,
}

impl Scan {
    /// Notes what a validated section says.
    fn record(&mut self, payload: &Payload<'_>) -> Result<(), wasmparser::Error> {
        match payload {
            Payload::TypeSection(reader) => {
                for group in reader.clone() {
                    self.types.extend(group?.into_types());
                }
            }
            Payload::ImportSection(reader) => {
                for import in reader.clone().into_imports() {
                    self.record_import(&import?);
                }
                self.imported = [self.tables.len(), self.memories.len(), self.globals.len()];
            }
            Payload::FunctionSection(reader) => {
                for ty in reader.clone() {
                    let ty = self.func(ty?);
                    self.funcs.push(ty);
                }
            }
            Payload::TableSection(reader) => {
                for table in reader.clone() {
                    self.tables.push(EntityType::table(&table?.ty));
                }
            }
            Payload::MemorySection(reader) => {
                for memory in reader.clone() {
                    self.memories.push(EntityType::memory(&memory?));
                }
            }
            Payload::TagSection(reader) => {
                for tag in reader.clone() {
                    let ty = self.tag(tag?.func_type_idx);
                    self.tags.push(ty);
                }
            }
            Payload::GlobalSection(reader) => {
                for global in reader.clone() {
                    self.globals.push(EntityType::global(&global?.ty));
                }
            }
            Payload::ExportSection(reader) => {
                for export in reader.clone() {
                    let export = export?;
                    let space = match export.kind {
                        ExternalKind::Func | ExternalKind::FuncExact => &self.funcs,
                        ExternalKind::Table => &self.tables,
                        ExternalKind::Memory => &self.memories,
                        ExternalKind::Global => &self.globals,
                        ExternalKind::Tag => &self.tags,
                    };
                    self.exports.push(Export {
                        name: export.name.to_owned(),
                        ty: space[export.index as usize].clone(),
                        index: export.index,
                    });
                }
            }
            Payload::StartSection { func, .. } => self.start = Some(*func),
            Payload::CodeSectionStart { size, .. } => self.sizes.code = *size as usize,
            Payload::DataSection(reader) => {
                let range = reader.range();
                self.sizes.data = (range.end - range.start) as usize;
            }
            Payload::CustomSection(section) => {
                let custom = (section.name().to_owned(), section.data().len());
                self.sizes.custom.push(custom);
                self.record_custom(&section.as_known());
            }
            _ => {}
        }
        Ok(())
    }

    fn record_import(&mut self, import: &wasmparser::Import<'_>) {
        let (ty, offer) = match import.ty {
            TypeRef::Func(index) | TypeRef::FuncExact(index) => {
                (self.func(index), self.offer(import, index))
            }
            TypeRef::Table(ty) => (EntityType::table(&ty), Offer::Unknown),
            // A shared memory that nobody exports is made by the program.
            TypeRef::Memory(ty) if ty.shared => (EntityType::memory(&ty), Offer::Offered(None)),
            TypeRef::Memory(ty) => (EntityType::memory(&ty), Offer::Unknown),
            TypeRef::Global(ty) => (EntityType::global(&ty), Offer::Unknown),
            TypeRef::Tag(ty) => (self.tag(ty.func_type_idx), Offer::Unknown),
        };
        let space = match ty {
            EntityType::Func(_) => &mut self.funcs,
            EntityType::Table { .. } => &mut self.tables,
            EntityType::Memory { .. } => &mut self.memories,
            EntityType::Global { .. } => &mut self.globals,
            EntityType::Tag(_) => &mut self.tags,
        };
        space.push(ty.clone());
        self.imports.push(Import {
            module: import.module.to_owned(),
            name: import.name.to_owned(),
            ty,
            offer,
        });
    }

    /// Whether the runtime offers the function that is imported with this type.
    fn offer(&self, import: &wasmparser::Import<'_>, ty: u32) -> Offer {
        let function = self.func_type(ty);
        let runtime = function.and_then(|ty| runtime_function(import.module, import.name, ty));
        if let Some(function) = runtime {
            return Offer::Offered(Some(function));
        }
        let functions = offered_functions(import.module, import.name);
        let types: Vec<_> = functions.into_iter().map(entity::wasi_type).collect();
        match types.is_empty() {
            true => Offer::Unknown,
            false => Offer::OtherTypes(types),
        }
    }

    /// Custom sections are never an error: what does not parse is left out.
    fn record_custom(&mut self, section: &KnownCustom<'_>) {
        match section {
            KnownCustom::Name(names) => {
                let mut found = Names::default();
                found.read(names.clone());
                self.name = found.module.map(str::to_owned);
                self.names = NameList::new(&found);
            }
            KnownCustom::Producers(fields) => {
                for field in fields.clone().into_iter().flatten() {
                    let values = field.values.into_iter().flatten();
                    let values = values.map(|v| (v.name.to_owned(), v.version.to_owned()));
                    self.producers
                        .push((field.name.to_owned(), values.collect()));
                }
            }
            _ => {}
        }
    }

    fn func_type(&self, index: u32) -> Option<&FuncType> {
        match &self.types.get(index as usize)?.composite_type.inner {
            CompositeInnerType::Func(ty) => Some(ty),
            _ => None,
        }
    }

    fn func(&self, ty: u32) -> EntityType {
        EntityType::Func(
            self.func_type(ty)
                .map(entity::func_type)
                .unwrap_or_default(),
        )
    }

    fn tag(&self, ty: u32) -> EntityType {
        EntityType::Tag(
            self.func_type(ty)
                .map(entity::func_type)
                .unwrap_or_default(),
        )
    }

    fn finish(mut self, features: WasmFeatures) -> Inspection {
        let exports = |name| {
            let mut exports = self.exports.iter();
            exports.any(|export| export.name == name && matches!(export.ty, EntityType::Func(_)))
        };
        let is_func = |export: &&Export| matches!(export.ty, EntityType::Func(_));
        let mut funcs = self.exports.iter().filter(is_func);
        let only_initializes = match (funcs.next(), funcs.next()) {
            (Some(export), None) => {
                export.name == "_initialize" && export.ty == EntityType::Func("()".into())
            }
            _ => false,
        };
        let kind = if exports("_start") || only_initializes {
            Kind::Command
        } else if exports("_initialize") {
            Kind::Reactor
        } else {
            Kind::Library
        };
        let [tables, memories, globals] = self.imported;
        let type_text = |ty: &SubType| match &ty.composite_type.inner {
            CompositeInnerType::Func(func) if ty.is_final && ty.supertype_idxs.is_empty() => {
                entity::func_type(func)
            }
            _ => sub_type(ty),
        };
        let starts_threads = self.imports.iter().any(|import| {
            import.module == wasi::THREADS_MODULE && import.name == wasi::THREAD_SPAWN.name
        });
        Inspection {
            kind,
            starts_threads,
            name: self.name,
            types: self.types.iter().map(type_text).collect(),
            imports: self.imports,
            exports: self.exports,
            tables: self.tables.split_off(tables),
            memories: self.memories.split_off(memories),
            globals: self.globals.split_off(globals),
            start: self.start,
            proposals: PROPOSALS
                .iter()
                .filter(|proposal| features.intersects(proposal.bits))
                .collect(),
            sizes: self.sizes,
            names: self.names,
            producers: self.producers,
        }
    }
}
