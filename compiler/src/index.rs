//! Typed indices: those of a module's index spaces, and those of the program's entities.
//!
//! An index of a module (`FuncIndex`) means something only within that module; an id of the
//! program (`FuncId`) names one entity whatever module refers to it.

use cranelift_codegen::entity::entity_impl;

macro_rules! indices {
    ($($(#[$doc:meta])* $name:ident $prefix:literal;)*) => {
        $(
            $(#[$doc])*
            #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name(u32);
            entity_impl!($name, $prefix);
        )*
    };
}

indices! {
    /// A type of a module.
    TypeIndex "type";
    /// A function of a module, imports first.
    FuncIndex "func";
    /// A table of a module, imports first.
    TableIndex "table";
    /// A memory of a module, imports first.
    MemoryIndex "memory";
    /// A global of a module, imports first.
    GlobalIndex "global";
    /// A tag of a module, imports first.
    TagIndex "tag";
    /// An element segment of a module.
    ElemIndex "elem";
    /// A data segment of a module.
    DataIndex "data";

    /// An instance of the program.
    InstanceId "instance";
    /// A type of the program, canonical over all modules.
    TypeId "ty";
    /// A function of the program.
    FuncId "fn";
    /// A table of the program.
    TableId "tbl";
    /// A memory of the program.
    MemoryId "mem";
    /// A global of the program.
    GlobalId "glob";
    /// A tag of the program.
    TagId "exn";
    /// An element segment of an instance of the program.
    ElemId "elemseg";
    /// A data segment of an instance of the program.
    DataId "dataseg";
    /// A component instance of the program.
    ComponentId "component";
    /// A resource type of the program, as a component instance sees it.
    ResourceId "resource";
    /// What a function of the runtime is handed with each call.
    RecordId "record";
}
