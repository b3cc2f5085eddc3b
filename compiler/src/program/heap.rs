//! What is the collector told of the program's objects?

use wasmparser::{CompositeInnerType, ValType};

use super::live::Live;
use super::objects::{Storage, StructLayout};
use super::places::{OwnPlace, Places};
use super::steps::Steps;
use super::world::World;
use crate::index::TableId;

/// The heap of a program with types of objects.
#[derive(Debug)]
pub struct Heap {
    /// Offset in the state of what compiled code allocates from
    /// ([`Allocation`](wasmc_abi::heap::Allocation)), a multiple of 8.
    pub allocation: u32,
    /// Types of objects by their numbers: nothing for number 0, structures, arrays, exceptions.
    pub types: Vec<ObjectType>,
    /// The number of the first type of exceptions, that of the tag with the id 1.
    pub first_exception: u32,
    /// Where references to objects are, other than in the stack and in objects.
    pub roots: Vec<HeapRoot>,
}

/// How objects of a type lie in memory.
#[derive(Clone, PartialEq, Eq, Debug)]
#[allow(dead_code, reason = "no module is accepted yet that has such types")]
pub enum ObjectType {
    /// A structure, or an exception.
    Struct {
        /// Bytes, a multiple of 8.
        size: u32,
        /// Offsets of the references to objects.
        references: Vec<u32>,
    },
    /// An array.
    Array {
        /// Bytes of an element.
        element: u32,
        /// Whether elements are references to objects.
        references: bool,
    },
}

/// A place that holds references to objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(dead_code, reason = "no module is accepted yet that needs one")]
pub enum HeapRoot {
    /// Cells of 8 bytes, one after the other: of a global, or of an element segment.
    Cells {
        /// The first.
        place: OwnPlace,
        /// How many.
        count: u32,
    },
    /// The elements of a table.
    Table(TableId),
}

impl Heap {
    /// What the collector of a program is told; `None` in a program without objects.
    pub(super) fn plan(
        world: &World<'_>,
        live: &Live,
        steps: &Steps,
        places: &Places,
    ) -> Option<Heap> {
        let allocation = places.allocation?;
        Some(Heap {
            allocation,
            types: types(world),
            first_exception: world.types.first_exception(),
            roots: roots(world, live, steps, places),
        })
    }
}

fn types(world: &World<'_>) -> Vec<ObjectType> {
    let structure = |layout: &StructLayout| ObjectType::Struct {
        size: layout.size,
        references: layout.references(),
    };
    // Ids begin with 1.
    let nothing = ObjectType::Struct {
        size: 8,
        references: Vec::new(),
    };
    let mut types = vec![nothing; world.types.first_exception() as usize];
    for (id, ty) in world.types.iter() {
        let of_objects = match &ty.composite_type.inner {
            CompositeInnerType::Struct(_) => structure(&world.objects.structs[id]),
            CompositeInnerType::Array(ty) => {
                let storage = Storage::of(&world.types, ty.0.element_type);
                ObjectType::Array {
                    element: storage.bytes(),
                    references: storage == Storage::Object,
                }
            }
            CompositeInnerType::Func(_) | CompositeInnerType::Cont(_) => continue,
        };
        types[world.types.id(id) as usize] = of_objects;
    }
    let tags = world.tags.keys();
    types.extend(tags.map(|tag| structure(&world.exception_layout(tag))));
    types
}

/// The places whose contents may change after the image was made and that may hold references to
/// objects.
fn roots(world: &World<'_>, live: &Live, steps: &Steps, places: &Places) -> Vec<HeapRoot> {
    let globals = world.globals.values().zip(places.globals.values());
    let globals = globals.filter_map(|(global, cell)| {
        let holds = match global.ty.content_type {
            ValType::Ref(ty) => world.types.may_be_object(ty) && global.has_changing_cell(),
            _ => false,
        };
        let place = (*cell).filter(|_| holds)?;
        Some(HeapRoot::Cells { place, count: 1 })
    });
    let changes = |id| steps.tables_written.contains(id) || live.uses.tables_grown.contains(id);
    let tables = world
        .tables
        .iter()
        .filter(|(id, table)| changes(*id) && world.types.may_be_object(table.ty.element_type));
    let elems = places.elem_cells.iter().filter_map(|(id, cells)| {
        Some(HeapRoot::Cells {
            place: (*cells)?,
            count: world.elems[id].items.len() as u32,
        })
    });
    let tables = tables.map(|(id, _)| HeapRoot::Table(id));
    globals.chain(tables).chain(elems).collect()
}
