;; The ways in which parts of a legacy `try` end.
;; feature: legacy-exceptions
(module
  (tag $odd (param i32))
  (tag $other)
  (global $sum (mut i32) (i32.const 0))
  (func $throw (param i32)
    (if (i32.and (local.get 0) (i32.const 1)) (then (throw $odd (local.get 0))))
    (if (i32.and (local.get 0) (i32.const 2)) (then (throw $other))))
  (func $handle (param i32) (result i32)
    try (result i32)
      try
        (call $throw (local.get 0))
        nop
      catch $odd
        drop
        (if (i32.gt_u (local.get 0) (i32.const 8)) (then rethrow 1))
      end
      try
        (call $throw (i32.shr_u (local.get 0) (i32.const 1)))
      delegate 0
      i32.const 1
    catch $odd
      i32.const 3
      i32.add
    catch_all
      i32.const 5
    end)
  (func (export "_start")
    (local $i i32)
    (loop $again
      (global.set $sum (i32.add (global.get $sum) (call $handle (local.get $i))))
      (br_if $again
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 32))))
    (if (i32.eqz (global.get $sum)) (then (unreachable)))))
