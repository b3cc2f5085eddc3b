//! In which locals does a debugger have to look, to find the variables of a function?
//!
//! Compilers keep the variables that they do not optimise in linear memory, below a frame base that
//! is a local of the WebAssembly function. Cranelift keeps no local where a debugger could find it
//! again, least of all through its optimiser. So the locals that matter are written to stack slots
//! of their own whenever they are set: that one for most, or all of them.

use std::collections::HashMap;

use cranelift_codegen::entity::PrimaryMap;
use gimli::{AttributeValue, DebuggingInformationEntry, Operation};

use super::world::{Func, FuncKind, World};
use crate::dwarf::sections::{DebugSections, Malformed, Reader, unusable};
use crate::dwarf::source::{Units, is_dead};
use crate::index::{FuncId, FuncIndex, InstanceId};
use crate::module::Module;
use crate::options::{DebugLevel, Options};

/// The locals of a function that are kept in stack slots for debuggers.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Tracked {
    /// None.
    #[default]
    Nothing,
    /// The frame base.
    One(u32),
    /// All.
    Everything,
}

/// Decides which locals are tracked, if debuggers are told anything. What is malformed is a warning,
/// and nothing of that module is tracked.
pub(super) fn track(
    world: &World<'_>,
    options: &Options,
    warnings: &mut Vec<String>,
) -> Option<PrimaryMap<FuncId, Tracked>> {
    if !options.tells_debuggers() {
        return None;
    }
    let mut bases: HashMap<InstanceId, HashMap<FuncIndex, u32>> = HashMap::new();
    for (id, instance) in &world.instances {
        if instance.module.debug.is_empty() {
            continue;
        }
        match frame_bases(
            &instance.module.debug,
            &FunctionRanges::new(&instance.module),
        ) {
            Ok(found) => {
                bases.insert(id, found);
            }
            Err(error) => warnings.push(unusable(&instance.name, &error)),
        }
    }
    let tracked = |func: &Func| {
        let FuncKind::Defined { instance, index } = func.kind else {
            return Tracked::Nothing;
        };
        match (bases.get(&instance), options.debug) {
            (None, _) | (_, DebugLevel::None | DebugLevel::Lines) => Tracked::Nothing,
            (Some(_), DebugLevel::Full) => Tracked::Everything,
            (Some(bases), DebugLevel::Frame) => match bases.get(&index) {
                Some(&local) => Tracked::One(local),
                None => Tracked::Nothing,
            },
        }
    };
    Some(world.funcs.values().map(tracked).collect())
}

/// The locals that frame bases are in.
fn frame_bases(
    sections: &DebugSections<'_>,
    functions: &FunctionRanges,
) -> Result<HashMap<FuncIndex, u32>, Malformed> {
    let dwarf = sections.dwarf()?;
    let units = Units::read(&dwarf)?;
    let mut bases = HashMap::new();
    for unit in units.iter() {
        let mut entries = unit.entries_raw(None)?;
        let mut entry = DebuggingInformationEntry::null();
        while !entries.is_empty() {
            if !entries.read_entry(&mut entry)? || entry.tag != gimli::DW_TAG_subprogram {
                continue;
            }
            let low = entry.attr_value(gimli::DW_AT_low_pc);
            let Some(low) = low.map(|low| unit.attr_address(low)).transpose()?.flatten() else {
                continue;
            };
            let base = entry.attr_value(gimli::DW_AT_frame_base);
            if !is_dead(low)
                && let Some(AttributeValue::Exprloc(expression)) = base
                && let Some(local) = local_of(expression, unit.encoding())
                && let Some(function) = functions.at(low)
            {
                bases.insert(function, local);
            }
        }
    }
    Ok(bases)
}

/// The local whose value an expression is.
pub(crate) fn local_of(
    expression: gimli::Expression<Reader<'_>>,
    encoding: gimli::Encoding,
) -> Option<u32> {
    let mut operations = expression.operations(encoding);
    let Ok(Some(Operation::WasmLocal { index })) = operations.next() else {
        return None;
    };
    match operations.next() {
        Ok(None | Some(Operation::StackValue)) => Some(index),
        _ => None,
    }
}

/// Where the functions of a module lie, in addresses of DWARF.
#[derive(Debug)]
pub(crate) struct FunctionRanges {
    /// Ends and indices; a function begins where the one before ends.
    ends: Vec<(u64, FuncIndex)>,
}

impl FunctionRanges {
    pub(crate) fn new(module: &Module<'_>) -> FunctionRanges {
        let bodies = module.funcs.iter().filter_map(|(index, func)| {
            let end = func.body.as_ref()?.bytes.range().end;
            Some((end.saturating_sub(module.debug.code_start), index))
        });
        FunctionRanges {
            ends: bodies.collect(),
        }
    }

    /// The function that an address lies in, or whose size does.
    pub(crate) fn at(&self, address: u64) -> Option<FuncIndex> {
        let next = self.ends.partition_point(|(end, _)| *end <= address);
        self.ends.get(next).map(|(_, index)| *index)
    }
}
