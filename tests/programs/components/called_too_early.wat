;; The table through which functions of the host are called is empty until the last instance is made.
(component
  (import "wasi:random/random@0.2.0" (instance $random
    (export "get-random-u64" (func (result u64)))))
  (core func $random (canon lower (func $random "get-random-u64")))
  (core module $shim
    (type $t (func (result i64)))
    (table (export "t") 1 1 funcref)
    (func $shim (export "f") (type $t) (call_indirect (type $t) (i32.const 0))))
  (core instance $shim (instantiate $shim))
  (core module $main
    (import "" "f" (func $f (result i64)))
    (func $start (drop (call $f)))
    (start $start)
    (func (export "run") (result i32) (i32.const 0)))
  (core instance $main (instantiate $main
    (with "" (instance (export "f" (func $shim "f"))))))
  (core module $fixups
    (import "" "f" (func (result i64)))
    (import "" "t" (table 1 1 funcref))
    (elem (i32.const 0) func 0))
  (core instance (instantiate $fixups (with "" (instance
    (export "f" (func $random)) (export "t" (table $shim "t"))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
