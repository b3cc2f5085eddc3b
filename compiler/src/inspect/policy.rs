//! Which system calls may a program make once its guest runs, and with which grants?

use wasmc_abi::confine::{Grants, Needs};
use wasmc_abi::syscalls::SYSTEM_CALLS;

/// A system call that the filter lets through.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Permission {
    /// Its name.
    pub name: &'static str,
    /// Which arguments it must have; empty when that does not matter.
    pub arguments: &'static str,
    /// The grant without which it is refused; empty when it needs none.
    pub grant: &'static str,
}

/// Grants, from nothing to what a permission may need.
const STEPS: &[(&str, Grants)] = &[
    (
        "",
        Grants {
            folders: false,
            writable_folders: false,
            sockets: false,
            net: false,
        },
    ),
    (
        "--dir",
        Grants {
            folders: true,
            writable_folders: false,
            sockets: false,
            net: false,
        },
    ),
    (
        "--dir without :ro",
        Grants {
            folders: true,
            writable_folders: true,
            sockets: false,
            net: false,
        },
    ),
    (
        "--listen",
        Grants {
            folders: false,
            writable_folders: false,
            sockets: true,
            net: false,
        },
    ),
    (
        "--net",
        Grants {
            folders: false,
            writable_folders: false,
            sockets: true,
            net: true,
        },
    ),
];

/// What a program with these needs may do, in the order of the table of system calls.
pub(crate) fn permissions(needs: Needs) -> Vec<Permission> {
    let mut permissions: Vec<Permission> = Vec::new();
    for (grant, grants) in STEPS {
        let needs = needs.granted(*grants);
        for call in SYSTEM_CALLS
            .iter()
            .filter(|call| call.needs.intersects(needs))
        {
            let covered = permissions.iter().any(|earlier| {
                earlier.name == call.name
                    && (earlier.arguments.is_empty() || earlier.arguments == call.arguments)
            });
            if !covered {
                // What holds whatever the arguments takes the place of what holds for some.
                permissions.retain(|earlier| {
                    earlier.name != call.name
                        || earlier.grant != *grant
                        || !call.arguments.is_empty()
                });
                permissions.push(Permission {
                    name: call.name,
                    arguments: call.arguments,
                    grant,
                });
            }
        }
    }
    permissions
}
