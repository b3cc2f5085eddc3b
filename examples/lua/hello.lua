-- Hello, world, with the arguments it was given.
print("hello, world", #arg, table.concat(arg, ","))
