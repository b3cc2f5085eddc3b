;; A trap in the second of two components: the backtrace names components, modules and functions.
(component
  (component $callee
    (core module $deep (func $fail unreachable) (func (export "f") (call $fail)))
    (core instance $i (instantiate $deep))
    (func (export "f") (canon lift (core func $i "f"))))
  (component $caller
    (import "f" (func $f))
    (core func $f (canon lower (func $f)))
    (core module $main
      (import "" "f" (func $f))
      (func (export "run") (result i32) (call $f) (i32.const 0)))
    (core instance $main (instantiate $main (with "" (instance (export "f" (func $f))))))
    (func (export "run") (result (result)) (canon lift (core func $main "run"))))
  (instance $callee (instantiate $callee))
  (instance $caller (instantiate $caller (with "f" (func $callee "f"))))
  (instance $command (export "run" (func $caller "run")))
  (export "wasi:cli/run@0.2.12" (instance $command)))
