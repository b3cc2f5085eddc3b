//! What the system does not give, and how that is said.

use crate::output::{self, Writer};
use crate::sys::process;
use rustix::io::Errno;

/// What the system does not give.
#[derive(Clone, Copy)]
pub struct Shortage {
    /// Where.
    pub address: usize,
    /// How much.
    pub bytes: usize,
    /// Whether it is address space without access.
    pub reservation: bool,
    /// The system's answer.
    pub errno: Errno,
}

/// Names the limit that stands in the way and what helps, and ends the process.
#[cold]
#[inline(never)]
pub fn explain(shortage: Shortage) -> ! {
    let mut line = output::error();
    let bytes = shortage.bytes as u64;
    if shortage.reservation {
        line.text("cannot reserve ")
            .decimal(bytes >> 20)
            .text(" MiB of address space for a memory");
    } else {
        line.text("cannot get ")
            .decimal(bytes >> 10)
            .text(" KiB of memory");
    }
    if shortage.errno == Errno::EXIST {
        line.text(": something else is mapped at 0x")
            .hexadecimal(shortage.address as u64);
        if shortage.reservation {
            line.text(" or above; compile with `--bounds-checks`");
        }
        line.exit();
    }
    let limit = |line: &mut Writer, name: &str, flag: &str, limit: u64| {
        line.text(": the limit is ")
            .decimal(limit >> 10)
            .text(" KiB (")
            .text(name);
        line.text("); raise it with `ulimit ")
            .text(flag)
            .text(" unlimited`");
    };
    if let Some(bytes) = process::address_space_limit() {
        limit(&mut line, "RLIMIT_AS", "-v", bytes);
    } else if let (Some(bytes), false) = (process::data_limit(), shortage.reservation) {
        limit(&mut line, "RLIMIT_DATA", "-d", bytes);
    } else {
        line.text(": the system answered with error ");
        line.decimal(u64::from(shortage.errno.raw_os_error().unsigned_abs()));
    }
    if shortage.reservation {
        line.text(", or compile with `--bounds-checks`");
    }
    line.exit()
}
