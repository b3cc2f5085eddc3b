;; A duration needs a known unit.
;; options: --timeout=5parsecs
(module (func (export "_start")))
