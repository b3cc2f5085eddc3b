//! Decisions: what the executable consists of and where everything lies.
//!
//! They are made in stages, each of them a value that is made once and that the next ones borrow:
//!
//! ```text
//! modules → World ─→ Main ─→ Live ─→ Steps ─→ Places ─→ Program
//!           links    starts  runs    creates  lies      all of them, and what follows
//! ```
//!
//! Every entity of every instance has one id, whatever modules import it under whatever names, and
//! what one stage knows of an entity is found by that id: its type in [`World`], whether code
//! writes it in [`Live`], its address in [`Places`].

mod components;
mod consts;
pub(crate) mod declare;
mod entry;
mod heap;
pub(crate) mod imports;
mod live;
mod needs;
mod objects;
mod places;
mod records;
mod script;
mod settled;
mod steps;
mod threads;
pub(crate) mod tracked;
mod types;
mod world;

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmc_abi::confine::Needs;

pub use consts::{Constant, Reference};
pub use entry::Main;
pub use heap::{Heap, HeapRoot, ObjectType};
pub use live::Live;
pub use objects::{Field, Storage};
pub use places::{
    Elements, ExceptionRoot, GLOBAL_CELL, MemoryPlace, OwnPlace, PAYLOAD_VALUE, Payloads, Places,
    Strategy, WhyChecked,
};
pub use records::{Destructor, Record};
pub use script::ScriptStep;
pub(crate) use steps::image_alignment;
pub use steps::{Step, Steps};
pub use tracked::Tracked;
pub(crate) use types::{canonical_type, type_id};
pub use world::{FuncKind, Instance, Payload, World};

use crate::component::Flat;
use crate::error::Result;
use crate::index::{FuncId, InstanceId, TypeId};
use crate::instances::Command;
use crate::module::Module;
use crate::options::Options;
use declare::Input;
use entry::Roots;

/// Everything that was decided about an executable.
#[derive(Debug)]
pub struct Program<'a> {
    /// The instances and their entities.
    pub world: World<'a>,
    /// What the runtime starts.
    pub main: Main,
    /// What the program can get to.
    pub live: Live,
    /// What instantiation does.
    pub steps: Steps,
    /// Where everything lies.
    pub places: Places,
    /// What the collector is told; `None` in a program without objects.
    pub heap: Option<Heap>,
    /// What it needs of the kernel once its guest runs.
    pub needs: Needs,
    /// What the text consists of, in order.
    pub code: Vec<CodeItem>,
    /// The locals that are kept where debuggers find them; `None` if debuggers are told nothing.
    pub tracked: Option<PrimaryMap<FuncId, Tracked>>,
}

/// A part of the text.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CodeItem {
    /// A function, or the thunk of a function of the runtime.
    Func(FuncId),
    /// The trampoline of a function type, by which the runtime calls functions.
    Trampoline(TypeId),
    /// What an instance's constant expressions make that is known only at run time.
    Init(InstanceId),
}

/// Plans an executable of the instances, in their order of instantiation. With `commands` it is a
/// spec-suite driver, else a program whose main module is the last instance. What is wrong with
/// debugging information is a warning.
pub(crate) fn plan<'a>(
    inputs: Vec<Input<'a>>,
    commands: Option<&[Command]>,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Program<'a>> {
    let world = World::link(inputs)?;
    let main = Main::choose(&world, commands, options)?;
    finish(world, main, options, warnings)
}

/// Plans an executable of a component that is a command. `modules` are those of its core
/// instances, in their order.
pub(crate) fn plan_component<'a>(
    flat: &Flat<'_>,
    modules: Vec<Module<'a>>,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Program<'a>> {
    let world = World::of_component(flat, modules)?;
    let main = Main::of_component(&world, flat, options)?;
    finish(world, main, options, warnings)
}

fn finish<'a>(
    world: World<'a>,
    main: Main,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Result<Program<'a>> {
    let roots = Roots::of(&world, &main);
    let live = Live::find(&world, &roots, options)?;
    components::check_offered(&world, &live)?;
    let steps = Steps::plan(&world, &live, options.target.arch);
    let places = Places::assign(&world, &roots, &live, &steps, options)?;
    let needs = needs::needs(&world, &roots, &live, &steps, &places);
    let heap = Heap::plan(&world, &live, &steps, &places);
    let code = order_code(&world, &roots, &live, &steps);
    let tracked = tracked::track(&world, options, warnings);
    Ok(Program {
        world,
        main,
        live,
        steps,
        places,
        heap,
        needs,
        code,
        tracked,
    })
}

/// What a program of the instances needs of the kernel: a command, or a library of which any
/// exported function may be called.
pub(crate) fn needs_of(inputs: Vec<Input<'_>>, options: &Options) -> Result<Needs> {
    let world = World::link(inputs)?;
    let roots = match Main::choose(&world, None, options) {
        Ok(main) => Roots::of(&world, &main),
        Err(_) => Roots::of_library(&world),
    };
    let live = Live::find(&world, &roots, options)?;
    let steps = Steps::plan(&world, &live, options.target.arch);
    let places = Places::assign(&world, &roots, &live, &steps, options)?;
    Ok(needs::needs(&world, &roots, &live, &steps, &places))
}

/// What a program of a component needs of the kernel.
pub(crate) fn needs_of_component(
    flat: &Flat<'_>,
    modules: Vec<Module<'_>>,
    options: &Options,
) -> Result<Needs> {
    plan_component(flat, modules, options, &mut Vec::new()).map(|program| program.needs)
}

/// Decides what the text consists of, and in which order: functions as their modules order them
/// (the producer's linker put related ones together), then thunks, then trampolines, then what is done
/// once when the program starts.
fn order_code(world: &World<'_>, roots: &Roots, live: &Live, steps: &Steps) -> Vec<CodeItem> {
    let is_defined = |func: FuncId| matches!(world.funcs[func].kind, FuncKind::Defined { .. });
    let items = |wanted: bool| {
        let funcs = live
            .text
            .iter()
            .filter(move |&func| is_defined(func) == wanted);
        funcs.map(CodeItem::Func)
    };
    let mut code: Vec<_> = items(true).chain(items(false)).collect();
    let threads = live.threads.map(|threads| threads.entry);
    let called = roots.funcs.iter().chain(&live.called_back);
    let called = called.copied().chain(threads);
    let mut types: Vec<TypeId> = called.map(|func| world.funcs[func].ty).collect();
    types.sort_unstable_by_key(|ty| ty.index());
    types.dedup();
    code.extend(types.into_iter().map(CodeItem::Trampoline));
    let instances = world.instances.keys();
    let computing = instances.filter(|&instance| steps.computes(instance));
    code.extend(computing.map(CodeItem::Init));
    code
}
