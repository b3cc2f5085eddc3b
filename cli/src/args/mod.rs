//! The command line: clap's definition of every command and flag.

use std::ffi::{OsStr, OsString};
use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::builder::PossibleValue;
use clap::{Args, Parser, Subcommand, ValueEnum};
use wasmc_compiler::{Arch, Backend, BranchProtection, Cpu, DebugLevel, Emit, OptLevel};

use crate::args::bench::BenchArgs;
use crate::args::features::{FeatureSwitch, SwitchParser};
use crate::args::grants::Grants;
use crate::args::image::ImageArgs;
use crate::args::values::{
    Link, parse_alignment, parse_arch, parse_cpu, parse_link, parse_offset, parse_profile,
    parse_size, parse_stack_size,
};

pub mod bench;
pub mod features;
pub mod grants;
pub mod image;
pub mod suggest;
pub mod values;

/// Where help shows the flags that all commands share: behind their own.
const LAST: usize = 1000;

/// Compiles WebAssembly modules to standalone Linux executables.
#[derive(Parser, Debug)]
#[command(
    name = "wasmc",
    bin_name = "wasmc",
    disable_version_flag = true,
    long_about = "Compiles WebAssembly modules to standalone Linux executables.\n\n\
        What comes out runs by itself: it needs no WebAssembly runtime, no libc and no other \
        library. `wasmc app.wasm` is short for `wasmc compile app.wasm`.",
    after_long_help = "\
Examples:
  Compile a module to an executable `app` and run it:
  $ wasmc app.wasm
  $ ./app

  Compile and run in one step, with a folder that the program may read:
  $ wasmc run --dir .::/data:ro app.wasm

  See what a module needs:
  $ wasmc inspect app.wasm"
)]
pub struct Cli {
    /// When to color messages
    #[arg(
        long,
        value_name = "WHEN",
        global = true,
        default_value = "auto",
        display_order = LAST
    )]
    pub color: Color,

    /// Say more on standard error; twice or three times: what is decided, and why
    #[arg(
        short,
        long,
        global = true,
        action = clap::ArgAction::Count,
        display_order = LAST
    )]
    pub verbose: u8,

    /// Print the version; with `-v` also the embedded runtimes
    #[arg(short = 'V', long, display_order = LAST)]
    pub version: bool,

    /// What to do
    #[command(subcommand)]
    pub command: Option<Command>,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Compile a module to an executable
    ///
    /// The module is a file, or `-` for standard input, in the binary or the text format; or it is
    /// pulled: `oci://registry/name:tag` names a wasm artifact or an image with a module. Grants
    /// given here are baked into the executable; the variable WASMC_OPTIONS of the executable adds
    /// to them when it starts, unless it was compiled with `--sealed`.
    Compile(CompileArgs),
    /// Compile a module, unless that was done before, and run it
    ///
    /// What follows the module goes to the program. Grants hold for this run. Executables are kept
    /// in $XDG_CACHE_HOME/wasmc or ~/.cache/wasmc, the most recently used GiB of them.
    Run(RunArgs),
    /// Compile a component, unless that was done before, and let it answer HTTP requests
    ///
    /// The component exports `wasi:http/incoming-handler`. It listens at 0.0.0.0:8080 unless
    /// `--listen` says otherwise. Otherwise this is `wasmc run`.
    Serve(ServeArgs),
    /// Measure a module, beside other ways to run it
    ///
    /// Everything is compiled beforehand. Then the programs take turns, and the result is the median
    /// of each one's runs with an interval that contains the true median in 95 of 100 cases. All of
    /// them must succeed and print the same.
    Bench(BenchArgs),
    /// Compile a module to a container image, without an engine
    ///
    /// The image is made `FROM scratch`: the executable for each platform, accounts, /tmp and a
    /// home, and nothing else. It runs as a user without privileges. The same input gives the same
    /// image; SOURCE_DATE_EPOCH is its time. Grants given here are baked in; `--env NAME=VALUE`
    /// sets a variable of the container and lets the program see it.
    Image(Box<ImageArgs>),
    /// Show what a module is and needs, or how an executable was made
    Inspect(InspectArgs),
    /// Write a page that shows what becomes of each function
    ///
    /// Source, WebAssembly, Cranelift IR before and after optimisation, and machine code stand side
    /// by side, linked by colors and clicks. The page is one file for a browser and needs no other.
    /// Source is shown if the module has debugging information and the files are found.
    Explore(ExploreArgs),
    /// Turn the offsets of a backtrace into functions, files and lines
    ///
    /// The backtrace of a program that was compiled with `--strip`, or by another runtime, is read
    /// from standard input and printed with what the module's own line table says. Inlined calls
    /// are named, and names are demangled.
    Symbolize(SymbolizeArgs),
    /// Let a debugger follow the program's pointers in a core file
    ///
    /// Pointers of a WebAssembly program are offsets in its memory. A running program that was
    /// compiled with `-g` has its memory at those addresses, too; this gives a core file the same.
    Core(CoreArgs),
    /// Print a script for gdb
    ///
    /// It adds `$g(p)`, which makes a pointer of the program one that gdb can follow, and shows
    /// texts behind pointers. Programs compiled with `-g` need it only where the system lets nothing
    /// be mapped at the pointer's address.
    GdbScript(GdbScriptArgs),
    /// List the targets and CPU levels
    Targets(TargetsArgs),
    /// Print a completion script for a shell
    Completions(CompletionsArgs),
    /// Print a manual page
    Man(ManArgs),
}

/// `wasmc compile`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc compile app.wasm
  $ wasmc compile app.wasm -o app --cpu native --strip
  $ wasmc compile --dir .::/data:ro --env LANG=C --sealed app.wasm -o app
  $ wasmc compile --link math=math.wasm app.wasm
  $ wasmc compile --emit asm --func _start -o - app.wat
  $ cat app.wasm | wasmc compile - -o app")]
pub struct CompileArgs {
    /// The module: a file, `-` for standard input, or `oci://registry/name:tag`
    #[arg(value_name = "MODULE")]
    pub module: OsString,

    /// Where to write; `-` is standard output
    ///
    /// By default the module's file name without `.wasm` or `.wat`, in the current folder, with
    /// `.o`, `.clif` or `.s` for what `--emit` says.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<OsString>,

    /// What to make
    #[arg(long, value_name = "KIND", default_value = "exe")]
    pub emit: EmitArg,

    /// With `--emit clif`, `clif-opt` or `asm`: show only this function, by name or index
    ///
    /// Names are those of the name section and of exports. May be given several times.
    #[arg(long, value_name = "NAME|INDEX")]
    pub func: Vec<String>,

    /// The processor architecture; `wasmc targets` lists them
    #[arg(long, value_name = "TARGET", value_parser = parse_arch)]
    pub target: Option<Arch>,

    /// Make an executable that ignores WASMC_OPTIONS
    #[arg(long)]
    pub sealed: bool,

    /// Leave the symbol table and the table of source lines out
    #[arg(long, conflicts_with = "debug")]
    pub strip: bool,

    /// Where what `-g` makes goes
    #[arg(
        long = "debug",
        value_name = "WHERE",
        requires = "debug",
        help_heading = "Debugging"
    )]
    pub debug_place: Option<DebugPlace>,

    /// Describe frames for tools that do not follow frame pointers: `.eh_frame`
    #[arg(long, help_heading = "Debugging")]
    pub unwind_tables: bool,

    #[command(flatten)]
    pub links: LinkArgs,

    #[command(flatten)]
    pub code: CodeArgs,

    #[command(flatten)]
    pub grants: Grants,
}

/// `wasmc run`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc run app.wasm
  $ wasmc run --dir . --env LANG=C app.wasm --flag-of-the-program file
  $ wasmc run --link math=math.wasm app.wasm
  $ wasmc run --no-cache -O none app.wat
  $ wasmc run --profile app.svg app.wasm")]
pub struct RunArgs {
    /// The module, a file or `-` for standard input, and the program's arguments
    #[arg(
        value_names = ["MODULE", "ARGS"],
        required = true,
        num_args = 1..,
        trailing_var_arg = true
    )]
    module_and_arguments: Vec<OsString>,

    /// Neither look for an earlier compilation nor keep this one
    #[arg(long)]
    pub no_cache: bool,

    /// Write what the program spends its time on into this file
    ///
    /// Samples are taken from outside: the program and its confinement are as without. The name says
    /// which form the file has: `.svg`, a flame graph; `.json`, for Firefox's profiler; `.pb.gz` or
    /// `.pprof`, for pprof; `.folded`, a line of text for each stack.
    #[arg(long, value_name = "FILE", value_parser = parse_profile, help_heading = "Profiling")]
    pub profile: Option<ProfileFile>,

    /// How many samples to take in a second of processor time, with `--profile`
    #[arg(
        long,
        value_name = "HZ",
        default_value = "1000",
        value_parser = clap::value_parser!(u32).range(1..=100_000),
        help_heading = "Profiling"
    )]
    pub profile_rate: u32,

    /// By what means samples are taken
    #[arg(long, value_name = "HOW", default_value = "auto", hide = true)]
    pub profile_method: ProfileMethod,

    #[command(flatten)]
    pub links: LinkArgs,

    #[command(flatten)]
    pub code: CodeArgs,

    #[command(flatten)]
    pub grants: Grants,
}

/// `wasmc serve`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc serve app.wasm
  $ wasmc serve --listen 127.0.0.1:3000 --access-log --env MODE=fast app.wasm")]
pub struct ServeArgs {
    #[command(flatten)]
    pub run: RunArgs,
}

impl RunArgs {
    /// The module.
    pub fn module(&self) -> &OsStr {
        &self.module_and_arguments[0]
    }

    /// The program's arguments: what follows the module, but for one `--` right behind it.
    pub fn arguments(&self) -> &[OsString] {
        match &self.module_and_arguments[1..] {
            [first, rest @ ..] if first == "--" => rest,
            arguments => arguments,
        }
    }

    /// An argument of the program that looks as if it were meant for `wasmc run`: an option of it,
    /// without a `--` that says what is whose.
    pub fn option_behind_module(&self) -> Option<String> {
        // Programs have these themselves.
        const COMMON: [&str; 5] = ["help", "version", "verbose", "color", "time"];
        let command = RunArgs::augment_args(clap::Command::new("run"));
        let behind = self.module_and_arguments[1..].iter();
        let words = behind.take_while(|word| *word != "--");
        words.filter_map(|word| word.to_str()).find_map(|word| {
            let (name, _) = word
                .strip_prefix("--")
                .map(|word| word.split_once('=').unwrap_or((word, "")))?;
            let is_ours = command
                .get_arguments()
                .any(|argument| argument.get_long() == Some(name) && !COMMON.contains(&name));
            is_ours.then(|| format!("--{name}"))
        })
    }
}

/// Which modules satisfy imports.
#[derive(Args, Clone, Debug)]
pub struct LinkArgs {
    /// Satisfy imports from the module NAME by another module's exports
    ///
    /// May be given several times; a linked module may import from those before it. Calls between
    /// modules are direct. Linked modules are instantiated first, in this order; an `_initialize`
    /// that they export is called.
    #[arg(long, value_name = "NAME=MODULE", value_parser = parse_link)]
    pub link: Vec<Link>,
}

/// What `compile` and `run` share.
#[derive(Args, Clone, Debug)]
pub struct CodeArgs {
    /// How hard to optimise
    #[arg(
        short = 'O',
        value_name = "LEVEL",
        default_value = "speed",
        help_heading = "Code"
    )]
    pub opt_level: OptLevelArg,

    /// The CPU level that the executable may require; `wasmc targets` lists them
    #[arg(long, value_name = "LEVEL", value_parser = parse_cpu, help_heading = "Code")]
    pub cpu: Option<Cpu>,

    /// Turn a WebAssembly proposal on or, with `no-`, off; `-W help` lists them
    #[arg(
        short = 'W',
        value_name = "[no-]FEATURE",
        value_delimiter = ',',
        value_parser = SwitchParser,
        help_heading = "Code"
    )]
    pub features: Vec<FeatureSwitch>,

    /// Call this export, after `_initialize`, instead of `_start`
    #[arg(long, value_name = "NAME", help_heading = "Code")]
    pub invoke: Option<String>,

    /// Most bytes that a memory may grow to, such as `64MiB`
    #[arg(long, value_name = "SIZE", value_parser = parse_size, help_heading = "Code")]
    pub max_memory: Option<u64>,

    /// Bytes of the program's stack, such as `64MiB`; 8 MiB by default
    #[arg(long, value_name = "SIZE", value_parser = parse_stack_size, help_heading = "Code")]
    pub stack_size: Option<u64>,

    /// Check each memory access in code instead of by guard pages
    ///
    /// Such a program needs no reservation of address space, and is slower.
    #[arg(long, help_heading = "Code")]
    pub bounds_checks: bool,

    /// Tell debuggers and profilers about the source, as far as the module does
    ///
    /// gdb then sees lines, functions, types and variables. With `-g=all` also those variables that
    /// the module keeps in locals, which makes the program slower. A trap ends the program by
    /// SIGABRT, unless `--trap=exit` is given.
    #[arg(
        short = 'g',
        value_name = "LEVEL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "frame",
        help_heading = "Debugging"
    )]
    pub debug: Option<DebugArg>,

    /// Leave mangled names of Rust and C++ in backtraces as they are
    #[arg(long, help_heading = "Debugging")]
    pub no_demangle: bool,

    /// Align functions to this many bytes: for benchmarks, whose results depend on where code lies
    #[arg(long, value_name = "BYTES", value_parser = parse_alignment, hide = true)]
    pub function_alignment: Option<u8>,

    /// Protect the branches of aarch64 code from being misled
    ///
    /// Processors that cannot do so run such a program as well, unprotected.
    #[arg(
        long,
        value_name = "KIND",
        default_value = "none",
        help_heading = "Code"
    )]
    pub branch_protection: BranchProtectionArg,

    /// Who makes machine code of the optimised IR
    ///
    /// `own` is a back end of our own for x86-64, which leaves to Cranelift what it does not know.
    /// `own:FROM-TO` has it compile only functions of these numbers, for finding one that it compiles
    /// wrong.
    #[arg(long, value_name = "NAME", default_value = "cranelift", value_parser = parse_backend, help_heading = "Code")]
    pub backend: Backend,

    /// Verify the IR of each function, which is slow: for finding bugs of wasmc
    #[arg(long, help_heading = "Code")]
    pub verify_ir: bool,

    /// Compile with this many threads; all processors by default
    #[arg(short = 'j', long, value_name = "N")]
    pub threads: Option<NonZeroUsize>,

    /// Talk plain HTTP also to registries on other machines than this one
    #[arg(long)]
    pub plain_http: bool,

    /// Print how long each phase took
    #[arg(long)]
    pub time: bool,
}

/// `wasmc inspect`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc inspect app.wasm
  $ wasmc inspect --link math=math.wasm app.wasm
  $ wasmc inspect --format json app.wasm")]
pub struct InspectArgs {
    /// The module, or an executable that wasmc made: a file, or `-` for standard input
    #[arg(value_name = "MODULE")]
    pub module: OsString,

    #[command(flatten)]
    pub links: LinkArgs,

    /// The form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,

    /// Print mangled names of Rust and C++ alone
    #[arg(long)]
    pub no_demangle: bool,
}

/// `wasmc explore`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc explore app.wasm -o app.html
  $ wasmc explore --func _start app.wasm -o start.html")]
pub struct ExploreArgs {
    /// The module: a file, `-` for standard input, or `oci://registry/name:tag`
    #[arg(value_name = "MODULE")]
    pub module: OsString,

    /// Where to write the page; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: OsString,

    /// Only functions that have PATTERN in their names; `*` in it stands for anything
    ///
    /// Or a function of this index. May be given several times.
    #[arg(long, value_name = "PATTERN")]
    pub func: Vec<String>,

    /// Leave the text of the source out of the page
    #[arg(long)]
    pub no_source: bool,

    #[command(flatten)]
    pub links: LinkArgs,

    #[command(flatten)]
    pub code: CodeArgs,
}

/// `wasmc symbolize`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ ./app 2>trace; wasmc symbolize app.wasm < trace
  $ wasmc symbolize app.wasm 0x1a3 0x2f0")]
pub struct SymbolizeArgs {
    /// The module that the program was compiled from
    #[arg(value_name = "MODULE")]
    pub module: OsString,

    /// Offsets in the module, in hexadecimal, instead of a backtrace from standard input
    #[arg(value_name = "OFFSET", value_parser = parse_offset)]
    pub offsets: Vec<u64>,
}

/// `wasmc gdb-script`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc gdb-script > wasmc.py

Then `gdb -x wasmc.py app` knows `print *$g(p)`.")]
pub struct GdbScriptArgs {}

/// `wasmc core`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc core core -o core.guest

Then `gdb app core.guest` follows pointers of the program.")]
pub struct CoreArgs {
    /// The core file
    #[arg(value_name = "CORE")]
    pub core: PathBuf,

    /// Where to write; `-` is standard output
    #[arg(short, long, value_name = "FILE")]
    pub output: OsString,
}

/// `wasmc targets`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc targets
  $ wasmc targets --format json")]
pub struct TargetsArgs {
    /// The form of the answer
    #[arg(long, value_name = "FORMAT", default_value = "human")]
    pub format: Format,
}

/// `wasmc completions`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc completions bash > wasmc.bash
  $ wasmc completions zsh > _wasmc")]
pub struct CompletionsArgs {
    /// The shell
    #[arg(value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

/// `wasmc man`
#[derive(Args, Debug)]
#[command(after_long_help = "\
Examples:
  $ wasmc man > wasmc.1
  $ wasmc man compile > wasmc-compile.1")]
pub struct ManArgs {
    /// The command to describe; wasmc itself by default
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Where a profile goes, and in which form.
#[derive(Clone, Debug)]
pub struct ProfileFile {
    /// The file.
    pub path: PathBuf,
    /// The form.
    pub format: ProfileFormat,
}

/// The form of a profile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ProfileFormat {
    /// Stacks as text.
    Folded,
    /// A flame graph, in SVG.
    FlameGraph,
    /// For Firefox's profiler.
    Firefox,
    /// For pprof.
    Pprof,
}

/// By what means a profile is made.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum ProfileMethod {
    /// The first that works
    Auto,
    /// The kernel takes samples
    Perf,
    /// As a debugger does
    Ptrace,
}

/// When to color messages.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Color {
    /// On terminals, unless NO_COLOR is set
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// The form of an answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum Format {
    /// Text for people
    Human,
    /// JSON for programs
    Json,
}

/// `--emit`: an [`Emit`].
#[derive(Clone, Copy, Debug)]
pub struct EmitArg(pub Emit);

impl ValueEnum for EmitArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            EmitArg(Emit::Exe),
            EmitArg(Emit::Obj),
            EmitArg(Emit::Clif),
            EmitArg(Emit::OptimisedClif),
            EmitArg(Emit::Asm),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self.0 {
            Emit::Exe => PossibleValue::new("exe").help("A static executable"),
            Emit::Obj => PossibleValue::new("obj").help("An object for a linker of your own"),
            Emit::Clif => PossibleValue::new("clif").help("Cranelift IR as text"),
            Emit::OptimisedClif => {
                PossibleValue::new("clif-opt").help("Cranelift IR as text, after optimisation")
            }
            Emit::Asm => PossibleValue::new("asm").help("Machine code as text"),
            _ => return None,
        })
    }
}

/// `-O`: an [`OptLevel`].
#[derive(Clone, Copy, Debug)]
pub struct OptLevelArg(pub OptLevel);

impl ValueEnum for OptLevelArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            OptLevelArg(OptLevel::None),
            OptLevelArg(OptLevel::Size),
            OptLevelArg(OptLevel::Speed),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self.0 {
            OptLevel::None => PossibleValue::new("none").alias("0").help("Compile fast"),
            OptLevel::Size => PossibleValue::new("size")
                .aliases(["s", "z"])
                .help("Run fast, in less code"),
            OptLevel::Speed => PossibleValue::new("speed")
                .aliases(["1", "2", "3"])
                .help("Run fast"),
            _ => return None,
        })
    }
}

/// `-g`: a [`DebugLevel`].
#[derive(Clone, Copy, Debug)]
pub struct DebugArg(pub DebugLevel);

impl ValueEnum for DebugArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            DebugArg(DebugLevel::Lines),
            DebugArg(DebugLevel::Frame),
            DebugArg(DebugLevel::Full),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(match self.0 {
            DebugLevel::Lines => PossibleValue::new("lines")
                .help("Lines and functions, for profilers; the program stays as it is"),
            DebugLevel::Full => {
                PossibleValue::new("all").help("Also variables that the module keeps in locals")
            }
            DebugLevel::Frame | DebugLevel::None => {
                PossibleValue::new("frame").help("Variables in memory; as `-g` alone")
            }
            _ => return None,
        })
    }
}

/// `--debug`: where debugging information goes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
pub enum DebugPlace {
    /// Into the executable
    Inside,
    /// Into a file beside it, named as the executable with `.debug` behind
    Split,
}

/// `--backend`: a [`Backend`].
fn parse_backend(text: &str) -> Result<Backend, String> {
    let range = match text {
        "cranelift" => return Ok(Backend::Cranelift),
        "own" => return Ok(Backend::OWN),
        _ => text
            .strip_prefix("own:")
            .and_then(|range| range.split_once('-')),
    };
    let numbers = range.and_then(|(from, to)| {
        let (from, to): (u32, u32) = (from.parse().ok()?, to.parse().ok()?);
        Some((from, to.checked_sub(from)?.saturating_add(1)))
    });
    match numbers {
        Some((first, count)) => Ok(Backend::Own { first, count }),
        None => Err("neither `cranelift` nor `own` nor `own:FROM-TO`".to_owned()),
    }
}

/// `--branch-protection`: a [`BranchProtection`].
#[derive(Clone, Copy, Debug)]
pub struct BranchProtectionArg(pub BranchProtection);

impl ValueEnum for BranchProtectionArg {
    fn value_variants<'a>() -> &'a [Self] {
        &[
            BranchProtectionArg(BranchProtection::None),
            BranchProtectionArg(BranchProtection::PacRet),
            BranchProtectionArg(BranchProtection::Bti),
            BranchProtectionArg(BranchProtection::Standard),
        ]
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        Some(PossibleValue::new(self.0.name()).help(match self.0 {
            BranchProtection::None => "Not at all",
            BranchProtection::PacRet => "Sign return addresses (pointer authentication)",
            BranchProtection::Bti => "Let indirect branches go to landing pads only (BTI)",
            BranchProtection::Standard => "Both",
            _ => return None,
        }))
    }
}

/// The words of the command line as clap is to read them: `compile` is put in when the first word
/// is a module or a flag rather than a command.
pub fn with_command(words: Vec<OsString>, command: &clap::Command) -> Vec<OsString> {
    let is_command =
        |word: &str| word == "help" || command.get_subcommands().any(|sub| sub.get_name() == word);
    let mut at = 1;
    while let Some(word) = words.get(at) {
        let is_file = || std::path::Path::new(word).is_file();
        let Some(text) = word.to_str() else { break };
        match text {
            "--color" => at += 2,
            "--verbose" => at += 1,
            _ if is_verbose(text) => at += 1,
            _ if text.starts_with("--color=") => at += 1,
            "-h" | "--help" | "-V" | "--version" | "-vV" | "-Vv" => return words,
            // What looks like neither a module nor a flag is a misspelt command: clap says so.
            _ if is_command(text) => return words,
            _ if text.starts_with('-') || text.contains(['.', '/']) || is_file() => break,
            _ => return words,
        }
    }
    if at >= words.len() {
        return words;
    }
    let mut words = words;
    words.insert(at, "compile".into());
    words
}

/// `-v`, `-vv` and so on.
fn is_verbose(word: &str) -> bool {
    word.len() > 1
        && word
            .strip_prefix('-')
            .is_some_and(|vs| vs.bytes().all(|v| v == b'v'))
}

/// What `--color` says, before clap has read the command line: clap's own messages need it.
pub fn color_of(words: &[OsString]) -> Color {
    let value = words.iter().enumerate().find_map(|(at, word)| {
        let word = word.to_str()?;
        if word == "--color" {
            return words.get(at + 1)?.to_str();
        }
        word.strip_prefix("--color=")
    });
    value
        .and_then(|value| Color::from_str(value, false).ok())
        .unwrap_or(Color::Auto)
}
