;; `realloc` may not call out of the instance.
(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-bytes" (func (param "len" u64) (result (list u8))))
    (export "get-random-u64" (func (result u64)))))
  (core func $get-random-u64 (canon lower (func $random "get-random-u64")))
  (core module $memory
    (import "" "get-random-u64" (func $get-random-u64 (result i64)))
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (drop (call $get-random-u64))
      (i32.const 64)))
  (core instance $memory (instantiate $memory
    (with "" (instance (export "get-random-u64" (func $get-random-u64))))))
  (core func $get-random-bytes (canon lower (func $random "get-random-bytes")
    (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
  (core module $main
    (import "" "get-random-bytes" (func $get-random-bytes (param i64 i32)))
    (func (export "run") (result i32)
      (call $get-random-bytes (i64.const 8) (i32.const 0))
      (i32.const 0)))
  (core instance $main (instantiate $main
    (with "" (instance (export "get-random-bytes" (func $get-random-bytes))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
