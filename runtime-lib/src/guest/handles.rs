//! Handle tables: by which numbers a component instance knows resources.
//!
//! Source: the component model's canonical ABI (`Table`, `ResourceHandle`, `canon resource.*`).
//! Index 0 is never used, and the index that was freed last is used first: programs see it.
//! Component instances are never shared between threads.

use super::{calls, trap};
use core::ptr;
use wasmc_abi::component::{
    ComponentState, Destructor, FIRST_GUEST_RESOURCE, Handle, ResourceRecord, component_flags,
};
use wasmc_abi::pointer::{Code, Function};
use wasmc_abi::traps::Trap;

/// A component instance.
#[derive(Clone, Copy)]
pub struct Component(*mut ComponentState);

impl Component {
    /// The instance with this state.
    ///
    /// # Safety
    /// The compiler must have written the state, and this thread alone use it.
    pub unsafe fn new(state: *const ComponentState) -> Component {
        Component(state.cast_mut())
    }

    /// Traps unless the instance may call out of itself.
    pub fn check_leave(self) {
        if self.flags() & component_flags::MAY_LEAVE == 0 {
            trap::raise(Trap::CannotLeave);
        }
    }

    /// Calls `action` while the instance may not call out of itself.
    pub fn without_leave<R>(self, action: impl FnOnce() -> R) -> R {
        let flags = self.flags();
        self.set_flags(flags & !component_flags::MAY_LEAVE);
        let result = action();
        self.set_flags(flags);
        result
    }

    fn flags(self) -> u32 {
        // SAFETY: see `new`. Compiled code changes the flags too, never during this.
        unsafe { (&raw const (*self.0).flags).read_volatile() }
    }

    fn set_flags(self, flags: u32) {
        // SAFETY: see `new`.
        unsafe { (&raw mut (*self.0).flags).write_volatile(flags) }
    }

    /// A handle of the instance; traps when there is none with this index.
    pub fn get(self, index: u32) -> Handle {
        // SAFETY: see `new`; the place lies within the table.
        match unsafe { self.place(index).map(|place| *place) } {
            Some(handle) if handle.type_id != 0 => handle,
            _ => trap::raise_with(Trap::UnknownHandle, index),
        }
    }

    /// The resource that a handle of this type stands for; traps when it is of another.
    pub fn rep(self, index: u32, id: u32) -> u32 {
        let handle = self.get(index);
        if handle.type_id != id + 1 {
            trap::raise_with(Trap::WrongHandleType, index);
        }
        handle.rep
    }

    /// Adds a handle that owns a resource: its index.
    pub fn add(self, id: u32, rep: u32) -> u32 {
        self.insert(Handle {
            type_id: id + 1,
            rep,
            own: 1,
            lends: 0,
        })
    }

    /// Adds a handle: its index. Traps when there are too many.
    pub fn insert(self, handle: Handle) -> u32 {
        // SAFETY: see `new`; nothing else refers to the state meanwhile.
        let state = unsafe { &mut *self.0 };
        let index = match state.free {
            0 => {
                // Index 0 counts as used from the first on.
                let index = state.used.max(1);
                if index >= state.capacity {
                    trap::raise(Trap::TooManyHandles);
                }
                state.used = index + 1;
                index
            }
            free => free,
        };
        let Some(place) = self.place(index) else {
            trap::raise(Trap::TooManyHandles)
        };
        // SAFETY: the place lies within the table, which is writable and zero at first.
        unsafe {
            if state.free != 0 {
                state.free = (*place).rep;
            }
            place.write(handle);
        }
        index
    }

    /// Removes a handle of this type, and gives what it was. Traps when it is of another or owns a
    /// resource that is borrowed.
    pub fn remove(self, index: u32, id: u32) -> Handle {
        let handle = self.get(index);
        if handle.type_id != id + 1 {
            trap::raise_with(Trap::WrongHandleType, index);
        }
        if handle.lends != 0 {
            trap::raise(Trap::RemoveBorrowed);
        }
        if let Some(place) = self.place(index) {
            // SAFETY: as in `insert`.
            unsafe {
                place.write(Handle {
                    type_id: 0,
                    rep: (*self.0).free,
                    own: 0,
                    lends: 0,
                });
                (*self.0).free = index;
            }
        }
        handle
    }

    /// Removes a handle that owns a resource of this type: the resource. Traps when it only borrows
    /// it.
    pub fn take(self, index: u32, id: u32) -> u32 {
        let handle = self.get(index);
        if handle.type_id == id + 1 && handle.own != 1 {
            trap::raise(Trap::NotOwned);
        }
        self.remove(index, id).rep
    }

    /// Lends a handle of this type: the resource that it stands for.
    pub fn lend(self, index: u32, id: u32) -> u32 {
        let rep = self.rep(index, id);
        if let Some(place) = self.place(index) {
            // SAFETY: as in `insert`.
            unsafe { (*place).lends += 1 };
        }
        rep
    }

    /// Says that a handle is lent no more.
    pub fn give_back(self, index: u32) {
        if let Some(place) = self.place(index) {
            // SAFETY: as in `insert`.
            unsafe { (*place).lends = (*place).lends.saturating_sub(1) };
        }
    }

    /// Where the handle with an index is; `None` when none ever had this index.
    fn place(self, index: u32) -> Option<*mut Handle> {
        // SAFETY: see `new`.
        let state = unsafe { &*self.0 };
        if index == 0 || index >= state.used || index >= state.capacity {
            return None;
        }
        let first = state.handles.get().cast_mut();
        Some(first.wrapping_add(index as usize))
    }
}

/// Drops a handle; the resource too if it owns it.
///
/// # Safety
/// `record` must be as the compiler has written it.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_resource_drop(record: *const ResourceRecord, index: u32) {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let record = unsafe { &*record };
    // SAFETY: as the caller vouches.
    let component = unsafe { Component::new(record.component.get()) };
    component.check_leave();
    let handle = component.remove(index, record.id);
    match handle.own {
        // SAFETY: as the caller vouches.
        1 => unsafe { destroy(record, handle.rep) },
        _ => calls::drop_borrow(handle),
    }
}

/// Destroys a resource.
///
/// # Safety
/// `record` must be as the compiler has written it.
unsafe fn destroy(record: &ResourceRecord, rep: u32) {
    if record.destructor.is_null() {
        return;
    }
    if record.id < FIRST_GUEST_RESOURCE {
        let destructor = record.destructor.to::<Function<Destructor>>();
        // SAFETY: for a resource of the host this is a function of the runtime of this type.
        let destructor = unsafe { destructor.function() };
        destructor(rep);
        return;
    }
    let mut values = [[u64::from(rep), 0]];
    // SAFETY: a function of the guest and the trampoline of its signature. It runs above the frames
    // of the guest that called, like any function that these call.
    unsafe {
        let call = record.trampoline.function();
        call(
            record.destructor.to::<Code>().get(),
            ptr::from_mut(&mut values).cast(),
        );
    }
}

/// Makes a handle that owns a resource of the instance's own: its index.
///
/// # Safety
/// As for [`wasmc_resource_drop`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_resource_new(record: *const ResourceRecord, rep: u32) -> u32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let (component, id) = unsafe { (Component::new((*record).component.get()), (*record).id) };
    component.check_leave();
    component.add(id, rep)
}

/// What the instance knows a resource of its own by.
///
/// # Safety
/// As for [`wasmc_resource_drop`].
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_resource_rep(record: *const ResourceRecord, index: u32) -> u32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let (component, id) = unsafe { (Component::new((*record).component.get()), (*record).id) };
    component.rep(index, id)
}
