//! What does the runtime start, and what of the program does it reach itself?

use cranelift_codegen::entity::EntityRef as _;
use wasmc_abi::confine::Needs;
use wasmc_abi::p2;
use wasmparser::ValType;

use super::script::{self, ScriptStep};
use super::world::{Instance, World};
use crate::component::{ExportItem, Flat};
use crate::error::{Error, Location, Result};
use crate::index::{ComponentId, FuncId, GlobalId};
use crate::instances::Command;
use crate::module::Entity;
use crate::options::Options;

/// What an executable does once everything is instantiated.
#[derive(Debug)]
pub enum Main {
    /// It calls `_start`.
    Command {
        /// The function.
        start: FuncId,
    },
    /// It calls what `--invoke` names, with arguments of the command line, and prints the results.
    Invoke {
        /// Called first: the `_initialize` of a reactor.
        initialize: Option<FuncId>,
        /// The function.
        func: FuncId,
    },
    /// It calls what a component exports as `wasi:cli/run`, whose result says whether it has failed.
    Run {
        /// The function.
        run: FuncId,
    },
    /// It listens, and answers requests by what a component exports as
    /// `wasi:http/incoming-handler`.
    Serve {
        /// The function.
        handle: FuncId,
        /// Called when it has returned.
        post_return: Option<FuncId>,
        /// The component instance that it belongs to.
        component: ComponentId,
    },
    /// It carries out the commands of a spec-suite driver, which instantiate too.
    Script(Vec<ScriptStep>),
}

impl Main {
    /// Finds what to call: with `commands` their functions, else one of the last instance.
    pub(super) fn choose(
        world: &World<'_>,
        commands: Option<&[Command]>,
        options: &Options,
    ) -> Result<Main> {
        if let Some(commands) = commands {
            return script::resolve(world, commands).map(Main::Script);
        }
        let Some((_, instance)) = world.instances.iter().next_back() else {
            return Err(no_entry("there is no module", None));
        };
        let func = |name: &str| match instance.module.export(name) {
            Some(Entity::Func(index)) => Some(index),
            _ => None,
        };
        let Some(name) = &options.invoke else {
            // What exports nothing but `_initialize` can only mean that: so does Kotlin.
            let only = || {
                instance
                    .module
                    .only_initializes()
                    .then(|| func("_initialize"))
            };
            let Some(start) = func("_start").or_else(|| only().flatten()) else {
                return Err(no_entry("the module exports no `_start`", Some(instance)));
            };
            if !instance.module.is_procedure(start) {
                let message = "`_start` has parameters or results";
                return Err(no_entry(message, Some(instance)));
            }
            let start = instance.funcs[start];
            return Ok(Main::Command { start });
        };
        let Some(entry) = func(name) else {
            let message = format!("the module exports no function `{name}`");
            return Err(no_entry(&message, Some(instance)));
        };
        let initialize = func("_initialize")
            .filter(|&index| instance.module.is_procedure(index) && index != entry);
        Ok(Main::Invoke {
            initialize: initialize.map(|index| instance.funcs[index]),
            func: instance.funcs[entry],
        })
    }

    /// Finds what to call of a component: what it exports as `wasi:http/incoming-handler`, or as
    /// `wasi:cli/run`.
    pub(super) fn of_component(
        world: &World<'_>,
        flat: &Flat<'_>,
        options: &Options,
    ) -> Result<Main> {
        if options.invoke.is_some() {
            return Err(unsupported(
                "`--invoke` is not supported yet with components",
            ));
        }
        let exported = |interface: &str, name: &str| {
            flat.exports.iter().find_map(|export| {
                let (of, version) = p2::split_version(&export.interface)?;
                let is_meant = of == interface && export.name == name;
                match &export.item {
                    ExportItem::Function { core, options } if is_meant => {
                        let is_called = p2::offers_version(version) && !options.is_async;
                        is_called.then_some((*core, options))
                    }
                    _ => None,
                }
            })
        };
        if let Some((core, options)) = exported("wasi:http/incoming-handler", "handle") {
            let handle = world.component_func(core)?;
            let ty = world.types.func(world.funcs[handle].ty);
            if *ty.params() != [ValType::I32; 2] || !ty.results().is_empty() {
                return Err(unsupported(
                    "`handle` of `wasi:http/incoming-handler` has other parameters than a request \
                     and where its answer goes",
                ));
            }
            let post_return = options.post_return;
            return Ok(Main::Serve {
                handle,
                post_return: post_return
                    .map(|core| world.component_func(core))
                    .transpose()?,
                component: ComponentId::new(options.component),
            });
        }
        let Some((core, _)) = exported("wasi:cli/run", "run") else {
            return Err(no_entry_of_component(flat));
        };
        let run = world.component_func(core)?;
        let ty = world.types.func(world.funcs[run].ty);
        if !ty.params().is_empty() || *ty.results() != [ValType::I32] {
            return Err(unsupported(
                "`run` of `wasi:cli/run` has parameters, or another result than `result`",
            ));
        }
        Ok(Main::Run { run })
    }

    /// Whether the program is a server.
    pub fn is_server(&self) -> bool {
        matches!(self, Main::Serve { .. })
    }

    /// The function that is called first: `_initialize` of a reactor.
    pub fn initialize(&self) -> Option<FuncId> {
        match *self {
            Main::Invoke { initialize, .. } => initialize,
            Main::Command { .. } | Main::Run { .. } | Main::Serve { .. } | Main::Script(_) => None,
        }
    }

    /// The function that is called then.
    pub fn entry(&self) -> Option<FuncId> {
        match *self {
            Main::Command { start: func }
            | Main::Run { run: func }
            | Main::Serve { handle: func, .. }
            | Main::Invoke { func, .. } => Some(func),
            Main::Script(_) => None,
        }
    }

    /// The function that is called when the entry has returned.
    pub fn post_return(&self) -> Option<FuncId> {
        match *self {
            Main::Serve { post_return, .. } => post_return,
            _ => None,
        }
    }

    /// The commands of a spec-suite driver.
    pub fn script(&self) -> &[ScriptStep] {
        match self {
            Main::Script(steps) => steps,
            Main::Command { .. } | Main::Run { .. } | Main::Serve { .. } | Main::Invoke { .. } => {
                &[]
            }
        }
    }
}

fn unsupported(message: &str) -> Error {
    Error::Unsupported {
        message: message.to_owned(),
        location: Location::default(),
        hint: None,
    }
}

/// Why nothing of a component can be called.
fn no_entry_of_component(flat: &Flat<'_>) -> Error {
    let mut names: Vec<_> = flat
        .exports
        .iter()
        .filter(|export| matches!(export.item, ExportItem::Function { .. }))
        .map(|export| match &*export.interface {
            "" => format!("`{}`", export.name.escape_debug()),
            interface => format!("`{}`", interface.escape_debug()),
        })
        .collect();
    names.dedup();
    let exports = |start: &str| names.iter().any(|name| name[1..].starts_with(start));
    let hint = if exports("wasi:cli/run@0.3") || exports("wasi:http/handler@0.3") {
        Some("WASI 0.3 is not supported yet: build the component for WASI 0.2".to_owned())
    } else {
        match names.len() {
            0 => None,
            1..=8 => Some(format!("it exports {}", names.join(", "))),
            count => Some(format!(
                "`wasmc inspect` lists what it exports, which is {count} interfaces and functions"
            )),
        }
    };
    Error::Unsupported {
        message: "the component exports neither `wasi:cli/run@0.2` nor \
                  `wasi:http/incoming-handler@0.2`"
            .to_owned(),
        location: Location::default(),
        hint,
    }
}

fn no_entry(message: &str, instance: Option<&Instance<'_>>) -> Error {
    let names: Vec<_> = instance
        .iter()
        .flat_map(|instance| &instance.module.exports)
        .filter(|export| matches!(export.entity, Entity::Func(_)))
        .map(|export| format!("`{}`", export.name))
        .collect();
    let hint = match names.len() {
        0 => None,
        1..=8 => Some(format!(
            "pass `--invoke NAME` to call one of its exports: {}",
            names.join(", ")
        )),
        count => Some(format!(
            "pass `--invoke NAME` to call one of its {count} exported functions, which \
             `wasmc inspect` lists"
        )),
    };
    Error::Unsupported {
        message: message.to_owned(),
        location: Location::default(),
        hint,
    }
}

/// What the runtime reaches of a program: from here everything that is live is found.
#[derive(Debug)]
pub(super) struct Roots {
    /// The functions that it calls, through trampolines; those that threads call come with
    /// [`Threads`](super::threads::Threads).
    pub funcs: Vec<FuncId>,
    /// The globals that it reads.
    pub globals: Vec<GlobalId>,
    /// What it needs of the kernel for itself.
    pub needs: Needs,
}

impl Roots {
    /// Those of an executable.
    pub fn of(world: &World<'_>, main: &Main) -> Roots {
        let called = [main.initialize(), main.entry(), main.post_return()];
        let mut funcs: Vec<_> = called.into_iter().flatten().collect();
        funcs.extend(starts(world));
        let mut globals = Vec::new();
        for step in main.script() {
            match step {
                ScriptStep::Invoke { func, .. } => funcs.push(*func),
                ScriptStep::ReadGlobal(global) => globals.push(*global),
                ScriptStep::Instantiate(_) | ScriptStep::HashMemory(_) => {}
            }
        }
        let needs = match main {
            Main::Command { .. } | Main::Run { .. } => Needs::NONE,
            Main::Serve { .. } => Needs::SERVE,
            Main::Invoke { .. } => Needs::OUTPUT,
            Main::Script(_) => Needs::OUTPUT.and(Needs::INSTANTIATE),
        };
        Roots {
            funcs,
            globals,
            needs,
        }
    }

    /// Those of a library, as if `--invoke` named all its functions.
    pub fn of_library(world: &World<'_>) -> Roots {
        let exports = world.instances.values().next_back().into_iter();
        let exports = exports.flat_map(|instance| {
            let exports = instance.module.exports.iter();
            exports.filter_map(move |export| match export.entity {
                Entity::Func(index) => Some(instance.funcs[index]),
                _ => None,
            })
        });
        Roots {
            funcs: exports.chain(starts(world)).collect(),
            globals: Vec::new(),
            needs: Needs::OUTPUT,
        }
    }
}

/// The functions that instantiation calls.
fn starts(world: &World<'_>) -> impl Iterator<Item = FuncId> {
    let starts = world
        .instances
        .values()
        .flat_map(|instance| &instance.starts);
    starts.map(|start| start.func)
}
