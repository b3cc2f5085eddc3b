;; Touches every page of 64 MiB, which a container that may have less does not survive.
(module
  (memory (export "memory") 1024)
  (func (export "_start") (local $at i32)
    (loop $next
      (i32.store (local.get $at) (i32.const 1))
      (br_if $next
        (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 4096)))
          (i32.const 0x4000000))))))
