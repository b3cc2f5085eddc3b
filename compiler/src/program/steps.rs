//! Instantiation: what is part of the image, and what is done at start.
//!
//! An active segment whose place is known and in bounds, of a table or memory that the instance
//! itself owns, is folded into that table's or memory's image, since nobody can see it before.
//! From the first step that may fail on nothing is folded, so that a failed instantiation leaves
//! exactly the writes of the steps before it. In a program that ends with a failed instantiation,
//! segments for the tables of earlier instances are folded too, if no code runs in between.

use cranelift_codegen::entity::{EntitySet, PrimaryMap};

use super::consts::Reference;
use super::live::Live;
use super::settled::FIXED_TABLE_MAX;
use super::world::{SegmentMode, World, bytes_of_pages, page_log2};
use crate::index::{DataId, ElemId, FuncId, InstanceId, MemoryId, TableId};
use crate::target::Arch;

/// What instantiation does, and what is done once for all in the image.
#[derive(Debug, Default)]
pub struct Steps {
    /// What the instantiation of each instance does, in order.
    pub of_instances: PrimaryMap<InstanceId, Vec<Step>>,
    /// What tables whose storage is part of the image have in it; `None` for tables that are created
    /// at start.
    pub table_images: PrimaryMap<TableId, Option<Vec<Reference>>>,
    /// Tables whose elements live code or a step writes.
    pub tables_written: EntitySet<TableId>,
    /// Pieces of initial memory that are moved into place.
    pub images: Vec<Image>,
    /// Element segments that are part of the image: `table.init` or a step needs them.
    pub elems: EntitySet<ElemId>,
    /// Data segments that are part of the image: `memory.init` or a step needs them.
    pub datas: EntitySet<DataId>,
}

/// A step of instantiation; [`wasmc_abi::layout::InitStepKind`] says what each does.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    CheckMemory {
        memory: MemoryId,
        min: u64,
    },
    CheckTable {
        table: TableId,
        min: u64,
    },
    CreateMemory {
        memory: MemoryId,
        bytes: u64,
    },
    PlaceImage {
        memory: MemoryId,
        offset: u64,
        image: usize,
    },
    CreateTable {
        table: TableId,
        size: u64,
        init: Reference,
    },
    InitMemory {
        memory: MemoryId,
        offset: u64,
        data: DataId,
    },
    InitTable {
        table: TableId,
        offset: u64,
        elem: ElemId,
    },
    /// Makes the objects that constant expressions of the instance make.
    Compute(InstanceId),
    /// With `once`, only when the program starts, not when one of its threads does.
    Call {
        func: FuncId,
        once: bool,
    },
}

/// A piece of initial memory that is moved into place: whole pages.
#[derive(Debug)]
pub struct Image {
    /// Bytes; a multiple of the target's page alignment.
    pub len: u64,
    /// Segments: offset in the image and bytes.
    pub parts: Vec<(u64, DataId)>,
}

/// Least bytes of initial data that are moved into place by page rather than copied.
const IMAGE_MIN: u64 = 64 * 1024;

impl Steps {
    /// Plans the steps of every instance.
    pub(super) fn plan(world: &World<'_>, live: &Live, arch: Arch) -> Steps {
        let is_fixed = |id: TableId| {
            let grows = live.uses.tables_grown.contains(id);
            !grows && world.tables[id].ty.initial <= FIXED_TABLE_MAX
        };
        let image = |(id, table): (TableId, &super::world::Table)| {
            is_fixed(id).then(|| vec![table.init; table.ty.initial as usize])
        };
        let passive_elems = world
            .elems
            .iter()
            .filter(|(_, elem)| elem.mode.is_passive());
        let passive_datas = world
            .datas
            .iter()
            .filter(|(_, data)| data.mode.is_passive());
        let mut steps = Steps {
            table_images: world.tables.iter().map(image).collect(),
            tables_written: live.uses.tables_written.clone(),
            ..Steps::default()
        };
        let computed = world.tables.iter();
        let computed = computed.filter(|(_, table)| table.init == Reference::Computed);
        steps.tables_written.extend(computed.map(|(id, _)| id));
        steps.elems.extend(
            passive_elems
                .map(|(id, _)| id)
                .filter(|&id| live.uses.elems_read.contains(id)),
        );
        steps.datas.extend(
            passive_datas
                .map(|(id, _)| id)
                .filter(|&id| live.uses.datas_read.contains(id)),
        );
        for (id, instance) in world.instances.iter() {
            let mut planned = check_imports(world, id);
            create(world, id, &steps, &mut planned);
            if instance.computed(world).next().is_some() {
                planned.push(Step::Compute(id));
            }
            let folding = init_tables(world, live, id, &mut steps, &mut planned);
            init_memories(world, id, &mut steps, &mut planned, folding, arch);
            let starts = instance.starts.iter();
            planned.extend(starts.map(|start| Step::Call {
                func: start.func,
                once: start.once,
            }));
            steps.of_instances.push(planned);
        }
        steps
    }

    /// Whether the instantiation of an instance makes objects.
    pub(super) fn computes(&self, id: InstanceId) -> bool {
        let mut steps = self.of_instances[id].iter();
        steps.any(|step| matches!(step, Step::Compute(_)))
    }

    /// Whether something is mapped after code of the guest has run.
    pub(super) fn maps_after_guest_code(&self) -> bool {
        let steps = || self.of_instances.values().flatten();
        let mut after_call = steps().skip_while(|step| !matches!(step, Step::Call { .. }));
        let mut after_objects = steps().skip_while(|step| !matches!(step, Step::Compute(_)));
        after_call.any(|step| !matches!(step, Step::Call { .. }))
            || after_objects.any(|step| {
                matches!(
                    step,
                    Step::CreateMemory { .. } | Step::PlaceImage { .. } | Step::CreateTable { .. }
                )
            })
    }
}

fn check_imports(world: &World<'_>, id: InstanceId) -> Vec<Step> {
    if !world.components.instances.is_empty() {
        // What a component links has the right sizes by its types.
        return Vec::new();
    }
    let instance = &world.instances[id];
    let module = &instance.module;
    let mut planned = Vec::new();
    for (index, table) in module.tables.iter().take(module.imported_tables) {
        if table.ty.initial > 0 {
            planned.push(Step::CheckTable {
                table: instance.tables[index],
                min: table.ty.initial,
            });
        }
    }
    for (index, ty) in module.memories.iter().take(module.imported_memories) {
        let memory = instance.memories[index];
        if ty.initial > 0 && world.memories[memory].owner != id {
            planned.push(Step::CheckMemory {
                memory,
                min: bytes_of_pages(ty.initial, page_log2(ty)),
            });
        }
    }
    planned
}

/// Creates the memories and tables that the instance owns. The size of a table whose storage is
/// part of the image is part of it too.
fn create(world: &World<'_>, id: InstanceId, steps: &Steps, planned: &mut Vec<Step>) {
    let memories = world.memories.iter();
    for (memory, owned) in memories.filter(|(_, memory)| memory.owner == id) {
        planned.push(Step::CreateMemory {
            memory,
            bytes: owned.initial_bytes(),
        });
    }
    let tables = world.tables.iter();
    for (table, owned) in tables.filter(|(_, table)| table.owner == id) {
        if steps.table_images[table].is_none() {
            planned.push(Step::CreateTable {
                table,
                size: owned.ty.initial,
                init: owned.init,
            });
        }
    }
}

/// Copies active segments into tables; whether what follows may be folded.
fn init_tables(
    world: &World<'_>,
    live: &Live,
    id: InstanceId,
    steps: &mut Steps,
    planned: &mut Vec<Step>,
) -> bool {
    let mut folding = true;
    for &elem in world.instances[id].elems.values() {
        let SegmentMode::Active {
            target: table,
            offset,
        } = world.elems[elem].mode
        else {
            continue;
        };
        let items = &world.elems[elem].items;
        let end = offset.checked_add(items.len() as u64);
        let owned = &world.tables[table];
        let is_unseen = live.settled.is_unseen(owned.owner, id);
        let in_bounds = is_unseen && end.is_some_and(|end| end <= owned.ty.initial);
        let is_known = !items.contains(&Reference::Computed) && owned.init != Reference::Computed;
        if in_bounds
            && folding
            && is_known
            && let Some(image) = &mut steps.table_images[table]
        {
            let offset = offset as usize;
            image[offset..offset + items.len()].copy_from_slice(items);
            continue;
        }
        folding &= in_bounds;
        steps.tables_written.insert(table);
        steps.elems.insert(elem);
        planned.push(Step::InitTable {
            table,
            offset,
            elem,
        });
    }
    folding
}

/// A data segment in bounds of a memory that the instance owns.
struct Placed {
    memory: MemoryId,
    offset: u64,
    data: DataId,
}

fn init_memories(
    world: &World<'_>,
    id: InstanceId,
    steps: &mut Steps,
    planned: &mut Vec<Step>,
    mut folding: bool,
    arch: Arch,
) {
    let mut placed = Vec::new();
    let mut later = Vec::new();
    for &data in world.instances[id].datas.values() {
        let SegmentMode::Active {
            target: memory,
            offset,
        } = world.datas[data].mode
        else {
            continue;
        };
        let len = world.datas[data].bytes.len() as u64;
        let owned = &world.memories[memory];
        let end = offset.checked_add(len);
        let in_bounds = owned.owner == id && end.is_some_and(|end| end <= owned.initial_bytes());
        folding &= in_bounds;
        if in_bounds && len == 0 {
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
    place_images(world, &placed, steps, planned, arch);
    for segment in later {
        push_copy(steps, planned, &segment);
    }
}

fn push_copy(steps: &mut Steps, planned: &mut Vec<Step>, segment: &Placed) {
    steps.datas.insert(segment.data);
    planned.push(Step::InitMemory {
        memory: segment.memory,
        offset: segment.offset,
        data: segment.data,
    });
}

/// Groups segments into runs of pages; long runs become images, the segments of short ones are
/// copied.
fn place_images(
    world: &World<'_>,
    placed: &[Placed],
    steps: &mut Steps,
    planned: &mut Vec<Step>,
    arch: Arch,
) {
    let page = image_alignment(arch);
    // (memory, first page, end page) of each run, ascending and apart.
    let mut runs: Vec<(MemoryId, u64, u64)> = placed
        .iter()
        .map(|segment| {
            let len = world.datas[segment.data].bytes.len() as u64;
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
    for segment in placed {
        filled[run_of(segment)] += world.datas[segment.data].bytes.len() as u64;
    }
    let mut images: Vec<Option<Image>> = runs
        .iter()
        .zip(filled)
        .map(|(&(memory, first, end), filled)| {
            let whole = end * page <= world.memories[memory].initial_bytes();
            let len = (end - first) * page;
            // A little data is no reason for large pages of zeros in the file.
            let dense = filled >= IMAGE_MIN.min(len / 2);
            (whole && len >= IMAGE_MIN && dense).then(|| Image {
                len,
                parts: Vec::new(),
            })
        })
        .collect();
    for segment in placed {
        let run = run_of(segment);
        let start = runs[run].1 * page;
        match &mut images[run] {
            Some(image) => image.parts.push((segment.offset - start, segment.data)),
            None => push_copy(steps, planned, segment),
        }
    }
    for (&(memory, first, _), image) in runs.iter().zip(images) {
        if let Some(image) = image {
            planned.push(Step::PlaceImage {
                memory,
                offset: first * page,
                image: steps.images.len(),
            });
            steps.images.push(image);
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
