//! The order of the phases.

use std::time::{Duration, Instant};

use cranelift_codegen::entity::EntityRef;
use wasmparser::Parser;

use crate::codegen::IrStage;
use crate::component::{self, Flat};
use crate::error::Result;
use crate::explore::{self, Exploration, ExploredFunction};
use crate::features::Features;
use crate::index::InstanceId;
use crate::inspect::policy::{Permission, permissions};
use crate::instances::{Command, InstanceSpec};
use crate::link::{self, LinkRequest, Symbols};
use crate::module::Module;
use crate::options::{Emit, Options};
use crate::program::declare::Input;
use crate::program::{self, CodeItem, FuncKind, Program, World};
use crate::{codegen, debug, dump, dwarf, emit, explain, isa, parse, provenance};

/// The warning that there is nothing to tell debuggers.
pub const NO_DEBUG_INFO: &str =
    "the module has no debugging information: it was built without `-g`, or stripped";

/// What a compilation made.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Artifact {
    /// The executable, object or text that [`Options::emit`] asks for.
    pub bytes: Vec<u8>,
    /// How long each phase took.
    pub phases: Vec<Phase>,
    /// What was compiled.
    pub stats: Stats,
    /// The debugging information, if [`Options::debug_file`] asks for a file of its own.
    pub debug_file: Option<Vec<u8>>,
    /// What the caller should know although nothing failed, a line each.
    pub warnings: Vec<String>,
}

/// A phase of a compilation.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// How long it took.
    pub wall: Duration,
}

/// What was compiled.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Stats {
    /// Functions that the modules define.
    pub functions: usize,
    /// Those of them that can run, and so are compiled.
    pub live_functions: usize,
    /// Thunks and trampolines: functions that no module defines.
    pub generated_functions: usize,
    /// Bytes of guest code; 0 when text is made.
    pub code_bytes: usize,
    /// Bytes of the data segments that the executable holds.
    pub data_bytes: usize,
}

/// Compiles one command module, or a component that is a command.
///
/// # Errors
/// Every cause is an [`Error`](crate::Error) that says where in the module it is.
pub fn compile(module: &[u8], options: &Options) -> Result<Artifact> {
    compile_program(&[InstanceSpec::new("", module)], options)
}

/// Compiles instances that may import from each other, in their order of instantiation, to a program
/// whose main module is the last.
///
/// # Errors
/// Every cause is an [`Error`](crate::Error) that says in which instance it is.
pub fn compile_program(instances: &[InstanceSpec<'_>], options: &Options) -> Result<Artifact> {
    compile_all(instances, None, options)
}

/// Compiles instances to a driver that carries out commands (see [`wasmc_abi::script`]).
///
/// # Errors
/// As [`compile_program`].
pub fn compile_driver(
    instances: &[InstanceSpec<'_>],
    commands: &[Command],
    options: &Options,
) -> Result<Artifact> {
    compile_all(instances, Some(commands), options)
}

fn compile_all(
    instances: &[InstanceSpec<'_>],
    commands: Option<&[Command]>,
    options: &Options,
) -> Result<Artifact> {
    let mut clock = Clock::new();
    let mut warnings = Vec::new();
    let flat = match alone_component(instances)? {
        Some(component) => Some(component::flatten(component, options.features)?),
        None => None,
    };
    let program = match &flat {
        Some(flat) => {
            clock.lap("flatten");
            let modules = parse_component(flat, options.features)?;
            clock.lap("parse");
            program::plan_component(flat, modules, options, &mut warnings)?
        }
        None => {
            // Linked reactors are initialised with the program; a driver says what is called.
            let inputs = parse_all(instances, options.features, commands.is_none())?;
            clock.lap("parse");
            program::plan(inputs, commands, options, &mut warnings)?
        }
    };
    let with_debug = program.tracked.is_some();
    clock.lap("plan");
    explain::program(&program, options);
    let code_target = code_target(&program, options)?;
    let mut stats = stats(&program);
    let mut debug_file = None;
    let bytes = match options.emit {
        Emit::Clif => dump::clif(
            &program,
            &code_target,
            &options.functions,
            IrStage::Translated,
        )?,
        Emit::OptimisedClif => dump::clif(
            &program,
            &code_target,
            &options.functions,
            IrStage::Optimised,
        )?,
        Emit::Asm => dump::asm(&program, &code_target, &options.functions)?,
        Emit::Obj | Emit::Exe => {
            let code = codegen::compile(&program, &code_target)?;
            clock.lap("codegen");
            explain::code(&program, &code);
            let sources = match options.strip {
                true => emit::Sources::default(),
                false => emit::Sources::read(&program, &mut warnings),
            };
            if !sources.is_empty() {
                clock.lap("source");
            }
            stats.code_bytes = code.iter().map(|func| func.code.len()).sum();
            let (object, parts) = emit::object(
                &program,
                code,
                code_target.required_cpu,
                options,
                provenance::note(&provenance::provenance(instances, options, program.needs)),
                &sources,
                match options.unwind_tables {
                    true => code_target.isa.create_systemv_cie(),
                    false => None,
                },
            )?;
            clock.lap("emit");
            match options.emit {
                Emit::Exe => {
                    let executable = link::link(LinkRequest {
                        arch: options.target.arch,
                        objects: vec![object],
                        symbols: match options.strip && !with_debug {
                            true => Symbols::Strip,
                            false => Symbols::Keep,
                        },
                    })?;
                    match with_debug {
                        false => executable,
                        true => {
                            clock.lap("link");
                            add_debug(
                                &program,
                                &parts,
                                executable,
                                options,
                                &mut warnings,
                                &mut debug_file,
                            )?
                        }
                    }
                }
                _ => object,
            }
        }
    };
    log::debug!(target: "wasmc::link", "{} bytes", bytes.len());
    clock.lap(match options.emit {
        Emit::Exe if with_debug => "debug",
        Emit::Exe => "link",
        Emit::Obj => "write",
        Emit::Clif | Emit::OptimisedClif | Emit::Asm => "print",
    });
    Ok(Artifact {
        bytes,
        phases: clock.phases,
        stats,
        debug_file,
        warnings: each_once(warnings),
    })
}

/// Compiles functions and hands each at all its stages to `make`, in parallel: those whose names
/// have one of the patterns in them, or all.
///
/// # Errors
/// As for [`compile_program`].
pub fn explore<T: Send>(
    instances: &[InstanceSpec<'_>],
    patterns: &[String],
    options: &Options,
    make: impl Fn(ExploredFunction) -> T + Sync,
) -> Result<(Exploration<T>, Vec<String>)> {
    let inputs = parse_all(instances, options.features, true)?;
    let mut warnings = Vec::new();
    let program = program::plan(inputs, None, options, &mut warnings)?;
    let code_target = code_target(&program, options)?;
    let sources = emit::Sources::read(&program, &mut warnings);
    let arch = options.target.arch;
    let exploration = explore::explore(&program, &code_target, arch, (patterns, &sources.0), make)?;
    Ok((exploration, each_once(warnings)))
}

/// What is compiled for.
fn code_target(program: &Program<'_>, options: &Options) -> Result<isa::CodeTarget> {
    isa::code_target(options, program.live.threads.is_some()).map_err(|message| {
        crate::Error::Unsupported {
            message,
            location: crate::Location::default(),
            hint: None,
        }
    })
}

/// The warnings without those that were given before.
fn each_once(warnings: Vec<String>) -> Vec<String> {
    let mut seen = std::collections::HashSet::new();
    let is_new = |warning: &String| seen.insert(warning.clone());
    warnings.into_iter().filter(is_new).collect()
}

/// Adds debugging information to an executable, or makes a file of it.
fn add_debug(
    program: &Program<'_>,
    parts: &[emit::Part],
    executable: Vec<u8>,
    options: &Options,
    warnings: &mut Vec<String>,
    debug_file: &mut Option<Vec<u8>>,
) -> Result<Vec<u8>> {
    let wrong = |message| crate::Error::Limit {
        message: format!("the debugging information could not be added: {message}"),
        location: crate::Location::default(),
    };
    if !program
        .world
        .instances
        .values()
        .any(|instance| !instance.module.debug.is_empty())
    {
        warnings.push(NO_DEBUG_INFO.to_owned());
        return Ok(executable);
    }
    let text = debug::elf::text_address(&executable).map_err(wrong)?;
    let sections = debug::rewrite(program, parts, text, options.target.arch, warnings);
    match &options.debug_file {
        None => debug::elf::append(executable, &sections).map_err(wrong),
        Some(name) => {
            let file = debug::elf::debug_file(&executable, &sections).map_err(wrong)?;
            let link = debug::elf::debug_link(name, &file);
            *debug_file = Some(file);
            debug::elf::append(executable, &[link]).map_err(wrong)
        }
    }
}

/// Checks the imports of `instances[index]` against the exports of the earlier ones and what the
/// runtime offers: kinds, types, mutability and maxima.
///
/// # Errors
/// [`Error::Link`](crate::Error::Link) names every import that nothing satisfies.
pub fn check_imports(instances: &[InstanceSpec<'_>], index: usize) -> Result<()> {
    let inputs = parse_all(&instances[..=index], Features::complete(), false)?;
    World::link(inputs).map(drop)
}

/// The system calls that a program of these instances may make once its guest runs, compiled without
/// flags: a command, or a library of which `--invoke` names any function.
///
/// # Errors
/// Why there is no such program.
pub fn policy(instances: &[InstanceSpec<'_>]) -> Result<Vec<Permission>> {
    let needs = match alone_component(instances)? {
        Some(component) => {
            let flat = component::flatten(component, Features::complete())?;
            let modules = parse_component(&flat, Features::complete())?;
            program::needs_of_component(&flat, modules, &Options::default())?
        }
        None => {
            let inputs = parse_all(instances, Features::complete(), true)?;
            program::needs_of(inputs, &Options::default())?
        }
    };
    Ok(permissions(needs))
}

/// The component that a program is made of, if it is one. It is linked with nothing.
fn alone_component<'a>(instances: &[InstanceSpec<'a>]) -> Result<Option<&'a [u8]>> {
    let mut components = instances
        .iter()
        .filter(|instance| Parser::is_component(instance.module));
    match (components.next(), instances) {
        (None, _) => Ok(None),
        (Some(component), [_]) => Ok(Some(component.module)),
        (Some(component), _) => {
            let error = crate::Error::Unsupported {
                message: "components cannot be linked with `--link` yet".to_owned(),
                location: crate::Location::default(),
                hint: Some(
                    "compose them first, as `wac plug` and `wasm-tools compose` do".to_owned(),
                ),
            };
            Err(error.in_instance(&component.name))
        }
    }
}

/// Parses the core modules of a component, once for each of their instances.
fn parse_component<'f>(flat: &'f Flat<'_>, features: Features) -> Result<Vec<Module<'f>>> {
    let mut modules = Vec::with_capacity(flat.instances.len());
    for instance in &flat.instances {
        let module = &flat.modules[instance.module];
        // Adapters use several memories and handle exceptions, whatever the guest may.
        let features = match module.is_adapter {
            true => Features::complete(),
            false => features,
        };
        let parsed = parse::parse(&module.bytes, features)
            .map_err(|error| error.in_instance(&format!("module {}", instance.module)))?;
        explain::module(
            &component::title(flat, instance),
            &parsed,
            module.bytes.len(),
        );
        modules.push(parsed);
    }
    Ok(modules)
}

/// Parses and validates a module or component.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) when it is malformed or does not validate,
/// [`Error::Unsupported`](crate::Error::Unsupported) when it needs a proposal that is not enabled.
pub fn validate(module: &[u8], features: Features) -> Result<()> {
    if Parser::is_component(module) {
        return component::flatten(module, features).map(drop);
    }
    parse::parse(module, features).map(drop)
}

/// Parses the modules. With `initializes`, those before the last are linked to that one.
fn parse_all<'a>(
    instances: &[InstanceSpec<'a>],
    features: Features,
    initializes: bool,
) -> Result<Vec<Input<'a>>> {
    instances
        .iter()
        .enumerate()
        .map(|(position, instance)| {
            let named = |error: crate::Error| match instances.len() {
                1 => error,
                _ => error.in_instance(&instance.name),
            };
            let mut module = parse::parse(instance.module, features).map_err(named)?;
            if let Some(other) = instance.debug {
                module.debug.sections = dwarf::sections::of_module(other).map_err(named)?;
            }
            explain::module(&instance.name, &module, instance.module.len());
            let imports = instance
                .imports
                .iter()
                .map(|(name, &index)| (name.clone(), InstanceId::new(index)))
                .collect();
            Ok(Input {
                name: instance.name.clone(),
                module,
                imports,
                initializes: initializes && position + 1 < instances.len(),
            })
        })
        .collect()
}

fn stats(program: &Program<'_>) -> Stats {
    let defined = |module: &Module<'_>| module.funcs.len() - module.imported_funcs;
    let is_defined = |item: &&CodeItem| match **item {
        CodeItem::Func(id) => matches!(program.world.funcs[id].kind, FuncKind::Defined { .. }),
        CodeItem::Trampoline(_) | CodeItem::Init(_) => false,
    };
    let live_functions = program.code.iter().filter(is_defined).count();
    let moved = program.steps.images.iter().flat_map(|image| &image.parts);
    let copied = program.steps.datas.iter();
    let datas = moved.map(|&(_, data)| data).chain(copied);
    Stats {
        functions: program
            .world
            .instances
            .values()
            .map(|instance| defined(&instance.module))
            .sum(),
        live_functions,
        generated_functions: program.code.len() - live_functions,
        code_bytes: 0,
        data_bytes: datas
            .map(|data| program.world.datas[data].bytes.len())
            .sum(),
    }
}

/// Measures phases.
struct Clock {
    last: Instant,
    phases: Vec<Phase>,
}

impl Clock {
    fn new() -> Clock {
        Clock {
            last: Instant::now(),
            phases: Vec::new(),
        }
    }

    fn lap(&mut self, name: &'static str) {
        let now = Instant::now();
        let wall = now - self.last;
        log::debug!(target: "wasmc::time", "{name}: {:.2} ms", wall.as_secs_f64() * 1e3);
        self.phases.push(Phase { name, wall });
        self.last = now;
    }
}
