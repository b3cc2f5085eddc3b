//! Error numbers of WASI, and those of Linux that they stand for.

use crate::guest::pointer::Fault;
use crate::host::error::{Error, LookupError};

/// An error number of WASI preview 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Errno(u16);

impl Errno {
    /// The number that the guest gets.
    pub const fn code(self) -> u16 {
        self.0
    }

    /// Insufficient rights: the descriptor does not allow the operation.
    pub const NOTCAPABLE: Errno = Errno(76);

    // WasmEdge's numbers for what `sock_getaddrinfo` alone can say.

    /// The name server does not answer.
    pub const AIAGAIN: Errno = Errno(78);
    /// Flags without meaning.
    pub const AIBADFLAG: Errno = Errno(79);
    /// The name server answers with an error.
    pub const AIFAIL: Errno = Errno(80);
    /// A family that is not supported.
    pub const AIFAMILY: Errno = Errno(81);
    /// No room for results.
    pub const AIMEMORY: Errno = Errno(82);
    /// The name exists but has no address of the family.
    pub const AINODATA: Errno = Errno(83);
    /// The name does not exist.
    pub const AINONAME: Errno = Errno(84);
    /// The service does not exist.
    pub const AISERVICE: Errno = Errno(85);
    /// A kind of socket that is not supported.
    pub const AISOCKTYPE: Errno = Errno(86);
}

macro_rules! errnos {
    ($($name:ident = $code:literal, $linux:literal;)*) => {
        #[allow(missing_docs, reason = "the names are those of the WASI and POSIX specifications")]
        impl Errno {
            $(pub const $name: Errno = Errno($code);)*
        }

        /// The WASI number for a Linux number; [`Errno::IO`] for one without counterpart.
        pub const fn from_linux(linux: i32) -> Errno {
            match linux {
                $($linux => Errno::$name,)*
                _ => Errno::IO,
            }
        }
    };
}

errnos! {
    TOOBIG = 1, 7;
    ACCES = 2, 13;
    ADDRINUSE = 3, 98;
    ADDRNOTAVAIL = 4, 99;
    AFNOSUPPORT = 5, 97;
    AGAIN = 6, 11;
    ALREADY = 7, 114;
    BADF = 8, 9;
    BADMSG = 9, 74;
    BUSY = 10, 16;
    CANCELED = 11, 125;
    CHILD = 12, 10;
    CONNABORTED = 13, 103;
    CONNREFUSED = 14, 111;
    CONNRESET = 15, 104;
    DEADLK = 16, 35;
    DESTADDRREQ = 17, 89;
    DOM = 18, 33;
    DQUOT = 19, 122;
    EXIST = 20, 17;
    FAULT = 21, 14;
    FBIG = 22, 27;
    HOSTUNREACH = 23, 113;
    IDRM = 24, 43;
    ILSEQ = 25, 84;
    INPROGRESS = 26, 115;
    INTR = 27, 4;
    INVAL = 28, 22;
    IO = 29, 5;
    ISCONN = 30, 106;
    ISDIR = 31, 21;
    LOOP = 32, 40;
    MFILE = 33, 24;
    MLINK = 34, 31;
    MSGSIZE = 35, 90;
    MULTIHOP = 36, 72;
    NAMETOOLONG = 37, 36;
    NETDOWN = 38, 100;
    NETRESET = 39, 102;
    NETUNREACH = 40, 101;
    NFILE = 41, 23;
    NOBUFS = 42, 105;
    NODEV = 43, 19;
    NOENT = 44, 2;
    NOEXEC = 45, 8;
    NOLCK = 46, 37;
    NOLINK = 47, 67;
    NOMEM = 48, 12;
    NOMSG = 49, 42;
    NOPROTOOPT = 50, 92;
    NOSPC = 51, 28;
    NOSYS = 52, 38;
    NOTCONN = 53, 107;
    NOTDIR = 54, 20;
    NOTEMPTY = 55, 39;
    NOTRECOVERABLE = 56, 131;
    NOTSOCK = 57, 88;
    NOTSUP = 58, 95;
    NOTTY = 59, 25;
    NXIO = 60, 6;
    OVERFLOW = 61, 75;
    OWNERDEAD = 62, 130;
    PERM = 63, 1;
    PIPE = 64, 32;
    PROTO = 65, 71;
    PROTONOSUPPORT = 66, 93;
    PROTOTYPE = 67, 91;
    RANGE = 68, 34;
    ROFS = 69, 30;
    SPIPE = 70, 29;
    SRCH = 71, 3;
    STALE = 72, 116;
    TIMEDOUT = 73, 110;
    TXTBSY = 74, 26;
    XDEV = 75, 18;
}

impl From<Error> for Errno {
    fn from(error: Error) -> Errno {
        match error {
            Error::System(errno) => errno.into(),
            Error::NotCapable => Errno::NOTCAPABLE,
            Error::Lookup(LookupError::NoName) => Errno::AINONAME,
            Error::Lookup(LookupError::NoAddress) => Errno::AINODATA,
            Error::Lookup(LookupError::NoAnswer) => Errno::AIAGAIN,
            Error::Lookup(LookupError::Failed) => Errno::AIFAIL,
        }
    }
}

impl From<Fault> for Errno {
    fn from(fault: Fault) -> Errno {
        match fault {
            Fault::OutOfBounds => Errno::FAULT,
            Fault::Misaligned => Errno::ADDRNOTAVAIL,
        }
    }
}

impl From<rustix::io::Errno> for Errno {
    fn from(errno: rustix::io::Errno) -> Errno {
        from_linux(errno.raw_os_error())
    }
}
