;; The name section names the tag.
(module
  (tag $ignored) (tag $cpp_exception (param i32))
  (func $fail (throw $cpp_exception (i32.const 1)))
  (func (export "_start") (call $fail)))
