//! Names of symbols and sections that cross between the guest object and the runtime object.
//!
//! Only `wasmc_`-prefixed globals cross. Guest function names are local symbols, so that a guest
//! function named `memcpy` captures nothing.

/// The [`Program`](crate::layout::Program) record, defined by the guest object.
pub const PROGRAM: &str = "wasmc_program";
/// The process entry point, defined by the runtime.
pub const START: &str = "_start";
/// Main function of an ordinary program: `extern "C" fn(&Program, *const usize) -> !`, where the
/// second argument is the initial process stack. The guest object refers to it through
/// [`Program::main`](crate::layout::Program::main), so that an unused main function is dropped.
pub const MAIN_COMMAND: &str = "wasmc_main_command";
/// Main function of a program with [`INVOKE`](crate::layout::program_flags::INVOKE), same type as
/// [`MAIN_COMMAND`]. It is apart, so that parsing and printing numbers is not part of every program.
pub const MAIN_INVOKE: &str = "wasmc_main_invoke";
/// Main function of a component that exports `wasi:cli/run`, same type as [`MAIN_COMMAND`]: what the
/// entry returns becomes the exit status.
pub const MAIN_RUN: &str = "wasmc_main_run";
/// Main function of a component that exports `wasi:http/incoming-handler`, same type as
/// [`MAIN_COMMAND`]: a server, for which [`Program::server`](crate::layout::Program::server) says more.
pub const MAIN_SERVER: &str = "wasmc_main_server";
/// Main function of a spec-suite driver (see [`crate::script`]), same type as [`MAIN_COMMAND`].
pub const MAIN_SCRIPT: &str = "wasmc_main_script";

/// What makes it possible to start threads; only programs that start some refer to it (see
/// [`Threads`](crate::layout::Threads)).
pub const THREADS_INIT: &str = "wasmc_threads_init";

/// Makes the heap: `extern "C" fn(&Heap)`; only programs with heap types refer to it (see
/// [`Parts`](crate::layout::Parts)).
pub const MAKE_HEAP: &str = "wasmc_make_heap";

/// Writes what is known of a frame's source:
/// [`WriteSource`](crate::layout::WriteSource); only programs with a
/// [`SourceTable`](crate::layout::SourceTable) refer to it.
pub const WRITE_SOURCE: &str = "wasmc_write_source";

/// Reads the environment variable with options: `unsafe fn(*const usize)` of the initial process
/// stack. Programs refer to it unless they are sealed (see [`Parts`](crate::layout::Parts)).
pub const READ_OPTIONS: &str = "wasmc_read_options";
/// Reads an option: a function that an [`Options`](crate::options::Options) is advanced by.
/// Programs refer to it unless they are sealed and have no options.
pub const NEXT_OPTION: &str = "wasmc_next_option";
/// The same for a server, which has more options.
pub const NEXT_SERVER_OPTION: &str = "wasmc_next_server_option";
/// Sets the limits that options name: `fn()`. Programs refer to it unless they are sealed and have
/// no options of that kind.
pub const SET_LIMITS: &str = "wasmc_set_limits";
/// Opens the folders and sockets that options grant: `fn()`. Programs refer to it unless they are
/// sealed and have no options of these kinds.
pub const OPEN_GRANTS: &str = "wasmc_open_grants";

/// Guest code: one section, functions in the order the compiler decided.
pub const SECTION_TEXT: &str = ".text.wasmc";
/// Tables of funcrefs, function records, names, trap and line tables: read-only, no relocations.
pub const SECTION_RODATA: &str = ".rodata.wasmc";
/// Initial contents of memories that are moved into place: read-only, page-aligned.
pub const SECTION_IMAGE: &str = ".wasmc.image";
/// Passive and non-foldable data segments: read-only.
pub const SECTION_SEGMENTS: &str = ".rodata.wasmc.segments";
/// Globals, memory and table states, fixed tables: writable.
pub const SECTION_DATA: &str = ".data.wasmc";
/// The same as zeros, into which the program's [`StateImage`](crate::layout::StateImage) is put.
/// Aligned like [`SECTION_RUNTIME_STATE`] and so next to it.
pub const SECTION_STATE: &str = ".bss.wasmc.state";
/// What every start touches of the runtime's state: zero at first.
pub const SECTION_RUNTIME_STATE: &str = ".bss.wasmc.runtime";
/// Alignment of these two.
pub const STATE_ALIGNMENT: u64 = 64;
/// The stack of the thread that the program starts with. Aligned to a page, and so the first of
/// what is writable: below it lies what cannot be written.
pub const SECTION_STACK: &str = ".bss.wasmc.stack";
/// Fixed tables that are initially null: writable, zero.
pub const SECTION_BSS: &str = ".bss.wasmc";
/// What the executable says about its making: an ELF note.
pub const SECTION_NOTE: &str = ".note.wasmc";
/// The name of that note.
pub const NOTE_NAME: &str = "wasmc";
/// The type of that note.
pub const NOTE_TYPE: u32 = 1;
