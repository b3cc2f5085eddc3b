# module: a.O2
# What C with optimisation shows: inlined calls are frames, and nothing is wrong.
tbreak a.c:21
run
backtrace
info locals
up
info locals
print names
print *head
print counter
continue
