;; An export names the tag.
(module
  (tag (export "failure") (param i64 i64))
  (func $fail (throw 0 (i64.const 1) (i64.const 2)))
  (func (export "_start") (call $fail)))
