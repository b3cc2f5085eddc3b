;; invoke: run
;; options: --max-heap=8MiB
;; stack-size: 16777216
;; Collections with 60,000 frames that hold references, and of a list and a tree as deep: neither the
;; walk of the stack nor the collector recurses.
(module
  (type $cell (struct (field $value i32) (field $next (ref null $cell))))
  (type $node (struct (field $left (ref null $node)) (field $right (ref null $node))))
  (func $garbage (param $n i32)
    (loop $next
      (drop (struct.new $cell (local.get $n) (ref.null $cell)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
  (func $frames (param $n i32) (result i32) (local $cell (ref null $cell))
    (if (i32.eqz (local.get $n)) (then (call $garbage (i32.const 2000000)) (return (i32.const 0))))
    (local.set $cell (struct.new $cell (local.get $n) (ref.null $cell)))
    (i32.add
      (call $frames (i32.sub (local.get $n) (i32.const 1)))
      (struct.get $cell $value (local.get $cell))))
  (func $list (param $n i32) (result i32) (local $list (ref null $cell)) (local $sum i32)
    (loop $next
      (local.set $list (struct.new $cell (local.get $n) (local.get $list)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $garbage (i32.const 1000000))
    (loop $next
      (local.set $sum (i32.add (local.get $sum) (struct.get $cell $value (local.get $list))))
      (br_if $next (i32.eqz (ref.is_null
        (local.tee $list (struct.get $cell $next (local.get $list)))))))
    (local.get $sum))
  (func $tree (param $n i32) (result i32) (local $tree (ref null $node)) (local $depth i32)
    (loop $next
      (local.set $tree (struct.new $node (local.get $tree) (local.get $tree)))
      (br_if $next (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (call $garbage (i32.const 1000000))
    (loop $next
      (local.set $depth (i32.add (local.get $depth) (i32.const 1)))
      (br_if $next (i32.eqz (ref.is_null (local.tee $tree
        (if (result (ref null $node)) (i32.and (local.get $depth) (i32.const 1))
          (then (struct.get $node $left (local.get $tree)))
          (else (struct.get $node $right (local.get $tree)))))))))
    (local.get $depth))
  (func (export "run") (result i32 i32 i32)
    (call $frames (i32.const 60000))
    (call $list (i32.const 200000))
    (call $tree (i32.const 200000))))
