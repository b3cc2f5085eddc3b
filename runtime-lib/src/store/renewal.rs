//! How does an instance become a new one, in the same place?
//!
//! What it has written is undone: its memories get their images again, its tables are emptied, the
//! writable state becomes what it was before the first instance was made. Then it is instantiated as the
//! first was, start functions included. Pages that were written to stay with the process, up to a limit,
//! and are written to again; others are left alone.

use super::instance::{self, Failure};
use super::memory::{self, Image, Written};
use super::table;
use crate::boot::image::program;
use crate::mem;
use crate::sys::region::Region;
use wasmc_abi::component::Server;
use wasmc_abi::layout::{InitStepKind, MemoryState};

/// What the writable state is before the first instance is made.
pub struct Pristine {
    server: &'static Server,
    state: Region,
    written: Written,
}

impl Pristine {
    /// Keeps the writable state; `None` when there is no memory for it. To be called before anything
    /// is instantiated.
    pub fn keep(server: &'static Server) -> Option<Pristine> {
        let len = server.state.len as usize;
        let mut state = Region::map(len).ok()?;
        let copy = state.bytes_mut(0, len);
        // SAFETY: the compiler has written where the state lies, and nothing writes to it now.
        unsafe { mem::memcpy(copy.as_mut_ptr(), server.state.ptr.get(), copy.len()) };
        Some(Pristine {
            server,
            state,
            written: Written::new(),
        })
    }

    /// Makes all instances anew.
    ///
    /// # Safety
    /// They must have been made by [`instance::instantiate_first`] or by this, and no guest run.
    pub unsafe fn renew(&mut self) -> Result<(), Failure> {
        let program = program();
        // SAFETY: the compiler has written these records, and nothing else uses what they are about.
        unsafe {
            for instance in program.instances.get() {
                for step in instance.steps.get() {
                    if step.kind.get() == Some(InitStepKind::CreateMemory) {
                        let state = step.target.get().cast::<MemoryState>();
                        let images = images(state);
                        memory::renew(&*state, step.a as usize, images, &mut self.written);
                    }
                }
            }
            let zeros = self.server.zeros.ptr.get() as usize;
            let zeros = zeros..zeros + self.server.zeros.len as usize;
            for state in program.tables.get() {
                table::empty(state, zeros.clone());
            }
            let kept = self.state.bytes(0, self.state.len());
            let place = self.server.state.ptr.get().cast_mut();
            mem::memcpy(place, kept.as_ptr(), kept.len());
            for instance in program.instances.get() {
                instance::instantiate_again(instance)?;
            }
        }
        Ok(())
    }
}

/// The images that instantiation puts into a memory.
fn images(memory: *const MemoryState) -> impl Iterator<Item = Image> + Clone {
    // SAFETY: the compiler has written these records.
    let steps = unsafe { program().instances.get() }
        .iter()
        .flat_map(|instance| unsafe { instance.steps.get() });
    let of_memory = steps.filter(move |step| {
        step.kind.get() == Some(InitStepKind::PlaceImage)
            && step.target.get().cast::<MemoryState>() == memory
    });
    of_memory.map(|step| Image {
        offset: step.a as usize,
        source: step.source.get().cast(),
        len: step.len as usize,
    })
}
