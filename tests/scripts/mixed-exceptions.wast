;; Both encodings of exceptions in one module: they handle the same exceptions.

(module
  (tag $pair (param i64 i64))
  (tag $word (param i32))
  (table $kept 2 exnref)
  (func $throw (param i64) (throw $pair (local.get 0) (i64.const 0)))
  ;; Kept by reference, thrown by reference, rethrown after others were thrown.
  (func (export "rethrow_of_throw_ref") (result i64)
    (local $e exnref)
    (local.set $e
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw (i64.const 1)))
        (unreachable)))
    (call $keep (i32.const 0) (i64.const 2))
    try (result i64)
      try
          (throw_ref (local.get $e))
          catch_all
            try (call $throw (i64.const 3)) catch_all end
            (call $keep (i32.const 1) (i64.const 4))
            (rethrow 0) end
        (i64.const -1)
      catch $pair (drop) end)
  (func $keep (param i32 i64)
    (table.set $kept (local.get 0)
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw (local.get 1)))
        (unreachable))))
  (func (export "kept") (param i32) (result i64)
    try (result i64) (throw_ref (table.get $kept (local.get 0))) catch $pair (drop) end)
  ;; `delegate` to a `try_table`, past one, and to a clause within one.
  (func (export "delegate_to") (result i64)
    (block $h (result i64 i64)
      (try_table $t (catch $pair $h)
        try
          try (call $throw (i64.const 5)) delegate $t
          catch_all end)
      (unreachable))
    (drop))
  (func (export "delegate_past") (result i32)
    try $outer (result i32)
      (block $h
          (try_table (catch_all $h)
            try (call $throw (i64.const 5)) delegate $outer))
        (i32.const 1)
      catch_all (i32.const 2) end)
  ;; A `try_table` in a clause, and a rethrow through it.
  (func (export "rethrow_through") (result i32)
    try (result i32)
      (throw $word (i32.const 6))
      catch_all
        (block $h (result i32)
          (try_table (catch $word $h) (rethrow 2))
          (i32.const -1)) end)
  (func (export "by_reference_of_rethrow") (result i64)
    (local $e exnref)
    (block $h (result exnref)
      (try_table (catch_all_ref $h)
        try
          (call $throw (i64.const 7))
          catch $pair
            (drop) (drop)
            try (call $throw (i64.const 8)) catch_all end
            (rethrow 0) end)
      (unreachable))
    (local.set $e)
    (call $keep (i32.const 1) (i64.const 9))
    try (result i64) (throw_ref (local.get $e)) catch $pair (drop) end)
)
(assert_return (invoke "rethrow_of_throw_ref") (i64.const 1))
(assert_return (invoke "kept" (i32.const 0)) (i64.const 2))
(assert_return (invoke "kept" (i32.const 1)) (i64.const 4))
(assert_return (invoke "delegate_to") (i64.const 5))
(assert_return (invoke "delegate_past") (i32.const 2))
(assert_return (invoke "rethrow_through") (i32.const 6))
(assert_return (invoke "by_reference_of_rethrow") (i64.const 7))
