//! What does a program need of the kernel, and which of that do its grants allow?
//!
//! The compiler notes the [`Needs`] of what a program can call ([`Program::needs`]); at start the
//! runtime takes away what the grants do not allow ([`Needs::granted`]) and installs a filter of the
//! system calls that remain ([`crate::syscalls`]). `wasmc inspect` prints the same.
//!
//! This is security-relevant: a need too many is a system call that injected code could make.
//!
//! [`Program::needs`]: crate::layout::Program::needs

use crate::builtins::Builtin;
use crate::wasi::{Area, WasiFunction};

/// A set of reasons to make system calls.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
// Two words rather than one of 128 bits, which would have an alignment of 16 bytes.
pub struct Needs([u64; 2]);

impl Needs {
    /// Nothing.
    pub const NONE: Needs = Needs([0; 2]);

    /// Those with these bits, of which each is one of [`Needs::ALL`].
    pub const fn from_bits(bits: u128) -> Needs {
        Needs([bits as u64, (bits >> 64) as u64])
    }

    /// A bit for each.
    pub const fn bits(self) -> u128 {
        self.0[0] as u128 | (self.0[1] as u128) << 64
    }

    /// The names of those that are among these, in the order of [`Needs::ALL`].
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        let among = Needs::ALL
            .iter()
            .filter(move |row| self.contains(row.needs));
        among.map(|row| row.name)
    }

    /// The need with this name.
    pub fn named(name: &str) -> Option<Needs> {
        let mut rows = Needs::ALL.iter();
        rows.find(|row| row.name == name).map(|row| row.needs)
    }

    /// Both.
    pub const fn and(self, other: Needs) -> Needs {
        Needs([self.0[0] | other.0[0], self.0[1] | other.0[1]])
    }

    /// These, but for the others.
    pub const fn without(self, other: Needs) -> Needs {
        Needs([self.0[0] & !other.0[0], self.0[1] & !other.0[1]])
    }

    /// Whether some are among the others.
    pub const fn intersects(self, other: Needs) -> bool {
        self.0[0] & other.0[0] != 0 || self.0[1] & other.0[1] != 0
    }

    /// Whether there are none.
    pub const fn is_empty(self) -> bool {
        self.0[0] == 0 && self.0[1] == 0
    }

    /// Whether all the others are among these.
    pub const fn contains(self, other: Needs) -> bool {
        other.without(self).is_empty()
    }
}

/// From one to eight needs, in half the bytes: the runtime has many.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FewNeeds {
    /// Numbers of bits; that of the last need stands for those that are missing.
    bits: [u8; 8],
}

impl FewNeeds {
    /// These needs.
    ///
    /// # Panics
    /// If there are none, or more than eight.
    pub const fn new(needs: Needs) -> FewNeeds {
        let mut rest = needs.bits();
        let mut bits = [0; 8];
        let mut at = 0;
        assert!(rest != 0, "there is a need");
        while at < bits.len() {
            bits[at] = rest.trailing_zeros() as u8;
            if rest & (rest - 1) != 0 {
                rest &= rest - 1;
            }
            at += 1;
        }
        assert!(rest & (rest - 1) == 0 && bits[7] == rest.trailing_zeros() as u8);
        FewNeeds { bits }
    }

    /// Whether some are among the others.
    pub fn intersects(self, other: Needs) -> bool {
        let [low, high] = other.0;
        self.bits.iter().any(|&bit| {
            let word = if bit < 64 { low } else { high };
            word >> (bit % 64) & 1 != 0
        })
    }
}

/// One bit of [`Needs`].
#[derive(Clone, Copy, Debug)]
pub struct Need {
    /// The bit.
    pub needs: Needs,
    /// The name of its constant: what the note of an executable calls it.
    pub name: &'static str,
    /// What it is for.
    pub text: &'static str,
}

macro_rules! needs {
    ($($(#[doc = $doc:literal])+ $name:ident,)*) => {
        /// The bits of [`Needs`].
        #[expect(non_camel_case_types, clippy::upper_case_acronyms, reason = "the names of the constants")]
        enum Bit { $($name,)* }

        impl Needs {
            $($(#[doc = $doc])+ pub const $name: Needs = Needs::from_bits(1 << Bit::$name as u64);)*

            /// Every need.
            pub const ALL: &[Need] = &[$(Need {
                needs: Needs::$name,
                name: stringify!($name),
                text: needs!(@text $($doc)+),
            }),*];
        }
    };
    (@text $first:literal $($rest:literal)*) => {
        $first
    };
}

needs! {
    /// Ending, and reporting a trap.
    ALWAYS,
    /// Printing results to standard output (`--invoke`).
    OUTPUT,
    /// Growing a memory behind guard pages.
    GROW_GUARDED,
    /// Growing a table, a memory with explicit checks or the pool of exceptions.
    GROW_MAPPED,
    /// Making instances after guest code has run: start functions of linked modules.
    INSTANTIATE,
    /// Waiting for and waking other threads.
    FUTEX,
    /// Starting and ending threads.
    THREADS,
    /// Reading clocks where the kernel's own code in the process (vDSO) does not.
    CLOCK,
    /// `fd_read`
    READ,
    /// `fd_write`
    WRITE,
    /// `fd_pread`
    PREAD,
    /// `fd_pwrite`
    PWRITE,
    /// `fd_seek`, `fd_tell`
    SEEK,
    /// `fd_advise`
    ADVISE,
    /// `fd_allocate`
    ALLOCATE,
    /// `fd_close`, `fd_renumber`
    CLOSE,
    /// `fd_datasync`
    DATASYNC,
    /// `fd_sync`
    SYNC,
    /// `fd_fdstat_get`
    FDSTAT,
    /// `fd_fdstat_set_flags`, of any descriptor
    SET_FLAGS,
    /// `fd_fdstat_set_flags`, of what is no standard stream
    SET_MODES,
    /// `fd_filestat_get`
    FILESTAT,
    /// `fd_filestat_set_size`
    SET_SIZE,
    /// `fd_filestat_set_times`
    SET_TIMES,
    /// `fd_readdir`
    READDIR,
    /// Finding a file by its path.
    RESOLVE,
    /// `path_open`
    OPEN,
    /// `path_filestat_get`
    PATH_STAT,
    /// `path_readlink`
    READLINK,
    /// `path_filestat_set_times`
    PATH_TIMES,
    /// `path_create_directory`
    CREATE_DIRECTORY,
    /// `path_remove_directory`
    REMOVE_DIRECTORY,
    /// `path_unlink_file`
    UNLINK,
    /// `path_link`
    LINK,
    /// `path_symlink`
    SYMLINK,
    /// `path_rename`
    RENAME,
    /// `poll_oneoff`
    POLL,
    /// `proc_raise`
    RAISE,
    /// `sched_yield`
    YIELD,
    /// `random_get`
    RANDOM,
    /// `sock_accept`
    ACCEPT,
    /// `sock_recv`
    RECEIVE,
    /// `sock_send`
    SEND,
    /// `sock_shutdown`
    SHUTDOWN,
    /// Making sockets for connections.
    SOCKET,
    /// Making sockets for datagrams, which go to whom the guest likes.
    DATAGRAM,
    /// Asking for a socket's addresses.
    SOCKET_NAME,
    /// Asking for and setting a socket's options.
    SOCKET_OPTION,
    /// Letting a socket listen.
    LISTEN,
    /// Binding a socket to an address of the guest's choice.
    BIND,
    /// Connecting a socket.
    CONNECT,
    /// Asking for and setting options of a socket's protocol.
    SOCKET_LEVELS,
    /// Looking up names: the system's files for that, and its servers.
    LOOKUP,
    /// Growing a memory that is mapped a second time, for debuggers (`-g`).
    GROW_ALIASED,
    /// Memory for what the guest makes the host keep: fields of HTTP.
    HOST_MEMORY,
    /// Answering requests as a worker of a server.
    SERVE,
}

/// Needs that only a granted folder makes real: without one no descriptor is a directory or a file
/// (standard streams are as pipes to the guest), and the functions fail before they ask the kernel.
pub const OF_FOLDERS: Needs = Needs::READDIR
    .and(Needs::RESOLVE)
    .and(Needs::OPEN)
    .and(Needs::PATH_STAT)
    .and(Needs::READLINK)
    .and(Needs::PREAD)
    .and(Needs::SEEK)
    .and(Needs::ADVISE)
    .and(Needs::DATASYNC)
    .and(Needs::SYNC)
    .and(OF_WRITABLE_FOLDERS);
/// Needs that only a folder granted without `:ro` makes real.
pub const OF_WRITABLE_FOLDERS: Needs = Needs::PATH_TIMES
    .and(Needs::PWRITE)
    .and(Needs::ALLOCATE)
    .and(Needs::SET_SIZE)
    .and(Needs::SET_TIMES)
    .and(Needs::CREATE_DIRECTORY)
    .and(Needs::REMOVE_DIRECTORY)
    .and(Needs::UNLINK)
    .and(Needs::LINK)
    .and(Needs::SYMLINK)
    .and(Needs::RENAME);
/// Needs that only `--listen` or `--net` makes real.
pub const OF_SOCKETS: Needs = Needs::ACCEPT
    .and(Needs::RECEIVE)
    .and(Needs::SEND)
    .and(Needs::SHUTDOWN)
    .and(Needs::SOCKET)
    .and(Needs::SOCKET_NAME)
    .and(Needs::SOCKET_OPTION)
    .and(Needs::SOCKET_LEVELS)
    .and(Needs::LISTEN)
    .and(OF_NET);
/// Needs that only `--net` makes real.
pub const OF_NET: Needs = Needs::DATAGRAM
    .and(Needs::BIND)
    .and(Needs::CONNECT)
    .and(Needs::LOOKUP);

/// What the options of a program grant, as far as it decides which system calls can happen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Grants {
    /// Some folder is granted.
    pub folders: bool,
    /// Some folder is granted without `:ro`.
    pub writable_folders: bool,
    /// Some socket is granted, or all are.
    pub sockets: bool,
    /// The program may open sockets.
    pub net: bool,
}

impl Grants {
    /// Everything.
    pub const ALL: Grants = Grants {
        folders: true,
        writable_folders: true,
        sockets: true,
        net: true,
    };
}

impl Needs {
    /// What is left of the needs under these grants.
    pub const fn granted(self, grants: Grants) -> Needs {
        let mut needs = self;
        if !grants.folders {
            needs = needs.without(OF_FOLDERS);
        }
        if !grants.writable_folders {
            needs = needs.without(OF_WRITABLE_FOLDERS);
        }
        if !grants.sockets {
            needs = needs.without(OF_SOCKETS);
        }
        if !grants.folders && !grants.sockets {
            needs = needs.without(Needs::SET_MODES);
        }
        if !grants.net {
            needs = needs.without(OF_NET);
        }
        needs
    }

    /// What a WASI function needs.
    pub fn of_function(function: &WasiFunction) -> Needs {
        match function.area {
            // They only read what the process was started with.
            Area::Args => Needs::NONE,
            Area::Clock => Needs::CLOCK,
            Area::Sched => Needs::YIELD,
            Area::Random => Needs::RANDOM,
            Area::Thread => Needs::THREADS,
            Area::Fd | Area::Path | Area::Poll | Area::Proc | Area::Sock | Area::Net => {
                of_name(function.name).unwrap_or(Needs::NONE)
            }
        }
    }

    /// What a builtin needs; growing a memory depends on the memories ([`Needs::GROW_GUARDED`],
    /// [`Needs::GROW_MAPPED`]) and is not told here.
    pub const fn of_builtin(builtin: Builtin) -> Needs {
        match builtin {
            Builtin::table_grow | Builtin::keep_payload => Needs::GROW_MAPPED,
            Builtin::memory_notify => Needs::FUTEX,
            Builtin::memory_wait32 | Builtin::memory_wait64 => Needs::FUTEX.and(Needs::CLOCK),
            _ => Needs::NONE,
        }
    }
}

/// What the functions of areas with different ones need, by name.
fn of_name(name: &str) -> Option<Needs> {
    Some(match name {
        "fd_advise" => Needs::ADVISE,
        "fd_allocate" => Needs::ALLOCATE,
        "fd_close" | "fd_renumber" => Needs::CLOSE,
        "fd_datasync" => Needs::DATASYNC,
        "fd_fdstat_get" => Needs::FDSTAT,
        "fd_fdstat_set_flags" => Needs::SET_FLAGS.and(Needs::SET_MODES),
        "fd_filestat_get" => Needs::FILESTAT,
        "fd_filestat_set_size" => Needs::SET_SIZE,
        "fd_filestat_set_times" => Needs::SET_TIMES,
        "fd_pread" => Needs::PREAD,
        "fd_pwrite" => Needs::PWRITE,
        "fd_read" => Needs::READ,
        "fd_readdir" => Needs::READDIR,
        "fd_seek" | "fd_tell" => Needs::SEEK,
        "fd_sync" => Needs::SYNC,
        "fd_write" => Needs::WRITE,
        // The table of descriptors answers.
        "fd_fdstat_set_rights" | "fd_prestat_get" | "fd_prestat_dir_name" => Needs::NONE,
        "path_create_directory" => Needs::CREATE_DIRECTORY.and(Needs::RESOLVE),
        "path_filestat_get" => Needs::PATH_STAT.and(Needs::RESOLVE),
        "path_filestat_set_times" => Needs::PATH_TIMES.and(Needs::RESOLVE),
        "path_link" => Needs::LINK.and(Needs::RESOLVE),
        "path_open" => Needs::OPEN.and(Needs::RESOLVE),
        "path_readlink" => Needs::READLINK.and(Needs::RESOLVE),
        "path_remove_directory" => Needs::REMOVE_DIRECTORY.and(Needs::RESOLVE),
        "path_rename" => Needs::RENAME.and(Needs::RESOLVE),
        "path_symlink" => Needs::SYMLINK.and(Needs::RESOLVE),
        "path_unlink_file" => Needs::UNLINK.and(Needs::RESOLVE),
        "poll_oneoff" => Needs::POLL,
        "proc_exit" => Needs::NONE,
        "proc_raise" => Needs::RAISE,
        "sock_accept" | "sock_accept_v1" => Needs::ACCEPT,
        "sock_recv" => Needs::RECEIVE,
        "sock_send" => Needs::SEND,
        "sock_shutdown" => Needs::SHUTDOWN,
        // WasmEdge's, in both generations.
        "sock_open" => Needs::SOCKET.and(Needs::DATAGRAM),
        // To the address of `--listen`, or to any.
        "sock_bind" => Needs::SOCKET_NAME
            .and(Needs::ACCEPT)
            .and(Needs::SET_FLAGS)
            .and(Needs::SET_MODES)
            .and(Needs::BIND),
        "sock_listen" => Needs::LISTEN.and(Needs::SOCKET_NAME),
        "sock_connect" => Needs::CONNECT,
        "sock_recv_from_v1" | "sock_recv_from_v2" => Needs::RECEIVE.and(Needs::SOCKET_NAME),
        "sock_send_to" => Needs::SEND.and(Needs::SOCKET_NAME),
        "sock_getsockopt" | "sock_setsockopt" => Needs::SOCKET_OPTION,
        "sock_getlocaladdr_v1" | "sock_getlocaladdr_v2" => Needs::SOCKET_NAME,
        "sock_getpeeraddr_v1" | "sock_getpeeraddr_v2" => Needs::SOCKET_NAME,
        "sock_getaddrinfo" => Needs::LOOKUP,
        "epoll_oneoff" => Needs::POLL,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wasi::{FUNCTIONS, find};

    #[test]
    fn every_function_says_what_it_needs() {
        for function in FUNCTIONS {
            let uniform = matches!(
                function.area,
                Area::Args | Area::Clock | Area::Sched | Area::Random
            );
            assert!(
                uniform || of_name(function.name).is_some(),
                "`{}` has no row in `of_name`",
                function.name
            );
        }
    }

    #[test]
    fn needs_fit_their_bits() {
        assert!(Needs::ALL.len() <= 128);
        for (at, row) in Needs::ALL.iter().enumerate() {
            assert_eq!(row.needs.bits(), 1 << at, "{}", row.name);
            assert!(!row.text.trim().is_empty());
            assert_eq!(Needs::named(row.name), Some(row.needs));
        }
    }

    #[test]
    fn both_halves_count() {
        let bits = 1 << 127 | 1 << 64 | 1 << 3;
        let needs = Needs::from_bits(bits);
        assert_eq!(needs.bits(), bits);
        let (low, high) = (Needs::from_bits(1 << 3), Needs::from_bits(1 << 127));
        assert!(needs.contains(low.and(high)) && needs.intersects(high));
        assert!(!low.and(high).contains(needs) && !low.intersects(high));
        assert_eq!(needs.without(high).bits(), 1 << 64 | 1 << 3);
    }

    #[test]
    fn a_few_needs_are_as_many() {
        let all = (0..128).map(|bit| Needs::from_bits(1 << bit));
        for few in [1 << 127, 0b11, 1 << 64 | 1 << 63 | 1, 0xff << 60] {
            let needs = Needs::from_bits(few);
            let few = FewNeeds::new(needs);
            for one in all.clone() {
                assert_eq!(few.intersects(one), needs.intersects(one), "{needs:?}");
            }
            assert!(!few.intersects(Needs::NONE));
        }
    }

    #[test]
    fn needs_have_names() {
        let needs = Needs::WRITE.and(Needs::ALWAYS);
        assert!(needs.names().eq(["ALWAYS", "WRITE"]));
        let parsed = needs.names().map(|name| Needs::named(name).unwrap());
        assert_eq!(parsed.fold(Needs::NONE, Needs::and), needs);
        assert_eq!(Needs::named("write"), None);
    }

    #[test]
    fn grants_decide() {
        let open = Needs::of_function(find("path_open").unwrap());
        let unlink = Needs::of_function(find("path_unlink_file").unwrap());
        let accept = Needs::of_function(find("sock_accept").unwrap());
        let all = open
            .and(unlink)
            .and(accept)
            .and(Needs::READ)
            .and(Needs::CONNECT);
        assert_eq!(all.granted(Grants::ALL), all);
        assert_eq!(all.granted(Grants::default()), Needs::READ);
        let read_only = Grants {
            folders: true,
            ..Grants::default()
        };
        assert_eq!(all.granted(read_only), open.and(Needs::READ));
        let listening = Grants {
            sockets: true,
            ..Grants::default()
        };
        assert_eq!(all.granted(listening), accept.and(Needs::READ));
    }
}
