;; shows: further memories
;; The hotter of two memories gets slot 0, the other one a base of its own.
(module
  (memory $cold 1)
  (memory $hot 1)
  (func $copy (export "copy") (param i32) (param $count i32)
    (loop $next
      (i32.store $hot (local.get 0) (i32.load $hot offset=4 (local.get 0)))
      (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1)))))
    (i32.store $cold (local.get 0) (i32.load $cold offset=4 (local.get 0)))))
