;; invoke: run
;; options: --max-heap=64KiB
;; What is dropped makes room, what is kept does not: a list that grows for ever fills the heap.
(module
  (type $cell (struct (field $next (ref null $cell)) (field $value i64)))
  (global $list (mut (ref null $cell)) (ref.null $cell))
  (func (export "run") (local $n i32)
    (local.set $n (i32.const 10000))
    (loop $dropped
      (drop (struct.new $cell (ref.null $cell) (i64.const 1)))
      (br_if $dropped (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (loop $kept
      (global.set $list (struct.new $cell (global.get $list) (i64.const 2)))
      (br $kept))))
