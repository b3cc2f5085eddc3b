;; Of several time-outs the last counts: here that of the variable.
;; timeout: 1h
;; options: --timeout 30ms
;; offsets: vary
(module (func (export "_start") (loop $again (br $again))))
