-- Runs another program in a container.
return {
  summary = "Run another program in a container",
  order = 9,
  seal = true,
  options = {
    { "process", short = "p", value = "FILE", help = "Read the process from FILE (config.md, \"process\")" },
    { "detach", short = "d", type = "flag", help = "Do not wait for its end" },
    { "tty", short = "t", type = "flag", help = "Allocate a pseudo-terminal" },
    { "console-socket", value = "SOCKET", help = "Send the terminal to this socket" },
    { "pid-file", value = "FILE", help = "Write the pid of the program to FILE" },
    { "env", short = "e", many = true, value = "K=V", help = "Set an environment variable" },
    { "cwd", value = "DIR", help = "Working directory in the container" },
    { "user", short = "u", value = "UID[:GID]", help = "Run as this user" },
    { "additional-gids", short = "g", type = "integer", many = true, value = "GID", help = "Add a supplementary group" },
    { "cap", short = "c", many = true, value = "CAPABILITY", help = "Add a capability to all sets" },
    { "cgroup", value = "PATH", help = "Run in this cgroup below the container's" },
    { "preserve-fds", type = "integer", value = "N", help = "Pass N descriptors after standard error on to the program" },
    { "ignore-paused", type = "flag", help = "Do not refuse a paused container" },
    { "no-new-privs", type = "flag", help = "Set no_new_privs" },
    { "apparmor", value = "PROFILE", help = "AppArmor profile of the program" },
    { "process-label", value = "LABEL", help = "SELinux label of the program" },
  },
  args = {
    { "id", value = "ID", help = "The container's id" },
    { "command", trailing = true, required = false, value = "COMMAND", help = "The program and its arguments" },
  },
  run = function(args)
    if not args.process and not (args.command and args.command[1]) then
      tiny.fail { message = "no program given", hint = "exec ID COMMAND…, or --process FILE", exit = 2 }
    end
    local child = require "tiny.oci.exec"(args.id, args)
    if args.detach then
      child:keep()
      return 0
    end
    return require("tiny.oci.run").wait(child)
  end,
}
