;; shows: own back end
;; backend: own
;; What the back end of our own makes of functions: operands in memory, flags that are used where
;; they are set, values that leave registers late, and tables of jumps.
(module
  (memory (export "memory") 1)
  (func $callee (param i32) (result i32)
    (i32.store (i32.const 8) (local.get 0))
    (i32.add (i32.load (i32.const 0)) (local.get 0)))
  (func $increment (export "increment") (param i32)
    (i32.store offset=16 (local.get 0)
      (i32.add (i32.load offset=16 (local.get 0)) (i32.const 1))))
  (func $byte_is (export "byte_is") (param i32) (result i32)
    (if (result i32) (i32.eq (i32.load8_u (local.get 0)) (i32.const 10))
      (then (i32.const 3))
      (else (local.get 0))))
  (func $across_calls (export "across_calls") (param i32 i32) (result i32)
    (local $sum i32)
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (call $callee (local.get 1))))
      (br_if $next (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get $sum))
  (func $switch (export "switch") (param i32 i32) (result i32)
    (block $two (block $one (block $zero
      (br_table $zero $one $two $one (local.get 0)))
      (return (i32.mul (local.get 1) (i32.const 7))))
      (return (i32.div_u (local.get 1) (local.get 0))))
    (i32.rotl (local.get 1) (local.get 0)))
  (func $floats (export "floats") (param f64 f64) (result f64)
    (select
      (f64.add (local.get 0) (f64.const 0.5))
      (f64.mul (local.get 0) (local.get 1))
      (f64.lt (local.get 0) (local.get 1))))
  (func $start (export "_start") (drop (call $callee (i32.const 1)))))
