;; shows: globals
;; Globals: an immutable one is a constant, a mutable one is at a fixed place.
(module
  (global $constant i32 (i32.const 42))
  (global $counter (mut i64) (i64.const 0))
  (func $add (export "add") (param i32) (result i32) (i32.add (local.get 0) (global.get $constant)))
  (func $count (export "count")
    (global.set $counter (i64.add (global.get $counter) (i64.const 1)))))
