;; shows: imports, calling convention, frame pointers, calls
;; Calls: direct, through a table that nothing writes, through one that something writes, in tail
;; position, and of the runtime.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (type $unary (func (param i32) (result i32)))
  (table $constant 2 2 funcref)
  (table $written 2 2 funcref)
  (elem (table $constant) (i32.const 0) func $callee $direct)
  (elem (table $written) (i32.const 0) func $callee)
  (memory (export "memory") 1)
  (func $callee (type $unary) (i32.add (local.get 0) (memory.size)))
  (func $direct (export "direct") (type $unary) (i32.add (call $callee (local.get 0)) (i32.const 1)))
  (func $indirect (export "indirect") (param i32 i32) (result i32)
    (i32.add (call_indirect $constant (type $unary) (local.get 0) (local.get 1)) (i32.const 1)))
  (func $indirect_written (export "indirect_written") (param i32 i32) (result i32)
    (i32.add (call_indirect $written (type $unary) (local.get 0) (local.get 1)) (i32.const 1)))
  (func $set (export "set") (param i32)
    (table.set $written (local.get 0) (table.get $constant (local.get 0))))
  (func $tail (export "tail") (type $unary) (return_call $callee (local.get 0)))
  (func $runtime (export "runtime") (result i32) (call $yield)))
