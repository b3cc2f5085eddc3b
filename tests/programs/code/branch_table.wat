;; A branch table with holes and repetitions, in a loop.
;; invoke: run
(module
  (func $pick (param i32) (result i64)
    (block $c (block $b (block $a (block $default
      (br_table $a $b $a $default $c $b $c (local.get 0)))
      (return (i64.const 1000)))
      (return (i64.const 100)))
      (return (i64.const 10)))
    (i64.const 1))
  (func (export "run") (result i64)
    (local $at i32) (local $sum i64)
    (loop $next
      (local.set $sum (i64.add (i64.mul (local.get $sum) (i64.const 7)) (call $pick (local.get $at))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 12))))
    (i64.add (local.get $sum) (call $pick (i32.const -1)))))
