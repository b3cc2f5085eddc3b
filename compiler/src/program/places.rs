//! Places: address slots of memories and growing tables, and the layout of the state.

use cranelift_codegen::entity::{EntityRef, PrimaryMap};
use wasmc_abi::component::{ComponentState, Handle, MAX_HANDLES};
use wasmc_abi::confine::Needs;
use wasmc_abi::heap::Allocation;
use wasmc_abi::layout::{self, ExceptionPool, MemoryState, TableState};
use wasmparser::{AbstractHeapType, HeapType, RefType, ValType};

use super::consts::Reference;
use super::entry::Roots;
use super::live::Live;
use super::steps::Steps;
use super::world::{FuncKind, Memory, Payload, World, bytes_of_pages};
use crate::error::{Error, Location, Result};
use crate::index::{ComponentId, DataId, ElemId, GlobalId, MemoryId, TableId, TagId};
use crate::names::Named;
use crate::options::Options;
use crate::target::Arch;

/// Where everything lies.
#[derive(Debug)]
pub struct Places {
    /// Memories.
    pub memories: PrimaryMap<MemoryId, MemoryPlace>,
    /// Tables.
    pub tables: PrimaryMap<TableId, TablePlace>,
    /// The cells of globals; `None` for a global whose value is folded into the code.
    pub globals: PrimaryMap<GlobalId, Option<OwnPlace>>,
    /// The current lengths (`u64`) of element segments that live code drops.
    pub elem_lengths: PrimaryMap<ElemId, Option<OwnPlace>>,
    /// The current lengths (`u64`) of data segments that live code drops.
    pub data_lengths: PrimaryMap<DataId, Option<OwnPlace>>,
    /// Offset in the state of a memory state of no bytes, for functions of the runtime that work on
    /// the memory of instances without one.
    pub empty_memory: Option<u32>,
    /// Component instances.
    pub components: PrimaryMap<ComponentId, ComponentPlace>,
    /// The cells (8 bytes each) of element segments whose items are made when the instance is, and
    /// that something reads.
    pub elem_cells: PrimaryMap<ElemId, Option<OwnPlace>>,
    /// Where payloads of exceptions lie; `None` when each fits into its reference.
    pub payloads: Option<Payloads>,
    /// Offset in the state of the fuel that is left (`i64`); `None` in a program that does not
    /// count.
    pub fuel: Option<u32>,
    /// Offset in the state of the heap's [`Allocation`]; `None` in a program without objects.
    pub allocation: Option<u32>,
    /// Bytes of the initialised state: memory states, table states, globals, lengths, tables.
    pub state_len: u32,
    /// Bytes of the zero-initialised state.
    pub zero_len: u32,
    /// What each thread has of its own; `None` in a program that starts none.
    pub own_area: Option<OwnArea>,
}

/// Where something lies that each thread has of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnPlace {
    /// In the state, in a program that starts no threads: an offset.
    State(u32),
    /// In the thread's own area, in a program that starts threads: an offset.
    Area(u32),
}

impl OwnPlace {
    /// The offset, in whichever of them it is.
    pub fn offset(self) -> u32 {
        match self {
            OwnPlace::State(offset) | OwnPlace::Area(offset) => offset,
        }
    }

    /// What lies so many bytes behind it.
    pub fn behind(self, bytes: u32) -> OwnPlace {
        match self {
            OwnPlace::State(offset) => OwnPlace::State(offset + bytes),
            OwnPlace::Area(offset) => OwnPlace::Area(offset + bytes),
        }
    }
}

/// The own area of a thread: what the state is in a program that starts no threads, but for the
/// states of memories.
#[derive(Clone, Copy, Debug)]
pub struct OwnArea {
    /// Bytes with which it begins; they are in the image.
    pub template_len: u32,
    /// Bytes in all; the rest is zero at first.
    pub len: u32,
}

/// Where a memory lies.
#[derive(Debug)]
pub struct MemoryPlace {
    /// Address of its first byte.
    pub base: u64,
    /// How accesses are kept inside.
    pub strategy: Strategy,
    /// Most bytes it may have.
    pub max: u64,
    /// Offset of its [`MemoryState`] in the state.
    pub state: u32,
    /// Whether it is mapped a second time at the guest's own addresses: for debuggers, and only if
    /// that happens before the kernel confines the program.
    pub aliased: bool,
}

/// How accesses are kept inside a memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Strategy {
    /// By a reservation that covers every index and offset: the MMU checks.
    Guarded,
    /// By code that compares with the memory's size, for a reason.
    Checked(WhyChecked),
}

/// Why code compares addresses with a memory's size.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WhyChecked {
    /// The caller wants it (`--bounds-checks`).
    Asked,
    /// Its indices have 64 bits: no reservation covers them.
    Memory64,
    /// Its pages are no pages of the machine.
    PageSize,
    /// The addresses for reservations are used up.
    NoAddresses,
}

/// Where a table lies.
#[derive(Debug)]
pub struct TablePlace {
    /// Where its elements are.
    pub elements: Elements,
    /// Most elements it may have.
    pub max: u64,
    /// Its [`TableState`].
    pub state: OwnPlace,
}

/// Where the runtime's record of a component instance lies.
#[derive(Clone, Copy, Debug)]
pub struct ComponentPlace {
    /// Offset of its [`ComponentState`] in the state.
    pub state: u32,
    /// Offset of its handles in the zero-initialised state.
    pub handles: u32,
}

/// Where a table's elements lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Elements {
    /// At a fixed address: it grows.
    Slot(u64),
    /// At an offset in the read-only tables.
    ReadOnly(u32),
    /// At an offset in the zero-initialised state.
    Zero(u32),
    /// In the state or the own area.
    Own(OwnPlace),
    /// Where the thread's table state says: it grows, in a program that starts threads.
    Mapped,
}

/// Where payloads of exceptions lie.
#[derive(Clone, Debug)]
pub struct Payloads {
    /// The payload of the exception that was thrown last.
    pub current: OwnPlace,
    /// Bytes of the largest payload.
    pub bytes: u32,
    /// Beside it, the [`ExceptionPool`]; the roots follow it.
    pub pool: OwnPlace,
    /// Address of the payloads of exceptions that references were made of; `None` in a program that
    /// starts threads, where the pool of each says where its own are.
    pub base: Option<u64>,
    /// Whether one may hold references to exceptions.
    pub traced: bool,
    /// Where else such references may be.
    pub roots: Vec<ExceptionRoot>,
}

/// A place that may hold references to exceptions.
#[derive(Clone, Copy, Debug)]
pub enum ExceptionRoot {
    /// The cell of a global.
    Global(OwnPlace),
    /// The state of a table.
    Table(OwnPlace),
}

/// Bytes of a global's cell.
pub const GLOBAL_CELL: u32 = 16;
/// Bytes of a value of a payload in memory.
pub const PAYLOAD_VALUE: u32 = 16;

/// Most bytes of a 32-bit memory.
const MEMORY32_MAX: u64 = 1 << 32;
/// Most bytes of a 64-bit memory.
const MEMORY64_MAX: u64 = 64 << 30;

impl Places {
    /// Assigns every entity its place.
    ///
    /// ```text
    /// state   memory states | component instances | own … | fuel | allocation   without threads
    /// state   memory states | fuel        area   own … | zeros                   with threads
    /// own     table states | globals | lengths | segments | tables | exceptions
    /// ```
    ///
    /// # Errors
    /// What is larger than wasmc allows.
    pub(super) fn assign(
        world: &World<'_>,
        roots: &Roots,
        live: &Live,
        steps: &Steps,
        options: &Options,
    ) -> Result<Places> {
        let mut slots = Slots::new(options.target.arch);
        let mut state = Offsets::default();
        let may_alias = options.serves_debuggers()
            // The guest's own addresses are those of objects.
            && !world.types.has_objects()
            && !roots.needs.contains(Needs::INSTANTIATE)
            && !steps.maps_after_guest_code();
        let memories = assign_memories(world, live, options, &mut slots, &mut state, may_alias)?;
        let homes = choose_homes(world, live, steps, &mut slots)?;
        let lacks_memory = |kind: &FuncKind| matches!(kind, FuncKind::Wasi { memory: None, .. });
        let needs_empty = world.funcs.values().any(|func| lacks_memory(&func.kind));
        let empty_memory = needs_empty.then(|| state.take(size_of::<MemoryState>() as u64));
        let instances = world.components.instances.values();
        let component_states: Vec<_> = instances
            .map(|_| state.take((size_of::<ComponentState>() as u64).next_multiple_of(8)))
            .collect();

        // From here on everything is each thread's own.
        let threaded = live.threads.is_some();
        let mut own = match threaded {
            true => Own::Area {
                state,
                area: Offsets::default(),
            },
            false => Own::State(state),
        };
        let table_states: Vec<_> = world
            .tables
            .keys()
            .map(|_| own.take(size_of::<TableState>() as u64))
            .collect();
        own.offsets().align(u64::from(GLOBAL_CELL));
        let globals: PrimaryMap<_, _> = world
            .globals
            .iter()
            .map(|(id, global)| {
                // The flags of a component instance are what its record begins with.
                if let Some(component) = world.components.of_flags(id) {
                    return Some(OwnPlace::State(component_states[component.index()]));
                }
                let has_cell = global.has_changing_cell() || roots.globals.contains(&id);
                has_cell.then(|| own.take(u64::from(GLOBAL_CELL)))
            })
            .collect();
        let uses = &live.uses;
        let elem_lengths = world.elems.iter().map(|(id, elem)| {
            let is_read = elem.mode.is_passive() && uses.elems_read.contains(id);
            (is_read && uses.elems_dropped.contains(id)).then(|| own.take(8))
        });
        let elem_lengths = elem_lengths.collect();
        let data_lengths = world.datas.iter().map(|(id, data)| {
            let is_read = data.mode.is_passive() && uses.datas_read.contains(id);
            (is_read && uses.datas_dropped.contains(id)).then(|| own.take(8))
        });
        let data_lengths = data_lengths.collect();
        let elem_cells = world.elems.iter().map(|(id, elem)| {
            let is_computed = elem.items.contains(&Reference::Computed);
            (is_computed && steps.elems.contains(id))
                .then(|| own.take(element_bytes(elem.items.len() as u64)))
        });
        let elem_cells = elem_cells.collect();
        let bytes_of = |wanted: fn(&Home) -> bool| -> u64 {
            let tables = homes.iter().zip(world.tables.values());
            let tables = tables.filter(|(home, _)| wanted(home));
            tables
                .map(|(_, table)| element_bytes(table.ty.initial))
                .sum()
        };
        let initialised = own.take(bytes_of(|home| matches!(home, Home::Initialised)));
        own.offsets().len()?;
        let exception_roots = exception_roots(world, live, steps, &globals, &table_states);
        let payloads = place_payloads(world, exception_roots, &mut own, &mut slots);
        let (zeros, area, mut state) = match own {
            Own::State(state) => (0, None, state),
            Own::Area { state, mut area } => {
                area.align(16);
                let template_len = area.len()?;
                area.take(bytes_of(|home| matches!(home, Home::Zero)));
                let len = area.len()?.next_multiple_of(16);
                (template_len, Some(OwnArea { template_len, len }), state)
            }
        };
        let fuel = options.fuel.then(|| {
            state.align(8);
            state.take(8)
        });
        let allocation = world.types.has_objects().then(|| {
            state.align(8);
            state.take(size_of::<Allocation>() as u64)
        });

        // Those that are read only, and null at first, begin at 0 each.
        let is_zero: fn(&Home) -> bool = |home| matches!(home, Home::Zero);
        let is_read_only: fn(&Home) -> bool = |home| matches!(home, Home::ReadOnly);
        for wanted in [is_zero, is_read_only] {
            let end = bytes_of(wanted);
            Offsets { end }.len()?;
        }

        // Beyond this point it is known where each kind of storage begins.
        let mut storage = Storage {
            initialised: initialised.offset(),
            zero: zeros,
            read_only: 0,
        };
        let tables = homes.iter().zip(&table_states).zip(world.tables.values());
        let tables = tables
            .map(|((&home, &state), table)| TablePlace {
                elements: storage.place(home, table.ty.initial, threaded),
                max: table
                    .ty
                    .maximum
                    .unwrap_or(u64::MAX)
                    .min(layout::TABLE_MAX_ELEMENTS),
                state,
            })
            .collect();
        let handles = u64::from(MAX_HANDLES) * size_of::<Handle>() as u64;
        let mut zero = Offsets {
            end: u64::from(storage.zero).next_multiple_of(16),
        };
        let components: PrimaryMap<_, _> = component_states
            .iter()
            .map(|&state| ComponentPlace {
                state,
                handles: zero.take(handles),
            })
            .collect();
        if !components.is_empty() {
            storage.zero = zero.len()?;
        }
        Ok(Places {
            memories,
            tables,
            globals,
            elem_lengths,
            data_lengths,
            elem_cells,
            empty_memory,
            components,
            payloads,
            fuel,
            allocation,
            state_len: state.len()?,
            zero_len: match threaded {
                true => 0,
                false => storage.zero,
            },
            own_area: area,
        })
    }
}

/// Where guarded slots end on aarch64. There kernels may have addresses of 39 bits only, and load
/// executables from 341 GiB on: what lies below has to do for most programs.
const AARCH64_GUARDED_END: u64 = 192 << 30;
/// Addresses on aarch64 that nothing is given: there such kernels, and emulators, put executables,
/// stacks and whatever has no fixed address.
const AARCH64_GAP: std::ops::Range<u64> = 336 << 30..512 << 30;

/// Hands out addresses to memories and tables: slots from number 1, on aarch64 only to guarded
/// memories and only as long as there are some; the rest is packed there.
struct Slots {
    next: u64,
    /// The next address of what is packed.
    packed: Option<u64>,
}

impl Slots {
    fn new(arch: Arch) -> Slots {
        Slots {
            next: 1,
            packed: (arch == Arch::Aarch64).then_some(AARCH64_GUARDED_END),
        }
    }

    /// The address of a slot for a guarded memory, if there is one left.
    fn take_guarded(&mut self) -> Option<u64> {
        let base = layout::SLOT_SIZE * (self.next + 1);
        if self.packed.is_some() && base + layout::SLOT_SIZE > AARCH64_GUARDED_END {
            return None;
        }
        self.next += 1;
        Some(base)
    }

    /// The address of `bytes` bytes that nothing is reached beyond.
    fn take(&mut self, bytes: u64) -> u64 {
        if let Some(packed) = &mut self.packed {
            let bytes = bytes.max(1).next_multiple_of(layout::WASM_PAGE);
            if *packed < AARCH64_GAP.end && *packed + bytes > AARCH64_GAP.start {
                *packed = AARCH64_GAP.end;
            }
            let base = *packed;
            *packed += bytes;
            return base;
        }
        let base = layout::SLOT_SIZE * (self.next + 1);
        self.next += bytes.div_ceil(layout::SLOT_SIZE).max(1);
        base
    }

    /// Keeps the slots free that a memory in slot 0 reaches into; it ends at address `end`.
    fn skip_to(&mut self, end: u64) {
        self.next = self.next.max(end.div_ceil(layout::SLOT_SIZE) - 1);
    }
}

fn limit(message: String) -> Error {
    Error::Limit {
        message,
        location: Location::default(),
    }
}

fn assign_memories(
    world: &World<'_>,
    live: &Live,
    options: &Options,
    slots: &mut Slots,
    state: &mut Offsets,
    may_alias: bool,
) -> Result<PrimaryMap<MemoryId, MemoryPlace>> {
    let maxima: PrimaryMap<MemoryId, u64> = world
        .memories
        .iter()
        .map(|(id, memory)| max_bytes(memory, options, || memory_title(world, id)))
        .collect::<Result<_>>()?;
    // Objects have low addresses, and programs that have them use memories little.
    let low_is_taken = world.types.has_objects() && options.target.arch == Arch::X86_64;
    let hottest = live.hottest_memory(world).filter(|_| !low_is_taken);
    let slot0 = options.target.arch.row().slot0;
    if let Some(hottest) = hottest {
        slots.skip_to(slot0 + maxima[hottest]);
    }
    let mut place = |(id, memory): (MemoryId, &Memory)| {
        let max = maxima[id];
        // Guard pages serve 32-bit indices and sizes that are whole pages of the machine.
        let strategy = match memory.page_log2() {
            _ if options.bounds_checks => Strategy::Checked(WhyChecked::Asked),
            _ if memory.ty.memory64 => Strategy::Checked(WhyChecked::Memory64),
            16 => Strategy::Guarded,
            _ => Strategy::Checked(WhyChecked::PageSize),
        };
        let (base, strategy) = match strategy {
            _ if hottest == Some(id) => (slot0, strategy),
            Strategy::Guarded => match slots.take_guarded() {
                Some(base) => (base, strategy),
                None => (slots.take(max), Strategy::Checked(WhyChecked::NoAddresses)),
            },
            Strategy::Checked(_) => (slots.take(max), strategy),
        };
        MemoryPlace {
            base,
            strategy,
            max,
            state: state.take(size_of::<MemoryState>() as u64),
            aliased: may_alias && base == slot0 && strategy == Strategy::Guarded,
        }
    };
    Ok(world.memories.iter().map(&mut place).collect())
}

/// What a message calls a memory.
fn memory_title(world: &World<'_>, id: MemoryId) -> String {
    let name = world.instances.values().find_map(|instance| {
        let index = instance.memories.iter().find(|(_, of)| **of == id)?.0;
        instance.module.names.get(Named::Memory, index.as_u32())
    });
    match name {
        Some(name) => format!("the memory `{}`", name.escape_debug()),
        None => "the module's memory".to_owned(),
    }
}

/// What a message calls a table.
fn table_title(world: &World<'_>, id: TableId) -> String {
    let name = world.instances.values().find_map(|instance| {
        let index = instance.tables.iter().find(|(_, of)| **of == id)?.0;
        instance.module.names.get(Named::Table, index.as_u32())
    });
    match name {
        Some(name) => format!("the table `{}`", name.escape_debug()),
        None => "a table".to_owned(),
    }
}

/// Most bytes that a memory may grow to: the least of its declared maximum, what its indices reach,
/// and `--max-memory`.
fn max_bytes(memory: &Memory, options: &Options, title: impl Fn() -> String) -> Result<u64> {
    let page_log2 = memory.page_log2();
    let declared = memory
        .ty
        .maximum
        .map_or(u64::MAX, |maximum| bytes_of_pages(maximum, page_log2));
    let indexed = match (memory.ty.memory64, page_log2) {
        (true, _) => MEMORY64_MAX,
        // The number of pages must be less than what a failure to grow gives.
        (false, 0) => MEMORY32_MAX - 1,
        (false, _) => MEMORY32_MAX,
    };
    let granted = options.max_memory.unwrap_or(u64::MAX);
    let max = declared.min(indexed).min(granted) >> page_log2 << page_log2;
    let initial = memory.initial_bytes();
    if initial > max {
        let start = match initial {
            u64::MAX => "more than 2^64 bytes".to_owned(),
            bytes => format!("{bytes} bytes"),
        };
        let cause = match granted < indexed {
            true => format!("the {max} that `--max-memory` allows"),
            false => format!("the {max} that a memory may have"),
        };
        return Err(limit(format!(
            "{} starts with {start}, more than {cause}",
            title()
        )));
    }
    Ok(max)
}

/// What kind of storage a table's elements get.
#[derive(Clone, Copy)]
enum Home {
    /// An address of its own.
    Slot(u64),
    /// What each thread maps for itself.
    Mapped,
    /// The read-only tables.
    ReadOnly,
    /// The state or the own area.
    Initialised,
    /// What is zero at first.
    Zero,
}

/// Chooses what kind of storage each table's elements get.
fn choose_homes(
    world: &World<'_>,
    live: &Live,
    steps: &Steps,
    slots: &mut Slots,
) -> Result<Vec<Home>> {
    for (id, table) in &world.tables {
        let size = table.ty.initial;
        if size > layout::TABLE_MAX_ELEMENTS {
            return Err(limit(format!(
                "{} starts with {size} elements, more than {}",
                table_title(world, id),
                layout::TABLE_MAX_ELEMENTS
            )));
        }
    }
    let mut choose = |(id, image): (TableId, &Option<Vec<Reference>>)| match image {
        None if live.threads.is_some() => Home::Mapped,
        None => Home::Slot(slots.take(layout::TABLE_SLOT_BYTES)),
        Some(_) if !steps.tables_written.contains(id) => Home::ReadOnly,
        Some(image) if image.iter().all(|item| is_null_at_first(*item)) => Home::Zero,
        Some(_) => Home::Initialised,
    };
    Ok(steps.table_images.iter().map(&mut choose).collect())
}

/// Whether a reference is null in the image: one that is not known yet is, too.
fn is_null_at_first(item: Reference) -> bool {
    matches!(item, Reference::Null | Reference::Computed)
}

/// Bytes of a number of elements of a table whose storage is part of the image.
fn element_bytes(elements: u64) -> u64 {
    elements * 8
}

/// Where the next table goes, in each kind of storage.
struct Storage {
    initialised: u32,
    zero: u32,
    read_only: u32,
}

impl Storage {
    fn place(&mut self, home: Home, elements: u64, threaded: bool) -> Elements {
        let own = match threaded {
            true => OwnPlace::Area,
            false => OwnPlace::State,
        };
        let take = |next: &mut u32| {
            let offset = *next;
            *next += element_bytes(elements) as u32;
            offset
        };
        match home {
            Home::Slot(base) => Elements::Slot(base),
            Home::Mapped => Elements::Mapped,
            Home::ReadOnly => Elements::ReadOnly(take(&mut self.read_only)),
            Home::Initialised => Elements::Own(own(take(&mut self.initialised))),
            Home::Zero if threaded => Elements::Own(own(take(&mut self.zero))),
            Home::Zero => Elements::Zero(take(&mut self.zero)),
        }
    }
}

/// Offsets that are handed out one after the other.
#[derive(Default)]
struct Offsets {
    end: u64,
}

impl Offsets {
    fn take(&mut self, bytes: u64) -> u32 {
        let offset = self.end;
        self.end += bytes;
        u32::try_from(offset).unwrap_or(u32::MAX)
    }

    fn align(&mut self, alignment: u64) {
        self.end = self.end.next_multiple_of(alignment);
    }

    /// Bytes that were handed out, unless they are too many.
    fn len(&self) -> Result<u32> {
        u32::try_from(self.end)
            .ok()
            .filter(|&len| len <= i32::MAX as u32)
            .ok_or_else(|| limit("globals and tables need more than 2 GiB".to_owned()))
    }
}

/// Offsets of what each thread has of its own.
enum Own {
    /// In the state.
    State(Offsets),
    /// In the own area; the state is complete but for what follows it.
    Area { state: Offsets, area: Offsets },
}

impl Own {
    fn offsets(&mut self) -> &mut Offsets {
        match self {
            Own::State(offsets) | Own::Area { area: offsets, .. } => offsets,
        }
    }

    fn take(&mut self, bytes: u64) -> OwnPlace {
        match self {
            Own::State(offsets) => OwnPlace::State(offsets.take(bytes)),
            Own::Area { area, .. } => OwnPlace::Area(area.take(bytes)),
        }
    }
}

/// Places the payloads of exceptions at the end of what each thread has of its own.
fn place_payloads(
    world: &World<'_>,
    roots: Vec<ExceptionRoot>,
    own: &mut Own,
    slots: &mut Slots,
) -> Option<Payloads> {
    let in_memory = |&tag: &TagId| world.payload(tag) == Payload::Memory;
    let params = |tag: TagId| world.tag_params(tag);
    let values = |tag: TagId| params(tag).len() as u32;
    let values = world.tags.keys().filter(in_memory).map(values).max()?;
    let bytes = values * PAYLOAD_VALUE;
    let mut payloads = world.tags.keys().filter(in_memory).flat_map(params);
    let traced = payloads.any(|&ty| matches!(ty, ValType::Ref(ty) if is_exception(ty)));
    own.offsets().align(16);
    let roots_len = roots.len() * size_of::<layout::ExceptionRoot>();
    let pool = own.take((size_of::<ExceptionPool>() + roots_len) as u64);
    own.offsets().align(16);
    let current = own.take(u64::from(bytes));
    Some(Payloads {
        current,
        bytes,
        pool,
        base: match current {
            OwnPlace::State(_) => Some(slots.take(layout::SLOT_SIZE)),
            OwnPlace::Area(_) => None,
        },
        traced,
        roots,
    })
}

/// The globals and tables that may hold references to exceptions.
fn exception_roots(
    world: &World<'_>,
    live: &Live,
    steps: &Steps,
    cells: &PrimaryMap<GlobalId, Option<OwnPlace>>,
    table_states: &[OwnPlace],
) -> Vec<ExceptionRoot> {
    let globals = world.globals.values().zip(cells.values());
    let globals = globals.filter_map(|(global, cell)| {
        let holds = matches!(global.ty.content_type, ValType::Ref(ty) if is_exception(ty));
        cell.filter(|_| holds).map(ExceptionRoot::Global)
    });
    let changes = |id| steps.tables_written.contains(id) || live.uses.tables_grown.contains(id);
    let tables = world.tables.iter().zip(table_states);
    let tables =
        tables.filter(|((id, table), _)| changes(*id) && is_exception(table.ty.element_type));
    let tables = tables.map(|(_, &state)| ExceptionRoot::Table(state));
    globals.chain(tables).collect()
}

/// Whether references of a type are to exceptions.
fn is_exception(ty: RefType) -> bool {
    matches!(
        ty.heap_type(),
        HeapType::Abstract {
            ty: AbstractHeapType::Exn | AbstractHeapType::NoExn,
            ..
        }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guarded_memories_have_slots_of_their_own_on_x86_64() {
        let mut slots = Slots::new(Arch::X86_64);
        assert_eq!(slots.take_guarded(), Some(32 << 30));
        assert_eq!(slots.take(1), 48 << 30);
        assert_eq!(slots.take(64 << 30), 64 << 30);
        assert_eq!(slots.take_guarded(), Some(128 << 30));
    }

    #[test]
    fn memories_are_packed_on_aarch64_when_slots_run_out() {
        let mut slots = Slots::new(Arch::Aarch64);
        let guarded = std::iter::from_fn(|| slots.take_guarded()).last();
        assert_eq!(guarded, Some(176 << 30));
        assert_eq!(slots.take(1), 192 << 30);
        assert_eq!(slots.take(4 << 30), (192 << 30) + layout::WASM_PAGE);
        // What does not fit below the gap lies beyond it.
        assert_eq!(slots.take(160 << 30), 512 << 30);
    }
}
