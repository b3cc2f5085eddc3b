//! `wasmc compile`: a module to an executable, an object or text.

use std::collections::HashMap;
use std::time::Instant;

use wasmc_compiler::{Artifact, InstanceSpec, Options, Target, compile, compile_program};

use crate::args::{CompileArgs, LinkArgs};
use crate::commands::{in_pool, options};
use crate::input::Input;
use crate::output::Destination;
use crate::report::{Failure, Report};

/// Compiles a module and writes the result.
pub fn execute(args: &CompileArgs, report: &Report) -> Result<(), Failure> {
    let start = Instant::now();
    let arch = args.target.unwrap_or(Target::host().arch);
    let options = Options {
        emit: args.emit.0,
        strip: args.strip,
        sealed: args.sealed,
        fuel: args.grants.has_fuel(),
        run_options: args.grants.encode().map_err(Failure::usage)?,
        ..options(&args.code, arch)?
    };
    let mut input = Input::open(&args.module, args.code.plain_http, report)?;
    let mut links = read_links(&args.links)?;
    let destination = Destination::choose(args.output.as_deref(), &input, options.emit)?;
    let artifact = report.with_progress(&format!("compiling `{}`", input.name()), || {
        in_pool(args.code.threads, || {
            compile_linked(&mut input, &mut links, &options)
        })
    })??;
    destination.write(&artifact.bytes, options.emit)?;
    let total = start.elapsed();
    if args.code.time {
        report.phases(&artifact.phases, total);
    }
    report.detail(|| {
        format!(
            "compiled {} of {} functions to {} bytes of code and {} bytes of initial memory; \
             wrote {} bytes {} in {:.2} s",
            artifact.stats.functions_compiled,
            artifact.stats.functions,
            artifact.stats.code_bytes,
            artifact.stats.image_bytes,
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
    if links.is_empty() {
        return compile_input(input, options);
    }
    let title = format!("failed to compile `{}`", input.name());
    let mut instances = Vec::with_capacity(links.len() + 1);
    let mut names = HashMap::new();
    for (name, link) in links {
        instances.push(InstanceSpec {
            name: name.clone(),
            module: link.module()?,
            imports: names.clone(),
        });
        names.insert(name.clone(), instances.len() - 1);
    }
    instances.push(InstanceSpec {
        name: input.name(),
        module: input.module()?,
        imports: names,
    });
    compile_program(&instances, None, options).map_err(|error| Failure::compiler(title, &error))
}

/// Compiles what was read, in the current thread pool.
pub fn compile_input(input: &mut Input, options: &Options) -> Result<Artifact, Failure> {
    let name = input.name();
    compile(input.module()?, options)
        .map_err(|error| Failure::compiler(format!("failed to compile `{name}`"), &error))
}
