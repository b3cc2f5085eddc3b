//! From bytes to a validated [`Module`].
//!
//! One pass: each section is validated and recorded as it comes, then the function bodies are
//! validated in parallel, and what the planner must know of them is noted on the way.

use cranelift_codegen::entity::EntityRef;
use rayon::prelude::*;
use wasmc_abi::wasi;
use wasmparser::{
    CompositeInnerType, ConstExpr, DataKind, ElementItems, ElementKind, Encoding, ExternalKind,
    FuncToValidate, FuncValidatorAllocations, FunctionBody, KnownCustom, MemArg, MemArgTarget,
    Operator, Parser, Payload, TableInit, TypeRef, ValidatorResources, WasmFeatures,
};

use crate::error::{Error, Location, Result};
use crate::features::{self, Features, Status};
use crate::index::{
    DataIndex, ElemIndex, FuncIndex, GlobalIndex, MemoryIndex, TableIndex, TagIndex, TypeIndex,
};
use crate::inspect::of_operator;
use crate::module::{
    Body, DataSegment, ElemItems, ElemMode, ElemSegment, Entity, Export, Fact, Func, Global,
    Import, Module, Table,
};

/// Most bytes of a module: text offsets and line tables are 32 bits.
const MAX_MODULE_BYTES: usize = 1 << 30;

/// Parses and validates a module.
pub(crate) fn parse(bytes: &[u8], features: Features) -> Result<Module<'_>> {
    if bytes.len() > MAX_MODULE_BYTES {
        return Err(Error::Limit {
            message: format!("the module has {} bytes, more than 1 GiB", bytes.len()),
            location: Location::default(),
        });
    }
    if Parser::is_component(bytes) {
        return Err(is_a_component());
    }
    let features = match spawns_threads(bytes) {
        true => features.with_threads(),
        false => features,
    };
    match parse_sections(bytes, features) {
        Err(Error::Invalid { message, location }) => {
            Err(explain(bytes, features, message, location))
        }
        result => result,
    }
}

/// Whether a module imports `thread-spawn` of wasi-threads: it was built for threads, which need no
/// flag then.
fn spawns_threads(module: &[u8]) -> bool {
    let payloads = Parser::new(0).parse_all(module).map_while(Result::ok);
    let mut imports = payloads
        // Imports come before code, of which there may be much.
        .take_while(|payload| !matches!(payload, Payload::CodeSectionStart { .. }))
        .filter_map(|payload| match payload {
            Payload::ImportSection(reader) => Some(reader.into_imports()),
            _ => None,
        })
        .flatten()
        .flatten();
    imports.any(|import| {
        import.module == wasi::THREADS_MODULE && import.name == wasi::THREAD_SPAWN.name
    })
}

/// What is said of a component.
pub(crate) fn is_a_component() -> Error {
    Error::Unsupported {
        message: "this is a component, not a module; components are not supported yet".into(),
        location: Location::default(),
        hint: Some(
            "use the core module: build for `wasm32-wasip1`, or extract it with \
             `wasm-tools component unbundle`"
                .into(),
        ),
    }
}

/// Turns a validation error into one that names the disabled proposal when that is the cause.
fn explain(bytes: &[u8], allowed: Features, message: String, location: Location) -> Error {
    let Some(missing) = features::missing(bytes, allowed).filter(|missing| !missing.is_empty())
    else {
        return Error::Invalid { message, location };
    };
    let not_yet: Vec<_> = missing
        .iter()
        .filter(|proposal| proposal.status == Status::NotYet)
        .map(|proposal| format!("`{}`", proposal.name))
        .collect();
    if !not_yet.is_empty() {
        let verb = if not_yet.len() == 1 { "is" } else { "are" };
        return Error::Unsupported {
            message: format!("{} {verb} not supported yet", not_yet.join(", ")),
            location,
            hint: None,
        };
    }
    let disabled: Vec<_> = missing
        .iter()
        .map(|proposal| format!("`{}`", proposal.name))
        .collect();
    let (verb, pronoun) = match disabled.len() {
        1 => ("is", "it"),
        _ => ("are", "them"),
    };
    let flags: Vec<_> = missing
        .iter()
        .map(|proposal| format!("-W {}", proposal.name))
        .collect();
    Error::Unsupported {
        message: format!("{} {verb} disabled", disabled.join(", ")),
        location,
        hint: Some(format!("pass `{}` to enable {pronoun}", flags.join(" "))),
    }
}

/// What is said of that part of the `gc` proposal which is not supported: types that are no final
/// function types, and every operator.
fn needs_gc(location: Location) -> Error {
    Error::Unsupported {
        message: "`gc` is not supported yet".into(),
        location,
        hint: None,
    }
}

type BodyToValidate<'a> = (FuncToValidate<ValidatorResources>, FunctionBody<'a>);

fn parse_sections(bytes: &[u8], features: Features) -> Result<Module<'_>> {
    let mut validator = wasmparser::Validator::new_with_features(features.bits());
    let mut module = Module::default();
    let mut bodies = Vec::new();
    let mut parser = Parser::new(0);
    parser.set_features(features.bits());
    for payload in parser.parse_all(bytes) {
        let payload = payload.map_err(|error| Error::invalid(&error))?;
        if let Payload::CodeSectionEntry(body) = payload {
            let to_validate = validator
                .code_section_entry(&body)
                .map_err(|error| Error::invalid(&error))?;
            bodies.push((to_validate, body));
            continue;
        }
        validator
            .payload(&payload)
            .map_err(|error| Error::invalid(&error))?;
        record(&mut module, payload)?;
    }
    let first = module.imported_funcs;
    let bodies = validate_bodies(bodies, &module)?;
    for (index, body) in bodies.into_iter().enumerate() {
        module.funcs[FuncIndex::new(first + index)].body = Some(body);
    }
    Ok(module)
}

/// Notes what a validated section says.
fn record<'a>(module: &mut Module<'a>, payload: Payload<'a>) -> Result<()> {
    let invalid = |error: wasmparser::Error| Error::invalid(&error);
    match payload {
        Payload::Version { encoding, .. } => debug_assert_eq!(encoding, Encoding::Module),
        Payload::TypeSection(reader) => {
            for group in reader {
                let types = group.map_err(invalid)?.into_types_and_offsets();
                module.rec_groups.push(types.len());
                for (offset, ty) in types {
                    // Beyond this point equal signatures are the only ones that match.
                    if !ty.is_final || !ty.supertype_idxs.is_empty() {
                        return Err(needs_gc(Location::at(offset)));
                    }
                    let CompositeInnerType::Func(func) = ty.composite_type.inner else {
                        return Err(needs_gc(Location::at(offset)));
                    };
                    module.types.push(func);
                }
            }
        }
        Payload::ImportSection(reader) => {
            for import in reader.into_imports() {
                record_import(module, import.map_err(invalid)?)?;
            }
        }
        Payload::FunctionSection(reader) => {
            for ty in reader {
                let ty = TypeIndex::from_u32(ty.map_err(invalid)?);
                module.funcs.push(Func { ty, body: None });
            }
        }
        Payload::TableSection(reader) => {
            for table in reader {
                let table = table.map_err(invalid)?;
                let init = match table.init {
                    TableInit::RefNull => None,
                    TableInit::Expr(expr) => Some(supported(expr)?),
                };
                module.tables.push(Table { ty: table.ty, init });
            }
        }
        Payload::MemorySection(reader) => {
            for ty in reader {
                module.memories.push(ty.map_err(invalid)?);
            }
        }
        Payload::TagSection(reader) => {
            for tag in reader {
                let ty = tag.map_err(invalid)?.func_type_idx;
                module.tags.push(TypeIndex::from_u32(ty));
            }
        }
        Payload::GlobalSection(reader) => {
            for global in reader {
                let global = global.map_err(invalid)?;
                module.globals.push(Global {
                    ty: global.ty,
                    init: Some(supported(global.init_expr)?),
                });
            }
        }
        Payload::ExportSection(reader) => {
            for export in reader {
                record_export(module, export.map_err(invalid)?)?;
            }
        }
        Payload::StartSection { func, .. } => module.start = Some(FuncIndex::from_u32(func)),
        Payload::ElementSection(reader) => {
            for element in reader {
                record_elem(module, element.map_err(invalid)?)?;
            }
        }
        Payload::DataSection(reader) => {
            for data in reader {
                let data = data.map_err(invalid)?;
                let active = match data.kind {
                    DataKind::Passive => None,
                    DataKind::Active {
                        memory_index,
                        offset_expr,
                    } => Some((MemoryIndex::from_u32(memory_index), offset_expr)),
                };
                module.datas.push(DataSegment {
                    active,
                    bytes: data.data,
                });
            }
        }
        Payload::CustomSection(section) => match section.as_known() {
            KnownCustom::Name(names) => module.names.read(names),
            KnownCustom::BranchHints(hints) => module.branch_hints.read(hints),
            _ => {}
        },
        _ => {}
    }
    Ok(())
}

/// A validated constant expression, unless it has operators of the `gc` proposal.
fn supported(expr: ConstExpr<'_>) -> Result<ConstExpr<'_>> {
    let mut reader = expr.get_operators_reader();
    while !reader.eof() {
        let (operator, offset) = reader
            .read_with_offset()
            .map_err(|error| Error::invalid(&error))?;
        if of_operator(&operator) == WasmFeatures::GC {
            return Err(needs_gc(Location::at(offset)));
        }
    }
    Ok(expr)
}

fn record_import<'a>(module: &mut Module<'a>, import: wasmparser::Import<'a>) -> Result<()> {
    let entity = match import.ty {
        TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
            module.imported_funcs += 1;
            let ty = TypeIndex::from_u32(ty);
            Entity::Func(module.funcs.push(Func { ty, body: None }))
        }
        TypeRef::Table(ty) => {
            module.imported_tables += 1;
            Entity::Table(module.tables.push(Table { ty, init: None }))
        }
        TypeRef::Memory(ty) => {
            module.imported_memories += 1;
            Entity::Memory(module.memories.push(ty))
        }
        TypeRef::Global(ty) => {
            module.imported_globals += 1;
            Entity::Global(module.globals.push(Global { ty, init: None }))
        }
        TypeRef::Tag(ty) => {
            module.imported_tags += 1;
            Entity::Tag(module.tags.push(TypeIndex::from_u32(ty.func_type_idx)))
        }
    };
    module.imports.push(Import {
        module: import.module,
        name: import.name,
        entity,
    });
    Ok(())
}

fn record_export<'a>(module: &mut Module<'a>, export: wasmparser::Export<'a>) -> Result<()> {
    let entity = match export.kind {
        ExternalKind::Func | ExternalKind::FuncExact => {
            Entity::Func(FuncIndex::from_u32(export.index))
        }
        ExternalKind::Table => Entity::Table(TableIndex::from_u32(export.index)),
        ExternalKind::Memory => Entity::Memory(MemoryIndex::from_u32(export.index)),
        ExternalKind::Global => Entity::Global(GlobalIndex::from_u32(export.index)),
        ExternalKind::Tag => Entity::Tag(TagIndex::from_u32(export.index)),
    };
    module.exports.push(Export {
        name: export.name,
        entity,
    });
    Ok(())
}

fn record_elem<'a>(module: &mut Module<'a>, element: wasmparser::Element<'a>) -> Result<()> {
    let invalid = |error: wasmparser::Error| Error::invalid(&error);
    let mode = match element.kind {
        ElementKind::Passive => ElemMode::Passive,
        ElementKind::Declared => ElemMode::Declared,
        ElementKind::Active {
            table_index,
            offset_expr,
        } => ElemMode::Active {
            table: TableIndex::from_u32(table_index.unwrap_or(0)),
            offset: offset_expr,
        },
    };
    let (ty, items) = match element.items {
        ElementItems::Functions(reader) => {
            let funcs = reader
                .into_iter()
                .map(|func| func.map(FuncIndex::from_u32))
                .collect::<Result<_, _>>()
                .map_err(invalid)?;
            (wasmparser::RefType::FUNCREF, ElemItems::Funcs(funcs))
        }
        ElementItems::Expressions(ty, reader) => {
            let exprs = reader
                .into_iter()
                .map(|expr| supported(expr.map_err(invalid)?))
                .collect::<Result<_>>()?;
            (ty, ElemItems::Exprs(exprs))
        }
    };
    module.elems.push(ElemSegment { mode, items, ty });
    Ok(())
}

/// Validates all bodies in parallel. The error is that of the first invalid function, whatever the
/// number of threads.
fn validate_bodies<'a>(
    bodies: Vec<BodyToValidate<'a>>,
    module: &Module<'a>,
) -> Result<Vec<Body<'a>>> {
    let results: Vec<_> = bodies
        .into_par_iter()
        .with_min_len(16)
        .map_init(
            FuncValidatorAllocations::default,
            |allocations, (to_validate, body)| {
                let index = to_validate.index;
                validate_body(allocations, to_validate, body).map_err(|error| {
                    let name = module.func_name(FuncIndex::from_u32(index));
                    error.in_function(index, name)
                })
            },
        )
        .collect();
    results.into_iter().collect()
}

fn validate_body<'a>(
    allocations: &mut FuncValidatorAllocations,
    to_validate: FuncToValidate<ValidatorResources>,
    body: FunctionBody<'a>,
) -> Result<Body<'a>> {
    let mut validator = to_validate.into_validator(std::mem::take(allocations));
    let mut facts = Facts::default();
    // Where the first operator is that is not supported.
    let mut gc = None;
    let mut validate = || -> Result<(), wasmparser::Error> {
        let mut reader = body.get_binary_reader();
        reader.set_features(*validator.features());
        validator.read_locals(&mut reader)?;
        let mut operators = wasmparser::OperatorsReader::new(reader);
        while !operators.eof() {
            let (operator, offset) = operators.read_with_offset()?;
            validator.op(offset, &operator)?;
            facts.note(&operator);
            if gc.is_none() && of_operator(&operator) == WasmFeatures::GC {
                gc = Some(offset);
            }
        }
        operators.finish()
    };
    validate().map_err(|error| Error::invalid(&error))?;
    *allocations = validator.into_allocations();
    if let Some(offset) = gc {
        return Err(needs_gc(Location::at(offset)));
    }
    Ok(Body {
        bytes: body,
        nesting: facts.nesting as u32,
        rethrows: facts.rethrows,
        facts: facts.finish(),
    })
}

/// Collects [`Fact`]s of one body.
#[derive(Default)]
struct Facts {
    facts: Vec<Fact>,
    /// Weighted accesses of memory 0, by far the most frequent.
    memory0: u32,
    /// For each open block, whether it is a loop.
    blocks: Vec<bool>,
    /// Most blocks that were open at a time.
    nesting: usize,
    /// Number of open loops.
    loops: u32,
    /// Whether there was a `rethrow`.
    rethrows: bool,
}

impl Facts {
    fn note(&mut self, operator: &Operator<'_>) {
        let func = FuncIndex::from_u32;
        let table = TableIndex::from_u32;
        match *operator {
            Operator::Block { .. }
            | Operator::If { .. }
            | Operator::TryTable { .. }
            | Operator::Try { .. } => self.open(false),
            Operator::Loop { .. } => {
                self.open(true);
                self.loops += 1;
            }
            Operator::End | Operator::Delegate { .. } => {
                if self.blocks.pop() == Some(true) {
                    self.loops -= 1;
                }
            }
            Operator::Rethrow { .. } => self.rethrows = true,
            Operator::Call { function_index } => self.facts.push(Fact::Call(func(function_index))),
            Operator::ReturnCall { function_index } => {
                self.facts.push(Fact::TailCall(func(function_index)));
            }
            Operator::RefFunc { function_index } => {
                self.facts.push(Fact::RefFunc(func(function_index)));
            }
            Operator::TableGet { table: index }
            | Operator::CallIndirect {
                table_index: index, ..
            }
            | Operator::ReturnCallIndirect {
                table_index: index, ..
            } => self.facts.push(Fact::TableRead(table(index))),
            Operator::TableSet { table: index } | Operator::TableFill { table: index } => {
                self.facts.push(Fact::TableWrite(table(index)));
            }
            Operator::TableCopy {
                dst_table,
                src_table,
            } => {
                self.facts.push(Fact::TableWrite(table(dst_table)));
                self.facts.push(Fact::TableRead(table(src_table)));
            }
            Operator::TableInit {
                elem_index,
                table: index,
            } => {
                self.facts.push(Fact::TableWrite(table(index)));
                let elem = ElemIndex::from_u32(elem_index);
                self.facts.push(Fact::ElemInit(elem));
            }
            Operator::TableGrow { table: index } => {
                self.facts.push(Fact::TableWrite(table(index)));
                self.facts.push(Fact::TableGrow(table(index)));
            }
            Operator::ElemDrop { elem_index } => {
                let elem = ElemIndex::from_u32(elem_index);
                self.facts.push(Fact::ElemDrop(elem));
            }
            Operator::DataDrop { data_index } => {
                let data = DataIndex::from_u32(data_index);
                self.facts.push(Fact::DataDrop(data));
            }
            Operator::MemoryInit { data_index, mem } => {
                let data = DataIndex::from_u32(data_index);
                self.facts.push(Fact::DataInit(data));
                self.memory(mem);
            }
            Operator::MemoryGrow { mem } => {
                self.facts
                    .push(Fact::MemoryGrow(MemoryIndex::from_u32(mem)));
            }
            Operator::MemoryFill { mem } => self.memory(mem),
            Operator::MemoryCopy { dst_mem, src_mem } => {
                self.memory(dst_mem);
                self.memory(src_mem);
            }
            _ => {
                if let Some(memarg) = memarg(operator).or_else(|| atomic_memarg(operator)) {
                    self.memory(memory_of(&memarg));
                }
            }
        }
    }

    fn open(&mut self, is_loop: bool) {
        self.blocks.push(is_loop);
        self.nesting = self.nesting.max(self.blocks.len());
    }

    fn memory(&mut self, memory: u32) {
        let weight = 1 << (3 * self.loops.min(6));
        if memory == 0 {
            self.memory0 = self.memory0.saturating_add(weight);
        } else {
            let memory = MemoryIndex::from_u32(memory);
            self.facts.push(Fact::Memory(memory, weight));
        }
    }

    fn finish(mut self) -> Vec<Fact> {
        if self.memory0 > 0 {
            self.facts
                .push(Fact::Memory(MemoryIndex::from_u32(0), self.memory0));
        }
        self.facts.sort_unstable();
        self.facts.dedup();
        self.facts.shrink_to_fit();
        self.facts
    }
}

/// The memory that a memory argument names.
pub(crate) fn memory_of(memarg: &MemArg) -> u32 {
    match memarg.target {
        MemArgTarget::Memory(memory) => memory,
        MemArgTarget::Array(_) => unreachable!("`multibyte-array-access` is not enabled"),
    }
}

/// The memory argument of a load or store.
fn memarg(operator: &Operator<'_>) -> Option<MemArg> {
    use Operator as O;
    match *operator {
        O::I32Load { memarg }
        | O::I64Load { memarg }
        | O::F32Load { memarg }
        | O::F64Load { memarg }
        | O::I32Load8S { memarg }
        | O::I32Load8U { memarg }
        | O::I32Load16S { memarg }
        | O::I32Load16U { memarg }
        | O::I64Load8S { memarg }
        | O::I64Load8U { memarg }
        | O::I64Load16S { memarg }
        | O::I64Load16U { memarg }
        | O::I64Load32S { memarg }
        | O::I64Load32U { memarg }
        | O::I32Store { memarg }
        | O::I64Store { memarg }
        | O::F32Store { memarg }
        | O::F64Store { memarg }
        | O::I32Store8 { memarg }
        | O::I32Store16 { memarg }
        | O::I64Store8 { memarg }
        | O::I64Store16 { memarg }
        | O::I64Store32 { memarg }
        | O::V128Load { memarg }
        | O::V128Load8x8S { memarg }
        | O::V128Load8x8U { memarg }
        | O::V128Load16x4S { memarg }
        | O::V128Load16x4U { memarg }
        | O::V128Load32x2S { memarg }
        | O::V128Load32x2U { memarg }
        | O::V128Load8Splat { memarg }
        | O::V128Load16Splat { memarg }
        | O::V128Load32Splat { memarg }
        | O::V128Load64Splat { memarg }
        | O::V128Load32Zero { memarg }
        | O::V128Load64Zero { memarg }
        | O::V128Store { memarg }
        | O::V128Load8Lane { memarg, .. }
        | O::V128Load16Lane { memarg, .. }
        | O::V128Load32Lane { memarg, .. }
        | O::V128Load64Lane { memarg, .. }
        | O::V128Store8Lane { memarg, .. }
        | O::V128Store16Lane { memarg, .. }
        | O::V128Store32Lane { memarg, .. }
        | O::V128Store64Lane { memarg, .. } => Some(memarg),
        _ => None,
    }
}

/// The memory argument of an atomic access.
fn atomic_memarg(operator: &Operator<'_>) -> Option<MemArg> {
    use Operator as O;
    match *operator {
        O::I32AtomicLoad { memarg }
        | O::I32AtomicLoad8U { memarg }
        | O::I32AtomicLoad16U { memarg }
        | O::I64AtomicLoad { memarg }
        | O::I64AtomicLoad8U { memarg }
        | O::I64AtomicLoad16U { memarg }
        | O::I64AtomicLoad32U { memarg }
        | O::I32AtomicStore { memarg }
        | O::I32AtomicStore8 { memarg }
        | O::I32AtomicStore16 { memarg }
        | O::I64AtomicStore { memarg }
        | O::I64AtomicStore8 { memarg }
        | O::I64AtomicStore16 { memarg }
        | O::I64AtomicStore32 { memarg }
        | O::I32AtomicRmwAdd { memarg }
        | O::I32AtomicRmw8AddU { memarg }
        | O::I32AtomicRmw16AddU { memarg }
        | O::I64AtomicRmwAdd { memarg }
        | O::I64AtomicRmw8AddU { memarg }
        | O::I64AtomicRmw16AddU { memarg }
        | O::I64AtomicRmw32AddU { memarg }
        | O::I32AtomicRmwSub { memarg }
        | O::I32AtomicRmw8SubU { memarg }
        | O::I32AtomicRmw16SubU { memarg }
        | O::I64AtomicRmwSub { memarg }
        | O::I64AtomicRmw8SubU { memarg }
        | O::I64AtomicRmw16SubU { memarg }
        | O::I64AtomicRmw32SubU { memarg }
        | O::I32AtomicRmwAnd { memarg }
        | O::I32AtomicRmw8AndU { memarg }
        | O::I32AtomicRmw16AndU { memarg }
        | O::I64AtomicRmwAnd { memarg }
        | O::I64AtomicRmw8AndU { memarg }
        | O::I64AtomicRmw16AndU { memarg }
        | O::I64AtomicRmw32AndU { memarg }
        | O::I32AtomicRmwOr { memarg }
        | O::I32AtomicRmw8OrU { memarg }
        | O::I32AtomicRmw16OrU { memarg }
        | O::I64AtomicRmwOr { memarg }
        | O::I64AtomicRmw8OrU { memarg }
        | O::I64AtomicRmw16OrU { memarg }
        | O::I64AtomicRmw32OrU { memarg }
        | O::I32AtomicRmwXor { memarg }
        | O::I32AtomicRmw8XorU { memarg }
        | O::I32AtomicRmw16XorU { memarg }
        | O::I64AtomicRmwXor { memarg }
        | O::I64AtomicRmw8XorU { memarg }
        | O::I64AtomicRmw16XorU { memarg }
        | O::I64AtomicRmw32XorU { memarg }
        | O::I32AtomicRmwXchg { memarg }
        | O::I32AtomicRmw8XchgU { memarg }
        | O::I32AtomicRmw16XchgU { memarg }
        | O::I64AtomicRmwXchg { memarg }
        | O::I64AtomicRmw8XchgU { memarg }
        | O::I64AtomicRmw16XchgU { memarg }
        | O::I64AtomicRmw32XchgU { memarg }
        | O::I32AtomicRmwCmpxchg { memarg }
        | O::I32AtomicRmw8CmpxchgU { memarg }
        | O::I32AtomicRmw16CmpxchgU { memarg }
        | O::I64AtomicRmwCmpxchg { memarg }
        | O::I64AtomicRmw8CmpxchgU { memarg }
        | O::I64AtomicRmw16CmpxchgU { memarg }
        | O::I64AtomicRmw32CmpxchgU { memarg }
        | O::MemoryAtomicNotify { memarg }
        | O::MemoryAtomicWait32 { memarg }
        | O::MemoryAtomicWait64 { memarg } => Some(memarg),
        _ => None,
    }
}
