;; A time-out interrupts code without calls, which contains nothing for it. The division gives its
;; function an entry in the line table, whatever is checked.
;; timeout: 30ms
;; offsets: vary
(module
  (memory 1)
  (data (i32.const 4) "\01")
  (func $spin
    (loop $again
      (i32.store (i32.const 0) (i32.div_u (i32.load (i32.const 0)) (i32.load (i32.const 4))))
      (br $again)))
  (func (export "_start") (call $spin)))
