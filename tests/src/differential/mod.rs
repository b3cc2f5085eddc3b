//! Generated modules beside an interpreter.
//!
//! ```text
//! seed → module → what wasmi makes of it → a batch in one executable → disagreements
//!        generate.rs  reference.rs         batch.rs                     shrink.rs, save.rs
//! ```
//!
//! A module's functions are called with several argument lists; results are compared bit by bit,
//! traps by kind, in the end globals and the contents of memories. wasmi knows WebAssembly 2.0 with
//! vectors, multi-memory, memory64, tail calls, extended constants, wide arithmetic and custom page
//! sizes. It lacks exceptions, typed function references, objects and threads: those are judged
//! elsewhere; objects by V8, if node is there (`objects.rs`).

mod batch;
mod generate;
pub mod objects;
mod random;
mod reference;
mod save;
mod shrink;

use std::ops::{AddAssign, Range};
use std::time::Duration;

use wasmc_compiler::features::Features;
use wasmc_compiler::{Arch, Backend, Cpu, OptLevel, Options, Target};

use self::batch::Case;
use self::random::Random;
use self::reference::{Action, Expect};

pub use save::save;

/// How batches are compiled.
#[derive(Clone, Debug)]
pub struct Variant {
    /// For messages.
    pub name: &'static str,
    /// Options of the compilation.
    pub options: Options,
    /// How long a batch may run.
    pub time_limit: Duration,
}

/// The variants that the back end of our own compiles.
const OWN: &str = "own back end";
const OWN_CHECKED: &str = "own back end, checked, native";

/// Every variant for an architecture: they take turns.
pub fn variants(arch: Arch) -> Vec<Variant> {
    // On aarch64 a store on the edge of a guarded memory may be carried out in part before it
    // traps, so that memories would differ: explicit checks only.
    let rows: &[(&'static str, bool, OptLevel, Cpu)] = match arch {
        Arch::X86_64 => &[
            ("guarded", false, OptLevel::Speed, Cpu::X86_64V2),
            (OWN, false, OptLevel::Speed, Cpu::X86_64V2),
            (OWN_CHECKED, true, OptLevel::Speed, Cpu::Native),
            ("checked, native", true, OptLevel::Speed, Cpu::Native),
            ("guarded, native", false, OptLevel::Speed, Cpu::Native),
            (
                "guarded, unoptimised, oldest",
                false,
                OptLevel::None,
                Cpu::X86_64,
            ),
            ("guarded, oldest", false, OptLevel::Speed, Cpu::X86_64),
            (
                "checked, unoptimised, native",
                true,
                OptLevel::None,
                Cpu::Native,
            ),
        ],
        Arch::Aarch64 => &[
            ("checked", true, OptLevel::Speed, Cpu::Generic),
            ("checked, unoptimised", true, OptLevel::None, Cpu::Generic),
            ("checked, armv8.1-a", true, OptLevel::Speed, Cpu::Armv8_1),
        ],
        other => unreachable!("there are no variants for {other:?}"),
    };
    rows.iter()
        .filter_map(|&(name, bounds_checks, opt_level, cpu)| {
            Some(Variant {
                name,
                options: Options::default()
                    .bounds_checks(bounds_checks)
                    .opt_level(opt_level)
                    // Of another processor than this one there is no native level.
                    .target(Target::with_cpu(arch, cpu).ok()?)
                    .features(Features::complete())
                    .stack_size(64 << 20)
                    .verify_ir(opt_level == OptLevel::None)
                    .backend(match name {
                        OWN | OWN_CHECKED => Backend::OWN,
                        _ => Backend::Cranelift,
                    }),
                time_limit: Duration::from_secs(120),
            })
        })
        .collect()
}

/// What a module did that it must not.
#[derive(Clone, Debug)]
pub struct Disagreement {
    /// The module's seed.
    pub seed: u64,
    /// The [`Variant`]'s name.
    pub variant: &'static str,
    /// What was expected and what happened.
    pub text: String,
    case: Case,
    /// At which step; `None` when it does not compile.
    step: Option<usize>,
}

/// How much was compared.
#[derive(Clone, Copy, Default, Debug)]
pub struct Tally {
    /// Modules that ran.
    pub modules: usize,
    /// Modules that wasmi could not judge.
    pub left_out: usize,
    /// Calls of exported functions.
    pub calls: usize,
    /// Calls that trapped, as they must.
    pub traps: usize,
    /// Memories that were compared.
    pub memories: usize,
    /// Globals that were compared.
    pub globals: usize,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.modules += other.modules;
        self.left_out += other.left_out;
        self.calls += other.calls;
        self.traps += other.traps;
        self.memories += other.memories;
        self.globals += other.globals;
    }
}

impl Tally {
    fn count(&mut self, case: &Case) {
        self.modules += 1;
        for step in &case.steps {
            match &step.action {
                Action::Invoke { export, .. } if export != generate::REFUEL => {
                    self.calls += 1;
                    self.traps += usize::from(matches!(step.expect, Expect::Trap(_)));
                }
                Action::ReadGlobal(_) => self.globals += 1,
                Action::HashMemory(_) => self.memories += 1,
                Action::Instantiate | Action::Invoke { .. } => {}
            }
        }
    }
}

/// The seeds of the modules of a batch.
pub fn seeds(run: u64, batch: u64, size: usize) -> Vec<u64> {
    let mut random = Random::new(run ^ batch.wrapping_mul(0xa076_1d64_78bd_642f));
    (0..size).map(|_| random.next()).collect()
}

/// Runs the modules of these seeds in one executable. Disagreements are those of the modules
/// alone, shrunk.
pub fn run(seeds: &[u64], variant: &Variant) -> (Tally, Vec<Disagreement>) {
    let mut tally = Tally::default();
    let mut cases = Vec::new();
    for &seed in seeds {
        match Case::of(seed) {
            Ok(case) => {
                tally.count(&case);
                cases.push(case);
            }
            Err(_) => tally.left_out += 1,
        }
    }
    let found = batch::check(&cases, variant);
    let shrunk = found
        .into_iter()
        .map(|found| shrink::shrink(found, variant))
        .collect();
    (tally, shrunk)
}

/// A part of a module: wasmparser counts in `u64`.
fn part(module: &[u8], range: Range<u64>) -> &[u8] {
    &module[range.start as usize..range.end as usize]
}
