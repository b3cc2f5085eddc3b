# module: a.O0
# The lines that `next` stops at.
break main
run
python
lines = []
for _ in range(30):
    lines.append(gdb.selected_frame().find_sal().line)
    try:
        gdb.execute("next", to_string=True)
    except gdb.error:
        break
    if gdb.selected_frame().name() != "main":
        lines.append(gdb.selected_frame().name())
        break
print(lines)
end
