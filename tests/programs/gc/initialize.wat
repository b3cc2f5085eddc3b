;; A module that exports no function but `_initialize` is a program, as Kotlin makes them: its strings
;; are arrays that it copies into memory.
(module
  (import "wasi_snapshot_preview1" "fd_write" (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (type $string (array (mut i8)))
  (memory (export "memory") 1)
  (data $text "hello from objects\n")
  (func $write (param $s (ref $string)) (local $i i32)
    (loop $next
      (i32.store8 offset=16 (local.get $i) (array.get_u $string (local.get $s) (local.get $i)))
      (br_if $next
        (i32.lt_u (local.tee $i (i32.add (local.get $i) (i32.const 1))) (array.len (local.get $s)))))
    (i32.store (i32.const 0) (i32.const 16))
    (i32.store (i32.const 4) (array.len (local.get $s)))
    (drop (call $fd_write (i32.const 1) (i32.const 0) (i32.const 1) (i32.const 8))))
  (func (export "_initialize")
    (call $write (array.new_data $string $text (i32.const 0) (i32.const 19)))))
