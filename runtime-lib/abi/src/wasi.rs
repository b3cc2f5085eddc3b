//! The functions of WASI preview 1, and those that WasmEdge adds for sockets: names, signatures,
//! areas.
//!
//! Source: `wasi_snapshot_preview1` of the WASI repository (`phases/snapshot/docs.md`); WasmEdge's
//! `wasi` host module for the socket extension, which has two generations: where one name has two
//! types, the type of the import chooses (see [`named`]).

/// Import module names whose functions these are. `wasi_unstable` (preview 0) has other layouts
/// and is not among them.
pub const MODULE: &str = "wasi_snapshot_preview1";

/// Calls a macro with the list of WASI functions:
/// `area name [import names](parameters) -> result;`.
///
/// The names under which a function is imported follow its own in brackets; without brackets it is
/// that name alone. The functions of preview 1 come first.
///
/// The runtime's function is `wasmc_wasi_` + name, with the System V (AAPCS64) calling convention,
/// a `*const MemoryState` of the importing instance first, then the parameters. Every result is an
/// errno. `proc_exit` does not return.
#[macro_export]
macro_rules! for_each_wasi_function {
    ($mac:ident) => {
        $mac! {
            Args args_get(argv: i32, argv_buf: i32) -> i32;
            Args args_sizes_get(argc: i32, argv_buf_size: i32) -> i32;
            Args environ_get(environ: i32, environ_buf: i32) -> i32;
            Args environ_sizes_get(environc: i32, environ_buf_size: i32) -> i32;
            Clock clock_res_get(id: i32, resolution: i32) -> i32;
            Clock clock_time_get(id: i32, precision: i64, time: i32) -> i32;
            Fd fd_advise(fd: i32, offset: i64, len: i64, advice: i32) -> i32;
            Fd fd_allocate(fd: i32, offset: i64, len: i64) -> i32;
            Fd fd_close(fd: i32) -> i32;
            Fd fd_datasync(fd: i32) -> i32;
            Fd fd_fdstat_get(fd: i32, stat: i32) -> i32;
            Fd fd_fdstat_set_flags(fd: i32, flags: i32) -> i32;
            Fd fd_fdstat_set_rights(fd: i32, rights_base: i64, rights_inheriting: i64) -> i32;
            Fd fd_filestat_get(fd: i32, buf: i32) -> i32;
            Fd fd_filestat_set_size(fd: i32, size: i64) -> i32;
            Fd fd_filestat_set_times(fd: i32, atim: i64, mtim: i64, fst_flags: i32) -> i32;
            Fd fd_pread(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nread: i32) -> i32;
            Fd fd_prestat_get(fd: i32, buf: i32) -> i32;
            Fd fd_prestat_dir_name(fd: i32, path: i32, path_len: i32) -> i32;
            Fd fd_pwrite(fd: i32, iovs: i32, iovs_len: i32, offset: i64, nwritten: i32) -> i32;
            Fd fd_read(fd: i32, iovs: i32, iovs_len: i32, nread: i32) -> i32;
            Fd fd_readdir(fd: i32, buf: i32, buf_len: i32, cookie: i64, bufused: i32) -> i32;
            Fd fd_renumber(fd: i32, to: i32) -> i32;
            Fd fd_seek(fd: i32, offset: i64, whence: i32, newoffset: i32) -> i32;
            Fd fd_sync(fd: i32) -> i32;
            Fd fd_tell(fd: i32, offset: i32) -> i32;
            Fd fd_write(fd: i32, iovs: i32, iovs_len: i32, nwritten: i32) -> i32;
            Path path_create_directory(fd: i32, path: i32, path_len: i32) -> i32;
            Path path_filestat_get(fd: i32, flags: i32, path: i32, path_len: i32, buf: i32) -> i32;
            Path path_filestat_set_times(fd: i32, flags: i32, path: i32, path_len: i32, atim: i64, mtim: i64, fst_flags: i32) -> i32;
            Path path_link(old_fd: i32, old_flags: i32, old_path: i32, old_path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32) -> i32;
            Path path_open(fd: i32, dirflags: i32, path: i32, path_len: i32, oflags: i32, rights_base: i64, rights_inheriting: i64, fdflags: i32, opened_fd: i32) -> i32;
            Path path_readlink(fd: i32, path: i32, path_len: i32, buf: i32, buf_len: i32, bufused: i32) -> i32;
            Path path_remove_directory(fd: i32, path: i32, path_len: i32) -> i32;
            Path path_rename(old_fd: i32, old_path: i32, old_path_len: i32, new_fd: i32, new_path: i32, new_path_len: i32) -> i32;
            Path path_symlink(old_path: i32, old_path_len: i32, fd: i32, new_path: i32, new_path_len: i32) -> i32;
            Path path_unlink_file(fd: i32, path: i32, path_len: i32) -> i32;
            Poll poll_oneoff(subscriptions: i32, events: i32, nsubscriptions: i32, nevents: i32) -> i32;
            Proc proc_exit(rval: i32);
            Proc proc_raise(sig: i32) -> i32;
            Sched sched_yield() -> i32;
            Random random_get(buf: i32, buf_len: i32) -> i32;
            Sock sock_accept [sock_accept sock_accept_v2](fd: i32, flags: i32, ro_fd: i32) -> i32;
            Sock sock_recv [sock_recv sock_recv_v2](fd: i32, ri_data: i32, ri_data_len: i32, ri_flags: i32, ro_datalen: i32, ro_flags: i32) -> i32;
            Sock sock_send [sock_send sock_send_v2](fd: i32, si_data: i32, si_data_len: i32, si_flags: i32, so_datalen: i32) -> i32;
            Sock sock_shutdown(fd: i32, how: i32) -> i32;
            Sock sock_open [sock_open sock_open_v2](af: i32, ty: i32, ro_fd: i32) -> i32;
            Sock sock_bind [sock_bind sock_bind_v2](fd: i32, addr: i32, port: i32) -> i32;
            Sock sock_listen [sock_listen sock_listen_v2](fd: i32, backlog: i32) -> i32;
            Sock sock_accept_v1 [sock_accept](fd: i32, ro_fd: i32) -> i32;
            Net sock_connect [sock_connect sock_connect_v2](fd: i32, addr: i32, port: i32) -> i32;
            Sock sock_recv_from_v1 [sock_recv_from](fd: i32, ri_data: i32, ri_data_len: i32, addr: i32, ri_flags: i32, ro_datalen: i32, ro_flags: i32) -> i32;
            Sock sock_recv_from_v2 [sock_recv_from sock_recv_from_v2](fd: i32, ri_data: i32, ri_data_len: i32, addr: i32, ri_flags: i32, port: i32, ro_datalen: i32, ro_flags: i32) -> i32;
            Net sock_send_to [sock_send_to sock_send_to_v2](fd: i32, si_data: i32, si_data_len: i32, addr: i32, port: i32, si_flags: i32, so_datalen: i32) -> i32;
            Sock sock_getsockopt(fd: i32, level: i32, name: i32, flag: i32, flag_size: i32) -> i32;
            Sock sock_setsockopt(fd: i32, level: i32, name: i32, flag: i32, flag_size: i32) -> i32;
            Sock sock_getlocaladdr_v1 [sock_getlocaladdr](fd: i32, addr: i32, addr_type: i32, port: i32) -> i32;
            Sock sock_getlocaladdr_v2 [sock_getlocaladdr sock_getlocaladdr_v2](fd: i32, addr: i32, port: i32) -> i32;
            Sock sock_getpeeraddr_v1 [sock_getpeeraddr](fd: i32, addr: i32, addr_type: i32, port: i32) -> i32;
            Sock sock_getpeeraddr_v2 [sock_getpeeraddr sock_getpeeraddr_v2](fd: i32, addr: i32, port: i32) -> i32;
            Net sock_getaddrinfo(node: i32, node_len: i32, service: i32, service_len: i32, hints: i32, res: i32, max_res: i32, res_len: i32) -> i32;
            Poll epoll_oneoff(subscriptions: i32, events: i32, nsubscriptions: i32, nevents: i32) -> i32;
        }
    };
}

/// What a WASI function touches: the unit in which the runtime's file layout and confinement think.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the prefixes of the functions")]
pub enum Area {
    Args,
    Clock,
    Fd,
    Path,
    Poll,
    Proc,
    Sched,
    Random,
    /// Sockets: granted ones, or of the guest's making.
    Sock,
    /// Other machines, asked by the guest.
    Net,
    /// New threads.
    Thread,
}

impl Area {
    /// The grants of sockets of which one is needed for these functions to be of use.
    pub const fn socket_grants(self) -> Option<&'static str> {
        match self {
            Area::Sock => Some("--listen or --net"),
            Area::Net => Some("--net"),
            _ => None,
        }
    }
}

/// The type of a parameter or result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(missing_docs, reason = "the names are the WebAssembly types")]
pub enum ValueType {
    I32,
    I64,
}

/// A WASI function.
#[derive(PartialEq, Eq, Debug)]
pub struct WasiFunction {
    /// Its name, which no other function has.
    pub name: &'static str,
    /// The names under which it is imported; others may share them, with other types.
    pub imports: &'static [&'static str],
    /// The runtime's symbol.
    pub symbol: &'static str,
    /// What it touches.
    pub area: Area,
    /// Parameters: name and type.
    pub params: &'static [(&'static str, ValueType)],
    /// Result type.
    pub result: Option<ValueType>,
}

macro_rules! value_type {
    (i32) => {
        ValueType::I32
    };
    (i64) => {
        ValueType::I64
    };
}

macro_rules! value_result {
    () => {
        None
    };
    ($ty:ident) => {
        Some(value_type!($ty))
    };
}

macro_rules! import_names {
    ($name:ident) => {
        &[stringify!($name)]
    };
    ($name:ident $($import:ident)+) => {
        &[$(stringify!($import)),+]
    };
}

macro_rules! define_functions {
    ($($area:ident $name:ident $([$($import:ident)+])? ($($param:ident: $ty:ident),*) $(-> $result:ident)?;)*) => {
        /// Every function, in the order of the list.
        pub const FUNCTIONS: &[WasiFunction] = &[
            $(WasiFunction {
                name: stringify!($name),
                imports: import_names!($name $($($import)+)?),
                symbol: concat!("wasmc_wasi_", stringify!($name)),
                area: Area::$area,
                params: &[$((stringify!($param), value_type!($ty))),*],
                result: value_result!($($result)?),
            },)*
        ];
    };
}

for_each_wasi_function!(define_functions);

/// How many functions at the start of the list are those of preview 1.
pub const PREVIEW_1: usize = 46;

const _: () = assert!(FUNCTIONS.len() == PREVIEW_1 + 16);

/// The function with this name of its own, if there is one.
pub fn find(name: &str) -> Option<&'static WasiFunction> {
    FUNCTIONS.iter().find(|function| function.name == name)
}

/// The functions that are imported under this name: none, one, or several of different types.
pub fn named(name: &str) -> impl Iterator<Item = &'static WasiFunction> + Clone {
    FUNCTIONS
        .iter()
        .filter(move |function| function.imports.contains(&name))
}

/// Import module name of [`THREAD_SPAWN`].
pub const THREADS_MODULE: &str = "wasi";

/// The function of wasi-threads: starts a thread, which calls the export [`THREAD_START`] with its
/// number and `start_arg`. The result is that number, from 1 to 2^29 - 1, or a negative errno.
///
/// Source: the repository WebAssembly/wasi-threads.
pub static THREAD_SPAWN: WasiFunction = WasiFunction {
    name: "thread-spawn",
    imports: &["thread-spawn"],
    symbol: "wasmc_thread_spawn",
    area: Area::Thread,
    params: &[("start_arg", ValueType::I32)],
    result: Some(ValueType::I32),
};

/// The export that a thread calls, of type `(tid: i32, start_arg: i32) -> ()`.
pub const THREAD_START: &str = "wasi_thread_start";

#[cfg(test)]
mod tests {
    extern crate std;
    use super::*;

    #[test]
    fn types_choose_between_functions_of_one_name() {
        for (at, one) in FUNCTIONS.iter().enumerate() {
            for name in one.imports {
                let types = |function: &WasiFunction| {
                    let params = function.params.iter().map(|&(_, ty)| ty);
                    (params.collect::<std::vec::Vec<_>>(), function.result)
                };
                let alike = named(name).filter(|two| types(two) == types(one));
                assert_eq!(alike.count(), 1, "{name}");
            }
            assert!(
                FUNCTIONS
                    .iter()
                    .skip(at + 1)
                    .all(|two| one.name != two.name)
            );
        }
        assert_eq!(named("sock_accept").count(), 2);
        assert_eq!(named("sock_accept_v1").count(), 0);
    }
}
