;; A loop of tail calls through a table is stopped too.
;; fuel: 1000
(module
  (type $step (func (param i32)))
  (table 2 2 funcref)
  (elem (i32.const 0) $even $odd)
  (func $even (param i32)
    (return_call_indirect (type $step) (i32.add (local.get 0) (i32.const 1)) (i32.const 1)))
  (func $odd (param i32)
    (return_call_indirect (type $step) (i32.add (local.get 0) (i32.const 1)) (i32.const 0)))
  (func (export "_start") (call $even (i32.const 0))))
