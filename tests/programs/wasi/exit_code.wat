;; `proc_exit` from within calls; what follows it does not happen.
(module
  (import "wasi_snapshot_preview1" "proc_exit" (func $proc_exit (param i32)))
  (memory (export "memory") 1)
  (func $leave (param i32) (call $proc_exit (local.get 0)) (unreachable))
  (func (export "_start") (call $leave (i32.const 42)) (unreachable)))
