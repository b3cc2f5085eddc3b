//! The read-only records that the runtime reads: in which order they lie, and what the root says.

use wasmc_abi::component::{NewServer, Server};
use wasmc_abi::layout::{
    self, MAGIC, NewEntry, NewParts, NewProgram, NewStateImage, NewThreads, Program as Root,
    TableState, Threads, program_flags,
};
use wasmc_abi::options::{Options as RunOptions, RunOption, kinds};
use wasmc_abi::pointer::Any;
use wasmc_abi::symbols;
use wasmc_abi::traps::Trap;
use wasmc_abi::version::LAYOUT_HASH;
use wasmc_abi::write::{Array, Blob, Place, Pointer, Section};
use wasmparser::ValType;

use super::addresses::{Addresses, Context, state as state_place};
use super::functions::{self, Names};
use super::sources::{self, Sources};
use super::text::Text;
use super::{heap, instances, state};
use crate::error::{Error, Location, Result};
use crate::explain;
use crate::index::FuncId;
use crate::options::Options;
use crate::program::{Main, OwnPlace, Program};

/// The records, and where code finds those that it reads.
#[derive(Debug)]
pub(super) struct Records {
    pub blob: Blob,
    pub addresses: Addresses,
    /// How the writable part of the image is made up.
    pub layout: state::Layout,
    /// The writable state, unless it is put into zeros at start: then it is among the records.
    pub state: Blob,
}

/// Writes the records. The root comes first, and is written when all that it refers to is.
pub(super) fn write(
    program: &Program<'_>,
    text: &Text,
    required_cpu: u32,
    options: &Options,
    source_maps: &Sources,
) -> Result<Records> {
    let grants = options.grants.encode()?;
    check_options(program, &grants)?;
    let layout = state::Layout::new(program, options);
    let mut blob = Blob::new(Section::ReadOnly);
    let root = blob.reserve::<Root>();
    let addresses = Addresses::write(program, text, &mut blob);
    let cx = Context {
        program,
        text,
        addresses: &addresses,
    };
    if program.places.own_area.is_some() {
        state::write_own(cx, &mut blob);
    }
    let mut names = Names::default();
    let script = instances::write_script(cx, &mut blob);
    let instances = instances::write(cx, &mut blob, &mut names);
    let initialize = entry(cx, &mut blob, program.main.initialize());
    let entry = entry(cx, &mut blob, program.main.entry());
    let options_at = blob.bytes(&grants);
    let mut state = state::write(cx);
    let state_image = match layout.state {
        state::Form::File => NewStateImage::default(),
        state::Form::Zeros => {
            let state = std::mem::replace(&mut state, Blob::new(Section::State));
            write_state(state, layout.stack > 0, &mut blob)
        }
    };

    // What only a trap needs comes last, on pages of its own as far as it is large.
    let (functions, lines) =
        functions::write(program, text, &mut blob, &mut names, options.demangle);
    let sources = sources::write(program, text, &mut blob, &mut names, source_maps);
    let tags = functions::write_tags(program, &mut blob, &mut names);
    let trap_offsets = blob.array::<u32>(text.traps.iter().map(|&(offset, _)| offset));
    let trap_codes = blob.array::<u8>(text.traps.iter().map(|(_, trap)| trap.code()));
    let lines = blob.bytes(&lines);
    let names = blob.bytes(&names.0);
    let landings = functions::write_landings(text, &mut blob);
    let threads = write_threads(cx, &mut blob);
    let heap = heap::write(cx, &mut blob);
    let server = write_server(cx, &mut blob);

    explain::needs(program.needs);
    let first_memory = program.places.memories.values().next();
    let program_record = NewProgram {
        magic: MAGIC,
        layout: LAYOUT_HASH,
        flags: flags(program, text, options),
        required_cpu,
        main: Pointer::Runtime(match program.main {
            Main::Command { .. } => symbols::MAIN_COMMAND,
            Main::Run { .. } => symbols::MAIN_RUN,
            Main::Serve { .. } => symbols::MAIN_SERVER,
            Main::Invoke { .. } => symbols::MAIN_INVOKE,
            Main::Script(_) => symbols::MAIN_SCRIPT,
        }),
        text: Array::new(Place::new(Section::Text, 0), text.code.len()),
        trap_offsets,
        trap_codes,
        functions,
        names,
        lines,
        instances,
        memories: Array::new(
            state_place(first_memory.map_or(0, |memory| memory.state)),
            program.places.memories.len(),
        ),
        tables: table_states(cx),
        initialize,
        entry,
        options: options_at,
        script,
        landings,
        fuel: program.places.fuel.map(state_place).into(),
        tags,
        threads,
        stack: match layout.stack {
            0 => Pointer::Null,
            _ => Place::new(Section::Stack, 0).into(),
        },
        stack_size: options.stack_size,
        needs: program.needs,
        state: state_image,
        parts: parts(program, options, &grants),
        sources,
        heap,
        server,
        reserved: 0,
    };
    blob.write(root, program_record);
    if blob.bytes.len() > i32::MAX as usize {
        return Err(Error::Limit {
            message: "tables and names need more than 2 GiB".into(),
            location: Location::default(),
        });
    }
    Ok(Records {
        blob,
        addresses,
        layout,
        state,
    })
}

fn flags(program: &Program<'_>, text: &Text, options: &Options) -> u32 {
    let mut flags = 0;
    if matches!(program.main, Main::Invoke { .. }) {
        flags |= program_flags::INVOKE;
    }
    let divides = |&(_, trap): &(u32, Trap)| {
        matches!(trap, Trap::IntegerDivideByZero | Trap::IntegerOverflow)
    };
    if text.traps.iter().any(divides) {
        flags |= program_flags::DIVIDES;
    }
    if options.branch_protection.guards() {
        flags |= program_flags::GUARD_BRANCHES;
    }
    flags
}

/// The functions of the runtime that a program can need for its options, and for its objects.
fn parts(program: &Program<'_>, options: &Options, grants: &[u8]) -> NewParts {
    let mut given = match options.sealed {
        // What `WASMC_OPTIONS` says is not known.
        false => u8::MAX,
        true => 0,
    };
    for option in RunOptions::new(grants) {
        given |= option.map_or(u8::MAX, RunOption::kind);
    }
    let is_given = |kinds: u8| given & kinds != 0;
    NewParts {
        read_options: part(!options.sealed, symbols::READ_OPTIONS),
        next_option: part(
            is_given(u8::MAX),
            match program.main.is_server() {
                true => symbols::NEXT_SERVER_OPTION,
                false => symbols::NEXT_OPTION,
            },
        ),
        set_limits: part(is_given(kinds::LIMITS), symbols::SET_LIMITS),
        open_grants: part(is_given(kinds::DIR | kinds::LISTEN), symbols::OPEN_GRANTS),
        make_heap: part(program.heap.is_some(), symbols::MAKE_HEAP),
    }
}

/// Refuses options of servers for what is none.
fn check_options(program: &Program<'_>, grants: &[u8]) -> Result<()> {
    let mut given = RunOptions::new(grants).filter_map(|option| option.ok());
    if !program.main.is_server() && given.any(|option| option.kind() == kinds::SERVER) {
        return Err(Error::Unsupported {
            message: "options of servers were given, and the program is none".to_owned(),
            location: Location::default(),
            hint: Some(
                "`--workers`, `--reuse`, `--request-timeout`, `--max-host-memory` and \
                 `--access-log` are for components that export `wasi:http/incoming-handler`"
                    .to_owned(),
            ),
        });
    }
    Ok(())
}

/// A function of the runtime, if it is needed.
fn part<T>(is_needed: bool, symbol: &'static str) -> Pointer<T> {
    match is_needed {
        true => Pointer::Runtime(symbol),
        false => Pointer::Null,
    }
}

/// Writes the state that is put into zeros at start, but for the zeros that it ends with.
fn write_state(mut state: Blob, has_stack: bool, blob: &mut Blob) -> NewStateImage {
    while state.bytes.last() == Some(&0) {
        state.bytes.pop();
    }
    let last = state.pointers.iter().map(|pointer| pointer.offset + 4);
    let len = state.bytes.len().max(last.max().unwrap_or(0) as usize);
    state.bytes.resize(len, 0);
    if len == 0 && !has_stack {
        return NewStateImage::default();
    }
    blob.align(16);
    let bytes = blob.copy_of(&state);
    let pointers = state.pointers.iter().map(|pointer| pointer.offset as u32);
    NewStateImage {
        bytes,
        place: state_place(0).into(),
        pointers: blob.array(pointers),
    }
}

/// The states of all tables, one after the other.
fn table_states(cx: Context<'_>) -> Array<TableState> {
    let tables = &cx.program.places.tables;
    match tables.values().next() {
        Some(first) => Array::new(cx.addresses.own(first.state), tables.len()),
        None => Array::default(),
    }
}

/// Writes what the runtime needs to start threads, if the program starts any.
fn write_threads(cx: Context<'_>, blob: &mut Blob) -> Pointer<Threads> {
    let program = cx.program;
    let (Some(threads), Some(area)) = (program.live.threads, program.places.own_area) else {
        return Pointer::Null;
    };
    let template = cx.addresses.own(OwnPlace::Area(0));
    let pool = program.places.payloads.as_ref();
    let threads = NewThreads {
        init: Pointer::Runtime(symbols::THREADS_INIT),
        code: cx.code(threads.entry).into(),
        trampoline: cx.trampoline(threads.entry).into(),
        template: Array::new(template, area.template_len as usize),
        tables: table_states(cx),
        pool: pool.map(|payloads| cx.addresses.own(payloads.pool)).into(),
        // At least something, so that there is an area to map.
        own_area_size: area.len.max(1).next_multiple_of(16),
    };
    blob.push::<Threads>(threads).into()
}

/// Writes what a server needs, if the program is one.
fn write_server(cx: Context<'_>, blob: &mut Blob) -> Pointer<Any> {
    let program = cx.program;
    let Main::Serve {
        component,
        post_return,
        ..
    } = program.main
    else {
        return Pointer::Null;
    };
    let post_return = entry(cx, blob, post_return);
    let places = &program.places;
    let record = NewServer {
        component: state_place(places.components[component].state).into(),
        post_return,
        state: Array::new(state_place(0), places.state_len as usize),
        zeros: Array::new(Place::new(Section::Zero, 0), places.zero_len as usize),
    };
    blob.align(8);
    blob.push::<Server>(record).any().into()
}

/// Writes the types of a function that the program calls; what refers to it.
fn entry(cx: Context<'_>, blob: &mut Blob, func: Option<FuncId>) -> NewEntry {
    let Some(func) = func else {
        return NewEntry::default();
    };
    let ty = cx.program.world.types.func(cx.program.world.funcs[func].ty);
    let mut types =
        |types: &[ValType]| blob.array::<u8>(types.iter().map(|ty| value_type(cx.program, *ty)));
    NewEntry {
        code: cx.code(func).into(),
        trampoline: cx.trampoline(func).into(),
        params: types(ty.params()),
        results: types(ty.results()),
    }
}

/// How values of a canonical type are read and printed.
fn value_type(program: &Program<'_>, ty: ValType) -> u8 {
    use layout::value_type as code;
    match ty {
        ValType::I32 => code::I32,
        ValType::I64 => code::I64,
        ValType::F32 => code::F32,
        ValType::F64 => code::F64,
        ValType::V128 => code::V128,
        ValType::Ref(ty) if program.world.types.is_function(ty) => code::FUNCREF,
        ValType::Ref(_) => code::EXTERNREF,
    }
}
