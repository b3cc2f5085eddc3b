;; A trap in a thread ends the program, whatever the main thread does.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (global $divisor (mut i32) (i32.const 0))
  (func $divide (param i32) (result i32)
    (i32.div_u (local.get 0) (global.get $divisor)))
  (func $work (param i32) (result i32) (i32.add (i32.const 1) (call $divide (local.get 0))))
  (func $wasi_thread_start (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (drop (call $work (local.get $arg))))
  (func (export "_start")
    (drop (call $spawn (i32.const 1)))
    (drop (memory.atomic.wait32 (i32.const 0) (i32.const 0) (i64.const -1)))))
