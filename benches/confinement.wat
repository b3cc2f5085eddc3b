;; A program whose start needs system calls for paths: it looks at its first granted folder, if there
;; is one, and writes a line. `benches/system start` measures it with and without confinement.
(module
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 16) ".")
  (data (i32.const 32) "started\n")
  (data (i32.const 48) "\20\00\00\00\08\00\00\00")
  (func (export "_start")
    (drop (call $path_open
      (i32.const 3) (i32.const 0) (i32.const 16) (i32.const 1) (i32.const 0)
      (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 64)))
    (drop (call $fd_write (i32.const 1) (i32.const 48) (i32.const 1) (i32.const 64)))))
