//! Calls between component instances: what is lent to whom for how long, and how adapters trap.
//!
//! Source: the component model's canonical ABI (`Task`, `lift_borrow`, `lower_borrow`). A call knows
//! how many borrows it has not given back, and which handles were lent to it: a caller cannot give
//! up what it lends, and a callee must have dropped what it borrows when it returns.

use super::calls::{self, Lent};
use super::handles::Component;
use super::trap;
use core::sync::atomic::{AtomicU32, Ordering};
use wasmc_abi::component::{Handle, ResourceRecord, ResourceTables};
use wasmc_abi::traps::Trap;

/// The two words that a task keeps.
static CONTEXT: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

/// A call begins. Nothing is known of who calls whom: adapters check that they may.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_enter_call(_: *const u8, _caller: u32, _is_async: u32, _callee: u32) {
    trap::ensure_headroom();
    if !calls::enter() {
        trap::raise(Trap::CallStackExhausted);
    }
}

/// The call that began last ends: it has given back what it borrowed, and what was lent to it is its
/// owner's again.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub extern "C" fn wasmc_exit_call(_: *const u8) {
    trap::ensure_headroom();
    let Some(call) = calls::exit() else { return };
    if call.borrows > 0 {
        trap::raise(Trap::BorrowsRemain);
    }
    while let Some(lent) = calls::take_lent(call) {
        let state = core::ptr::with_exposed_provenance(lent.component);
        // SAFETY: the address was a component's when the handle was lent.
        unsafe { Component::new(state) }.give_back(lent.index);
    }
}

/// The record of a resource type by its number.
///
/// # Safety
/// `tables` must be as the compiler has written it.
unsafe fn record(tables: *const ResourceTables, number: u32) -> &'static ResourceRecord {
    // SAFETY: as the caller vouches.
    let records = unsafe { (*tables).tables.get() };
    match records.get(number as usize) {
        Some(record) => record,
        // Adapters have the numbers from the compiler.
        None => trap::raise(Trap::UnknownHandle),
    }
}

/// Moves an owned handle from the instance of one resource type to that of another: its index there.
///
/// # Safety
/// `tables` must be as the compiler has written it.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_transfer_own(
    tables: *const ResourceTables,
    index: u32,
    from: u32,
    to: u32,
) -> u32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let (from, to) = unsafe { (record(tables, from), record(tables, to)) };
    // SAFETY: the compiler has written the records.
    let (source, target) = unsafe {
        (
            Component::new(from.component.get()),
            Component::new(to.component.get()),
        )
    };
    let rep = source.take(index, from.id);
    target.add(to.id, rep)
}

/// Lends a handle of the instance of one resource type to that of another, for the call that began
/// last: its index there, or the resource itself if that instance defines it.
///
/// # Safety
/// `tables` must be as the compiler has written it.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_transfer_borrow(
    tables: *const ResourceTables,
    index: u32,
    from: u32,
    to: u32,
) -> u32 {
    trap::ensure_headroom();
    // SAFETY: as the caller vouches.
    let (from, to) = unsafe { (record(tables, from), record(tables, to)) };
    // SAFETY: the compiler has written the records.
    let (source, target) = unsafe {
        (
            Component::new(from.component.get()),
            Component::new(to.component.get()),
        )
    };
    let rep = source.lend(index, from.id);
    let lent = Lent {
        component: from.component.get().expose_provenance(),
        index,
    };
    let Some(call) = calls::lend(lent) else {
        trap::raise(Trap::TooManyHandles)
    };
    if !to.definer.is_null() && to.definer.get() == to.component.get() {
        return rep;
    }
    calls::borrow(call);
    target.insert(Handle {
        type_id: to.id + 1,
        rep,
        own: call * 2,
        lends: 0,
    })
}

/// Traps with the code of an adapter; `codes` says which of ours each is.
///
/// # Safety
/// `codes` must be as the compiler has written it.
#[cfg_attr(not(test), unsafe(no_mangle))]
pub unsafe extern "C" fn wasmc_adapter_trap(codes: *const [u8; 256], code: u32) {
    // SAFETY: as the caller vouches.
    let code = unsafe { (*codes)[usize::from(code as u8)] };
    trap::raise(Trap::from_code(code).unwrap_or(Trap::Unreachable))
}

macro_rules! context {
    ($($get:ident $set:ident $slot:literal;)*) => {
        $(/// A word that the current task keeps.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $get(_: *const u8) -> u32 {
            CONTEXT[$slot].load(Ordering::Relaxed)
        }

        /// Sets a word that the current task keeps.
        #[cfg_attr(not(test), unsafe(no_mangle))]
        pub extern "C" fn $set(_: *const u8, value: u32) {
            CONTEXT[$slot].store(value, Ordering::Relaxed);
        })*
    };
}

context! {
    wasmc_context_get0 wasmc_context_set0 0;
    wasmc_context_get1 wasmc_context_set1 1;
}
