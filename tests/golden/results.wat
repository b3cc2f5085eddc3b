;; shows: calling convention, frame pointers
;; Guest functions call each other by a convention with more registers for results than the system's,
;; in which a call in tail position leaves no frame, however many arguments it has. Every function
;; that has a frame links it to its caller's.
(module
  (func $pair (export "pair") (param i32 i64) (result i64 i32) (local.get 1) (local.get 0))
  (func $six (export "six") (param i64) (result i64 i64 i64 i64 i64 i64)
    (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0) (i64.const 6))
  (func $use (export "use") (param i64) (result i64)
    (call $six (local.get 0))
    (i64.add) (i64.add) (i64.add) (i64.add) (i64.add))
  (func $mixed (export "mixed") (param f64 i32 v128) (result f64 v128 i32)
    (local.get 0) (local.get 2) (local.get 1))
  (func $ten (export "ten") (param i64 i64 i64 i64 i64 i64 i64 i64 i64 i64) (result i64)
    (i64.sub (local.get 0) (local.get 9)))
  (func $tail (export "tail") (param i64) (result i64)
    (return_call $ten (local.get 0) (local.get 0) (local.get 0) (local.get 0) (local.get 0)
      (local.get 0) (local.get 0) (local.get 0) (i64.const 1) (i64.const 2))))
