;; A trap after a chain of tail calls: the callers that were replaced are not in the backtrace.
(module
  (memory (export "memory") 1)
  (func $last (param i32 i64 f64 i32 i32 i32 i32 i32 i32) (drop (i32.div_u (local.get 0) (local.get 3))))
  (func $second (param i32 i32)
    (return_call $last (local.get 0) (i64.const 1) (f64.const 2) (local.get 1) (i32.const 1)
      (i32.const 2) (i32.const 3) (i32.const 4) (i32.const 5)))
  (func $count (param i32)
    (if (i32.eqz (local.get 0)) (then (return_call $second (i32.const 1) (i32.const 0))))
    (return_call $count (i32.sub (local.get 0) (i32.const 1))))
  (func $_start (export "_start") (call $count (i32.const 1000000))))
