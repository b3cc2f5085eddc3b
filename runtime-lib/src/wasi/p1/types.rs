//! Numbers and memory layouts of WASI preview 1.
//!
//! Source: `wasi_snapshot_preview1` of the WASI repository (`phases/snapshot/docs.md`).

use crate::guest::pointer::Plain;
use core::ops::{BitAnd, BitOr, Not};

macro_rules! flags {
    ($(#[$doc:meta])* $type:ident: $repr:ty { $($name:ident = $bit:literal;)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
        pub struct $type(pub $repr);

        #[allow(missing_docs, dead_code, reason = "the names are those of the specification")]
        impl $type {
            $(pub const $name: $type = $type(1 << $bit);)*
            /// Every flag.
            pub const ALL: $type = $type($(1 << $bit)|*);
            /// No flag.
            pub const NONE: $type = $type(0);

            /// Whether all of these flags are set.
            pub const fn contains(self, other: $type) -> bool {
                self.0 & other.0 == other.0
            }

            /// Whether one of these flags is set.
            pub const fn intersects(self, other: $type) -> bool {
                self.0 & other.0 != 0
            }

            /// The flags of both.
            pub const fn union(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }

            /// The flags, or `None` when a bit is set that has no meaning.
            pub const fn from_bits(bits: u32) -> Option<$type> {
                if bits & !(Self::ALL.0 as u32) != 0 {
                    return None;
                }
                Some($type(bits as $repr))
            }
        }

        impl BitOr for $type {
            type Output = $type;
            fn bitor(self, other: $type) -> $type {
                $type(self.0 | other.0)
            }
        }

        impl BitAnd for $type {
            type Output = $type;
            fn bitand(self, other: $type) -> $type {
                $type(self.0 & other.0)
            }
        }

        impl Not for $type {
            type Output = $type;
            fn not(self) -> $type {
                $type(!self.0 & Self::ALL.0)
            }
        }
    };
}

flags! {
    /// What a descriptor may be used for.
    Rights: u32 {
        FD_DATASYNC = 0;
        FD_READ = 1;
        FD_SEEK = 2;
        FD_FDSTAT_SET_FLAGS = 3;
        FD_SYNC = 4;
        FD_TELL = 5;
        FD_WRITE = 6;
        FD_ADVISE = 7;
        FD_ALLOCATE = 8;
        PATH_CREATE_DIRECTORY = 9;
        PATH_CREATE_FILE = 10;
        PATH_LINK_SOURCE = 11;
        PATH_LINK_TARGET = 12;
        PATH_OPEN = 13;
        FD_READDIR = 14;
        PATH_READLINK = 15;
        PATH_RENAME_SOURCE = 16;
        PATH_RENAME_TARGET = 17;
        PATH_FILESTAT_GET = 18;
        PATH_FILESTAT_SET_SIZE = 19;
        PATH_FILESTAT_SET_TIMES = 20;
        FD_FILESTAT_GET = 21;
        FD_FILESTAT_SET_SIZE = 22;
        FD_FILESTAT_SET_TIMES = 23;
        PATH_SYMLINK = 24;
        PATH_REMOVE_DIRECTORY = 25;
        PATH_UNLINK_FILE = 26;
        POLL_FD_READWRITE = 27;
        SOCK_SHUTDOWN = 28;
        SOCK_ACCEPT = 29;
    }
}

impl Rights {
    /// Rights that mean something for a file that is not a directory.
    pub const FILE: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_READ)
        .union(Rights::FD_SEEK)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_SYNC)
        .union(Rights::FD_TELL)
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ADVISE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_SIZE)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::POLL_FD_READWRITE);
    /// Rights that mean something for a directory.
    pub const DIRECTORY: Rights = Rights::FD_FDSTAT_SET_FLAGS
        .union(Rights::FD_SYNC)
        .union(Rights::FD_READDIR)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::FD_FILESTAT_SET_TIMES)
        .union(Rights::PATH_CREATE_DIRECTORY)
        .union(Rights::PATH_CREATE_FILE)
        .union(Rights::PATH_LINK_SOURCE)
        .union(Rights::PATH_LINK_TARGET)
        .union(Rights::PATH_OPEN)
        .union(Rights::PATH_READLINK)
        .union(Rights::PATH_RENAME_SOURCE)
        .union(Rights::PATH_RENAME_TARGET)
        .union(Rights::PATH_FILESTAT_GET)
        .union(Rights::PATH_FILESTAT_SET_SIZE)
        .union(Rights::PATH_FILESTAT_SET_TIMES)
        .union(Rights::PATH_SYMLINK)
        .union(Rights::PATH_REMOVE_DIRECTORY)
        .union(Rights::PATH_UNLINK_FILE);
    /// Rights that mean something for a connected socket.
    pub const SOCKET: Rights = Rights::FD_READ
        .union(Rights::FD_WRITE)
        .union(Rights::FD_FDSTAT_SET_FLAGS)
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE)
        .union(Rights::SOCK_SHUTDOWN);
    /// Rights that mean something for a listening socket.
    pub const LISTENER: Rights = Rights::FD_FDSTAT_SET_FLAGS
        .union(Rights::FD_FILESTAT_GET)
        .union(Rights::POLL_FD_READWRITE)
        .union(Rights::SOCK_SHUTDOWN)
        .union(Rights::SOCK_ACCEPT);
    /// Rights that need a file opened for reading.
    pub const READING: Rights = Rights::FD_READ.union(Rights::FD_READDIR);
    /// Rights that need a file opened for writing.
    pub const WRITING: Rights = Rights::FD_DATASYNC
        .union(Rights::FD_WRITE)
        .union(Rights::FD_ALLOCATE)
        .union(Rights::FD_FILESTAT_SET_SIZE);

    /// The rights among these bits; the others have no meaning.
    pub const fn from_guest(bits: u64) -> Rights {
        Rights(bits as u32 & Rights::ALL.0)
    }
}

flags! {
    /// How `path_open` opens.
    OpenFlags: u16 {
        CREAT = 0;
        DIRECTORY = 1;
        EXCL = 2;
        TRUNC = 3;
    }
}

flags! {
    /// How a descriptor reads and writes.
    FdFlags: u16 {
        APPEND = 0;
        DSYNC = 1;
        NONBLOCK = 2;
        RSYNC = 3;
        SYNC = 4;
    }
}

flags! {
    /// Which timestamps to set, and to what.
    FstFlags: u16 {
        ATIM = 0;
        ATIM_NOW = 1;
        MTIM = 2;
        MTIM_NOW = 3;
    }
}

flags! {
    /// How a path is resolved.
    LookupFlags: u32 {
        SYMLINK_FOLLOW = 0;
    }
}

flags! {
    /// How `sock_recv` receives.
    RiFlags: u16 {
        RECV_PEEK = 0;
        RECV_WAITALL = 1;
    }
}

flags! {
    /// What `sock_shutdown` shuts down.
    SdFlags: u8 {
        RD = 0;
        WR = 1;
    }
}

flags! {
    /// How a clock subscription's timeout is meant.
    SubclockFlags: u16 {
        ABSTIME = 0;
    }
}

/// Bit of the flags that `sock_recv` returns: the message was longer than the buffers.
pub const RECV_DATA_TRUNCATED: u16 = 1;
/// Bit of an event's flags: the peer has closed.
pub const FD_READWRITE_HANGUP: u16 = 1;

/// The type of a file.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs, reason = "the names are those of the specification")]
pub enum Filetype {
    Unknown = 0,
    BlockDevice = 1,
    CharacterDevice = 2,
    Directory = 3,
    RegularFile = 4,
    SocketDgram = 5,
    SocketStream = 6,
    SymbolicLink = 7,
}

/// Part of a list of buffers.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Iovec {
    /// Address.
    pub buf: u32,
    /// Bytes.
    pub buf_len: u32,
}

/// What `fd_fdstat_get` gives.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Fdstat {
    /// A [`Filetype`].
    pub filetype: u8,
    pub padding: u8,
    /// [`FdFlags`].
    pub flags: u16,
    pub padding2: u32,
    /// [`Rights`].
    pub rights_base: u64,
    /// [`Rights`] of what is opened through it.
    pub rights_inheriting: u64,
}

/// What `fd_filestat_get` gives. Times are nanoseconds since 1970.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Filestat {
    pub dev: u64,
    pub ino: u64,
    /// A [`Filetype`].
    pub filetype: u8,
    pub padding: [u8; 7],
    pub nlink: u64,
    pub size: u64,
    pub atim: u64,
    pub mtim: u64,
    pub ctim: u64,
}

/// What `fd_prestat_get` gives: tag 0 is a directory.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Prestat {
    pub tag: u8,
    pub padding: [u8; 3],
    pub name_len: u32,
}

/// Head of an entry that `fd_readdir` gives; the name follows.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Dirent {
    /// Cookie of the next entry.
    pub next: u64,
    pub ino: u64,
    pub name_len: u32,
    /// A [`Filetype`].
    pub filetype: u8,
    pub padding: [u8; 3],
}

/// What `poll_oneoff` waits for.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Subscription {
    pub userdata: u64,
    /// An event type.
    pub tag: u8,
    pub padding: [u8; 7],
    /// Clock, or descriptor.
    pub id: u32,
    pub padding2: u32,
    /// Nanoseconds.
    pub timeout: u64,
    pub precision: u64,
    /// [`SubclockFlags`].
    pub flags: u16,
    pub padding3: [u8; 6],
}

/// What `poll_oneoff` tells.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Event {
    pub userdata: u64,
    /// An errno.
    pub error: u16,
    /// An event type.
    pub event_type: u8,
    pub padding: [u8; 5],
    /// Bytes that can be read or written.
    pub nbytes: u64,
    /// [`FD_READWRITE_HANGUP`].
    pub flags: u16,
    pub padding2: [u8; 6],
}

macro_rules! plain {
    ($($type:ident, $size:literal;)*) => {$(
        const _: () = assert!(size_of::<$type>() == $size);
        // SAFETY: integers only, and the padding is among them.
        unsafe impl Plain for $type {}
    )*};
}

plain! {
    Iovec, 8;
    Fdstat, 24;
    Filestat, 64;
    Prestat, 8;
    Dirent, 24;
    Subscription, 48;
    Event, 32;
}
