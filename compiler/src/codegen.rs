//! From the planned text to machine code, in parallel.
//!
//! Each worker translates and compiles one part of the text at a time and keeps only the bytes
//! and what must be known of them: there is never IR of more functions than there are threads.

use cranelift_codegen::binemit::Reloc;
use cranelift_codegen::control::ControlPlane;
use cranelift_codegen::ir::{self, ExternalName};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::isa::unwind::{UnwindInfo as AnyUnwindInfo, systemv::UnwindInfo};
use cranelift_codegen::{
    CodegenError, CompiledCode, Context, FinalizedMachCallSite, FinalizedMachExceptionHandler,
    FinalizedRelocTarget,
};
use cranelift_frontend::FunctionBuilderContext;
use rayon::prelude::*;
use wasmc_abi::traps::Trap;

use crate::backend::{self, Refusal};
use crate::error::{Error, Location, Result};
use crate::isa::CodeTarget;
use crate::options::Backend;
use crate::program::{CodeItem, FuncKind, Program};
use crate::translate::{self, Symbol, symbol_of, trap_of};

/// Machine code of one part of the text.
#[derive(Debug)]
pub(crate) struct CompiledFunc {
    /// What it is.
    pub item: CodeItem,
    /// Its bytes.
    pub code: Vec<u8>,
    /// Whether it was optimised, as the options ask for.
    pub optimised: bool,
    /// Alignment of its first byte.
    pub alignment: u32,
    /// Places to fill in once everything has an address.
    pub relocs: Vec<Relocation>,
    /// Offsets of instructions that may trap, ascending, and why.
    pub traps: Vec<(u32, Trap)>,
    /// Where code comes from: offsets of return addresses and of trapping instructions, ascending,
    /// and byte offsets in the module.
    pub lines: Vec<(u32, u32)>,
    /// Calls in `try_table`, ascending.
    pub landings: Vec<Landing>,
    /// Where references to objects are in the frame, ascending by return addresses.
    pub maps: Vec<StackMap>,
    /// What debuggers are told; `None` unless asked for.
    pub debug: Option<CodeMap>,
    /// Who made it.
    pub maker: Maker,
    /// How its frames are unwound; `None` unless asked for.
    pub unwind: Option<Unwind>,
}

/// Who made a function's machine code.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Maker {
    Cranelift,
    /// Our own back end.
    Own,
    /// Cranelift, as our own refused.
    Instead(Refusal),
}

/// How the frames of a function are unwound.
#[derive(Debug)]
pub(crate) struct Unwind {
    /// Where in the function the code that is described begins.
    pub start: u32,
    /// What Cranelift says of it.
    pub info: UnwindInfo,
}

/// Where all of a function's code comes from, and where its tracked locals are.
#[derive(Debug, Default)]
pub(crate) struct CodeMap {
    /// Offsets at which code of another place begins, ascending, and the byte offset of that place
    /// in the module.
    pub sources: Vec<(u32, u32)>,
    /// Locals and the distance of their stack slots from the frame pointer, ascending.
    pub slots: Vec<(u32, i64)>,
}

impl CompiledFunc {
    /// The function with other code before its own. Nothing in it depends on where it lies.
    fn behind(mut self, prefix: &[u8]) -> CompiledFunc {
        if prefix.is_empty() {
            return self;
        }
        let moved = prefix.len() as u32;
        self.code.splice(..0, prefix.iter().copied());
        for reloc in &mut self.relocs {
            reloc.offset += moved;
        }
        for (offset, _) in &mut self.traps {
            *offset += moved;
        }
        for (offset, _) in &mut self.lines {
            *offset += moved;
        }
        for landing in &mut self.landings {
            landing.return_offset += moved;
            landing.handler += moved;
        }
        for map in &mut self.maps {
            map.return_offset += moved;
        }
        for (offset, _) in self.debug.iter_mut().flat_map(|map| &mut map.sources) {
            *offset += moved;
        }
        if let Some(unwind) = &mut self.unwind {
            unwind.start += moved;
        }
        self
    }
}

/// Where an exception that comes out of a call goes on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Landing {
    /// Offset of the call's return address.
    pub return_offset: u32,
    /// Offset of the code that handles the exception.
    pub handler: u32,
    /// Bytes between the frame pointer and the stack pointer at the call.
    pub frame: u32,
}

/// Where the references to objects are in a frame while a call goes on.
#[derive(Clone, Debug)]
pub(crate) struct StackMap {
    /// Offset of the call's return address.
    pub return_offset: u32,
    /// Bytes between the frame pointer and the stack pointer at the call.
    pub frame: u32,
    /// Their distances from the stack pointer, ascending; cells of 8 bytes.
    pub offsets: Vec<u32>,
}

/// A place to fill in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    /// Offset in the code.
    pub offset: u32,
    /// How.
    pub kind: Reloc,
    /// With whose address.
    pub target: Symbol,
    /// Plus this.
    pub addend: i64,
}

/// A worker's buffers, reused from function to function.
struct Worker {
    context: Context,
    allocator: regalloc2::Ctx,
    builder: FunctionBuilderContext,
    control: ControlPlane,
}

impl Worker {
    fn new() -> Worker {
        Worker {
            context: Context::new(),
            allocator: regalloc2::Ctx::default(),
            builder: FunctionBuilderContext::new(),
            control: ControlPlane::default(),
        }
    }
}

/// Compiles the whole text; the results are in its order, whatever the number of threads.
pub(crate) fn compile(program: &Program<'_>, target: &CodeTarget) -> Result<Vec<CompiledFunc>> {
    map_text(program, target, &program.code, |worker, isa, item| {
        let func = CompiledFunc {
            optimised: !is_too_deep(program, item),
            ..compile_one(program, target, isa, worker, item)?
        };
        Ok(func.behind(target.landing_pad))
    })
}

/// Compiles parts of the text to human-readable assembly, a string for each.
pub(crate) fn disassemble(
    program: &Program<'_>,
    target: &CodeTarget,
    items: &[CodeItem],
) -> Result<Vec<String>> {
    map_text(program, target, items, |worker, isa, item| {
        optimise_in_context(program, isa, worker, item, true)?;
        if is_ours(program, target, item)
            && let Ok(text) = backend::list(&mut worker.context, isa)
        {
            return Ok(text);
        }
        let code = compile_optimised(program, isa, worker, item)?;
        Ok(code.vcode.unwrap_or_default())
    })
}

/// When IR is printed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum IrStage {
    /// As it is translated.
    Translated,
    /// As instructions are selected for it.
    Optimised,
}

/// Translates parts of the text to IR text, a string for each.
pub(crate) fn print_ir(
    program: &Program<'_>,
    target: &CodeTarget,
    items: &[CodeItem],
    stage: IrStage,
) -> Result<Vec<String>> {
    map_text(program, target, items, |worker, isa, item| {
        ir_text(program, isa, worker, item, stage)
    })
}

fn ir_text(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    worker: &mut Worker,
    item: CodeItem,
    stage: IrStage,
) -> Result<String> {
    let context = &mut worker.context;
    context.clear();
    translate::translate(program, isa, item, &mut context.func, &mut worker.builder)?;
    match stage {
        IrStage::Translated => context.verify_if(isa),
        IrStage::Optimised => context.optimize(isa, &mut worker.control),
    }
    .map_err(|error| gave_up(program, item, &error))?;
    Ok(context.func.display().to_string())
}

/// A part of the text at each stage of its compilation.
#[derive(Debug)]
pub(crate) struct Stages {
    /// IR as it is translated.
    pub translated: String,
    /// IR as instructions are selected for it.
    pub optimised: String,
    /// Human-readable assembly.
    pub assembly: String,
    /// Machine code, with places to fill in.
    pub code: Vec<u8>,
    /// See [`CodeMap::sources`].
    pub sources: Vec<(u32, u32)>,
}

/// Compiles parts of the text and hands all stages of each to `make`; the results are in the order
/// of the parts.
pub(crate) fn stages<T: Send>(
    program: &Program<'_>,
    target: &CodeTarget,
    items: &[CodeItem],
    make: impl Fn(CodeItem, Stages) -> T + Sync,
) -> Result<Vec<T>> {
    map_text(program, target, items, |worker, isa, item| {
        let mut ir = |stage| ir_text(program, isa, worker, item, stage);
        let translated = ir(IrStage::Translated)?;
        let optimised = ir(IrStage::Optimised)?;
        let compiled = compile_in_context(program, isa, worker, item, true)?;
        let stages = Stages {
            translated,
            optimised,
            code: compiled.buffer.data().to_vec(),
            sources: code_map(&compiled.buffer).sources,
            assembly: compiled.vcode.unwrap_or_default(),
        };
        Ok(make(item, stages))
    })
}

/// Calls `make` for parts of the text in parallel; of several errors the first in their order is
/// returned.
fn map_text<T: Send>(
    program: &Program<'_>,
    target: &CodeTarget,
    items: &[CodeItem],
    make: impl Fn(&mut Worker, &dyn TargetIsa, CodeItem) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let results: Vec<Result<T>> = items
        .par_iter()
        .map_init(Worker::new, |worker, &item| {
            let isa = isa_for(program, target, item);
            make(worker, isa, item).map_err(|error| in_instance(program, item, error))
        })
        .collect();
    results.into_iter().collect()
}

/// Control frames nested deeper than people and compilers nest them: beyond this the optimiser, whose
/// passes over dominators and loops are not linear in depth, is left out (`docs/rationale.md`).
const DEEP_NESTING: u32 = 1_000;

/// Whether the optimiser is left out for a part of the text.
fn is_too_deep(program: &Program<'_>, item: CodeItem) -> bool {
    let CodeItem::Func(id) = item else {
        return false;
    };
    match program.world.funcs[id].kind {
        FuncKind::Defined { instance, index } => {
            program.world.body(instance, index).nesting > DEEP_NESTING
        }
        FuncKind::Wasi { .. } | FuncKind::Host { .. } => false,
    }
}

/// The ISA to compile a part of the text with.
fn isa_for<'t>(program: &Program<'_>, target: &'t CodeTarget, item: CodeItem) -> &'t dyn TargetIsa {
    match is_too_deep(program, item) {
        true => &*target.unoptimised,
        false => &*target.isa,
    }
}

fn in_instance(program: &Program<'_>, item: CodeItem, error: Error) -> Error {
    let CodeItem::Func(id) = item else {
        return error;
    };
    match program.world.funcs[id].kind {
        FuncKind::Defined { instance, .. } if program.world.instances.len() > 1 => {
            error.in_instance(&program.world.instances[instance].name)
        }
        _ => error,
    }
}

/// Whether our own back end is to compile a part of the text, of which this is the number.
fn is_ours(program: &Program<'_>, target: &CodeTarget, item: CodeItem) -> bool {
    let Backend::Own { first, count } = target.backend else {
        return false;
    };
    let number = match item {
        CodeItem::Func(id) if matches!(program.world.funcs[id].kind, FuncKind::Defined { .. }) => {
            id.as_u32()
        }
        _ => return false,
    };
    // What debuggers are told of locals comes from Cranelift, and so do unwind tables.
    (first..first.saturating_add(count)).contains(&number)
        && program.tracked.is_none()
        && !target.isa.flags().unwind_info()
        && !is_too_deep(program, item)
        && backend::knows(&*target.isa)
}

fn compile_one(
    program: &Program<'_>,
    target: &CodeTarget,
    isa: &dyn TargetIsa,
    worker: &mut Worker,
    item: CodeItem,
) -> Result<CompiledFunc> {
    if !is_ours(program, target, item) {
        let code = compile_in_context(program, isa, worker, item, false)?;
        return finish(program, isa, worker, item, &code, Maker::Cranelift);
    }
    optimise_in_context(program, isa, worker, item, false)?;
    match backend::compile(&mut worker.context, isa) {
        // Where many values are in memory, Cranelift may have found better.
        Ok(code) if code.is_crowded() => {
            let theirs = compile_optimised(program, isa, worker, item)?;
            if slot_accesses(&worker.allocator) < code.slot_accesses {
                let maker = Maker::Instead(Refusal::Slower);
                return finish(program, isa, worker, item, &theirs, maker);
            }
            Ok(finish_ours(isa, &worker.context.func, item, code))
        }
        Ok(code) => Ok(finish_ours(isa, &worker.context.func, item, code)),
        Err(refusal) => {
            debug_assert!(
                !matches!(refusal, Refusal::Internal(_)),
                "{refusal}:\n{}",
                worker.context.func.display(),
            );
            let code = compile_optimised(program, isa, worker, item)?;
            finish(program, isa, worker, item, &code, Maker::Instead(refusal))
        }
    }
}

/// How many accesses to slots Cranelift's code of the function has that was compiled last.
fn slot_accesses(allocator: &regalloc2::Ctx) -> u32 {
    let output = &allocator.output;
    let copies = output.edits.iter().filter(|(_, edit)| {
        let regalloc2::Edit::Move { from, to } = edit;
        from.is_stack() || to.is_stack()
    });
    let operands = output.allocs.iter().filter(|alloc| alloc.is_stack());
    (copies.count() + operands.count()) as u32
}

/// What Cranelift made, as the later phases take it.
fn finish(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    worker: &Worker,
    item: CodeItem,
    compiled: &CompiledCode,
    maker: Maker,
) -> Result<CompiledFunc> {
    let func = &worker.context.func;
    let buffer = &compiled.buffer;
    let relocs = buffer
        .relocs()
        .iter()
        .map(|reloc| Relocation {
            offset: reloc.offset,
            kind: reloc.kind,
            target: target(func, &reloc.target),
            addend: reloc.addend,
        })
        .collect();
    let traps: Vec<_> = buffer
        .traps()
        .iter()
        .map(|trap| (trap.offset, trap_of(trap.code)))
        .collect();
    let lines = lines(buffer, &traps);
    let landings = landings(buffer);
    let unwind = match isa.flags().unwind_info() {
        true => unwind(compiled, isa).map_err(|error| gave_up(program, item, &error))?,
        false => None,
    };
    let debug = program.tracked.as_ref().map(|_| code_map(buffer));
    Ok(CompiledFunc {
        item,
        code: buffer.data().to_vec(),
        optimised: true,
        alignment: buffer.alignment,
        relocs,
        traps,
        lines,
        landings,
        maps: stack_maps(buffer),
        debug,
        maker,
        unwind,
    })
}

/// What our own back end made, as the later phases take it.
fn finish_ours(
    isa: &dyn TargetIsa,
    func: &ir::Function,
    item: CodeItem,
    code: backend::Code,
) -> CompiledFunc {
    let relocs = code.relocs.iter().map(|reloc| Relocation {
        offset: reloc.offset,
        kind: match reloc.is_call {
            true => Reloc::X86CallPCRel4,
            false => Reloc::X86PCRel4,
        },
        target: symbol_of(&func.params.user_named_funcs()[reloc.symbol]),
        addend: reloc.addend,
    });
    let landings = code
        .landings
        .iter()
        .map(|&(return_offset, handler)| Landing {
            return_offset,
            handler,
            frame: code.frame,
        });
    let least = 1 << isa.flags().log2_min_function_alignment();
    CompiledFunc {
        item,
        relocs: relocs.collect(),
        optimised: true,
        alignment: isa.function_alignment().minimum.max(least),
        traps: code
            .traps
            .iter()
            .map(|&(at, code)| (at, trap_of(code)))
            .collect(),
        lines: code.lines,
        landings: landings.collect(),
        maps: Vec::new(),
        debug: None,
        maker: Maker::Own,
        unwind: None,
        code: code.bytes,
    }
}

fn compile_in_context(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    worker: &mut Worker,
    item: CodeItem,
    disassemble: bool,
) -> Result<CompiledCode> {
    optimise_in_context(program, isa, worker, item, disassemble)?;
    compile_optimised(program, isa, worker, item)
}

/// Leaves the optimised IR of a part of the text in the worker's context.
fn optimise_in_context(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    worker: &mut Worker,
    item: CodeItem,
    disassemble: bool,
) -> Result<()> {
    let context = &mut worker.context;
    context.clear();
    context.set_disasm(disassemble);
    translate::translate(program, isa, item, &mut context.func, &mut worker.builder)?;
    context
        .optimize(isa, &mut worker.control)
        .map_err(|error| gave_up(program, item, &error))
}

/// Cranelift's code for the optimised IR in the worker's context.
fn compile_optimised(
    program: &Program<'_>,
    isa: &dyn TargetIsa,
    worker: &mut Worker,
    item: CodeItem,
) -> Result<CompiledCode> {
    let context = &worker.context;
    let stencil = isa.compile_function(
        &context.func,
        &context.domtree,
        &mut worker.allocator,
        context.want_disasm,
        &mut worker.control,
    );
    match stencil {
        Ok(stencil) => Ok(stencil.apply_params(&context.func.params)),
        Err(error) => Err(gave_up(program, item, &error)),
    }
}

/// The failure of the code generator on a part of the text.
fn gave_up(program: &Program<'_>, item: CodeItem, error: &CodegenError) -> Error {
    Error::Limit {
        message: format!("the code generator gave up: {error}"),
        location: location(program, item),
    }
}

fn location(program: &Program<'_>, item: CodeItem) -> Location {
    let CodeItem::Func(id) = item else {
        return Location::default();
    };
    let func = &program.world.funcs[id];
    match func.kind {
        FuncKind::Defined { index, .. } => Location {
            function: Some((index.as_u32(), func.name.clone())),
            ..Location::default()
        },
        FuncKind::Wasi { .. } | FuncKind::Host { .. } => Location::default(),
    }
}

/// What a relocation of Cranelift's refers to.
fn target(func: &ir::Function, target: &FinalizedRelocTarget) -> Symbol {
    match target {
        FinalizedRelocTarget::ExternalName(ExternalName::User(name)) => {
            symbol_of(&func.params.user_named_funcs()[*name])
        }
        FinalizedRelocTarget::ExternalName(ExternalName::LibCall(call)) => {
            Symbol::Builtin(translate::libcall(*call))
        }
        target => unreachable!("no relocation of ours refers to {target:?}"),
    }
}

/// The calls that have a handler; none has more than one, for exceptions of every tag.
fn landings(
    buffer: &cranelift_codegen::MachBufferFinalized<cranelift_codegen::Final>,
) -> Vec<Landing> {
    let landing = |site: FinalizedMachCallSite<'_>| {
        let &[FinalizedMachExceptionHandler::Default(handler)] = site.exception_handlers else {
            return None;
        };
        Some(Landing {
            return_offset: site.ret_addr,
            handler,
            frame: site.frame_offset.expect("both processors have frames"),
        })
    };
    let mut landings: Vec<_> = buffer.call_sites().filter_map(landing).collect();
    landings.sort_unstable_by_key(|landing| landing.return_offset);
    landings
}

/// The calls while which the frame holds references to objects.
fn stack_maps(
    buffer: &cranelift_codegen::MachBufferFinalized<cranelift_codegen::Final>,
) -> Vec<StackMap> {
    let maps = buffer.user_stack_maps().iter();
    let maps = maps.map(|(return_offset, frame, map)| {
        let mut offsets: Vec<u32> = map
            .entries()
            .map(|(ty, offset)| {
                assert_eq!(ty, ir::types::I64, "references have 8 bytes in frames");
                offset
            })
            .collect();
        offsets.sort_unstable();
        StackMap {
            return_offset: *return_offset,
            frame: *frame,
            offsets,
        }
    });
    maps.filter(|map| !map.offsets.is_empty()).collect()
}

/// How the frames of a function are unwound.
fn unwind(compiled: &CompiledCode, isa: &dyn TargetIsa) -> Result<Option<Unwind>, CodegenError> {
    Ok(match compiled.create_unwind_info(isa)? {
        Some(AnyUnwindInfo::SystemV(info)) => Some(Unwind { start: 0, info }),
        _ => None,
    })
}

/// Notes what debuggers are told of a function.
fn code_map(buffer: &cranelift_codegen::MachBufferFinalized<cranelift_codegen::Final>) -> CodeMap {
    let mut sources: Vec<(u32, u32)> = Vec::new();
    for source in buffer.get_srclocs_sorted() {
        let at = source.loc.bits();
        // Code without a place belongs to what comes before it.
        if source.loc.is_default() || sources.last().is_some_and(|(_, last)| *last == at) {
            continue;
        }
        sources.push((source.start, at));
    }
    let mut slots = Vec::new();
    if let Some(layout) = buffer.frame_layout() {
        for slot in layout.stackslots.values() {
            if let Some(key) = slot.key {
                let distance = i64::from(slot.offset) - i64::from(layout.frame_to_fp_offset);
                slots.push((key.bits() as u32, distance));
            }
        }
    }
    slots.sort_unstable();
    CodeMap { sources, slots }
}

/// Joins the places that a backtrace may name with the source locations of the code there.
fn lines(
    buffer: &cranelift_codegen::MachBufferFinalized<cranelift_codegen::Final>,
    traps: &[(u32, Trap)],
) -> Vec<(u32, u32)> {
    let sources = buffer.get_srclocs_sorted();
    let source_at = |offset: u32| {
        let next = sources.partition_point(|source| source.start <= offset);
        let source = sources[..next].last()?;
        (offset < source.end && !source.loc.is_default()).then(|| source.loc.bits())
    };
    // A return address lies just behind its call.
    let calls = buffer
        .call_sites()
        .filter_map(|site| Some((site.ret_addr, source_at(site.ret_addr - 1)?)));
    let traps = traps
        .iter()
        .filter_map(|&(offset, _)| Some((offset, source_at(offset)?)));
    let mut lines: Vec<_> = calls.chain(traps).collect();
    lines.sort_unstable();
    lines.dedup_by_key(|line| line.0);
    lines
}
