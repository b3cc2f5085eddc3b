;; Nothing names the tag.
(module
  (tag (param i32)) (tag)
  (func $fail (throw 1))
  (func (export "_start") (call $fail)))
