-- terminal_filter: control characters and escape sequences become text; colors, tabs and line ends pass.
local check = require "check"

local filter = tiny.terminal_filter()
check.equal(filter:text("a\tb\r\nc é 容\n"), "a\tb\r\nc é 容\n")
check.equal(filter:text("\27[2J\7\8\0\127"), "\\x1b[2J\\x07\\x08\\x00\\x7f")
check.equal(filter:text("\xff\x9b \xc2\x9b \xe2\x80\xae"), "\\xff\\x9b \\xc2\\x9b \\xe2\\x80\\xae")
check.equal(filter:text("\27[1;31mred"), "\27[1;31mred\27[0m", "a piece ends without colours")
check.equal(filter:text(" on\nnew line"), "\27[1;31m on\27[0m\nnew line")
-- A partial sequence is kept until it is complete, or until the end.
check.equal(filter:text("x\27"), "x")
check.equal(filter:text("[3"), "")
check.equal(filter:text("2mgreen\27[0m\xc3"), "\27[32mgreen\27[0m")
check.equal(filter:text("\xa9"), "é")
check.equal(filter:text("\27[3"), "")
check.equal(filter:text("", { last = true }), "\\x1b[3")
-- After other text on the line.
filter = tiny.terminal_filter { whole_lines = true }
check.equal(filter:text("good\revil\r\n\r"), "good\\x0devil\r\n")
check.equal(filter:text("\n"), "\r\n")
check.refuses('unknown option "whole_line"; did you mean "whole_lines"?', tiny.terminal_filter, { whole_line = true })
