;; A time-out interrupts code without calls, which contains nothing for it.
;; timeout: 30ms
;; offsets: vary
(module
  (memory 1)
  (func $spin
    (loop $again
      (i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
      (br $again)))
  (func (export "_start") (call $spin)))
