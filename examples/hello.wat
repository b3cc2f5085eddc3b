;; Hello, world, by hand: one WASI call that writes one line, then the normal end of `_start`.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param $fd i32) (param $iovs i32) (param $iovs_len i32) (param $nwritten i32)
      (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param $code i32)))

  (memory (export "memory") 1)

  ;; One iovec: the text starts at byte 16 and is 13 bytes long. Bytes 8-11 receive the count.
  (data (i32.const 0) "\10\00\00\00\0d\00\00\00")
  (data (i32.const 16) "hello, world\n")

  (func $_start (export "_start")
    (local $errno i32)
    (local.set $errno
      (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8)))
    ;; A failed write becomes the exit status.
    (if (local.get $errno) (then (call $proc_exit (local.get $errno))))))
