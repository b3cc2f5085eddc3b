# module: b.O0
# What C++ shows: references, classes, virtual functions, templates, enumerations, lambdas.
tbreak b.cc:28
run
backtrace 3
info locals
print *this
print this->from_
print name_
finish
tbreak b.cc:63
continue
print small
print corner
print alias
print alias.x
print shapes
print shapes.items[1]->name_
print color
print sizeof(small)
print sizeof(shapes)
set var corner.y = 40
print alias
next
print alias.x
continue
