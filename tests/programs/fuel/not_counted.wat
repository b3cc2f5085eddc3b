;; A program that does not count cannot be given fuel.
;; options: --fuel=20
(module (func (export "_start")))
