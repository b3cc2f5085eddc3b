//! `wasmc compile`: a module to an executable, an object or text.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use wasmc_compiler::{
    Artifact, Emit, InstanceSpec, Options, Stats, Target, compile, compile_program,
};

use crate::args::{CompileArgs, DebugPlace, LinkArgs};
use crate::commands::{baked, grant_failure, in_pool, options};
use crate::input::Input;
use crate::output::Destination;
use crate::report::{Failure, Report};

/// Compiles a module and writes the result.
pub fn execute(args: &CompileArgs, report: &Report) -> Result<(), Failure> {
    let start = Instant::now();
    let arch = args.target.unwrap_or(Target::host().arch);
    let options = options(&args.code, arch)?
        .emit(args.emit.0)
        .functions(args.func.clone())
        .strip(args.strip)
        .unwind_tables(args.unwind_tables)
        .sealed(args.sealed)
        .fuel(args.grants.has_fuel())
        .grants(baked(
            &args.code,
            args.grants.parse().map_err(grant_failure)?,
        ));
    let is_text = matches!(options.emit, Emit::Clif | Emit::OptimisedClif | Emit::Asm);
    if !args.func.is_empty() && !is_text {
        let message = "`--func` chooses what `--emit clif`, `clif-opt` and `asm` show";
        return Err(Failure::usage(message.to_owned()));
    }
    if args.code.debug.is_some() && options.emit != Emit::Exe {
        return Err(Failure::usage(
            "`-g` is for executables: only their code has its final addresses".to_owned(),
        ));
    }
    let mut input = Input::open(&args.module, args.code.plain_http, report)?;
    let mut links = read_links(&args.links)?;
    let destination = Destination::choose(args.output.as_deref(), &input, options.emit)?;
    let debug_path = match args.debug_place {
        Some(DebugPlace::Split) => Some(debug_path(&destination)?),
        Some(DebugPlace::Inside) | None => None,
    };
    let options = options.debug_file(debug_path.as_deref().and_then(file_name));
    let artifact = report.with_progress(&format!("compiling `{}`", input.name()), || {
        in_pool(args.code.threads, || {
            compile_linked(&mut input, &mut links, &options)
        })
    })??;
    report.warnings(&artifact.warnings);
    // First the file that the executable refers to.
    if let (Some(path), Some(file)) = (&debug_path, &artifact.debug_file) {
        Destination::File(path.clone()).write(file, Emit::Obj)?;
    }
    destination.write(&artifact.bytes, options.emit)?;
    let total = start.elapsed();
    if args.code.time {
        report.phases(&artifact.phases, total);
    }
    report.detail(|| {
        format!(
            "{}; wrote {} bytes {} in {:.2} s",
            what_was_compiled(&artifact.stats),
            artifact.bytes.len(),
            match destination {
                Destination::Stdout => destination.to_string(),
                _ => format!("to {destination}"),
            },
            total.as_secs_f64(),
        )
    });
    Ok(())
}

/// `compiled 2 of 3 functions and 1 thunk or trampoline to 345 bytes of code, with 12 bytes of data`.
fn what_was_compiled(stats: &Stats) -> String {
    let mut text = format!(
        "compiled {} of {} functions",
        stats.live_functions, stats.functions
    );
    match stats.generated_functions {
        0 => {}
        1 => text.push_str(" and 1 thunk or trampoline"),
        more => text.push_str(&format!(" and {more} thunks and trampolines")),
    }
    if stats.code_bytes > 0 {
        text.push_str(&format!(" to {} bytes of code", stats.code_bytes));
    }
    if stats.data_bytes > 0 {
        text.push_str(&format!(", with {} bytes of data", stats.data_bytes));
    }
    text
}

/// The file with the debugging information of an executable.
fn debug_path(destination: &Destination) -> Result<PathBuf, Failure> {
    match destination {
        Destination::File(path) => {
            let mut path = path.clone().into_os_string();
            path.push(".debug");
            Ok(path.into())
        }
        Destination::Stdout | Destination::Special(_) => Err(Failure::usage(
            "`--debug=split` needs an output that is a file, to write another one beside it"
                .to_owned(),
        )),
    }
}

fn file_name(path: &Path) -> Option<String> {
    Some(path.file_name()?.to_string_lossy().into_owned())
}

/// Reads the modules that satisfy imports: the names that they are imported by, and their bytes.
pub fn read_links(args: &LinkArgs) -> Result<Vec<(String, Input)>, Failure> {
    let mut read: Vec<(String, Input)> = Vec::with_capacity(args.link.len());
    for link in &args.link {
        if read.iter().any(|(name, _)| *name == link.name) {
            return Err(Failure::usage(format!(
                "`--link` names `{}` twice",
                link.name
            )));
        }
        read.push((link.name.clone(), Input::read(&link.module)?));
    }
    Ok(read)
}

/// Compiles a module together with those that satisfy its imports, in the current thread pool.
pub fn compile_linked(
    input: &mut Input,
    links: &mut [(String, Input)],
    options: &Options,
) -> Result<Artifact, Failure> {
    let debug = input.external_debug()?;
    let title = format!("failed to compile `{}`", input.name());
    if links.is_empty() && debug.is_none() {
        return compile(input.module()?, options).map_err(|error| Failure::compiler(title, &error));
    }
    let mut debugs = Vec::with_capacity(links.len() + 1);
    for (_, link) in &mut *links {
        debugs.push(link.external_debug()?);
    }
    debugs.push(debug);
    let instances = linked(input, links, &debugs)?;
    compile_program(&instances, options).map_err(|error| Failure::compiler(title, &error))
}

/// The instances of a module and those that satisfy its imports, which come first. `debugs` are the
/// modules with their debugging information, in the same order, if that is wanted.
pub fn linked<'a>(
    input: &'a mut Input,
    links: &'a mut [(String, Input)],
    debugs: &'a [Option<Vec<u8>>],
) -> Result<Vec<InstanceSpec<'a>>, Failure> {
    let mut instances = Vec::with_capacity(links.len() + 1);
    let mut names = HashMap::new();
    let debug = |position: usize| debugs.get(position)?.as_deref();
    for (name, link) in links {
        let position = instances.len();
        let instance = InstanceSpec::new(name.clone(), link.module()?)
            .debug(debug(position))
            .imports(names.clone());
        instances.push(instance);
        names.insert(name.clone(), position);
    }
    // Alone it needs no name.
    let name = match instances.is_empty() {
        true => String::new(),
        false => input.name(),
    };
    let instance = InstanceSpec::new(name, input.module()?)
        .debug(debug(instances.len()))
        .imports(names);
    instances.push(instance);
    Ok(instances)
}

/// Compiles what was read, in the current thread pool.
pub fn compile_input(input: &mut Input, options: &Options) -> Result<Artifact, Failure> {
    compile_linked(input, &mut [], options)
}
