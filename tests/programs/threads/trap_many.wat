;; Of many threads that trap at once one is reported.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func $wasi_thread_start (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (loop $wait (br_if $wait (i32.eqz (i32.atomic.load (i32.const 0)))))
    unreachable)
  (func (export "_start") (local $left i32)
    (local.set $left (i32.const 8))
    (loop $again
      (drop (call $spawn (i32.const 0)))
      (br_if $again (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (i32.atomic.store (i32.const 0) (i32.const 1))
    (loop $forever (br $forever))))
