;; Recursion is stopped where a function begins, before the stack is used up.
;; fuel: 100
(module
  (func $deeper (param i32) (result i32)
    (call $deeper (i32.add (local.get 0) (i32.const 1))))
  (func (export "_start") (drop (call $deeper (i32.const 0)))))
