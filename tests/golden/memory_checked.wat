;; shows: bounds checks
;; bounds-checks
;; The same with explicit checks, byte-exact against the current size.
(module
  (memory (export "memory") 1)
  (func $load (export "load") (param i32) (result i32) (i32.load offset=16 (local.get 0)))
  (func $load_extended (export "load_extended") (param i32) (result i64)
    (i64.load8_s (local.get 0)))
  (func $store_constant (export "store_constant") (param i32)
    (i32.store offset=16 (local.get 0) (i32.const 7)))
  (func $increment (export "increment") (param i32)
    (i32.store offset=16 (local.get 0)
      (i32.add (i32.load offset=16 (local.get 0)) (i32.const 1))))
  (func $constant_index (export "constant_index") (result i64)
    (i64.add (i64.load (i32.const 1024)) (i64.load (i32.const 1032))))
  (func $computed (export "computed") (param i32 i32) (result i32)
    (i32.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 2)))))
  (func $large_offset (export "large_offset") (param i32) (result i32)
    (i32.load offset=0x80000000 (local.get 0)))
  (func $sum (export "sum") (param $at i32) (param $count i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (i32.load (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 4)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (local.get $sum)))
