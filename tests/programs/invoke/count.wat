;; `--invoke` with too few arguments.
;; invoke: run
;; args: 1
(module
  (func (export "run") (param i32 f64)))
