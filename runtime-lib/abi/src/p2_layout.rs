//! Layouts of WASI 0.2: what the canonical ABI makes of the results that functions write.
//!
//! The test `tests/tests/tidy/wit.rs` compares every number with the WIT files.

use crate::p2::HostFunction;

/// The bytes of a result that is written through a pointer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Layout {
    /// Bytes.
    pub size: u32,
    /// Alignment.
    pub align: u32,
    /// Of a `result`, `option` or variant, the offset of what its cases carry; else 0.
    pub payload: u32,
}

macro_rules! layouts {
    ($($(#[$doc:meta])* $name:ident = $size:literal $align:literal $payload:literal: $($function:ident)+;)*) => {
        $($(#[$doc])*
        pub const $name: Layout = Layout {
            size: $size,
            align: $align,
            payload: $payload,
        };)*

        /// Every layout, and the names of the functions whose result has it.
        pub const LAYOUTS: &[(Layout, &[&str])] = &[$(($name, &[$(stringify!($function)),+]),)*];
    };
}

layouts! {
    /// `list<T>` or `string`: address and length.
    LIST = 8 4 0: error_to_debug_string poll get_random_bytes get_insecure_random_bytes
        get_environment get_arguments preopens_get_directories fields_get fields_entries;
    /// `result<list<u8>, stream-error>`
    STREAM_BYTES = 12 4 4: input_stream_read input_stream_blocking_read;
    /// `result<u64, stream-error>`
    STREAM_COUNT = 16 8 8: input_stream_skip input_stream_blocking_skip output_stream_check_write
        output_stream_splice output_stream_blocking_splice;
    /// `result<_, stream-error>`
    STREAM_UNIT = 12 4 4: output_stream_write output_stream_blocking_write_and_flush
        output_stream_flush output_stream_blocking_flush output_stream_write_zeroes
        output_stream_blocking_write_zeroes_and_flush;
    /// `datetime`
    DATETIME = 16 8 0: wall_now wall_resolution;
    /// `tuple<u64, u64>`
    PAIR = 16 8 0: insecure_seed;
    /// `option<string>`
    OPTION_STRING = 12 4 4: initial_cwd incoming_request_path_with_query
        incoming_request_authority outgoing_request_path_with_query outgoing_request_authority;
    /// `option<own<T>>`
    OPTION_HANDLE = 8 4 4: get_terminal_stdin get_terminal_stdout get_terminal_stderr;
    /// `option<error-code>`
    OPTION_CODE = 2 1 1: filesystem_error_code network_error_code;
    /// `result<_, error-code>`
    UNIT = 2 1 1: descriptor_advise descriptor_sync_data descriptor_set_size descriptor_set_times
        descriptor_sync descriptor_create_directory_at descriptor_set_times_at descriptor_link_at
        descriptor_remove_directory_at descriptor_rename_at descriptor_symlink_at
        descriptor_unlink_file_at
        tcp_socket_start_bind tcp_socket_finish_bind tcp_socket_start_connect
        tcp_socket_start_listen tcp_socket_finish_listen tcp_socket_set_listen_backlog_size
        tcp_socket_set_keep_alive_enabled tcp_socket_set_keep_alive_idle_time
        tcp_socket_set_keep_alive_interval tcp_socket_set_keep_alive_count
        tcp_socket_set_hop_limit tcp_socket_set_receive_buffer_size
        tcp_socket_set_send_buffer_size tcp_socket_shutdown udp_socket_start_bind
        udp_socket_finish_bind udp_socket_set_unicast_hop_limit
        udp_socket_set_receive_buffer_size udp_socket_set_send_buffer_size
        fields_set fields_delete fields_append;
    /// `result<T, error-code>` where T is one byte: flags, an enumeration, a small number, a
    /// truth value.
    BYTE = 2 1 1: descriptor_get_flags descriptor_get_type tcp_socket_keep_alive_enabled
        tcp_socket_hop_limit udp_socket_unicast_hop_limit;
    /// `result<u32, error-code>`, `result<own<T>, error-code>`
    WORD = 8 4 4: descriptor_read_via_stream descriptor_write_via_stream
        descriptor_append_via_stream descriptor_read_directory descriptor_open_at
        tcp_socket_keep_alive_count create_tcp_socket create_udp_socket resolve_addresses;
    /// `result<u64, error-code>`
    COUNT = 16 8 8: descriptor_write tcp_socket_keep_alive_idle_time
        tcp_socket_keep_alive_interval tcp_socket_receive_buffer_size
        tcp_socket_send_buffer_size udp_socket_receive_buffer_size udp_socket_send_buffer_size
        outgoing_datagram_stream_check_send outgoing_datagram_stream_send;
    /// `result<tuple<list<u8>, bool>, error-code>`
    READ = 16 4 4: descriptor_read;
    /// `result<descriptor-stat, error-code>`
    STAT = 104 8 8: descriptor_stat descriptor_stat_at;
    /// `result<string, error-code>`
    STRING = 12 4 4: descriptor_readlink_at;
    /// `result<option<directory-entry>, error-code>`
    ENTRY = 20 4 4: directory_entry_stream_read_directory_entry;
    /// `result<metadata-hash-value, error-code>`
    HASH = 24 8 8: descriptor_metadata_hash descriptor_metadata_hash_at;
    /// `result<tuple<own<A>, own<B>>, error-code>`
    HANDLES = 12 4 4: tcp_socket_finish_connect udp_socket_stream;
    /// `result<tuple<own<A>, own<B>, own<C>>, error-code>`
    ACCEPTED = 16 4 4: tcp_socket_accept;
    /// `result<ip-socket-address, error-code>`
    ADDRESS = 36 4 4: tcp_socket_local_address tcp_socket_remote_address udp_socket_local_address
        udp_socket_remote_address;
    /// `result<option<ip-address>, error-code>`
    OPTION_IP = 22 2 2: resolve_address_stream_resolve_next_address;
    /// `result<list<incoming-datagram>, error-code>`
    DATAGRAMS = 12 4 4: incoming_datagram_stream_receive;

    /// `result<own<fields>, header-error>`
    NEW_FIELDS = 8 4 4: fields_from_list;
    /// `method`
    METHOD = 12 4 0: incoming_request_method outgoing_request_method;
    /// `option<scheme>`
    OPTION_SCHEME = 16 4 4: incoming_request_scheme outgoing_request_scheme;
    /// `result<own<T>>`
    RESULT_HANDLE = 8 4 4: incoming_request_consume outgoing_request_body
        incoming_response_consume incoming_body_stream outgoing_response_body outgoing_body_write;
    /// `option<duration>`
    OPTION_DURATION = 16 8 8: request_options_connect_timeout request_options_first_byte_timeout
        request_options_between_bytes_timeout;
    /// `option<error-code>` of HTTP
    OPTION_HTTP_CODE = 40 8 8: http_error_code;
    /// `result<_, error-code>` of HTTP
    HTTP_UNIT = 40 8 8: outgoing_body_finish response_outparam_send_informational;
    /// `result<own<T>, error-code>` of HTTP
    HTTP_HANDLE = 40 8 8: outgoing_handler_handle;
    /// `option<result<result<option<trailers>, error-code>>>`
    OPTION_TRAILERS = 56 8 8: future_trailers_get;
    /// `option<result<result<incoming-response, error-code>>>`
    OPTION_RESPONSE = 56 8 8: future_incoming_response_get;
}

/// Offset of the text of a `method` that has none of its own.
pub const METHOD_OTHER: u32 = 4;
/// Offset of the text of an `option<scheme>` that has none of its own.
pub const SCHEME_OTHER: u32 = 8;

/// The layout of a function's result, if it is written through a pointer and among those above.
pub fn of(function: &HostFunction) -> Option<Layout> {
    LAYOUTS
        .iter()
        .find(|(_, functions)| functions.contains(&function.name))
        .map(|&(layout, _)| layout)
}

macro_rules! records {
    ($($(#[$doc:meta])* $module:ident $interface:literal $type:literal = $size:literal $align:literal
       { $($field:ident = $offset:literal;)* })*) => {
        $($(#[$doc])*
        #[allow(missing_docs, reason = "offsets of the fields of these names")]
        pub mod $module {
            /// Bytes.
            pub const SIZE: u32 = $size;
            /// Alignment.
            pub const ALIGN: u32 = $align;
            $(pub const $field: u32 = $offset;)*
        })*

        /// Every record: interface, name in WIT, bytes, alignment, offsets of its fields in order.
        pub const RECORDS: &[(&str, &str, u32, u32, &[u32])] =
            &[$(($interface, $type, $size, $align, &[$($offset),*]),)*];
    };
}

records! {
    /// `datetime`
    datetime "wasi:clocks/wall-clock" "datetime" = 16 8 {
        SECONDS = 0;
        NANOSECONDS = 8;
    }
    /// `descriptor-stat`
    descriptor_stat "wasi:filesystem/types" "descriptor-stat" = 96 8 {
        TYPE = 0;
        LINK_COUNT = 8;
        LENGTH = 16;
        ACCESSED = 24;
        MODIFIED = 48;
        CHANGED = 72;
    }
    /// `directory-entry`
    directory_entry "wasi:filesystem/types" "directory-entry" = 12 4 {
        TYPE = 0;
        NAME = 4;
    }
    /// `metadata-hash-value`
    metadata_hash "wasi:filesystem/types" "metadata-hash-value" = 16 8 {
        LOWER = 0;
        UPPER = 8;
    }
    /// `ipv4-socket-address`
    ipv4_address "wasi:sockets/network" "ipv4-socket-address" = 6 2 {
        PORT = 0;
        ADDRESS = 2;
    }
    /// `ipv6-socket-address`
    ipv6_address "wasi:sockets/network" "ipv6-socket-address" = 28 4 {
        PORT = 0;
        FLOW_INFO = 4;
        ADDRESS = 8;
        SCOPE_ID = 24;
    }
    /// `incoming-datagram`
    incoming_datagram "wasi:sockets/udp" "incoming-datagram" = 40 4 {
        DATA = 0;
        REMOTE_ADDRESS = 8;
    }
    /// `outgoing-datagram`
    outgoing_datagram "wasi:sockets/udp" "outgoing-datagram" = 44 4 {
        DATA = 0;
        REMOTE_ADDRESS = 8;
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $module:ident $interface:literal $type:literal { $($name:ident)* })*) => {
        $($(#[$doc])*
        #[allow(non_camel_case_types, clippy::upper_case_acronyms, missing_docs, reason = "the cases, in WIT's order")]
        pub mod $module {
            #[derive(Clone, Copy, PartialEq, Eq, Debug)]
            #[repr(u8)]
            pub enum Code { $($name,)* }
        })*

        /// Every enumeration, and every variant whose cases matter: interface, name in WIT, its cases in
        /// order, with `_` for `-`.
        pub const ENUMERATIONS: &[(&str, &str, &[&str])] =
            &[$(($interface, $type, &[$(stringify!($name)),*]),)*];
    };
}

codes! {
    /// `wasi:filesystem/types`' `error-code`
    filesystem_error "wasi:filesystem/types" "error-code" {
        access would_block already bad_descriptor busy deadlock quota exist file_too_large
        illegal_byte_sequence in_progress interrupted invalid io is_directory loop_ too_many_links
        message_size name_too_long no_device no_entry no_lock insufficient_memory
        insufficient_space not_directory not_empty not_recoverable unsupported no_tty
        no_such_device overflow not_permitted pipe read_only invalid_seek text_file_busy
        cross_device
    }
    /// `wasi:filesystem/types`' `descriptor-type`
    descriptor_type "wasi:filesystem/types" "descriptor-type" {
        unknown block_device character_device directory fifo symbolic_link regular_file socket
    }
    /// `wasi:filesystem/types`' `advice`
    advice "wasi:filesystem/types" "advice" {
        normal sequential random will_need dont_need no_reuse
    }
    /// `wasi:sockets/network`'s `error-code`
    network_error "wasi:sockets/network" "error-code" {
        unknown access_denied not_supported invalid_argument out_of_memory timeout
        concurrency_conflict not_in_progress would_block invalid_state new_socket_limit
        address_not_bindable address_in_use remote_unreachable connection_refused
        connection_reset connection_aborted datagram_too_large name_unresolvable
        temporary_resolver_failure permanent_resolver_failure
    }
    /// `wasi:http/types`' `header-error`
    header_error "wasi:http/types" "header-error" {
        invalid_syntax forbidden immutable
    }
    /// `wasi:http/types`' `method`
    method "wasi:http/types" "method" {
        get head post put delete connect options trace patch other
    }
    /// `wasi:http/types`' `scheme`
    scheme "wasi:http/types" "scheme" {
        HTTP HTTPS other
    }
    /// `wasi:http/types`' `error-code`
    http_error "wasi:http/types" "error-code" {
        DNS_timeout DNS_error destination_not_found destination_unavailable
        destination_IP_prohibited destination_IP_unroutable connection_refused
        connection_terminated connection_timeout connection_read_timeout
        connection_write_timeout connection_limit_reached TLS_protocol_error
        TLS_certificate_error TLS_alert_received HTTP_request_denied
        HTTP_request_length_required HTTP_request_body_size HTTP_request_method_invalid
        HTTP_request_URI_invalid HTTP_request_URI_too_long HTTP_request_header_section_size
        HTTP_request_header_size HTTP_request_trailer_section_size HTTP_request_trailer_size
        HTTP_response_incomplete HTTP_response_header_section_size HTTP_response_header_size
        HTTP_response_body_size HTTP_response_trailer_section_size HTTP_response_trailer_size
        HTTP_response_transfer_coding HTTP_response_content_coding HTTP_response_timeout
        HTTP_upgrade_failed HTTP_protocol_error loop_detected configuration_error internal_error
    }
}
