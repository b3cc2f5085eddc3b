//! Numbers and memory layouts of WASI preview 1.
//!
//! Source: `wasi_snapshot_preview1` of the WASI repository (`phases/snapshot/docs.md`).

use crate::flags::flags;
use crate::guest::pointer::Plain;
use crate::host::rights::Rights;

/// Rights in the order of their bits.
const RIGHTS: [Rights; 30] = [
    Rights::FD_DATASYNC,
    Rights::FD_READ,
    Rights::FD_SEEK,
    Rights::FD_FDSTAT_SET_FLAGS,
    Rights::FD_SYNC,
    Rights::FD_TELL,
    Rights::FD_WRITE,
    Rights::FD_ADVISE,
    Rights::FD_ALLOCATE,
    Rights::PATH_CREATE_DIRECTORY,
    Rights::PATH_CREATE_FILE,
    Rights::PATH_LINK_SOURCE,
    Rights::PATH_LINK_TARGET,
    Rights::PATH_OPEN,
    Rights::FD_READDIR,
    Rights::PATH_READLINK,
    Rights::PATH_RENAME_SOURCE,
    Rights::PATH_RENAME_TARGET,
    Rights::PATH_FILESTAT_GET,
    Rights::PATH_FILESTAT_SET_SIZE,
    Rights::PATH_FILESTAT_SET_TIMES,
    Rights::FD_FILESTAT_GET,
    Rights::FD_FILESTAT_SET_SIZE,
    Rights::FD_FILESTAT_SET_TIMES,
    Rights::PATH_SYMLINK,
    Rights::PATH_REMOVE_DIRECTORY,
    Rights::PATH_UNLINK_FILE,
    Rights::POLL_FD_READWRITE,
    Rights::SOCK_SHUTDOWN,
    Rights::SOCK_ACCEPT,
];

const _: () = {
    let mut bit = 0;
    while bit < RIGHTS.len() {
        assert!(
            RIGHTS[bit].0 == 1 << bit,
            "the host numbers rights as preview 1 does"
        );
        bit += 1;
    }
};

/// The rights among these bits; the others have no meaning.
pub const fn rights_from_guest(bits: u64) -> Rights {
    Rights(bits as u32 & Rights::ALL.0)
}

/// The bits of rights.
pub const fn rights_for_guest(rights: Rights) -> u64 {
    rights.0 as u64
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
