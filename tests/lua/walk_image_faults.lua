-- Walks through a command on images: `pull kill ordinary` (tests/cases/mod.rs lists them).
local args = ...
if args[3] == "ordinary" then require("ordinary").make() end
require("image_faults").walk(args[1], args[2])
