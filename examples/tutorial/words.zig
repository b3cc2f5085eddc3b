// Counts the lines and words of a file.
const std = @import("std");

pub fn main(init: std.process.Init) !u8 {
    const arena = init.arena.allocator();
    const args = try init.minimal.args.toSlice(arena);
    if (args.len != 2) {
        std.debug.print("usage: words FILE\n", .{});
        return 2;
    }
    const text = std.Io.Dir.cwd().readFileAlloc(init.io, args[1], arena, .unlimited) catch |err| {
        std.debug.print("{s}: {s}\n", .{ args[1], @errorName(err) });
        return 1;
    };
    const lines = std.mem.countScalar(u8, text, '\n');
    var words: usize = 0;
    var parts = std.mem.tokenizeAny(u8, text, " \t\r\n");
    while (parts.next()) |_| words += 1;

    var buffer: [256]u8 = undefined;
    var writer: std.Io.File.Writer = .init(.stdout(), init.io, &buffer);
    try writer.interface.print("{s}: {d} lines, {d} words\n", .{ args[1], lines, words });
    try writer.interface.flush();
    return 0;
}
