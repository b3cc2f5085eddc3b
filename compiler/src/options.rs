//! What a caller may choose about a compilation.

use crate::features::Features;
use crate::target::Target;

/// What [`compile`](crate::compile) makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Emit {
    /// A static executable.
    #[default]
    Exe,
    /// The guest's relocatable ELF object, for a linker of the user's own.
    Obj,
    /// Cranelift IR as text, as it is translated.
    Clif,
    /// Cranelift IR as text, after optimisation.
    OptimisedClif,
    /// Machine code as text.
    Asm,
}

/// How hard the code generator tries.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OptLevel {
    /// Compile as fast as possible.
    None,
    /// Speed, but smaller code first where they conflict.
    Size,
    /// Run as fast as possible.
    #[default]
    Speed,
}

/// What debuggers are told, and how much is done for them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum DebugLevel {
    /// Nothing but symbols.
    #[default]
    None,
    /// Lines, functions and inlined calls, for profilers: the program is as it would be without.
    Lines,
    /// Lines, types, functions and the variables in linear memory; each function keeps its frame base
    /// where a debugger finds it.
    Frame,
    /// Also variables in locals: each function keeps all of them where a debugger finds them, which
    /// costs time.
    Full,
}

impl DebugLevel {
    /// Whether the program itself does something for debuggers: keeps variables where they are
    /// found, has its memory where pointers lead.
    pub fn serves_debuggers(self) -> bool {
        matches!(self, DebugLevel::Frame | DebugLevel::Full)
    }
}

/// How branches are protected from being misled, on aarch64.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum BranchProtection {
    /// Not at all.
    #[default]
    None,
    /// Return addresses are signed (pointer authentication).
    PacRet,
    /// Indirect branches must meet landing pads (branch target identification).
    Bti,
    /// Both.
    Standard,
}

impl BranchProtection {
    /// The name that `--branch-protection` takes: that of GCC and Clang.
    pub fn name(self) -> &'static str {
        match self {
            BranchProtection::None => "none",
            BranchProtection::PacRet => "pac-ret",
            BranchProtection::Bti => "bti",
            BranchProtection::Standard => "standard",
        }
    }

    /// Whether return addresses are signed.
    pub fn signs(self) -> bool {
        matches!(self, BranchProtection::PacRet | BranchProtection::Standard)
    }

    /// Whether indirect branches must meet landing pads.
    pub fn guards(self) -> bool {
        matches!(self, BranchProtection::Bti | BranchProtection::Standard)
    }
}

/// Who selects instructions, allocates registers and encodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Backend {
    /// Cranelift.
    #[default]
    Cranelift,
    /// Our own, for those functions of x86-64 that it knows how to compile, and Cranelift for the rest.
    Own {
        /// The number of the first function that it may compile: for finding one that is compiled
        /// wrong.
        first: u32,
        /// How many it may compile.
        count: u32,
    },
}

impl Backend {
    /// Our own for all functions.
    pub const OWN: Backend = Backend::Own {
        first: 0,
        count: u32::MAX,
    };
}

/// Options of a compilation. [`Options::default`] is what `wasmc compile` does without flags.
#[derive(Clone, Debug)]
pub struct Options {
    /// What to make.
    pub emit: Emit,
    /// The functions to show, when [`emit`](Options::emit) asks for text: by name, name of an
    /// export, or index. All of them when there is none.
    pub functions: Vec<String>,
    /// Processor and CPU level.
    pub target: Target,
    /// How hard the code generator tries.
    pub opt_level: OptLevel,
    /// Accepted proposals.
    pub features: Features,
    /// Check every access of memory in code rather than by guard pages; such a program needs no
    /// address space reservation.
    pub bounds_checks: bool,
    /// Most bytes a memory may grow to, beside its own declared maximum.
    pub max_memory: Option<u64>,
    /// Bytes of the guest's stack.
    pub stack_size: u64,
    /// Count the instructions that the program carries out, so that it can be given fuel.
    pub fuel: bool,
    /// Leave the symbol table out, and what backtraces say of the source.
    pub strip: bool,
    /// What debuggers are told; for executables only, and not together with `strip`.
    pub debug: DebugLevel,
    /// Put debugging information into a file of its own, which the executable refers to by this name.
    pub debug_file: Option<String>,
    /// Describe the frames of the guest's functions for tools that do not follow frame pointers.
    pub unwind_tables: bool,
    /// Write names in backtraces as people do rather than as compilers mangle them.
    pub demangle: bool,
    /// The compiled program ignores `WASMC_OPTIONS`.
    pub sealed: bool,
    /// Call this export, after `_initialize`, instead of `_start`.
    pub invoke: Option<String>,
    /// Baked options of the program: NUL-terminated words (see [`wasmc_abi::options`]).
    pub run_options: Vec<u8>,
    /// log2 of the alignment of functions; for benchmarks.
    pub log2_function_alignment: u8,
    /// How branches are protected; aarch64 only. Instructions that processors without it take for
    /// no-ops.
    pub branch_protection: BranchProtection,
    /// How many bytes a direct branch of aarch64 is taken to reach; for tests of what lies further.
    pub branch_reach: Option<u32>,
    /// Verify the IR of every function; slow, for tests.
    pub verify_ir: bool,
    /// Who makes machine code of the IR.
    pub backend: Backend,
}

impl Options {
    /// Whether debuggers are told about the code.
    pub(crate) fn tells_debuggers(&self) -> bool {
        self.emit == Emit::Exe && self.debug != DebugLevel::None
    }

    /// Whether anything in the program is done for debuggers.
    pub(crate) fn serves_debuggers(&self) -> bool {
        self.emit == Emit::Exe && self.debug.serves_debuggers()
    }
}

impl Default for Options {
    fn default() -> Self {
        Options {
            emit: Emit::Exe,
            functions: Vec::new(),
            target: Target::host(),
            opt_level: OptLevel::Speed,
            features: Features::default(),
            bounds_checks: false,
            max_memory: None,
            stack_size: 8 << 20,
            fuel: false,
            strip: false,
            debug: DebugLevel::None,
            debug_file: None,
            unwind_tables: false,
            demangle: true,
            sealed: false,
            invoke: None,
            run_options: Vec::new(),
            log2_function_alignment: 5,
            branch_protection: BranchProtection::None,
            branch_reach: None,
            verify_ir: false,
            backend: Backend::default(),
        }
    }
}
