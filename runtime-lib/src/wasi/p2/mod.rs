//! WASI 0.2: what a component can ask of the system.
//!
//! - [`objects`][]: what handles stand for, of [`resources`] and [`messages`]; [`errors`]: why
//!   something failed; [`buffer`]: what streams move.
//! - One module for each group of interfaces: [`poll`] and [`streams`] of `wasi:io`, [`clocks`],
//!   [`random`], [`cli`], [`files`] and [`paths`] of `wasi:filesystem`, [`network`], [`tcp`] and
//!   [`udp`] of `wasi:sockets`, [`http`] of `wasi:http`.
//!
//! A function is safe code: it takes the [`Call`] and the guest's numbers, and traps where the
//! canonical ABI does. The symbols that compiled code calls are made from the list in `wasmc_abi`,
//! below; a row that is not marked as absent and has no function of its name does not compile.
//! Nothing refers to all of them, so that the linker drops those that a program cannot reach.

mod buffer;
mod cli;
mod clocks;
mod errors;
mod files;
pub mod http;
mod messages;
mod network;
mod objects;
mod paths;
pub mod poll;
mod random;
mod resources;
mod streams;
mod tcp;
mod udp;

use objects::Object;

/// The functions, by name.
mod functions {
    pub use super::cli::*;
    pub use super::clocks::*;
    pub use super::errors::*;
    pub use super::files::*;
    pub use super::http::answer::*;
    pub use super::http::errors::*;
    pub use super::http::fields::*;
    pub use super::http::incoming::*;
    pub use super::http::options::*;
    pub use super::http::outgoing_body::*;
    pub use super::http::request::*;
    pub use super::network::*;
    pub use super::paths::*;
    pub use super::poll::*;
    pub use super::random::*;
    pub use super::streams::*;
    pub use super::tcp::*;
    pub use super::udp::*;
}

/// The unsigned type of a parameter or result.
macro_rules! unsigned {
    (i32) => {
        u32
    };
    (i64) => {
        u64
    };
}

/// Defines the symbol of a function.
macro_rules! export {
    ([absent] $($row:tt)*) => {};
    ([realloc absent] $($row:tt)*) => {};
    ([$(realloc)?] $name:ident($($param:ident: $ty:ident),*) $(-> $result:ident)?) => {
        #[cfg_attr(not(test), unsafe(export_name = concat!("wasmc_p2_", stringify!($name))))]
        pub extern "C" fn $name(
            options: *const CallOptions,
            $($param: $ty),*
        ) $(-> $result)? {
            // SAFETY: compiled code passes options that the compiler has written.
            let call = unsafe { Call::new(options) };
            super::functions::$name(&call $(, $param as unsigned!($ty))*) $(as $result)?
        }
    };
}

macro_rules! export_all {
    ($($interface:literal {$(
        $name:ident = $import:literal ($($param:ident: $ty:ident),*) $(-> $result:ident)?
        $([$($need:ident)*])? $($word:ident)*;
    )*})*) => {
        $($(export!([$($word)*] $name($($param: $ty),*) $(-> $result)?);)*)*
    };
}

/// What compiled code calls.
mod exports {
    use crate::guest::call::Call;
    use wasmc_abi::component::CallOptions;

    wasmc_abi::for_each_p2_function!(export_all);
}

/// Defines the symbols of destructors. Those of objects that hold nothing are the same.
macro_rules! destructors {
    ($($resource:ident $drop:path;)*) => {
        /// What `resource.drop` of an owned handle calls.
        #[allow(non_snake_case, reason = "the names are those of the list of resources")]
        mod destructors {
            $(#[cfg_attr(
                not(test),
                unsafe(export_name = concat!("wasmc_p2_drop_", stringify!($resource)))
            )]
            pub extern "C" fn $resource(object: u32) {
                $drop(object)
            })*
        }
    };
}

destructors! {
    Error super::drop_plain;
    Pollable super::drop_plain;
    InputStream super::streams::drop_input;
    OutputStream super::streams::drop_output;
    TerminalInput super::drop_plain;
    TerminalOutput super::drop_plain;
    Descriptor super::files::drop_descriptor;
    DirectoryEntryStream super::files::drop_entries;
    Network super::drop_plain;
    ResolveAddressStream super::network::drop_names;
    TcpSocket super::tcp::drop_tcp;
    UdpSocket super::udp::drop_udp;
    IncomingDatagramStream super::udp::drop_datagrams;
    OutgoingDatagramStream super::udp::drop_datagrams;
    Fields super::http::fields::drop_fields;
    IncomingRequest super::http::incoming::drop_request;
    OutgoingRequest super::http::request::drop_outgoing_request;
    RequestOptions super::drop_plain;
    ResponseOutparam super::http::answer::drop_outparam;
    IncomingBody super::drop_plain;
    FutureTrailers super::drop_plain;
    OutgoingResponse super::http::answer::drop_response;
    OutgoingBody super::http::outgoing_body::drop_outgoing_body;
}

/// Forgets all objects, and closes what they hold: to be called when no guest refers to one any more.
pub fn forget_objects() {
    for number in 0..objects::orphan_all() {
        match objects::get(number) {
            Object::Input(_) => streams::drop_input(number),
            Object::Output(_) => streams::drop_output(number),
            Object::Descriptor(_) => files::drop_descriptor(number),
            Object::Entries(_) => files::drop_entries(number),
            Object::Names(_) => network::drop_names(number),
            Object::Tcp(_) => tcp::drop_tcp(number),
            Object::Udp(_) => udp::drop_udp(number),
            Object::Datagrams(_) => udp::drop_datagrams(number),
            // What these have is in the heap, which is forgotten as a whole.
            _ => {}
        }
    }
    objects::forget_all();
}

/// Drops an object that holds nothing of the system's.
fn drop_plain(object: u32) {
    objects::remove(object);
}
