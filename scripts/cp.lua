-- Copies files between the host and containers.
return {
  summary = "Copy files between the host and containers",
  section = "Containers",
  order = 111,
  about = "SRC, DEST or both are CONTAINER:PATH, of a running or stopped container; a relative PATH starts at its /.\n"
    .. "With SRC -, a tar archive is read from standard input and unpacked into the directory DEST. With DEST -, an archive\n"
    .. "is written to standard output. If DEST is an existing directory, SRC is copied into it; SRC/. copies the contents\n"
    .. "of SRC. Copies keep modes and times. They belong to you, or to root in a container, unless -a is given. Symbolic\n"
    .. "links are copied as links, and a link of a container never leads out of it. Sockets are skipped.",
  options = {
    { "archive", short = "a", type = "flag", help = "Keep owners and setuid bits, and copy device nodes" },
    { "follow-link", short = "L", type = "flag", help = "If SRC is a symbolic link, copy its target" },
    { "quiet", short = "q", type = "flag", help = "Print no progress and no notes" },
  },
  args = {
    { "source", value = "[CONTAINER:]SRC", help = "The source, or -" },
    { "target", value = "[CONTAINER:]DEST", help = "The destination, or -" },
  },
  run = function(args)
    local copy = require "tiny.client.copy"
    local done = copy.run(copy.side(args.source), copy.side(args.target), args)
    if args.quiet then return end
    local note = require("tiny.format").note
    if done.sockets > 0 then note("%d sockets were skipped", done.sockets) end
    if done.changed > 0 then note("%d files changed during the copy; each was copied up to its size at the start", done.changed) end
  end,
}
