;; invoke: run
;; options: --max-heap=1MiB
;; Room that is used again is zero: structures and arrays of many sizes that are made by default,
;; where others have been that were not.
(module
  (type $words (array (mut i64)))
  (type $pair (struct (field $a (mut i64)) (field $b (mut anyref)) (field $c (mut i32))))
  (global $sum (mut i64) (i64.const 0))
  (func $add (param $words (ref $words)) (local $n i32)
    (local.set $n (array.len (local.get $words)))
    (if (local.get $n) (then
      (loop $next
        (local.set $n (i32.sub (local.get $n) (i32.const 1)))
        (global.set $sum
          (i64.add (global.get $sum) (array.get $words (local.get $words) (local.get $n))))
        (br_if $next (local.get $n))))))
  (func (export "run") (result i64) (local $i i32) (local $pair (ref $pair))
    (loop $again
      ;; From 0 to 40,000 bytes.
      (drop (array.new $words (i64.const -1) (i32.rem_u (i32.mul (local.get $i) (i32.const 7919)) (i32.const 5000))))
      (drop (struct.new $pair (i64.const -1) (ref.i31 (i32.const -1)) (i32.const -1)))
      (call $add (array.new_default $words (i32.rem_u (i32.mul (local.get $i) (i32.const 104729)) (i32.const 3001))))
      (local.set $pair (struct.new_default $pair))
      (global.set $sum (i64.add (global.get $sum)
        (i64.add (struct.get $pair $a (local.get $pair))
          (i64.extend_i32_s (i32.add (struct.get $pair $c (local.get $pair))
            (i32.eqz (ref.is_null (struct.get $pair $b (local.get $pair)))))))))
      (br_if $again (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (i32.const 600))))
    (global.get $sum)))
