;; Imports in groups: of one module, and of one module and type.

(module $lib
  (func (export "one") (result i32) (i32.const 1))
  (func (export "two") (result i32) (i32.const 2))
  (func (export "three") (result i32) (i32.const 3))
  (memory (export "memory") 1)
  (data (i32.const 5) "\07")
  (global (export "global") i32 (i32.const 30)))
(register "lib" $lib)

(module
  (import "lib"
    (item "memory" (memory 1))
    (item "one" (func $one (result i32)))
    (item "global" (global $global i32)))
  (import "lib"
    (item "three")
    (item "two")
    (func (result i32)))
  (func (export "one") (result i32) (call $one))
  (func (export "three") (result i32) (call 1))
  (func (export "two") (result i32) (call 2))
  (func (export "own") (result i32) (i32.add (global.get $global) (i32.load8_u (i32.const 5)))))
(assert_return (invoke "one") (i32.const 1))
(assert_return (invoke "two") (i32.const 2))
(assert_return (invoke "three") (i32.const 3))
(assert_return (invoke "own") (i32.const 37))

(assert_unlinkable
  (module (import "lib" (item "one" (func (result i32))) (item "four" (func (result i32)))))
  "unknown import")
