//! System calls: nothing else in the runtime talks to the kernel.

pub mod accept;
pub mod auxiliary;
pub mod fs;
pub mod futex;
pub mod io;
pub mod landlock;
pub mod lock;
pub mod lookup;
pub mod mm;
pub mod net;
pub mod pagemap;
pub mod path;
pub mod poll;
pub mod process;
pub mod region;
pub mod resolve;
pub mod scratch;
pub mod seccomp;
pub mod signal;
pub mod thread;
pub mod time;
