;; Results of waiting: another value, a time-out, woken; notifications count those they wake, and
;; one address is not another.
;; invoke: run
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    ;; Half of the threads each way.
    (drop (i32.atomic.rmw.add (i32.const 8)
      (if (result i32) (local.get $arg)
        (then (memory.atomic.wait64 (i32.const 64) (i64.const 0) (i64.const -1)))
        (else (memory.atomic.wait32 (i32.const 64) (i32.const 0) (i64.const 60000000000))))))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func $wake (param $count i32) (result i32) (local $woken i32)
    (loop $again
      (local.set $woken (i32.add (local.get $woken)
        (memory.atomic.notify (i32.const 64)
          (i32.sub (local.get $count) (local.get $woken)))))
      (br_if $again (i32.lt_u (local.get $woken) (local.get $count))))
    (local.get $woken))
  (func $join (param $count i32) (local $done i32)
    (loop $again
      (local.set $done (i32.atomic.load (i32.const 0)))
      (if (i32.ne (local.get $done) (local.get $count))
        (then
          (drop (memory.atomic.wait32 (i32.const 0) (local.get $done) (i64.const -1)))
          (br $again)))))
  (func (export "run") (result i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local $number i32)
    (loop $again
      (if (i32.le_s (call $spawn (i32.and (local.get $number) (i32.const 1))) (i32.const 0))
        (then unreachable))
      (br_if $again
        (i32.lt_u (local.tee $number (i32.add (local.get $number) (i32.const 1))) (i32.const 6))))
    (memory.atomic.wait32 (i32.const 128) (i32.const 1) (i64.const -1))
    (memory.atomic.wait64 (i32.const 128) (i64.const 0x100000000) (i64.const -1))
    (memory.atomic.wait32 (i32.const 128) (i32.const 0) (i64.const 0))
    (memory.atomic.wait64 (i32.const 128) (i64.const 0) (i64.const 2000000))
    (memory.atomic.notify (i32.const 128) (i32.const -1))
    (call $wake (i32.const 2))
    (call $wake (i32.const 4))
    (call $join (i32.const 6))
    ;; Nobody is left, and every wait had the result 0.
    (memory.atomic.notify (i32.const 64) (i32.const -1))
    (i32.atomic.load (i32.const 8))))
