//! What components need beyond modules: options of calls into the host, handle tables, resources.
//!
//! Source: the component model's canonical ABI (`design/mvp/CanonicalABI.md`).

use crate::confine::Needs;
use crate::layout::{Entry, MemoryState};
use crate::p2::HostFunction;
use crate::pointer::{Any, Code, Function, RelPtr, RelSlice, Trampoline};
use crate::record::records;

records! {
    /// How a call goes from the guest to the host: what the canonical options of a lowered function
    /// say. Read-only.
    #[derive(Debug)]
    pub struct CallOptions from NewCallOptions {
        /// The memory that pointers are into; null when the call passes none.
        pub memory: RelPtr<MemoryState>,
        /// The guest's `realloc`; null when the call returns nothing that needs it.
        pub realloc: RelPtr<Code>,
        /// The trampoline of its signature, `(i32, i32, i32, i32) -> i32`.
        pub realloc_trampoline: RelPtr<Function<Trampoline>>,
        /// The calling component instance.
        pub component: RelPtr<ComponentState>,
        /// How strings are encoded: one of [`encoding`].
        pub encoding: u32,
    }

    /// Values of [`CallOptions::encoding`].
    pub flags encoding: u32 {
        /// UTF-8.
        UTF8 = 0;
        /// UTF-16, little-endian.
        UTF16 = 1;
        /// Latin-1, or UTF-16 when the length's upmost bit is set.
        COMPACT = 2;
    }

    /// A component instance. Writable; `flags`, its first field, is also a global of compiled
    /// adapters.
    #[derive(Debug)]
    pub struct ComponentState from NewComponentState {
        /// Bits of [`component_flags`].
        pub flags: u32,
        /// Number of [`Handle`]s that were ever in use, the reserved first included.
        pub used: u32,
        /// Index of the free handle that was freed last; 0 when none is.
        pub free: u32,
        /// Most handles that there may be.
        pub capacity: u32,
        /// Its handles.
        pub handles: RelPtr<Handle>,
    }

    /// Bits of [`ComponentState::flags`].
    pub flags component_flags: u32 {
        /// The instance may call out of itself.
        MAY_LEAVE = 1;
    }

    /// An entry of a handle table. All zeros is one that is free.
    #[derive(Clone, Copy, Debug, Default)]
    pub struct Handle from NewHandle {
        /// The resource's number in the program ([`ResourceRecord::id`]), plus 1; 0 when the entry
        /// is free.
        pub type_id: u32,
        /// What the resource's definer knows it by; of a free entry, the next free one.
        pub rep: u32,
        /// 1 if it owns the resource; 0 or twice the number of the call that it was lent to.
        pub own: u32,
        /// How many borrows of it there are.
        pub lends: u32,
    }

    /// A resource type, as a component instance sees it: what `resource.drop` is about. Read-only.
    #[derive(Debug, Default)]
    pub struct ResourceRecord from NewResourceRecord {
        /// Its number: that of a [`Resource`](crate::p2::Resource) of the host, or one of the
        /// program's own from [`FIRST_GUEST_RESOURCE`] on.
        pub id: u32,
        /// The instance whose handles are meant.
        pub component: RelPtr<ComponentState>,
        /// The destructor: a [`Destructor`] for a resource of the host, else [`Code`] of type
        /// `(i32) -> ()`; null if it has none.
        pub destructor: RelPtr<Any>,
        /// The trampoline of its signature; null for a resource of the host.
        pub trampoline: RelPtr<Function<Trampoline>>,
        /// The instance that defines it; null for a resource of the host.
        pub definer: RelPtr<ComponentState>,
    }

    /// The resource types of all component instances, as adapters number them. Read-only.
    #[derive(Debug)]
    pub struct ResourceTables from NewResourceTables {
        /// The types.
        pub tables: RelSlice<ResourceRecord>,
    }

    /// What a server needs beside its entry, the function `handle` of `wasi:http/incoming-handler`:
    /// each worker makes its instances anew after a request, in the place of those that have run.
    #[derive(Debug)]
    pub struct Server from NewServer {
        /// The component instance that `handle` belongs to.
        pub component: RelPtr<ComponentState>,
        /// Its `post-return`; no code if there is none.
        pub post_return: Entry,
        /// The writable state, where it lies at run time.
        pub state: RelSlice<u8>,
        /// Where tables lie that are null at first.
        pub zeros: RelSlice<u8>,
    }

    /// The memories that a string goes from and to. Read-only.
    #[derive(Debug)]
    pub struct Memories from NewMemories {
        /// The one it comes from.
        pub from: RelPtr<MemoryState>,
        /// The one it goes to.
        pub to: RelPtr<MemoryState>,
    }
}

const _: () = assert!(core::mem::offset_of!(ComponentState, flags) == 0);

/// Destroys a resource of the host.
pub type Destructor = extern "C" fn(u32);

/// Bit of a string's length in the encoding [`encoding::COMPACT`]: it is UTF-16.
pub const UTF16_TAG: u32 = 1 << 31;
/// Strings and lists have fewer bytes.
pub const MAX_BYTE_LENGTH: u32 = 1 << 28;

/// Most handles of a component instance.
pub const MAX_HANDLES: u32 = 1 << 16;

/// Calls between component instances that may be active at a time.
pub const MAX_CALLS: usize = 1 << 14;
/// Handles that may be lent at a time.
pub const MAX_LENT: usize = 1 << 14;

/// The number of the first resource type that a component defines.
pub const FIRST_GUEST_RESOURCE: u32 = 0x100;

macro_rules! intrinsics {
    ($($(#[doc = $doc:literal])+ $name:ident $what:literal $(- $absent:ident)?;)*) => {
        /// The functions of the canonical ABI that core modules import: their parameters and results
        /// follow from the import, a pointer to a record comes first.
        pub const INTRINSICS: &[HostFunction] = &[$(HostFunction {
            name: stringify!($name),
            symbol: concat!("wasmc_", stringify!($name)),
            interface: "",
            import: $what,
            params: &[],
            result: None,
            needs: Needs::NONE,
            realloc: false,
            offered: intrinsics!(@offered $($absent)?),
        },)*];

        /// The intrinsics, by name.
        pub mod intrinsic {
            use super::{HostFunction, INTRINSICS};

            #[expect(non_camel_case_types, reason = "the names of the constants")]
            enum Position { $($name,)* }

            $($(#[doc = $doc])+
            #[allow(non_upper_case_globals, reason = "the names are those of the symbols")]
            pub const $name: &HostFunction = &INTRINSICS[Position::$name as usize];)*
        }
    };
    (@offered) => {
        true
    };
    (@offered absent) => {
        false
    };
}

intrinsics! {
    /// Makes a handle that owns a resource of the instance's own.
    resource_new "resource.new";
    /// What the instance knows a resource of its own by.
    resource_rep "resource.rep";
    /// Drops a handle.
    resource_drop "resource.drop";
    /// Moves an owned handle between component instances.
    transfer_own "transfer of an owned handle";
    /// Lends a handle to another component instance.
    transfer_borrow "transfer of a borrowed handle";
    /// A call between component instances begins.
    enter_call "call between components";
    /// A call between component instances ends.
    exit_call "call between components";
    /// Traps with a code of the adapters'.
    adapter_trap "trap of an adapter";
    /// The first word that a task keeps.
    context_get0 "context.get";
    /// The second word that a task keeps.
    context_get1 "context.get";
    /// Sets the first word that a task keeps.
    context_set0 "context.set";
    /// Sets the second word that a task keeps.
    context_set1 "context.set";
    /// Copies UTF-8.
    copy_utf8 "string";
    /// Copies UTF-16.
    copy_utf16 "string";
    /// Copies Latin-1.
    copy_latin1 "string";
    /// Makes UTF-16 of Latin-1.
    latin1_to_utf16 "string";
    /// Makes UTF-8 of Latin-1.
    latin1_to_utf8 "string";
    /// Makes Latin-1 or UTF-16 of UTF-16.
    utf16_to_compact_probably_utf16 "string";
    /// Makes UTF-16 of UTF-16 and the Latin-1 so far.
    utf16_to_compact_utf16 "string";
    /// Makes Latin-1 of UTF-16.
    utf16_to_latin1 "string";
    /// Makes UTF-8 of UTF-16.
    utf16_to_utf8 "string";
    /// Makes UTF-16 of UTF-8 and the Latin-1 so far.
    utf8_to_compact_utf16 "string";
    /// Makes Latin-1 of UTF-8.
    utf8_to_latin1 "string";
    /// Makes UTF-16 of UTF-8.
    utf8_to_utf16 "string";
}
