;; Pointers outside the memory: EFAULT is 21, and nothing is written.
;; invoke: run
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $clock (param i32 i64 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "run") (result i32 i32 i32 i32 i32)
    (call $random (i32.const 65535) (i32.const 2))
    (i32.load8_u (i32.const 65535))
    (call $clock (i32.const 0) (i64.const 0) (i32.const -4))
    (call $fd_write (i32.const 1) (i32.const 65530) (i32.const 1) (i32.const 8))
    (call $fd_write (i32.const 1) (i32.const 0) (i32.const 0x20000000) (i32.const 8))))
