;; A name may not reach the terminal as it is.
(module
  (tag (@name "a\1b[2J\n") (param f64))
  (func $fail try (throw 0 (f64.const 1)) catch_all rethrow 0 end)
  (func (export "_start") (call $fail)))
