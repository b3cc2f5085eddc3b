;; Two threads hand a turn to each other by waiting and notifying, with 32 and with 64 bits; the
;; values of 64 bits differ in their upper half only.
;; invoke: run
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func $pass32 (param $from i32) (param $to i32)
    (loop $again
      (if (i32.ne (i32.atomic.load (i32.const 8)) (local.get $from))
        (then
          (drop (memory.atomic.wait32 (i32.const 8) (local.get $to) (i64.const -1)))
          (br $again))))
    (i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
    (i32.atomic.store (i32.const 8) (local.get $to))
    (drop (memory.atomic.notify (i32.const 8) (i32.const 1))))
  (func $pass64 (param $from i64) (param $to i64)
    (loop $again
      (if (i64.ne (i64.atomic.load (i32.const 24)) (local.get $from))
        (then
          (drop (memory.atomic.wait64 (i32.const 24) (local.get $to) (i64.const -1)))
          (br $again))))
    (i32.store (i32.const 32) (i32.add (i32.load (i32.const 32)) (i32.const 1)))
    (i64.atomic.store (i32.const 24) (local.get $to))
    (drop (memory.atomic.notify (i32.const 24) (i32.const 1))))
  (func $play (param $mine i32) (param $mine64 i64) (param $other i32) (param $other64 i64)
    (local $left i32)
    (local.set $left (i32.const 250))
    (loop $again
      (call $pass32 (local.get $mine) (local.get $other))
      (call $pass64 (local.get $mine64) (local.get $other64))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1))))))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (call $play (i32.const 1) (i64.const 0x100000000) (i32.const 0) (i64.const 0))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (drop (memory.atomic.notify (i32.const 0) (i32.const 1))))
  (func (export "run") (result i32 i32)
    (if (i32.le_s (call $spawn (i32.const 0)) (i32.const 0)) (then unreachable))
    (call $play (i32.const 0) (i64.const 0) (i32.const 1) (i64.const 0x100000000))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))
    (i32.load (i32.const 16))
    (i32.load (i32.const 32))))
