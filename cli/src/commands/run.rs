//! `wasmc run`: compiles a module, unless that was done before, and becomes the program.

use std::env;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{Read as _, Seek as _, Write as _};
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, anyhow};
use wasmc_compiler::grants::Grant;
use wasmc_compiler::inspect::is_server;
use wasmc_compiler::{Arch, DebugLevel, Emit, NO_DEBUG_INFO, Options};

use crate::args::RunArgs;
use crate::commands::cache::{Cache, Key};
use crate::commands::compile::{compile_linked, read_links};
use crate::commands::{grant_failure, in_pool, options};
use crate::environment;
use crate::exec::{self, Launch};
use crate::input::Input;
use crate::output::Destination;
use crate::profile;
use crate::report::{Failure, Report};

/// Runs a module. Returns only when that failed.
pub fn execute(args: &RunArgs, report: &Report) -> Result<(), Failure> {
    execute_as(Kind::Any, args, report)
}

/// Runs a component that is a server. Returns only when that failed.
pub fn serve(args: &RunArgs, report: &Report) -> Result<(), Failure> {
    execute_as(Kind::Server, args, report)
}

/// What is to be run.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Any,
    Server,
}

fn execute_as(kind: Kind, args: &RunArgs, report: &Report) -> Result<(), Failure> {
    let arch = Arch::host().ok_or_else(|| anyhow!("wasmc does not compile for this machine"))?;
    let mut options = options(&args.code, arch)?.fuel(args.grants.has_fuel());
    // Who asks for more gets it; the lines are what a profile needs, and change nothing.
    if args.profile.is_some() && options.debug == DebugLevel::None {
        options.debug = DebugLevel::Lines;
    }
    let destination = match &args.profile {
        Some(profile) => {
            let path = profile.path.as_os_str();
            Some(Destination::named(path, Emit::Asm)?)
        }
        None => None,
    };
    // The program checks its own variable; here the words are only checked against its limits.
    let grants = args.grants.parse().map_err(grant_failure)?;
    let mut input = Input::open(args.module(), args.code.plain_http, report)?;
    if let Some(option) = args.option_behind_module() {
        report.note(&format!(
            "`{option}` is passed to the program: options of wasmc go before the module, and `--` \
             behind it says that the rest is the program's"
        ));
    }
    for grant in &grants {
        if let Grant::Env { name, value: None } = grant
            && env::var_os(name).is_none()
        {
            let name = name.to_string_lossy();
            report.note(&format!(
                "`--env {name}`: there is no such variable to pass on"
            ));
        }
    }
    let mut links = read_links(&args.links)?;
    if kind == Kind::Server && !is_server(input.module()?) {
        let message = anyhow!(
            "`{}` is no server: it is no component that exports `wasi:http/incoming-handler@0.2`",
            input.name()
        );
        return Err(Failure::from(message).hint("`wasmc run` runs what is a command"));
    }
    let name = argument_zero(&input);
    if let Some(destination) = destination {
        let executable = executable(&mut input, &mut links, &options, args, report)?;
        return profile(&executable, &name, &destination, args, report);
    }

    // A cached file that cannot become the program (pruned meanwhile, on a file system without
    // execution) is no reason to give up: the program can always run from memory.
    let cache = (!args.no_cache).then(Cache::open).flatten();
    let key = Key::new(input.raw(), &links, &options);
    if let Some(cache) = &cache
        && let Some(file) = cache.find(&key)
    {
        report.detail(|| format!("found {}", cache.path(&key).display()));
        let error = become_program(&file, &name, args);
        report.detail(|| format!("not run: {error}"));
    }
    let executable = compile(&mut input, &mut links, &options, args, report)?;
    if let Some(cache) = cache {
        match cache.insert(&key, &executable) {
            Ok(file) => {
                report.detail(|| format!("kept {}", cache.path(&key).display()));
                let error = become_program(&file, &name, args);
                report.detail(|| format!("not run: {error}"));
            }
            Err(error) => report.detail(|| format!("not kept: {error:#}")),
        }
    }
    let error = become_program(&in_memory(&executable)?, &name, args);
    Err(anyhow::Error::new(error)
        .context(format!("failed to run `{}`", input.name()))
        .into())
}

/// The executable: the one that was kept, or a new one.
fn executable(
    input: &mut Input,
    links: &mut [(String, Input)],
    options: &Options,
    args: &RunArgs,
    report: &Report,
) -> Result<Vec<u8>, Failure> {
    let cache = (!args.no_cache).then(Cache::open).flatten();
    let key = Key::new(input.raw(), links, options);
    if let Some(cache) = &cache
        && let Some(mut file) = cache.find(&key)
    {
        let mut bytes = Vec::new();
        // What seals the file stands behind the executable, where nobody minds it.
        if file.rewind().is_ok() && file.read_to_end(&mut bytes).is_ok() {
            report.detail(|| format!("found {}", cache.path(&key).display()));
            return Ok(bytes);
        }
    }
    let executable = compile(input, links, options, args, report)?;
    if let Some(cache) = cache
        && let Err(error) = cache.insert(&key, &executable)
    {
        report.detail(|| format!("not kept: {error:#}"));
    }
    Ok(executable)
}

/// Runs the program as a child that is watched, writes the profile, and ends as the program did.
fn profile(
    executable: &[u8],
    name: &OsStr,
    destination: &Destination,
    args: &RunArgs,
    report: &Report,
) -> Result<(), Failure> {
    let Some(file) = &args.profile else {
        return Ok(());
    };
    let memory = in_memory(executable)?;
    let launch = launch(&memory, name, args).context("failed to run the program")?;
    let (bytes, status) = profile::run(
        &launch,
        executable,
        (&name.to_string_lossy(), args.profile_rate),
        (args.profile_method, file.format),
        report,
    )?;
    destination.write(&bytes, Emit::Asm)?;
    exec::end_like(status)
}

fn compile(
    input: &mut Input,
    links: &mut [(String, Input)],
    options: &Options,
    args: &RunArgs,
    report: &Report,
) -> Result<Vec<u8>, Failure> {
    let start = Instant::now();
    let artifact = report.with_progress(&format!("compiling `{}`", input.name()), || {
        in_pool(args.code.threads, || compile_linked(input, links, options))
    })??;
    // A profile of functions without lines is one all the same.
    let is_expected = |warning: &str| {
        args.profile.is_some() && args.code.debug.is_none() && warning == NO_DEBUG_INFO
    };
    let warnings = artifact.warnings.iter();
    report.warnings(warnings.filter(|warning| !is_expected(warning)));
    if args.code.time {
        report.phases(&artifact.phases, start.elapsed());
    }
    Ok(artifact.bytes)
}

/// What the program sees as its name: the module's file name.
fn argument_zero(input: &Input) -> OsString {
    match input.path().and_then(Path::file_name) {
        Some(name) => name.to_owned(),
        None => OsString::from(input.name()),
    }
}

/// The program in the file, with the arguments and the grants that it is given.
fn launch<'f>(file: &'f File, name: &OsStr, args: &RunArgs) -> std::io::Result<Launch<'f>> {
    let arguments = args.arguments().iter().map(OsString::as_os_str);
    let variable = environment::options_value(&args.grants.words);
    let variable = variable.map(|value| (environment::options_variable(), value));
    Launch::new(file, [name].into_iter().chain(arguments), variable)
}

/// Becomes the program in the file; the error when that fails.
fn become_program(file: &File, name: &OsStr, args: &RunArgs) -> std::io::Error {
    match launch(file, name, args) {
        Ok(launch) => launch.become_it(),
        Err(error) => error,
    }
}

/// The executable as a file that would not have to be removed afterwards.
fn in_memory(executable: &[u8]) -> Result<File, Failure> {
    let memory = rustix::fs::memfd_create("wasmc-run", rustix::fs::MemfdFlags::CLOEXEC)
        .context("failed to create a file in memory")?;
    let mut file = File::from(memory);
    file.write_all(executable)
        .context("failed to write a file in memory")?;
    Ok(file)
}
