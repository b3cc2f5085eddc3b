;; `_start` uses three instructions, `$leaf` three each time: six when it is entered last, which is
;; where the fuel is looked at for the last time.
;; fuel: 6
(module
  (func $leaf (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func (export "_start")
    (drop (call $leaf (call $leaf (i32.const 0))))
    (block (nop))))
