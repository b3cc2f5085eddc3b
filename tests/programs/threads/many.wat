;; 5,000 threads, one after another and in groups of 100, each with a stack that is used; their
;; numbers are in the range that is promised.
;; invoke: run
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (global $deep (mut i32) (i32.const 0))
  (func $recurse (param $left i32) (result i32)
    (global.set $deep (i32.add (global.get $deep) (i32.const 1)))
    (if (result i32) (local.get $left)
      (then (i32.add (i32.const 1) (call $recurse (i32.sub (local.get $left) (i32.const 1)))))
      (else (i32.const 1))))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (drop (i32.atomic.rmw.add (i32.const 8)
      (i32.and
        (i32.lt_u (i32.sub (local.get $tid) (i32.const 1)) (i32.const 0x1fffffff))
        (i32.eq (call $recurse (local.get $arg)) (i32.add (local.get $arg) (i32.const 1))))))
    (drop (i32.atomic.rmw.add (i32.const 12) (global.get $deep)))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func $join (param $count i32) (local $done i32)
    (loop $again
      (local.set $done (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $done) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $done) (i64.const -1)))
          (br $again)))))
  (func $spawn_group (param $count i32) (param $started i32) (result i32)
    (loop $again
      (if (i32.le_s (call $spawn (i32.const 99)) (i32.const 0)) (then unreachable))
      (local.set $started (i32.add (local.get $started) (i32.const 1)))
      (br_if $again (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (call $join (local.get $started))
    (local.get $started))
  (func (export "run") (result i32 i32) (local $started i32)
    (loop $again
      (local.set $started (call $spawn_group (i32.const 1) (local.get $started)))
      (br_if $again (i32.lt_u (local.get $started) (i32.const 200))))
    (loop $again
      (local.set $started (call $spawn_group (i32.const 100) (local.get $started)))
      (br_if $again (i32.lt_u (local.get $started) (i32.const 5000))))
    (i32.atomic.load (i32.const 8))
    (i32.atomic.load (i32.const 12))))
