;; The result `err` of `run` is status 1; `_initialize` is not called.
(component
  (core module $main
    (func (export "_initialize") unreachable)
    (func (export "run") (result i32) i32.const 1))
  (core instance $main (instantiate $main))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.9" (instance $command)))
