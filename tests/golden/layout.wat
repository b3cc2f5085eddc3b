;; emit: obj
;; shows: position independence, imports, alignment
;; Where functions begin, and what code refers to: always relative to its own place, and a function of
;; the runtime by a call that nothing stands between.
(module
  (import "wasi_snapshot_preview1" "sched_yield" (func $yield (result i32)))
  (type $nullary (func (result i32)))
  (table $constant 2 2 funcref)
  (table $written 2 2 funcref)
  (elem (table $constant) (i32.const 0) func $runtime $references)
  (elem $passive func $runtime)
  (memory 1)
  (data $bytes "passive")
  (global $counter (mut i32) (i32.const 0))
  (func $runtime (export "runtime") (result i32) (call $yield))
  (func $indirect (export "indirect") (param i32) (result i32)
    (call_indirect $constant (type $nullary) (local.get 0)))
  (func $references (export "references") (result i32)
    (table.set $written (i32.const 0) (ref.func $runtime))
    (table.init $written $passive (i32.const 0) (i32.const 0) (i32.const 1))
    (memory.init $bytes (i32.const 0) (i32.const 0) (i32.const 7))
    (global.set $counter (i32.add (global.get $counter) (i32.const 1)))
    (global.get $counter))
  (func $loop (export "loop") (param i32)
    (loop $again
      (br_if $again (local.tee 0 (i32.sub (local.get 0) (call $references)))))))
