-- Copies files between the host and containers.
return {
  summary = "Copy files between the host and containers",
  section = "Containers",
  order = 111,
  about = "SRC, DEST or both are CONTAINER:PATH, of a running or stopped container; a relative PATH starts at its /.\n"
    .. "With SRC -, a tar archive is read from standard input and unpacked into the directory DEST. With DEST -, an archive\n"
    .. "is written to standard output. If DEST is an existing directory, SRC is copied into it; SRC/. copies the contents\n"
    .. "of SRC. Copies keep modes, times, hard links and user attributes, and in a container file capabilities. They belong\n"
    .. "to you, or to root in a container, unless -a is given. Symbolic links are copied as links, and a link of a container\n"
    .. "never leads out of it. Sockets are skipped, and without -a devices; the exit status is 1 if a device was skipped.",
  options = {
    { "archive", short = "a", type = "flag", help = "Keep owners, setuid bits and file capabilities, and copy device nodes" },
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
    local status = done.devices > 0 and 1 or 0
    if args.quiet then return status end
    local note = require("tiny.format").note
    local function count(number, what) return ("%d %s%s"):format(number, what, number == 1 and " was" or "s were") end
    if done.sockets > 0 then note("%s skipped", count(done.sockets, "socket")) end
    if done.devices > 0 then
      note("%s skipped%s", count(done.devices, "device"), args.archive and ": this needs CAP_MKNOD" or "; -a copies devices")
    end
    if done.attributes > 0 then note("%s not set: the target does not support it", count(done.attributes, "extended attribute")) end
    if done.changed > 0 then note("%d files changed during the copy; each was copied up to its size at the start", done.changed) end
    return status
  end,
}
