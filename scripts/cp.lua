-- Copies files between the host and containers.
return {
  summary = "Copy files between the host and containers",
  about = "One side at least is CONTAINER:PATH, of a running or an ended container; a relative PATH begins at its /.\n"
    .. "The source may be -, a tar archive on standard input that is unpacked into a folder; so may the target, an\n"
    .. "archive on standard output. A folder is copied into a folder that is there, and SRC/. copies what is in it.\n"
    .. "Copies keep modes and times; they belong to you, or to root in a container, unless -a is given. Links are\n"
    .. "copied as links; one of a container's never leads out of it. Sockets are left out.",
  options = {
    { "archive", short = "a", type = "flag", help = "Keep owners and set-id bits, and copy devices" },
    { "follow-link", short = "L", type = "flag", help = "Where SRC is a link, copy what it points to" },
    { "quiet", short = "q", type = "flag", help = "Show no progress and no notes" },
  },
  args = {
    { "source", value = "[CONTAINER:]SRC", help = "What to copy, or -" },
    { "target", value = "[CONTAINER:]DEST", help = "Where to, or -" },
  },
  run = function(args)
    local copy = require "tiny.client.copy"
    local done = copy.run(copy.side(args.source), copy.side(args.target), args)
    if args.quiet then return end
    local note = require("tiny.format").note
    if done.sockets > 0 then note("%d sockets were left out: they are a program's, not a file's", done.sockets) end
    if done.changed > 0 then note("%d files were being written to; each was copied at the size that it had at first", done.changed) end
  end,
}
