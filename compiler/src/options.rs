//! What a caller may choose about a compilation.

use crate::features::Features;
use crate::grants::Grants;
use crate::target::Target;

/// What [`compile`](crate::compile) makes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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
#[non_exhaustive]
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

/// Defines [`Options`], its default and a method for each field.
macro_rules! options {
    ($($(#[$meta:meta])* $name:ident: $ty:ty = $default:expr;)*) => {
        /// Options of a compilation. [`Options::default`] is what `wasmc compile` does without flags;
        /// each field has a method of its name that gives it another value.
        ///
        /// ```
        /// use wasmc_compiler::{Options, OptLevel};
        ///
        /// let options = Options::default()
        ///     .opt_level(OptLevel::Size)
        ///     .max_memory(Some(64 << 20))
        ///     .strip(true);
        /// assert_eq!(options.stack_size, 8 << 20);
        /// ```
        #[derive(Clone, Debug)]
        #[non_exhaustive]
        pub struct Options {
            $($(#[$meta])* pub $name: $ty,)*
        }

        impl Options {
            $($(#[$meta])*
            #[must_use]
            pub fn $name(mut self, $name: $ty) -> Options {
                self.$name = $name;
                self
            })*
        }

        impl Default for Options {
            fn default() -> Options {
                Options { $($name: $default,)* }
            }
        }
    };
}

options! {
    /// What to make.
    emit: Emit = Emit::Exe;
    /// The functions to show, when [`emit`](Options#structfield.emit) asks for text: by name, name of
    /// an export, or index. All of them when there is none.
    functions: Vec<String> = Vec::new();
    /// Processor and CPU level.
    target: Target = Target::host();
    /// How hard the code generator tries.
    opt_level: OptLevel = OptLevel::Speed;
    /// Accepted proposals.
    features: Features = Features::default();
    /// Check every access of memory in code rather than by guard pages; such a program needs no
    /// address space reservation.
    bounds_checks: bool = false;
    /// Most bytes a memory may grow to, beside its own declared maximum.
    max_memory: Option<u64> = None;
    /// Bytes of the guest's stack.
    stack_size: u64 = 8 << 20;
    /// Count the instructions that the program carries out, so that it can be given fuel.
    fuel: bool = false;
    /// Leave the symbol table out, and what backtraces say of the source.
    strip: bool = false;
    /// What debuggers are told; for executables only, and not together with `strip`.
    debug: DebugLevel = DebugLevel::None;
    /// Put debugging information into a file of its own, which the executable refers to by this name.
    debug_file: Option<String> = None;
    /// Describe the frames of the guest's functions for tools that do not follow frame pointers.
    unwind_tables: bool = false;
    /// Write names in backtraces as people do rather than as compilers mangle them.
    demangle: bool = true;
    /// The compiled program ignores `WASMC_OPTIONS`, and so has the baked grants and no others.
    sealed: bool = false;
    /// Call this export, after `_initialize`, instead of `_start`.
    invoke: Option<String> = None;
    /// What the program may do, baked in. Unless it is sealed, who starts it can add to that.
    grants: Grants = Grants::new();
    /// log2 of the alignment of functions; for benchmarks.
    log2_function_alignment: u8 = 5;
    /// How branches are protected; aarch64 only. Instructions that processors without it take for
    /// no-ops.
    branch_protection: BranchProtection = BranchProtection::None;
    /// How many bytes a direct branch of aarch64 is taken to reach; for tests of what lies further.
    #[doc(hidden)]
    branch_reach: Option<u32> = None;
    /// Verify the IR of every function; slow, for tests.
    verify_ir: bool = false;
    /// Who makes machine code of the IR.
    backend: Backend = Backend::default();
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
