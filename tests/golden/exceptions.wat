;; shows: exceptions, legacy_exceptions
;; Functions that handle exceptions, in both encodings. Where none is thrown they do what others do;
;; but because handlers find no register as it was, they save all of them that are their caller's.
(module
  (tag $word (param i32))
  (tag $pair (param i64 i64))
  (func $callee (param i32) (result i32)
    (if (i32.eqz (local.get 0)) (then (throw $word (i32.const 1))))
    (i32.add (local.get 0) (i32.const 1)))
  (func $plain (export "plain") (param i32) (result i32)
    (i32.mul (call $callee (local.get 0)) (i32.const 3)))
  (func $table (export "table") (param i32) (result i32)
    (block $h (result i32)
      (try_table (catch $word $h)
        (return (i32.mul (call $callee (local.get 0)) (i32.const 3))))
      (unreachable)))
  (func $legacy (export "legacy") (param i32) (result i32)
    try (result i32)
      (i32.mul (call $callee (local.get 0)) (i32.const 3))
    catch $word
    end)
  ;; Only `rethrow` needs the payload.
  (func $cleanup (export "cleanup") (param i32) (result i32)
    try (result i32)
      (call $callee (local.get 0))
    catch_all
      (i32.const 5)
    end)
  (func $rethrow (export "rethrow") (param i32) (result i32)
    try (result i32)
      (call $callee (local.get 0))
    catch_all
      (drop (call $plain (local.get 0)))
      rethrow 0
    end))
