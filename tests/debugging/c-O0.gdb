# module: a.O0
# What C without optimisation shows: lines, variables, pointers, calls that return, watchpoints.
tbreak a.c:20
run
backtrace
print s
print *n
print n->next->next->name
print n->p
finish
info locals
print names
print *head
print head->next->value
print argv[0]
print c
print un
print *&buf[0]@6
print sizeof(head)
ptype struct node
watch counter
continue
print counter
set var counter = 70
print counter
delete
continue
info symbol $pc
backtrace 2
