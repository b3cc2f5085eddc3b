//! What rustix knows of the auxiliary vector: where the kernel's code that reads clocks lies, and
//! the features of the CPU. Not told at start, as most programs need neither.

use core::ffi::c_char;
use core::sync::atomic::{AtomicPtr, Ordering};

/// The environment, which the vector follows, until rustix has been told.
#[cfg_attr(not(test), unsafe(link_section = ".bss.wasmc.runtime"))]
static ENVIRONMENT: AtomicPtr<*const c_char> = AtomicPtr::new(core::ptr::null_mut());

/// Says which environment the vector follows: the one that the kernel has made.
pub fn follows(environment: &'static [*const c_char]) {
    ENVIRONMENT.store(environment.as_ptr().cast_mut(), Ordering::Relaxed);
}

/// Makes sure that rustix knows the vector.
pub fn share() {
    if ENVIRONMENT.load(Ordering::Relaxed).is_null() {
        return;
    }
    let environment = ENVIRONMENT.swap(core::ptr::null_mut(), Ordering::Relaxed);
    if !environment.is_null() {
        // SAFETY: the auxiliary vector follows the environment, and rustix only reads both.
        unsafe { rustix::param::init(environment.cast()) };
    }
}

/// What the kernel says of the CPU (`AT_HWCAP`).
pub fn hardware_capabilities() -> usize {
    share();
    rustix::param::linux_hwcap().0
}
