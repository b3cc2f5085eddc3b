;; invoke: run
;; options: --max-heap=1MiB
;; An array that would be larger than the heap may become does not make it collect.
(module
  (type $bytes (array (mut i8)))
  (func (export "run") (result i32)
    (drop (array.new_default $bytes (i32.const 1048560)))
    (drop (array.new_default $bytes (i32.const 1048561)))
    (array.len (array.new_default $bytes (i32.const 1048569)))))
