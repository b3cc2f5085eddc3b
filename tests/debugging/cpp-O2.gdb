# module: b.O2
# What optimised C++ shows: constants of what was computed beforehand, nothing that is wrong.
tbreak main
run
backtrace
info locals
print sizeof(small)
ptype corner
continue
