;; One instruction less than `fuel_enough` uses.
;; fuel: 5
(module
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "_start")
    (drop (call $leaf (call $leaf (i32.const 0))))
    (block (nop))))
