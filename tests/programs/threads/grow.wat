;; Threads grow the memory while others, and they themselves, use what is there: whatever size a
;; thread has seen, it can use. The results are the pages grown from, each once, the size, and
;; accesses that did not find what they had stored.
;; invoke: run
(module
  (import "env" "memory" (memory 1 512 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func $use (param $tid i32) (param $page i32) (local $at i32)
    (local.set $at (i32.add (i32.shl (local.get $page) (i32.const 16))
      (i32.shl (local.get $tid) (i32.const 4))))
    (i32.store (local.get $at) (local.get $page))
    (memory.fill (i32.add (local.get $at) (i32.const 4)) (local.get $page) (i32.const 1))
    (memory.copy (i32.add (local.get $at) (i32.const 8)) (local.get $at) (i32.const 5))
    (if (i32.or
          (i32.ne (i32.load offset=8 (local.get $at)) (local.get $page))
          (i32.ne (i32.load8_u offset=12 (local.get $at)) (i32.and (local.get $page) (i32.const 255))))
      (then (drop (i32.atomic.rmw.add (i32.const 8) (i32.const 1))))))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (local $left i32) (local $old i32)
    (local.set $left (i32.const 100))
    (loop $again
      (local.set $old (memory.grow (i32.const 1)))
      ;; Where it grew from is the thread's alone.
      (if (i32.gt_s (local.get $old) (i32.const 0))
        (then
          (drop (i32.atomic.rmw.add (i32.const 4) (local.get $old)))
          (call $use (i32.add (local.get $arg) (i32.const 4)) (local.get $old))))
      (call $use (local.get $arg) (i32.sub (memory.size) (i32.const 1)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
    (drop (memory.atomic.notify (i32.const 0) (i32.const -1))))
  (func (export "run") (result i32 i32 i32 i32) (local $number i32)
    (loop $again
      (if (i32.le_s (call $spawn (i32.add (local.get $number) (i32.const 1))) (i32.const 0))
        (then unreachable))
      (br_if $again
        (i32.lt_u (local.tee $number (i32.add (local.get $number) (i32.const 1))) (i32.const 4))))
    ;; The size alone tells when they are done: no access of another kind lies between.
    (loop $wait (br_if $wait (i32.lt_u (memory.size) (i32.const 401))))
    (loop $wait (br_if $wait (i32.lt_u (i32.atomic.load (i32.const 0)) (i32.const 4))))
    (i32.atomic.load (i32.const 4))
    (memory.size)
    (memory.grow (i32.const 112))
    (i32.atomic.load (i32.const 8))))
