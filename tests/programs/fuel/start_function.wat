;; What instantiation carries out counts as well.
;; fuel: 50
(module
  (func $forever (loop $again (br $again)))
  (start $forever)
  (func (export "_start")))
