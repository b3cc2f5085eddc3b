//! The objects that handles of the host's resources stand for.
//!
//! An object has a number, which handles keep as its representation. It lives until its handle is
//! dropped. One that was made from another (a pollable of a stream) is its child: the parent cannot
//! be dropped before.

use super::messages::{
    FieldsView, FutureTrailers, IncomingBody, IncomingRequest, OutgoingBody, OutgoingRequest,
    OutgoingResponse, RequestOptions,
};
use super::resources::{Datagrams, Descriptor, Entries, Input, Names, Output, Tcp, Udp, Wait};
use crate::guest::trap;
use crate::sys::lock::Lock;
use wasmc_abi::traps::Trap;

/// Most objects of a program.
const MAX_OBJECTS: usize = 1 << 16;

/// What a handle of a resource of the host stands for. The first is all zeros, so that a table of them
/// takes no room in the file.
#[derive(Clone, Copy)]
#[repr(u32)]
pub enum Object {
    /// Nothing: a free place. (The table is zero at first.)
    Free,
    /// Why an operation on a stream failed: the system's number.
    Error(i32),
    /// Something to wait for.
    Pollable(Wait),
    /// Bytes to read.
    Input(Input),
    /// A place to write bytes to.
    Output(Output),
    /// A terminal, of which there is nothing to know but that it is one.
    Terminal,
    /// A file or directory.
    Descriptor(Descriptor),
    /// The entries of a directory.
    Entries(Entries),
    /// The network.
    Network,
    /// A socket for streams of bytes.
    Tcp(Tcp),
    /// A socket for datagrams.
    Udp(Udp),
    /// Datagrams that are received or sent.
    Datagrams(Datagrams),
    /// The addresses of a name.
    Names(Names),
    /// Headers or trailers.
    Fields(FieldsView),
    /// The request that is being answered.
    IncomingRequest(IncomingRequest),
    /// A request that the guest makes.
    OutgoingRequest(OutgoingRequest),
    /// How long a request of the guest's may take.
    RequestOptions(RequestOptions),
    /// Where the answer goes.
    ResponseOutparam,
    /// A body that is received.
    IncomingBody(IncomingBody),
    /// What follows a body that is received.
    FutureTrailers(FutureTrailers),
    /// An answer that the guest makes.
    OutgoingResponse(OutgoingResponse),
    /// A body that the guest writes.
    OutgoingBody(OutgoingBody),
}

/// An object's place.
#[derive(Clone, Copy)]
struct Slot {
    object: Object,
    /// 1 more than the number of the object that this one was made from; 0 for none. Of a free
    /// place, the next free one.
    parent: u32,
    children: u32,
}

/// All zeros is an empty table.
struct Objects {
    /// Places that were ever in use.
    used: u32,
    /// 1 more than the number of the place that was freed last; 0 when none is free.
    free: u32,
    slots: [Slot; MAX_OBJECTS],
}

static OBJECTS: Lock<Objects> = Lock::new(Objects {
    used: 0,
    free: 0,
    slots: [Slot {
        object: Object::Free,
        parent: 0,
        children: 0,
    }; MAX_OBJECTS],
});

impl Objects {
    fn slot(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.get_mut(number as usize)
    }
}

/// Adds an object, which may be the child of another: its number. Traps when there are too many.
pub fn add(object: Object, parent: Option<u32>) -> u32 {
    let added = OBJECTS.with(|objects| {
        let number = match objects.free.checked_sub(1) {
            Some(number) => {
                objects.free = objects.slot(number)?.parent;
                number
            }
            None => {
                let number = objects.used;
                objects.slot(number)?;
                objects.used += 1;
                number
            }
        };
        if let Some(parent) = parent.and_then(|parent| objects.slot(parent)) {
            parent.children += 1;
        }
        *objects.slot(number)? = Slot {
            object,
            parent: parent.map_or(0, |parent| parent + 1),
            children: 0,
        };
        Some(number)
    });
    match added {
        Some(number) => number,
        None => trap::raise(Trap::TooManyHandles),
    }
}

/// Makes every object one without parent and children, so that each can be removed: how many places
/// there are.
pub fn orphan_all() -> u32 {
    OBJECTS.with(|objects| {
        let used = objects.used as usize;
        for slot in objects.slots.iter_mut().take(used) {
            slot.parent = 0;
            slot.children = 0;
        }
        objects.used
    })
}

/// Forgets all objects, whatever they hold: to be called when no guest refers to one any more.
pub fn forget_all() {
    OBJECTS.with(|objects| {
        let used = objects.used as usize;
        for slot in objects.slots.iter_mut().take(used) {
            slot.object = Object::Free;
        }
        objects.used = 0;
        objects.free = 0;
    });
}

/// The object with a number.
pub fn get(number: u32) -> Object {
    let object = OBJECTS.with(|objects| objects.slot(number).map(|slot| slot.object));
    object.unwrap_or(Object::Free)
}

/// Puts a changed object in the place of what it was.
pub fn set(number: u32, object: Object) {
    OBJECTS.with(|objects| {
        if let Some(slot) = objects.slot(number) {
            slot.object = object;
        }
    });
}

/// Removes an object that has no children: what it was. Traps when it has some.
pub fn remove(number: u32) -> Object {
    let removed = OBJECTS.with(|objects| {
        let free = objects.free;
        let slot = objects.slot(number)?;
        if slot.children > 0 {
            return None;
        }
        let Slot { object, parent, .. } = *slot;
        *slot = Slot {
            object: Object::Free,
            parent: free,
            children: 0,
        };
        objects.free = number + 1;
        if let Some(parent) = parent
            .checked_sub(1)
            .and_then(|parent| objects.slot(parent))
        {
            parent.children = parent.children.saturating_sub(1);
        }
        Some(object)
    });
    match removed {
        Some(object) => object,
        None => trap::raise(Trap::HasChildren),
    }
}

/// Defines how to get at the objects of a kind. A handle's type says which kind its object is; a
/// mismatch would be a bug of the runtime.
macro_rules! kinds {
    ($($name:ident $kind:ident: $type:ty;)*) => {
        $(/// The object with a number, of the kind that its handle's type says.
        pub fn $name(number: u32) -> $type {
            match get(number) {
                Object::$kind(object) => object,
                _ => trap::raise(Trap::UnknownHandle),
            }
        })*
    };
}

kinds! {
    error Error: i32;
    pollable Pollable: Wait;
    input Input: Input;
    output Output: Output;
    descriptor Descriptor: Descriptor;
    entries Entries: Entries;
    tcp Tcp: Tcp;
    udp Udp: Udp;
    datagrams Datagrams: Datagrams;
    names Names: Names;
    fields Fields: FieldsView;
    incoming_request IncomingRequest: IncomingRequest;
    outgoing_request OutgoingRequest: OutgoingRequest;
    request_options RequestOptions: RequestOptions;
    incoming_body IncomingBody: IncomingBody;
    future_trailers FutureTrailers: FutureTrailers;
    outgoing_response OutgoingResponse: OutgoingResponse;
    outgoing_body OutgoingBody: OutgoingBody;
}
