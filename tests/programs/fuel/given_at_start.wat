;; The variable gives another amount than the one that was baked in.
;; fuel: 1000000000000
;; options: --fuel=20
(module
  (func (export "_start") (loop $again (br $again))))
