;; A trap in the start function, before `_start`.
(module
  (memory (export "memory") 1)
  (func $start (unreachable))
  (start $start)
  (func (export "_start")))
