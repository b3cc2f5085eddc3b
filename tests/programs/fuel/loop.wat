;; A loop is stopped where its body begins.
;; fuel: 1000
(module
  (func $spin (param $i i32)
    (loop $again
      (local.set $i (i32.add (local.get $i) (i32.const 1)))
      (br $again)))
  (func (export "_start") (call $spin (i32.const 0))))
