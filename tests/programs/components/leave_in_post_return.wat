;; What is called when the results have been read may not call out of its component.
(component
  (component $callee
    (core module $m
      (import "" "other" (func $other))
      (memory (export "memory") 1)
      (func (export "f") (result i32) (i32.const 0))
      (func (export "post") (param i32) (call $other)))
    (import "other" (func $other))
    (core func $other (canon lower (func $other)))
    (core instance $i (instantiate $m (with "" (instance (export "other" (func $other))))))
    (func (export "f") (result string) (canon lift (core func $i "f")
      (memory (core memory $i "memory")) (post-return (core func $i "post")))))
  (component $other
    (core module $m (func (export "f")))
    (core instance $i (instantiate $m))
    (func (export "f") (canon lift (core func $i "f"))))
  (component $caller
    (import "f" (func $f (result string)))
    (core module $memory
      (memory (export "memory") 1)
      (func (export "realloc") (param i32 i32 i32 i32) (result i32) (i32.const 0)))
    (core instance $memory (instantiate $memory))
    (core func $f (canon lower (func $f)
      (memory (core memory $memory "memory")) (realloc (core func $memory "realloc"))))
    (core module $main
      (import "" "f" (func $f (param i32)))
      (func (export "run") (result i32) (call $f (i32.const 16)) (i32.const 0)))
    (core instance $main (instantiate $main (with "" (instance (export "f" (func $f))))))
    (func (export "run") (result (result)) (canon lift (core func $main "run"))))
  (instance $other (instantiate $other))
  (instance $callee (instantiate $callee (with "other" (func $other "f"))))
  (instance $caller (instantiate $caller (with "f" (func $callee "f"))))
  (instance $command (export "run" (func $caller "run")))
  (export "wasi:cli/run@0.2.12" (instance $command)))
