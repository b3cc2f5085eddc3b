//! The debugging information of an executable: that of its modules, rewritten for its machine code.
//!
//! Only what lives is kept: functions that are part of the text, variables that have a place, and
//! what these refer to. Types stay as they are but for pointers, which debuggers would otherwise
//! take for as wide as those of the machine. `docs/debugging.md` says what comes of it.

mod address;
mod check;
pub(crate) mod elf;
mod entries;
mod expression;
mod lines;

use gimli::LittleEndian;
use gimli::write::{Dwarf, EndianVec, Sections};

use crate::dwarf::sections::{DebugSections, Malformed, unusable};
use crate::emit::Part;
use crate::index::{InstanceId, MemoryIndex};
use crate::program::Program;
use crate::target::Arch;
use address::AddressMap;
use expression::Machine;

/// Makes the debugging sections of an executable, whose text lies at `text`: names and contents.
/// What is malformed is a warning, and left out.
pub(crate) fn rewrite(
    program: &Program<'_>,
    parts: &[Part],
    text: u64,
    arch: Arch,
    warnings: &mut Vec<String>,
) -> Vec<(&'static str, Vec<u8>)> {
    let mut usable = Vec::new();
    for (id, instance) in &program.world.instances {
        let debug = &instance.module.debug;
        if debug.is_empty() {
            continue;
        }
        match rewrite_all(program, &[id], parts, text, arch) {
            Ok(sections) => usable.push((id, sections)),
            Err(error) => warnings.push(unusable(&instance.name, &error)),
        }
    }
    match &mut usable[..] {
        [] => Vec::new(),
        [(_, sections)] => std::mem::take(sections),
        // Each alone was well: so are they together.
        several => {
            let instances: Vec<_> = several.iter().map(|(id, _)| *id).collect();
            rewrite_all(program, &instances, parts, text, arch).unwrap_or_default()
        }
    }
}

fn rewrite_all(
    program: &Program<'_>,
    instances: &[InstanceId],
    parts: &[Part],
    text: u64,
    arch: Arch,
) -> Result<Vec<(&'static str, Vec<u8>)>, Malformed> {
    let mut out = Dwarf::new();
    for &id in instances {
        let debug: &DebugSections<'_> = &program.world.instances[id].module.debug;
        let dwarf = debug.dwarf()?;
        check::check(&dwarf, debug.len())?;
        let map = AddressMap::new(program, id, parts, text);
        entries::convert(&mut out, &dwarf, &map, machine(program, id, arch))?;
    }
    let mut sections = Sections::new(EndianVec::new(LittleEndian));
    out.write(&mut sections)?;
    let mut found = Vec::new();
    sections.for_each_mut(|id, section| -> Result<(), Malformed> {
        let bytes = section.take();
        if !bytes.is_empty() {
            found.push((id.name(), bytes));
        }
        Ok(())
    })?;
    Ok(found)
}

/// The memory that an instance's pointers mean: its first.
fn machine(program: &Program<'_>, instance: InstanceId, arch: Arch) -> Machine {
    let instance = &program.world.instances[instance];
    let memory = instance.memories.get(MemoryIndex::from_u32(0));
    let base = memory.map_or(0, |&id| program.places.memories[id].base);
    let is_64 = memory.is_some_and(|&id| program.world.memories[id].ty.memory64);
    Machine::new(arch, base, if is_64 { 8 } else { 4 })
}
