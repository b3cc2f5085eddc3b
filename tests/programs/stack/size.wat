;; Recursion that is too deep for the stack by default, but not for this one.
;; stack-size: 268435456
;; invoke: run
(module
  (func $down (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $down (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "run") (result i32) (call $down (i32.const 3000000))))
