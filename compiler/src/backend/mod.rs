//! A back end of our own for x86-64: optimised CLIF becomes machine code.
//!
//! It stands beside Cranelift's, behind the same optimiser, and makes the same frames and calls, so
//! that functions of both call each other. What it does not know it refuses, function by function,
//! and Cranelift compiles it. `docs/rationale.md` says why there are two.
//!
//! ```text
//! CLIF → select → machine IR → allocate → slots → check → assemble → bytes
//! ```

mod allocate;
mod assemble;
mod check;
mod encode;
mod frequency;
mod listing;
mod liveness;
mod machine;
mod params;
mod select;
mod slots;
#[cfg(test)]
mod tests;

use std::fmt;

use cranelift_codegen::dominator_tree::DominatorTree;
use cranelift_codegen::ir::{self, Opcode, TrapCode, Type, UserExternalNameRef};
use cranelift_codegen::isa::TargetIsa;
use cranelift_codegen::loop_analysis::LoopAnalysis;

use machine::Func;
use slots::Placed;

/// What an optimised function is selected from.
struct Input<'f> {
    func: &'f ir::Function,
    domtree: &'f DominatorTree,
    loops: &'f LoopAnalysis,
    features: Features,
    /// A register is set aside.
    pinned: bool,
}

/// What the processor has beyond what all have.
#[derive(Clone, Copy, Default, Debug)]
struct Features {
    popcnt: bool,
    sse41: bool,
}

/// A function's machine code.
#[derive(Debug)]
pub(crate) struct Code {
    pub bytes: Vec<u8>,
    pub relocs: Vec<Relocation>,
    /// Offsets of instructions that may trap, ascending.
    pub traps: Vec<(u32, TrapCode)>,
    /// Offsets of return addresses and of traps, ascending, and source locations.
    pub lines: Vec<(u32, u32)>,
    /// Offsets of return addresses, ascending, and of what goes on with an exception.
    pub landings: Vec<(u32, u32)>,
    /// Bytes between the frame pointer and the stack pointer at calls.
    pub frame: u32,
    /// How many instructions it has, and how many accesses to slots that values are in for want of
    /// registers.
    pub instructions: u32,
    pub slot_accesses: u32,
}

/// A place to fill in: four bytes, relative to the address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Relocation {
    pub offset: u32,
    /// The operand of a call.
    pub is_call: bool,
    pub symbol: UserExternalNameRef,
    pub addend: i64,
}

/// Why a function is left to Cranelift.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Refusal {
    /// An operator that is not selected.
    Opcode(Opcode),
    /// One that is not selected for so few bits.
    Narrow(Opcode),
    /// Values of a type.
    Type(Type),
    /// Something else that is not selected.
    Shape(&'static str),
    /// More of something than the budget allows.
    Size(&'static str),
    /// Cranelift keeps more values in registers.
    Slower,
    /// A mistake of ours, which the checker or an invariant found.
    Internal(String),
}

impl Refusal {
    fn internal(what: &str) -> Refusal {
        Refusal::Internal(what.to_owned())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Refusal::Opcode(opcode) => write!(f, "operator `{opcode}`"),
            Refusal::Narrow(opcode) => write!(f, "operator `{opcode}` of few bits"),
            Refusal::Type(ty) => write!(f, "type `{ty}`"),
            Refusal::Shape(what) => f.write_str(what),
            Refusal::Size(what) => write!(f, "size: {what}"),
            Refusal::Slower => f.write_str("fewer accesses to the stack"),
            Refusal::Internal(what) => write!(f, "internal: {what}"),
        }
    }
}

impl Code {
    /// Whether so many accesses are so large a part that Cranelift may do with fewer.
    pub fn is_crowded(&self) -> bool {
        self.slot_accesses > 64 && self.slot_accesses > self.instructions / 5
    }
}

/// The most instructions and blocks of CLIF in a function: beyond them, passes that are linear but
/// not light would take long.
const MOST_VALUES: usize = 400_000;
const MOST_BLOCKS: usize = 60_000;

/// Whether this back end makes code for a target at all.
pub(crate) fn knows(isa: &dyn TargetIsa) -> bool {
    isa.triple().architecture == target_lexicon::Architecture::X86_64
}

/// Compiles an optimised function, or says why that is Cranelift's to do.
pub(crate) fn compile(
    context: &mut cranelift_codegen::Context,
    isa: &dyn TargetIsa,
) -> Result<Code, Refusal> {
    compile_input(&input(context, isa)?)
}

fn input<'f>(
    context: &'f mut cranelift_codegen::Context,
    isa: &dyn TargetIsa,
) -> Result<Input<'f>, Refusal> {
    if context.func.dfg.num_values() > MOST_VALUES {
        return Err(Refusal::Size("values"));
    }
    if context.func.dfg.num_blocks() > MOST_BLOCKS {
        return Err(Refusal::Size("blocks"));
    }
    context.compute_cfg();
    context.compute_domtree();
    context.compute_loop_analysis();
    Ok(Input {
        func: &context.func,
        domtree: &context.domtree,
        loops: &context.loop_analysis,
        features: features(isa),
        pinned: isa.flags().enable_pinned_reg(),
    })
}

/// The same as text.
pub(crate) fn list(
    context: &mut cranelift_codegen::Context,
    isa: &dyn TargetIsa,
) -> Result<String, Refusal> {
    let (func, placed) = place(&input(context, isa)?)?;
    // What is too large to be assembled is not listed either.
    assemble::assemble(&func, &placed)?;
    Ok(listing::list(&func, &placed))
}

/// Everything but the bytes.
fn place(input: &Input<'_>) -> Result<(Func, Placed), Refusal> {
    let mut func = select::select(input)?;
    params::simplify(&mut func);
    frequency::estimate(&mut func);
    let liveness = liveness::Liveness::new(&func)?;
    let allocation = allocate::allocate(&func, &liveness)?;
    let placed = slots::assign(&func, &liveness, allocation);
    // Beyond this point every use is known to read what it should.
    check::check(&func, &placed)?;
    Ok((func, placed))
}

fn compile_input(input: &Input<'_>) -> Result<Code, Refusal> {
    let (func, placed) = place(input)?;
    let (finished, frame) = assemble::assemble(&func, &placed)?;
    let relocs = finished.relocs.into_iter();
    Ok(Code {
        bytes: finished.code,
        relocs: relocs
            .map(|(offset, is_call, symbol, addend)| Relocation {
                offset,
                is_call,
                symbol,
                addend,
            })
            .collect(),
        traps: finished.traps,
        lines: finished.lines,
        landings: finished.landings,
        frame,
        instructions: placed.ops.iter().map(|ops| ops.len() as u32).sum(),
        slot_accesses: placed.accesses(),
    })
}

fn features(isa: &dyn TargetIsa) -> Features {
    let mut features = Features::default();
    for flag in isa.isa_flags() {
        match (flag.name, flag.as_bool()) {
            ("has_popcnt", Some(true)) => features.popcnt = true,
            ("has_sse41", Some(true)) => features.sse41 = true,
            _ => {}
        }
    }
    features
}
