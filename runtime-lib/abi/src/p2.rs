//! The functions and resources of WASI 0.2: names, flat signatures, what they need.
//!
//! Source: the WIT files of the packages `wasi:io`, `wasi:clocks`, `wasi:random`, `wasi:cli`,
//! `wasi:filesystem`, `wasi:sockets` and `wasi:http` at version 0.2.12; earlier versions of 0.2
//! have a part of it. A signature is the canonical ABI's flattening of the WIT type: more than 16
//! parameters go through a pointer, more than one result through a pointer that comes last. The
//! test `tests/tests/tidy/wit.rs` compares every row with the WIT files.

use crate::confine::Needs;
use crate::wasi::ValueType;

/// The versions of the packages whose functions these are begin with this.
pub const TRACK: &str = "0.2.";
/// The version that the list is complete for.
pub const VERSION: &str = "0.2.12";

/// Calls a macro with the list of functions, by interface:
/// `name = "name in WIT" (parameters) -> result [needs] realloc absent;`.
///
/// The runtime's function is `wasmc_p2_` + name, with the System V (AAPCS64) calling convention, a
/// `*const CallOptions` first ([`CallOptions`](crate::component::CallOptions)), then the
/// parameters. `realloc` says that results need memory that the guest allocates. What is `absent`
/// has no body yet: a program that can reach it does not compile.
#[macro_export]
macro_rules! for_each_p2_function {
    ($mac:ident) => {
        $mac! {
            "wasi:io/error" {
                error_to_debug_string = "[method]error.to-debug-string" (this: i32, ret: i32) realloc;
            }
            "wasi:io/poll" {
                pollable_ready = "[method]pollable.ready" (this: i32) -> i32 [POLL];
                pollable_block = "[method]pollable.block" (this: i32) [POLL];
                poll = "poll" (pollables: i32, pollables_len: i32, ret: i32) [POLL] realloc;
            }
            "wasi:io/streams" {
                input_stream_read = "[method]input-stream.read" (this: i32, len: i64, ret: i32) [READ PREAD RECEIVE POLL] realloc;
                input_stream_blocking_read = "[method]input-stream.blocking-read" (this: i32, len: i64, ret: i32) [READ PREAD RECEIVE POLL] realloc;
                input_stream_skip = "[method]input-stream.skip" (this: i32, len: i64, ret: i32) [READ PREAD RECEIVE POLL];
                input_stream_blocking_skip = "[method]input-stream.blocking-skip" (this: i32, len: i64, ret: i32) [READ PREAD RECEIVE POLL];
                input_stream_subscribe = "[method]input-stream.subscribe" (this: i32) -> i32;
                output_stream_check_write = "[method]output-stream.check-write" (this: i32, ret: i32) [POLL];
                output_stream_write = "[method]output-stream.write" (this: i32, contents: i32, contents_len: i32, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_blocking_write_and_flush = "[method]output-stream.blocking-write-and-flush" (this: i32, contents: i32, contents_len: i32, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_flush = "[method]output-stream.flush" (this: i32, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_blocking_flush = "[method]output-stream.blocking-flush" (this: i32, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_subscribe = "[method]output-stream.subscribe" (this: i32) -> i32;
                output_stream_write_zeroes = "[method]output-stream.write-zeroes" (this: i32, len: i64, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_blocking_write_zeroes_and_flush = "[method]output-stream.blocking-write-zeroes-and-flush" (this: i32, len: i64, ret: i32) [WRITE PWRITE SEND POLL];
                output_stream_splice = "[method]output-stream.splice" (this: i32, src: i32, len: i64, ret: i32) [READ PREAD RECEIVE WRITE PWRITE SEND POLL];
                output_stream_blocking_splice = "[method]output-stream.blocking-splice" (this: i32, src: i32, len: i64, ret: i32) [READ PREAD RECEIVE WRITE PWRITE SEND POLL];
            }
            "wasi:clocks/monotonic-clock" {
                monotonic_now = "now" () -> i64 [CLOCK];
                monotonic_resolution = "resolution" () -> i64 [CLOCK];
                monotonic_subscribe_instant = "subscribe-instant" (when: i64) -> i32 [CLOCK];
                monotonic_subscribe_duration = "subscribe-duration" (when: i64) -> i32 [CLOCK];
            }
            "wasi:clocks/wall-clock" {
                wall_now = "now" (ret: i32) [CLOCK];
                wall_resolution = "resolution" (ret: i32) [CLOCK];
            }
            "wasi:filesystem/types" {
                descriptor_read_via_stream = "[method]descriptor.read-via-stream" (this: i32, offset: i64, ret: i32);
                descriptor_write_via_stream = "[method]descriptor.write-via-stream" (this: i32, offset: i64, ret: i32);
                descriptor_append_via_stream = "[method]descriptor.append-via-stream" (this: i32, ret: i32) [WRITE FDSTAT SET_FLAGS SET_MODES];
                descriptor_advise = "[method]descriptor.advise" (this: i32, offset: i64, length: i64, advice: i32, ret: i32) [ADVISE];
                descriptor_sync_data = "[method]descriptor.sync-data" (this: i32, ret: i32) [DATASYNC];
                descriptor_get_flags = "[method]descriptor.get-flags" (this: i32, ret: i32) [FDSTAT];
                descriptor_get_type = "[method]descriptor.get-type" (this: i32, ret: i32) [FILESTAT];
                descriptor_set_size = "[method]descriptor.set-size" (this: i32, size: i64, ret: i32) [SET_SIZE];
                descriptor_set_times = "[method]descriptor.set-times" (this: i32, accessed: i32, accessed_seconds: i64, accessed_nanoseconds: i32, modified: i32, modified_seconds: i64, modified_nanoseconds: i32, ret: i32) [SET_TIMES];
                descriptor_read = "[method]descriptor.read" (this: i32, length: i64, offset: i64, ret: i32) [PREAD] realloc;
                descriptor_write = "[method]descriptor.write" (this: i32, buffer: i32, buffer_len: i32, offset: i64, ret: i32) [PWRITE];
                descriptor_read_directory = "[method]descriptor.read-directory" (this: i32, ret: i32);
                descriptor_sync = "[method]descriptor.sync" (this: i32, ret: i32) [SYNC];
                descriptor_create_directory_at = "[method]descriptor.create-directory-at" (this: i32, path: i32, path_len: i32, ret: i32) [CREATE_DIRECTORY RESOLVE];
                descriptor_stat = "[method]descriptor.stat" (this: i32, ret: i32) [FILESTAT];
                descriptor_stat_at = "[method]descriptor.stat-at" (this: i32, path_flags: i32, path: i32, path_len: i32, ret: i32) [PATH_STAT RESOLVE];
                descriptor_set_times_at = "[method]descriptor.set-times-at" (this: i32, path_flags: i32, path: i32, path_len: i32, accessed: i32, accessed_seconds: i64, accessed_nanoseconds: i32, modified: i32, modified_seconds: i64, modified_nanoseconds: i32, ret: i32) [PATH_TIMES RESOLVE];
                descriptor_link_at = "[method]descriptor.link-at" (this: i32, old_path_flags: i32, old_path: i32, old_path_len: i32, new_descriptor: i32, new_path: i32, new_path_len: i32, ret: i32) [LINK RESOLVE];
                descriptor_open_at = "[method]descriptor.open-at" (this: i32, path_flags: i32, path: i32, path_len: i32, open_flags: i32, flags: i32, ret: i32) [OPEN RESOLVE];
                descriptor_readlink_at = "[method]descriptor.readlink-at" (this: i32, path: i32, path_len: i32, ret: i32) [READLINK RESOLVE] realloc;
                descriptor_remove_directory_at = "[method]descriptor.remove-directory-at" (this: i32, path: i32, path_len: i32, ret: i32) [REMOVE_DIRECTORY RESOLVE];
                descriptor_rename_at = "[method]descriptor.rename-at" (this: i32, old_path: i32, old_path_len: i32, new_descriptor: i32, new_path: i32, new_path_len: i32, ret: i32) [RENAME RESOLVE];
                descriptor_symlink_at = "[method]descriptor.symlink-at" (this: i32, old_path: i32, old_path_len: i32, new_path: i32, new_path_len: i32, ret: i32) [SYMLINK RESOLVE];
                descriptor_unlink_file_at = "[method]descriptor.unlink-file-at" (this: i32, path: i32, path_len: i32, ret: i32) [UNLINK RESOLVE];
                descriptor_is_same_object = "[method]descriptor.is-same-object" (this: i32, other: i32) -> i32 [FILESTAT];
                descriptor_metadata_hash = "[method]descriptor.metadata-hash" (this: i32, ret: i32) [FILESTAT];
                descriptor_metadata_hash_at = "[method]descriptor.metadata-hash-at" (this: i32, path_flags: i32, path: i32, path_len: i32, ret: i32) [PATH_STAT RESOLVE];
                directory_entry_stream_read_directory_entry = "[method]directory-entry-stream.read-directory-entry" (this: i32, ret: i32) [READDIR] realloc;
                filesystem_error_code = "filesystem-error-code" (err: i32, ret: i32);
            }
            "wasi:filesystem/preopens" {
                preopens_get_directories = "get-directories" (ret: i32) realloc;
            }
            "wasi:sockets/network" {
                network_error_code = "network-error-code" (err: i32, ret: i32);
            }
            "wasi:sockets/instance-network" {
                instance_network = "instance-network" () -> i32;
            }
            "wasi:sockets/ip-name-lookup" {
                resolve_addresses = "resolve-addresses" (network: i32, name: i32, name_len: i32, ret: i32) [LOOKUP];
                resolve_address_stream_resolve_next_address = "[method]resolve-address-stream.resolve-next-address" (this: i32, ret: i32);
                resolve_address_stream_subscribe = "[method]resolve-address-stream.subscribe" (this: i32) -> i32;
            }
            "wasi:sockets/tcp" {
                tcp_socket_start_bind = "[method]tcp-socket.start-bind" (this: i32, network: i32, family: i32, a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, a6: i32, a7: i32, a8: i32, a9: i32, a10: i32, ret: i32) [BIND SOCKET_OPTION];
                tcp_socket_finish_bind = "[method]tcp-socket.finish-bind" (this: i32, ret: i32);
                tcp_socket_start_connect = "[method]tcp-socket.start-connect" (this: i32, network: i32, family: i32, a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, a6: i32, a7: i32, a8: i32, a9: i32, a10: i32, ret: i32) [CONNECT];
                tcp_socket_finish_connect = "[method]tcp-socket.finish-connect" (this: i32, ret: i32) [POLL SOCKET_OPTION];
                tcp_socket_start_listen = "[method]tcp-socket.start-listen" (this: i32, ret: i32) [LISTEN];
                tcp_socket_finish_listen = "[method]tcp-socket.finish-listen" (this: i32, ret: i32);
                tcp_socket_accept = "[method]tcp-socket.accept" (this: i32, ret: i32) [ACCEPT];
                tcp_socket_local_address = "[method]tcp-socket.local-address" (this: i32, ret: i32) [SOCKET_NAME];
                tcp_socket_remote_address = "[method]tcp-socket.remote-address" (this: i32, ret: i32) [SOCKET_NAME];
                tcp_socket_is_listening = "[method]tcp-socket.is-listening" (this: i32) -> i32;
                tcp_socket_address_family = "[method]tcp-socket.address-family" (this: i32) -> i32;
                tcp_socket_set_listen_backlog_size = "[method]tcp-socket.set-listen-backlog-size" (this: i32, value: i64, ret: i32) [LISTEN];
                tcp_socket_keep_alive_enabled = "[method]tcp-socket.keep-alive-enabled" (this: i32, ret: i32) [SOCKET_OPTION];
                tcp_socket_set_keep_alive_enabled = "[method]tcp-socket.set-keep-alive-enabled" (this: i32, value: i32, ret: i32) [SOCKET_OPTION];
                tcp_socket_keep_alive_idle_time = "[method]tcp-socket.keep-alive-idle-time" (this: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_set_keep_alive_idle_time = "[method]tcp-socket.set-keep-alive-idle-time" (this: i32, value: i64, ret: i32) [SOCKET_LEVELS];
                tcp_socket_keep_alive_interval = "[method]tcp-socket.keep-alive-interval" (this: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_set_keep_alive_interval = "[method]tcp-socket.set-keep-alive-interval" (this: i32, value: i64, ret: i32) [SOCKET_LEVELS];
                tcp_socket_keep_alive_count = "[method]tcp-socket.keep-alive-count" (this: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_set_keep_alive_count = "[method]tcp-socket.set-keep-alive-count" (this: i32, value: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_hop_limit = "[method]tcp-socket.hop-limit" (this: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_set_hop_limit = "[method]tcp-socket.set-hop-limit" (this: i32, value: i32, ret: i32) [SOCKET_LEVELS];
                tcp_socket_receive_buffer_size = "[method]tcp-socket.receive-buffer-size" (this: i32, ret: i32) [SOCKET_OPTION];
                tcp_socket_set_receive_buffer_size = "[method]tcp-socket.set-receive-buffer-size" (this: i32, value: i64, ret: i32) [SOCKET_OPTION];
                tcp_socket_send_buffer_size = "[method]tcp-socket.send-buffer-size" (this: i32, ret: i32) [SOCKET_OPTION];
                tcp_socket_set_send_buffer_size = "[method]tcp-socket.set-send-buffer-size" (this: i32, value: i64, ret: i32) [SOCKET_OPTION];
                tcp_socket_subscribe = "[method]tcp-socket.subscribe" (this: i32) -> i32;
                tcp_socket_shutdown = "[method]tcp-socket.shutdown" (this: i32, shutdown_type: i32, ret: i32) [SHUTDOWN];
            }
            "wasi:sockets/tcp-create-socket" {
                create_tcp_socket = "create-tcp-socket" (address_family: i32, ret: i32) [SOCKET SOCKET_OPTION SOCKET_LEVELS];
            }
            "wasi:sockets/udp" {
                udp_socket_start_bind = "[method]udp-socket.start-bind" (this: i32, network: i32, family: i32, a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, a6: i32, a7: i32, a8: i32, a9: i32, a10: i32, ret: i32) [BIND];
                udp_socket_finish_bind = "[method]udp-socket.finish-bind" (this: i32, ret: i32);
                udp_socket_stream = "[method]udp-socket.stream" (this: i32, some: i32, family: i32, a0: i32, a1: i32, a2: i32, a3: i32, a4: i32, a5: i32, a6: i32, a7: i32, a8: i32, a9: i32, a10: i32, ret: i32) [CONNECT];
                udp_socket_local_address = "[method]udp-socket.local-address" (this: i32, ret: i32) [SOCKET_NAME];
                udp_socket_remote_address = "[method]udp-socket.remote-address" (this: i32, ret: i32) [SOCKET_NAME];
                udp_socket_address_family = "[method]udp-socket.address-family" (this: i32) -> i32;
                udp_socket_unicast_hop_limit = "[method]udp-socket.unicast-hop-limit" (this: i32, ret: i32) [SOCKET_LEVELS];
                udp_socket_set_unicast_hop_limit = "[method]udp-socket.set-unicast-hop-limit" (this: i32, value: i32, ret: i32) [SOCKET_LEVELS];
                udp_socket_receive_buffer_size = "[method]udp-socket.receive-buffer-size" (this: i32, ret: i32) [SOCKET_OPTION];
                udp_socket_set_receive_buffer_size = "[method]udp-socket.set-receive-buffer-size" (this: i32, value: i64, ret: i32) [SOCKET_OPTION];
                udp_socket_send_buffer_size = "[method]udp-socket.send-buffer-size" (this: i32, ret: i32) [SOCKET_OPTION];
                udp_socket_set_send_buffer_size = "[method]udp-socket.set-send-buffer-size" (this: i32, value: i64, ret: i32) [SOCKET_OPTION];
                udp_socket_subscribe = "[method]udp-socket.subscribe" (this: i32) -> i32;
                incoming_datagram_stream_receive = "[method]incoming-datagram-stream.receive" (this: i32, max_results: i64, ret: i32) [RECEIVE] realloc;
                incoming_datagram_stream_subscribe = "[method]incoming-datagram-stream.subscribe" (this: i32) -> i32;
                outgoing_datagram_stream_check_send = "[method]outgoing-datagram-stream.check-send" (this: i32, ret: i32) [POLL];
                outgoing_datagram_stream_send = "[method]outgoing-datagram-stream.send" (this: i32, datagrams: i32, datagrams_len: i32, ret: i32) [SEND SOCKET_NAME];
                outgoing_datagram_stream_subscribe = "[method]outgoing-datagram-stream.subscribe" (this: i32) -> i32;
            }
            "wasi:sockets/udp-create-socket" {
                create_udp_socket = "create-udp-socket" (address_family: i32, ret: i32) [SOCKET DATAGRAM SOCKET_OPTION SOCKET_LEVELS];
            }
            "wasi:random/insecure-seed" {
                insecure_seed = "insecure-seed" (ret: i32) [RANDOM];
            }
            "wasi:random/insecure" {
                get_insecure_random_bytes = "get-insecure-random-bytes" (len: i64, ret: i32) [RANDOM] realloc;
                get_insecure_random_u64 = "get-insecure-random-u64" () -> i64 [RANDOM];
            }
            "wasi:random/random" {
                get_random_bytes = "get-random-bytes" (len: i64, ret: i32) [RANDOM] realloc;
                get_random_u64 = "get-random-u64" () -> i64 [RANDOM];
            }
            "wasi:cli/environment" {
                get_environment = "get-environment" (ret: i32) realloc;
                get_arguments = "get-arguments" (ret: i32) realloc;
                initial_cwd = "initial-cwd" (ret: i32) realloc;
            }
            "wasi:cli/exit" {
                exit = "exit" (status: i32);
                exit_with_code = "exit-with-code" (status_code: i32);
            }
            "wasi:cli/stdin" {
                get_stdin = "get-stdin" () -> i32;
            }
            "wasi:cli/stdout" {
                get_stdout = "get-stdout" () -> i32;
            }
            "wasi:cli/stderr" {
                get_stderr = "get-stderr" () -> i32;
            }
            "wasi:cli/terminal-stdin" {
                get_terminal_stdin = "get-terminal-stdin" (ret: i32) [FDSTAT];
            }
            "wasi:cli/terminal-stdout" {
                get_terminal_stdout = "get-terminal-stdout" (ret: i32) [FDSTAT];
            }
            "wasi:cli/terminal-stderr" {
                get_terminal_stderr = "get-terminal-stderr" (ret: i32) [FDSTAT];
            }
            "wasi:http/types" {
                http_error_code = "http-error-code" (err: i32, ret: i32) realloc;
                fields_new = "[constructor]fields" () -> i32;
                fields_from_list = "[static]fields.from-list" (entries: i32, entries_len: i32, ret: i32) [HOST_MEMORY];
                fields_get = "[method]fields.get" (this: i32, name: i32, name_len: i32, ret: i32) realloc;
                fields_has = "[method]fields.has" (this: i32, name: i32, name_len: i32) -> i32;
                fields_set = "[method]fields.set" (this: i32, name: i32, name_len: i32, value: i32, value_len: i32, ret: i32) [HOST_MEMORY];
                fields_delete = "[method]fields.delete" (this: i32, name: i32, name_len: i32, ret: i32);
                fields_append = "[method]fields.append" (this: i32, name: i32, name_len: i32, value: i32, value_len: i32, ret: i32) [HOST_MEMORY];
                fields_entries = "[method]fields.entries" (this: i32, ret: i32) realloc;
                fields_clone = "[method]fields.clone" (this: i32) -> i32 [HOST_MEMORY];
                incoming_request_method = "[method]incoming-request.method" (this: i32, ret: i32) realloc;
                incoming_request_path_with_query = "[method]incoming-request.path-with-query" (this: i32, ret: i32) realloc;
                incoming_request_scheme = "[method]incoming-request.scheme" (this: i32, ret: i32) realloc;
                incoming_request_authority = "[method]incoming-request.authority" (this: i32, ret: i32) realloc;
                incoming_request_headers = "[method]incoming-request.headers" (this: i32) -> i32 [HOST_MEMORY];
                incoming_request_consume = "[method]incoming-request.consume" (this: i32, ret: i32);
                outgoing_request_new = "[constructor]outgoing-request" (headers: i32) -> i32 [HOST_MEMORY];
                outgoing_request_body = "[method]outgoing-request.body" (this: i32, ret: i32);
                outgoing_request_method = "[method]outgoing-request.method" (this: i32, ret: i32) realloc;
                outgoing_request_set_method = "[method]outgoing-request.set-method" (this: i32, method: i32, method_1: i32, method_2: i32) -> i32 [HOST_MEMORY];
                outgoing_request_path_with_query = "[method]outgoing-request.path-with-query" (this: i32, ret: i32) realloc;
                outgoing_request_set_path_with_query = "[method]outgoing-request.set-path-with-query" (this: i32, path_with_query_some: i32, path_with_query: i32, path_with_query_len: i32) -> i32 [HOST_MEMORY];
                outgoing_request_scheme = "[method]outgoing-request.scheme" (this: i32, ret: i32) realloc;
                outgoing_request_set_scheme = "[method]outgoing-request.set-scheme" (this: i32, scheme_some: i32, scheme: i32, scheme_1: i32, scheme_2: i32) -> i32 [HOST_MEMORY];
                outgoing_request_authority = "[method]outgoing-request.authority" (this: i32, ret: i32) realloc;
                outgoing_request_set_authority = "[method]outgoing-request.set-authority" (this: i32, authority_some: i32, authority: i32, authority_len: i32) -> i32 [HOST_MEMORY];
                outgoing_request_headers = "[method]outgoing-request.headers" (this: i32) -> i32;
                request_options_new = "[constructor]request-options" () -> i32;
                request_options_connect_timeout = "[method]request-options.connect-timeout" (this: i32, ret: i32);
                request_options_set_connect_timeout = "[method]request-options.set-connect-timeout" (this: i32, duration_some: i32, duration: i64) -> i32;
                request_options_first_byte_timeout = "[method]request-options.first-byte-timeout" (this: i32, ret: i32);
                request_options_set_first_byte_timeout = "[method]request-options.set-first-byte-timeout" (this: i32, duration_some: i32, duration: i64) -> i32;
                request_options_between_bytes_timeout = "[method]request-options.between-bytes-timeout" (this: i32, ret: i32);
                request_options_set_between_bytes_timeout = "[method]request-options.set-between-bytes-timeout" (this: i32, duration_some: i32, duration: i64) -> i32;
                response_outparam_send_informational = "[method]response-outparam.send-informational" (this: i32, status: i32, headers: i32, ret: i32) [HOST_MEMORY] realloc;
                response_outparam_set = "[static]response-outparam.set" (param: i32, response: i32, response_1: i32, response_2: i32, response_3: i64, response_4: i32, response_5: i32, response_6: i32, response_7: i32) [HOST_MEMORY];
                incoming_response_status = "[method]incoming-response.status" (this: i32) -> i32;
                incoming_response_headers = "[method]incoming-response.headers" (this: i32) -> i32;
                incoming_response_consume = "[method]incoming-response.consume" (this: i32, ret: i32);
                incoming_body_stream = "[method]incoming-body.stream" (this: i32, ret: i32);
                incoming_body_finish = "[static]incoming-body.finish" (this: i32) -> i32;
                future_trailers_subscribe = "[method]future-trailers.subscribe" (this: i32) -> i32;
                future_trailers_get = "[method]future-trailers.get" (this: i32, ret: i32) [HOST_MEMORY] realloc;
                outgoing_response_new = "[constructor]outgoing-response" (headers: i32) -> i32 [HOST_MEMORY];
                outgoing_response_status_code = "[method]outgoing-response.status-code" (this: i32) -> i32;
                outgoing_response_set_status_code = "[method]outgoing-response.set-status-code" (this: i32, status_code: i32) -> i32;
                outgoing_response_headers = "[method]outgoing-response.headers" (this: i32) -> i32;
                outgoing_response_body = "[method]outgoing-response.body" (this: i32, ret: i32);
                outgoing_body_write = "[method]outgoing-body.write" (this: i32, ret: i32) [HOST_MEMORY];
                outgoing_body_finish = "[static]outgoing-body.finish" (this: i32, trailers_some: i32, trailers: i32, ret: i32) [HOST_MEMORY] realloc;
                future_incoming_response_subscribe = "[method]future-incoming-response.subscribe" (this: i32) -> i32;
                future_incoming_response_get = "[method]future-incoming-response.get" (this: i32, ret: i32) realloc;
            }
            "wasi:http/outgoing-handler" {
                outgoing_handler_handle = "handle" (request: i32, options_some: i32, options: i32, ret: i32) realloc;
            }
        }
    };
}

/// Calls a macro with the list of resources: `Name "interface" "name in WIT" [needs] absent;`, where
/// the needs are those of dropping one. What is `absent` nothing makes yet, so that nothing drops it.
#[macro_export]
macro_rules! for_each_p2_resource {
    ($mac:ident) => {
        $mac! {
            Error "wasi:io/error" "error";
            Pollable "wasi:io/poll" "pollable";
            InputStream "wasi:io/streams" "input-stream" [CLOSE];
            OutputStream "wasi:io/streams" "output-stream" [CLOSE];
            TerminalInput "wasi:cli/terminal-input" "terminal-input";
            TerminalOutput "wasi:cli/terminal-output" "terminal-output";
            Descriptor "wasi:filesystem/types" "descriptor" [CLOSE];
            DirectoryEntryStream "wasi:filesystem/types" "directory-entry-stream" [CLOSE];
            Network "wasi:sockets/network" "network";
            ResolveAddressStream "wasi:sockets/ip-name-lookup" "resolve-address-stream" [CLOSE];
            TcpSocket "wasi:sockets/tcp" "tcp-socket" [CLOSE];
            UdpSocket "wasi:sockets/udp" "udp-socket" [CLOSE];
            IncomingDatagramStream "wasi:sockets/udp" "incoming-datagram-stream" [CLOSE];
            OutgoingDatagramStream "wasi:sockets/udp" "outgoing-datagram-stream" [CLOSE];
            Fields "wasi:http/types" "fields";
            IncomingRequest "wasi:http/types" "incoming-request";
            OutgoingRequest "wasi:http/types" "outgoing-request";
            RequestOptions "wasi:http/types" "request-options";
            ResponseOutparam "wasi:http/types" "response-outparam";
            IncomingResponse "wasi:http/types" "incoming-response" absent;
            IncomingBody "wasi:http/types" "incoming-body";
            FutureTrailers "wasi:http/types" "future-trailers";
            OutgoingResponse "wasi:http/types" "outgoing-response";
            OutgoingBody "wasi:http/types" "outgoing-body";
            FutureIncomingResponse "wasi:http/types" "future-incoming-response" absent;
        }
    };
}

/// A function of the host.
#[derive(PartialEq, Eq, Debug)]
pub struct HostFunction {
    /// Its name in the runtime, which no other has.
    pub name: &'static str,
    /// The runtime's symbol.
    pub symbol: &'static str,
    /// The interface, without version.
    pub interface: &'static str,
    /// Its name there, as imports of core modules have it: `[method]pollable.ready`.
    pub import: &'static str,
    /// Parameters of the flat signature: name and type.
    pub params: &'static [(&'static str, ValueType)],
    /// Result of the flat signature.
    pub result: Option<ValueType>,
    /// What it needs of the kernel.
    pub needs: Needs,
    /// Whether results need memory that the guest allocates.
    pub realloc: bool,
    /// Whether the runtime has it.
    pub offered: bool,
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

/// Whether the words that end a row have `realloc`, and whether they have `absent`.
macro_rules! words {
    () => {
        (false, false)
    };
    (realloc) => {
        (true, false)
    };
    (absent) => {
        (false, true)
    };
    (realloc absent) => {
        (true, true)
    };
}

macro_rules! define_functions {
    ($($interface:literal {$(
        $name:ident = $import:literal ($($param:ident: $ty:ident),*) $(-> $result:ident)?
        $([$($need:ident)*])? $($word:ident)*;
    )*})*) => {
        /// Every function, in the order of the list.
        pub const FUNCTIONS: &[HostFunction] = &[$($(HostFunction {
            name: stringify!($name),
            symbol: concat!("wasmc_p2_", stringify!($name)),
            interface: $interface,
            import: $import,
            params: &[$((stringify!($param), value_type!($ty))),*],
            result: value_result!($($result)?),
            needs: Needs::NONE$($(.and(Needs::$need))*)?,
            realloc: words!($($word)*).0,
            offered: !words!($($word)*).1,
        },)*)*];
    };
}

for_each_p2_function!(define_functions);

const _: () = assert!(FUNCTIONS.len() == 177);

macro_rules! define_resources {
    ($($name:ident $interface:literal $import:literal $([$($need:ident)*])? $($word:ident)*;)*) => {
        /// A resource of the host. The number is that of its type in handle tables.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        #[expect(missing_docs, reason = "the names are those of WIT")]
        #[repr(u32)]
        pub enum Resource { $($name,)* }

        impl Resource {
            /// Every resource, in the order of the list.
            pub const ALL: &[Resource] = &[$(Resource::$name,)*];

            /// Its interface, without version.
            pub const fn interface(self) -> &'static str {
                match self { $(Resource::$name => $interface,)* }
            }

            /// Its name in WIT.
            pub const fn name(self) -> &'static str {
                match self { $(Resource::$name => $import,)* }
            }

            /// The runtime's destructor; `None` when nothing makes one.
            pub const fn destructor(self) -> Option<&'static str> {
                match self {
                    $(Resource::$name => if words!($($word)*).1 {
                        None
                    } else {
                        Some(concat!("wasmc_p2_drop_", stringify!($name)))
                    },)*
                }
            }

            /// What dropping one needs of the kernel.
            pub const fn needs(self) -> Needs {
                match self { $(Resource::$name => Needs::NONE$($(.and(Needs::$need))*)?,)* }
            }
        }
    };
}

for_each_p2_resource!(define_resources);

const _: () = assert!(Resource::ALL.len() == 25);

/// The interface without its version, and the version; `None` when the name has none.
pub fn split_version(name: &str) -> Option<(&str, &str)> {
    name.split_once('@')
}

/// Whether a version of an interface is one whose functions these are.
pub fn offers_version(version: &str) -> bool {
    version
        .strip_prefix(TRACK)
        .is_some_and(|patch| !patch.is_empty() && patch.bytes().all(|byte| byte.is_ascii_digit()))
}

/// The function of an interface (without version) with this name.
pub fn find(interface: &str, import: &str) -> Option<&'static HostFunction> {
    FUNCTIONS
        .iter()
        .find(|function| function.interface == interface && function.import == import)
}

/// The resource of an interface (without version) with this name.
pub fn find_resource(interface: &str, name: &str) -> Option<Resource> {
    Resource::ALL
        .iter()
        .copied()
        .find(|resource| resource.interface() == interface && resource.name() == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        for (at, one) in FUNCTIONS.iter().enumerate() {
            for two in FUNCTIONS.iter().skip(at + 1) {
                assert_ne!(one.name, two.name);
                assert!(one.interface != two.interface || one.import != two.import);
            }
            assert_eq!(find(one.interface, one.import), Some(one));
        }
        for &resource in Resource::ALL {
            let found = find_resource(resource.interface(), resource.name());
            assert_eq!(found, Some(resource));
        }
    }

    #[test]
    fn patches_of_the_track_match() {
        for version in ["0.2.0", "0.2.9", "0.2.12", "0.2.99"] {
            assert!(offers_version(version), "{version}");
        }
        for version in [
            "0.2",
            "0.2.",
            "0.3.0",
            "0.2.0-rc-2023-12-05",
            "0.1.0",
            "0.22.0",
        ] {
            assert!(!offers_version(version), "{version}");
        }
    }
}
