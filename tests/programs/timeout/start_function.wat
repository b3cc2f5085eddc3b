;; Instantiation is part of the time.
;; timeout: 30ms
;; offsets: vary
(module
  (func $forever (loop $again (br $again)))
  (start $forever)
  (func (export "_start")))
