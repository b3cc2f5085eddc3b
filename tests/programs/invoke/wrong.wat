;; `--invoke` with an argument of another type.
;; invoke: run
;; args: 1 x
(module
  (func (export "run") (param i32 i32)))
