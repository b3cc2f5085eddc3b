;; A handle that the instance was never given.
(component
  (import "wasi:io/poll@0.2.0" (instance $poll
    (export "pollable" (type $pollable (sub resource)))
    (export "[method]pollable.block" (func (param "self" (borrow $pollable))))))
  (core func $block (canon lower (func $poll "[method]pollable.block")))
  (core module $main
    (import "" "block" (func $block (param i32)))
    (func $wait (call $block (i32.const 7)))
    (func (export "run") (result i32) (call $wait) (i32.const 0)))
  (core instance $main (instantiate $main
    (with "" (instance (export "block" (func $block))))))
  (func $run (result (result)) (canon lift (core func $main "run")))
  (instance $command (export "run" (func $run)))
  (export "wasi:cli/run@0.2.0" (instance $command)))
