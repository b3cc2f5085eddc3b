(module $example
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func (param i64)))
  (import "env" "callback" (func (param externref) (result i32 f64)))
  (import "env" "limit" (global i32))
  (memory (export "memory") 2 10)
  (table (export "table") 3 funcref)
  (global $counter (mut i64) (i64.const 0))
  (export "counter" (global $counter))
  (data (i32.const 0) "hello")
  (func (export "_start")
    (drop (i32.extend8_s (i32.const 0))))
  (func $start)
  (start $start)
  (@producers
    (language "Rust" "2024")
    (processed-by "rustc" "1.95.0")))
