;; Answers each connection of the listening socket that it was granted, as an HTTP server would.
(module
  (import "wasi_snapshot_preview1" "sock_accept" (func $accept (param i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_recv"
    (func $recv (param i32 i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_send"
    (func $send (param i32 i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "sock_shutdown" (func $shutdown (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_close" (func $close (param i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (memory (export "memory") 1)
  ;; 0: the connection, 8: how much was moved, 12: flags
  (data (i32.const 16) "\00\10\00\00\00\10\00\00") ;; an iovec for the request: 4 KiB at 4 KiB
  (data (i32.const 24) "\40\00\00\00\49\00\00\00") ;; an iovec for the answer: 73 bytes at 64
  (data (i32.const 64)
    "HTTP/1.1 200 OK\0d\0acontent-type: text/plain\0d\0acontent-length: 0006\0d\0a\0d\0ahello\0a")
  ;; A subscription to what can be read of descriptor 3: the listening socket does not block.
  (data (i32.const 264) "\01\00\00\00\00\00\00\00\03\00\00\00")
  (func (export "_start")
    (loop $next
      ;; 320: the event, 368: how many there are
      (if (call $poll (i32.const 256) (i32.const 320) (i32.const 1) (i32.const 368))
        (then (call $exit (i32.const 2))))
      (if (call $accept (i32.const 3) (i32.const 0) (i32.const 0))
        (then (call $exit (i32.const 1))))
      (drop (call $recv (i32.load (i32.const 0)) (i32.const 16) (i32.const 1) (i32.const 0)
        (i32.const 8) (i32.const 12)))
      (drop (call $send (i32.load (i32.const 0)) (i32.const 24) (i32.const 1) (i32.const 0)
        (i32.const 8)))
      (drop (call $shutdown (i32.load (i32.const 0)) (i32.const 2)))
      (drop (call $close (i32.load (i32.const 0))))
      (br $next))))
