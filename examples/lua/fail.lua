-- An error that nobody catches: a message on stderr and status 1.
print("before")
local t = nil
print(t.field)
