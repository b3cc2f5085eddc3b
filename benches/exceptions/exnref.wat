;; Throws ten million exceptions through three frames, and catches them with `try_table`.
(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "\08\00\00\00\09\00\00\0010000000\0a")
  (tag $exception (param i32))
  (global $depth (mut i32) (i32.const 0))

  (func $third (param i32)
    (throw $exception (local.get 0)))
  (func $second (param i32)
    (call $third (local.get 0))
    (global.set $depth (i32.const 2)))
  (func $first (param i32)
    (call $second (local.get 0))
    (global.set $depth (i32.const 1)))

  (func (export "_start")
    (local $count i32) (local $sum i64)
    (local.set $count (i32.const 10000000))
    (loop $again
      (block $caught (result i32)
        (try_table (catch $exception $caught)
          (call $first (local.get $count)))
        (unreachable))
      (i64.extend_i32_u)
      (local.set $sum (i64.add (local.get $sum)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (if (i64.ne (local.get $sum) (i64.const 50000005000000)) (then (unreachable)))
    (if (global.get $depth) (then (unreachable)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 32)))))
