;; The end of the main thread is the end of the program, whatever other threads do.
(module
  (import "env" "memory" (memory 1 1 shared))
  (import "wasi" "thread-spawn" (func $spawn (param i32) (result i32)))
  (func (export "wasi_thread_start") (param $tid i32) (param $arg i32)
    (if (local.get $arg)
      (then (drop (memory.atomic.wait64 (i32.const 0) (i64.const 0) (i64.const -1)))))
    (loop $forever (br $forever)))
  (func (export "_start")
    (drop (call $spawn (i32.const 0)))
    (drop (call $spawn (i32.const 1)))))
