//! Instantiation: what is part of the image, and what is done at start.
//!
//! An active segment whose place is known and in bounds, of a table or memory that the instance
//! itself owns, is folded into that table's or memory's image, since nobody can see it before.
//! From the first step that may fail on nothing is folded, so that a failed instantiation leaves
//! exactly the writes of the steps before it.

use cranelift_codegen::entity::EntityRef;

use super::world::start_functions;
use super::{Constant, Image, Program, Reference, Step, consts};
use crate::index::{DataId, InstanceId, MemoryId, MemoryIndex, TableIndex};
use crate::module::ElemMode;
use crate::target::Arch;

/// Least bytes of initial data that are moved into place by page rather than copied.
const IMAGE_MIN: u64 = 64 * 1024;
/// Most elements of a table whose storage is part of the image.
pub(super) const FIXED_TABLE_MAX: u64 = 1 << 16;

/// Plans the steps of every instance.
pub(super) fn plan_steps(program: &mut Program<'_>, arch: Arch) {
    let ids: Vec<InstanceId> = program.instances.keys().collect();
    for id in ids {
        let mut steps = check_imports(program, id);
        create(program, id, &mut steps);
        let mut folding = true;
        init_tables(program, id, &mut steps, &mut folding);
        init_memories(program, id, &mut steps, folding, arch);
        let start_functions = start_functions(&program.instances[id]);
        steps.extend(start_functions.map(|(func, once)| Step::Call { func, once }));
        program.instances[id].steps = steps;
    }
}

/// Whether a table's storage is part of the image.
pub(crate) fn is_fixed(table: &super::Table) -> bool {
    !table.grows && table.ty.initial <= FIXED_TABLE_MAX
}

/// The imported memories that an instance creates itself.
fn made_memories(program: &Program<'_>, id: InstanceId) -> impl Iterator<Item = MemoryId> {
    let made = program.made_memories.iter();
    made.filter(move |made| made.instance == id)
        .map(|made| made.memory)
}

fn check_imports(program: &Program<'_>, id: InstanceId) -> Vec<Step> {
    let instance = &program.instances[id];
    let module = &instance.module;
    let mut steps = Vec::new();
    for (index, table) in module.tables.iter().take(module.imported_tables) {
        if table.ty.initial > 0 {
            steps.push(Step::CheckTable {
                table: instance.tables[index],
                min: table.ty.initial,
            });
        }
    }
    for (index, ty) in module.memories.iter().take(module.imported_memories) {
        let memory = instance.memories[index];
        if ty.initial > 0 && !made_memories(program, id).any(|made| made == memory) {
            steps.push(Step::CheckMemory {
                memory,
                min: super::bytes_of_pages(ty.initial, ty.page_size_log2.unwrap_or(16)),
            });
        }
    }
    steps
}

/// Creates the memories and tables that the instance owns.
fn create(program: &mut Program<'_>, id: InstanceId, steps: &mut Vec<Step>) {
    let instance = &program.instances[id];
    let module = &instance.module;
    let defined = module.memories.keys().skip(module.imported_memories);
    let defined = defined.map(|index| instance.memories[index]);
    for memory in made_memories(program, id).chain(defined) {
        steps.push(Step::CreateMemory {
            memory,
            bytes: program.memories[memory].initial_bytes(),
        });
    }
    for (index, declared) in module.tables.iter().skip(module.imported_tables) {
        let id = instance.tables[index];
        let init = declared.init.as_ref().map(|init| {
            consts::eval(instance, init, |global| program.globals[global].value)
                .expect("evaluated when reachability was found")
        });
        let init = match init {
            Some(Constant::Ref(reference)) => reference,
            _ => Reference::Null,
        };
        let table = &mut program.tables[id];
        if is_fixed(table) {
            // The size of fixed storage is part of the image too.
            table.image = vec![init; table.ty.initial as usize];
        } else {
            steps.push(Step::CreateTable {
                table: id,
                size: table.ty.initial,
                init,
            });
        }
    }
}

fn init_tables(
    program: &mut Program<'_>,
    id: InstanceId,
    steps: &mut Vec<Step>,
    folding: &mut bool,
) {
    let instance = &program.instances[id];
    let module = &instance.module;
    for (index, segment) in module.elems.iter() {
        let ElemMode::Active { table, offset } = &segment.mode else {
            continue;
        };
        let elem = instance.elems[index];
        let offset = consts::eval(instance, offset, |global| program.globals[global].value)
            .expect("a validated offset")
            .as_offset();
        let owned = table.index() >= module.imported_tables;
        let table = instance.tables[TableIndex::new(table.index())];
        let items = &program.elems[elem].items;
        let end = offset.checked_add(items.len() as u64);
        let state = &mut program.tables[table];
        let in_bounds = owned && end.is_some_and(|end| end <= state.ty.initial);
        if in_bounds && *folding && is_fixed(state) {
            let offset = offset as usize;
            state.image[offset..offset + items.len()].copy_from_slice(items);
            continue;
        }
        if !in_bounds {
            *folding = false;
        }
        state.writable = true;
        program.elems[elem].in_image = true;
        steps.push(Step::InitTable {
            table,
            offset,
            elem,
        });
    }
}

/// A data segment in bounds of a memory that the instance owns.
struct Placed {
    memory: MemoryId,
    offset: u64,
    data: DataId,
}

fn init_memories(
    program: &mut Program<'_>,
    id: InstanceId,
    steps: &mut Vec<Step>,
    mut folding: bool,
    arch: Arch,
) {
    let instance = &program.instances[id];
    let module = &instance.module;
    let mut placed = Vec::new();
    let mut later = Vec::new();
    for (index, segment) in module.datas.iter() {
        let Some((memory, offset)) = &segment.active else {
            continue;
        };
        let data = instance.datas[index];
        let offset = consts::eval(instance, offset, |global| program.globals[global].value)
            .expect("a validated offset")
            .as_offset();
        let defined = memory.index() >= module.imported_memories;
        let memory = instance.memories[MemoryIndex::new(memory.index())];
        let owned = defined || made_memories(program, id).any(|made| made == memory);
        let end = offset.checked_add(segment.bytes.len() as u64);
        let size = program.memories[memory].initial_bytes();
        let in_bounds = owned && end.is_some_and(|end| end <= size);
        folding &= in_bounds;
        if in_bounds && segment.bytes.is_empty() {
            continue;
        }
        let segment = Placed {
            memory,
            offset,
            data,
        };
        if folding {
            placed.push(segment);
        } else {
            later.push(segment);
        }
    }
    place_images(program, placed, steps, arch);
    for segment in later {
        push_copy(program, steps, &segment);
    }
}

fn push_copy(program: &mut Program<'_>, steps: &mut Vec<Step>, segment: &Placed) {
    program.datas[segment.data].in_image = true;
    steps.push(Step::InitMemory {
        memory: segment.memory,
        offset: segment.offset,
        data: segment.data,
    });
}

/// Groups segments into runs of pages; long runs become images, the segments of short ones are
/// copied.
fn place_images(program: &mut Program<'_>, placed: Vec<Placed>, steps: &mut Vec<Step>, arch: Arch) {
    let page = image_alignment(arch);
    // (memory, first page, end page) of each run, ascending and apart.
    let mut runs: Vec<(MemoryId, u64, u64)> = placed
        .iter()
        .map(|segment| {
            let len = program.datas[segment.data].bytes.len() as u64;
            let end = (segment.offset + len).div_ceil(page);
            (segment.memory, segment.offset / page, end)
        })
        .collect();
    runs.sort_unstable();
    let gap = IMAGE_MIN / page;
    runs.dedup_by(|next, run| {
        let joins = next.0 == run.0 && next.1 <= run.2 + gap;
        if joins {
            run.2 = run.2.max(next.2);
        }
        joins
    });
    let run_of = |segment: &Placed| {
        runs.partition_point(|&(memory, first, _)| {
            (memory, first * page) <= (segment.memory, segment.offset)
        }) - 1
    };
    let mut filled = vec![0; runs.len()];
    for segment in &placed {
        filled[run_of(segment)] += program.datas[segment.data].bytes.len() as u64;
    }
    let mut images: Vec<Option<Image>> = runs
        .iter()
        .zip(filled)
        .map(|(&(memory, first, end), filled)| {
            let whole = end * page <= program.memories[memory].initial_bytes();
            let len = (end - first) * page;
            // A little data is no reason for large pages of zeros in the file.
            let dense = filled >= IMAGE_MIN.min(len / 2);
            (whole && len >= IMAGE_MIN && dense).then(|| Image {
                len,
                parts: Vec::new(),
            })
        })
        .collect();
    for segment in &placed {
        let run = run_of(segment);
        let start = runs[run].1 * page;
        match &mut images[run] {
            Some(image) => image.parts.push((segment.offset - start, segment.data)),
            None => push_copy(program, steps, segment),
        }
    }
    for (&(memory, first, _), image) in runs.iter().zip(images) {
        if let Some(image) = image {
            steps.push(Step::PlaceImage {
                memory,
                offset: first * page,
                image: program.images.len(),
            });
            program.images.push(image);
        }
    }
}

/// Alignment of images: the largest page size of the target's kernels.
pub(crate) fn image_alignment(arch: Arch) -> u64 {
    match arch {
        Arch::X86_64 => 4096,
        Arch::Aarch64 => 65536,
    }
}
