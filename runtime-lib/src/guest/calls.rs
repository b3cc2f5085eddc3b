//! The calls between component instances that are active: what each has borrowed, and what was lent
//! to it.

use crate::sys::lock::Lock;
use wasmc_abi::component::{Handle, MAX_CALLS, MAX_LENT};

/// A handle that is lent.
#[derive(Clone, Copy)]
pub struct Lent {
    /// Address of the state of the component instance whose handle it is.
    pub component: usize,
    /// The handle.
    pub index: u32,
}

/// A call that is active.
#[derive(Clone, Copy)]
pub struct ActiveCall {
    /// Borrows that it was given and has not dropped.
    pub borrows: u32,
    /// How many handles were lent before it began.
    lent: u32,
}

/// The calls between component instances that are active. All zeros: none.
struct Calls {
    depth: u32,
    lent: u32,
    calls: [ActiveCall; MAX_CALLS],
    handles: [Lent; MAX_LENT],
}

static CALLS: Lock<Calls> = Lock::new(Calls {
    depth: 0,
    lent: 0,
    calls: [ActiveCall {
        borrows: 0,
        lent: 0,
    }; MAX_CALLS],
    handles: [Lent {
        component: 0,
        index: 0,
    }; MAX_LENT],
});

/// Notes that a call begins; false when there are too many.
pub fn enter() -> bool {
    let entered = CALLS.with(|calls| {
        let (depth, lent) = (calls.depth as usize, calls.lent);
        *calls.calls.get_mut(depth)? = ActiveCall { borrows: 0, lent };
        calls.depth += 1;
        Some(())
    });
    entered.is_some()
}

/// Notes that the call that began last ends.
pub fn exit() -> Option<ActiveCall> {
    CALLS.with(|calls| {
        calls.depth = calls.depth.checked_sub(1)?;
        calls.calls.get(calls.depth as usize).copied()
    })
}

/// Forgets the calls that a trap has left.
pub fn forget_all() {
    CALLS.with(|calls| {
        calls.depth = 0;
        calls.lent = 0;
    });
}

/// Takes one of the handles that were lent to a call that has ended.
pub fn take_lent(call: ActiveCall) -> Option<Lent> {
    CALLS.with(|calls| {
        if calls.lent <= call.lent {
            return None;
        }
        calls.lent -= 1;
        calls.handles.get(calls.lent as usize).copied()
    })
}

/// Notes that a handle is lent to the call that began last: the number of that call. `None` when too
/// many are lent.
pub fn lend(lent: Lent) -> Option<u32> {
    CALLS.with(|calls| {
        *calls.handles.get_mut(calls.lent as usize)? = lent;
        calls.lent += 1;
        Some(calls.depth)
    })
}

/// Notes that a call was given a borrow.
pub fn borrow(call: u32) {
    change(call, |borrows| borrows.saturating_add(1));
}

/// Notes that a borrow is dropped that was given to a call.
pub fn drop_borrow(handle: Handle) {
    change(handle.own / 2, |borrows| borrows.saturating_sub(1));
}

fn change(call: u32, change: impl FnOnce(u32) -> u32) {
    CALLS.with(|calls| {
        let call = call
            .checked_sub(1)
            .and_then(|at| calls.calls.get_mut(at as usize));
        if let Some(call) = call {
            call.borrows = change(call.borrows);
        }
    });
}
