//! What functions of the runtime are handed when components call them.
//!
//! [`wasmc_abi::component`] has the same as the runtime reads it.

use cranelift_codegen::entity::PrimaryMap;
use wasmc_abi::p2;

use crate::index::{ComponentId, FuncId, GlobalId, MemoryId, RecordId, ResourceId};

/// What there is of components; nothing in a program of modules.
#[derive(Debug, Default)]
pub struct Components {
    /// Component instances, and the globals that their flags are.
    pub instances: PrimaryMap<ComponentId, GlobalId>,
    /// What functions are handed, each once.
    pub records: PrimaryMap<RecordId, Record>,
    /// Resource types as component instances see them; `None` for what no instance has.
    pub resources: PrimaryMap<ResourceId, Option<Resource>>,
}

/// What a function of the runtime is handed with each call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Record {
    /// [`CallOptions`](wasmc_abi::component::CallOptions)
    Call {
        /// The memory that pointers are into.
        memory: Option<MemoryId>,
        /// Allocates in it; `None` when the function does not need it.
        realloc: Option<FuncId>,
        /// The calling component instance.
        component: ComponentId,
        /// How strings are encoded: one of [`encoding`](wasmc_abi::component::encoding).
        encoding: u32,
    },
    /// [`ResourceRecord`](wasmc_abi::component::ResourceRecord), to drop one: its destructor is
    /// called.
    Drop(ResourceId),
    /// The same, of which nothing is dropped.
    Resource(ResourceId),
    /// [`ResourceTables`](wasmc_abi::component::ResourceTables)
    Resources,
    /// [`Memories`](wasmc_abi::component::Memories)
    Memories(MemoryId, MemoryId),
    /// The traps that the codes of adapters mean: 256 bytes.
    TrapCodes,
}

/// A resource type as a component instance sees it.
#[derive(Clone, Copy, Debug)]
pub struct Resource {
    /// Its number at run time.
    pub id: u32,
    /// The component instance.
    pub component: ComponentId,
    /// What is called when one is dropped.
    pub destructor: Option<Destructor>,
    /// The component instance that defines it; `None` for one of the host.
    pub definer: Option<ComponentId>,
}

/// What is called when a resource is dropped.
#[derive(Clone, Copy, Debug)]
pub enum Destructor {
    /// A function of the runtime, by its symbol.
    Runtime(&'static str),
    /// A function of the guest.
    Guest(FuncId),
}

impl Components {
    /// The component instance whose flags a global is. The globals were made in the instances' order.
    pub fn of_flags(&self, global: GlobalId) -> Option<ComponentId> {
        self.instances
            .binary_search_values_by_key(&global, |flags| *flags)
            .ok()
    }

    /// The resource of the host that calls with a record drop.
    pub fn dropped(&self, record: RecordId) -> Option<p2::Resource> {
        let Record::Drop(resource) = self.records[record] else {
            return None;
        };
        let id = self.resources[resource]?.id;
        let mut all = p2::Resource::ALL.iter().copied();
        all.find(|&resource| resource as u32 == id)
    }

    /// The function of the guest that calls with a record call in turn.
    pub fn called_back(&self, record: RecordId) -> Option<FuncId> {
        match self.records[record] {
            Record::Call { realloc, .. } => realloc,
            Record::Drop(resource) => match self.resources[resource]?.destructor? {
                Destructor::Guest(func) => Some(func),
                Destructor::Runtime(_) => None,
            },
            Record::Resource(_) | Record::Resources | Record::Memories(..) | Record::TrapCodes => {
                None
            }
        }
    }
}
