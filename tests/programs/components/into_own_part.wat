;; A component may not call into the components that it consists of.
(component
  (component $part
    (core module $m (func (export "f")))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))
  (instance $part (instantiate $part))
  (core func $f (canon lower (func $part "f")))
  (core module $main
    (import "" "f" (func $f))
    (func (export "run") (result i32) (call $f) (i32.const 0)))
  (core instance $main (instantiate $main (with "" (instance (export "f" (func $f))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.12" (instance $command)))
