//! The order of the phases.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use cranelift_codegen::entity::EntityRef;

use crate::codegen::IrStage;
use crate::error::Result;
use crate::features::Features;
use crate::index::InstanceId;
use crate::link::{self, LinkRequest, Symbols};
use crate::options::{DebugLevel, Emit, Options};
use crate::program::world::{self, Input};
use crate::program::{CodeItem, FuncKind, Program, tracked};
use crate::{codegen, debug, dump, dwarf, emit, explain, isa, parse, provenance};

/// An instance of a module in a program of several.
#[derive(Clone, Debug)]
pub struct InstanceSpec<'a> {
    /// A name for messages.
    pub name: String,
    /// The module's bytes.
    pub module: &'a [u8],
    /// Another module's, whose custom sections have this one's debugging information.
    pub debug: Option<&'a [u8]>,
    /// Import module names, and the index of the earlier instance that each means. Other names are
    /// the runtime's.
    pub imports: HashMap<String, usize>,
}

/// A command of a spec-suite driver: see [`wasmc_abi::script`]. Instances are given by index.
#[derive(Clone, Debug)]
pub enum Command {
    /// Instantiate an instance.
    Instantiate(usize),
    /// Call an exported function.
    Invoke {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
        /// Bits of the arguments, zero-extended.
        args: Vec<u128>,
    },
    /// Read an exported global.
    ReadGlobal {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
    },
    /// Hash an exported memory.
    HashMemory {
        /// The instance that exports it.
        instance: usize,
        /// The export's name.
        export: String,
    },
}

/// What a compilation made.
#[derive(Clone, Debug)]
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
pub struct Phase {
    /// Its name.
    pub name: &'static str,
    /// How long it took.
    pub wall: Duration,
}

/// What was compiled.
#[derive(Clone, Copy, Debug, Default)]
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

/// Compiles one command module.
///
/// # Errors
/// Every cause is an [`Error`](crate::Error) that says where in the module it is.
pub fn compile(module: &[u8], options: &Options) -> Result<Artifact> {
    let instance = InstanceSpec {
        name: String::new(),
        module,
        debug: None,
        imports: HashMap::new(),
    };
    compile_program(&[instance], None, options)
}

/// Compiles instances that may import from each other, in their order of instantiation. With
/// `commands` the executable is a spec-suite driver, else a program whose main module is the last.
///
/// # Errors
/// Every cause is an [`Error`](crate::Error) that says in which instance it is.
pub fn compile_program(
    instances: &[InstanceSpec<'_>],
    commands: Option<&[Command]>,
    options: &Options,
) -> Result<Artifact> {
    let mut clock = Clock::new();
    let inputs = parse_all(instances, options.features)?;
    clock.lap("parse");
    let mut program = world::plan(inputs, commands, options)?;
    let mut warnings = Vec::new();
    let with_debug = options.emit == Emit::Exe && options.debug != DebugLevel::None;
    if with_debug {
        program.with_debug = true;
        tracked::track(&mut program, options.debug, &mut warnings);
    }
    // Beyond this point the program is only read.
    clock.lap("plan");
    explain::program(&program, options);
    let code_target = isa::code_target(options, program.threads.is_some()).map_err(|message| {
        crate::Error::Unsupported {
            message,
            location: crate::Location::default(),
            hint: None,
        }
    })?;
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
                provenance::note(&provenance::provenance(instances, options)),
                &sources,
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
        .instances
        .values()
        .any(|instance| !instance.module.debug.is_empty())
    {
        let message =
            "the module has no debugging information: it was built without `-g`, or stripped";
        warnings.push(message.to_owned());
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
    let inputs = parse_all(&instances[..=index], Features::complete())?;
    world::check_imports(inputs)
}

/// Parses and validates a module.
///
/// # Errors
/// [`Error::Invalid`](crate::Error::Invalid) when it is malformed or does not validate,
/// [`Error::Unsupported`](crate::Error::Unsupported) when it needs a proposal that is not enabled.
pub fn validate(module: &[u8], features: Features) -> Result<()> {
    parse::parse(module, features).map(drop)
}

fn parse_all<'a>(instances: &[InstanceSpec<'a>], features: Features) -> Result<Vec<Input<'a>>> {
    instances
        .iter()
        .map(|instance| {
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
            })
        })
        .collect()
}

fn stats(program: &Program<'_>) -> Stats {
    let defined = |module: &crate::module::Module<'_>| module.funcs.len() - module.imported_funcs;
    let is_defined = |item: &&CodeItem| match **item {
        CodeItem::Func(id) => matches!(program.funcs[id].kind, FuncKind::Defined { .. }),
        CodeItem::Trampoline(_) => false,
    };
    let live_functions = program.code.iter().filter(is_defined).count();
    let moved = program.images.iter().flat_map(|image| &image.parts);
    let copied = program.datas.iter().filter(|(_, data)| data.in_image);
    let datas = moved
        .map(|&(_, data)| data)
        .chain(copied.map(|(data, _)| data));
    Stats {
        functions: program
            .instances
            .values()
            .map(|instance| defined(&instance.module))
            .sum(),
        live_functions,
        generated_functions: program.code.len() - live_functions,
        code_bytes: 0,
        data_bytes: datas.map(|data| program.datas[data].bytes.len()).sum(),
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
