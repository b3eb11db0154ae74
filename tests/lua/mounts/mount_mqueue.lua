-- mount_mqueue: shows the queues of the caller's IPC namespace.
local check = require "check"

tiny.mkdir("q")
local queues <close> = tiny.mount_mqueue("q")
tiny.open("q/mine", { write = true, read = true, create = true }):close()
check.equal(table.concat(tiny.list_dir("q"), " "), "mine")
check.inside({ mount = true, ipc = true }, function()
  tiny.mount_mqueue("other", { create = true })
  check.equal(#tiny.list_dir("other"), 0, "another IPC namespace")
end)
check.equal(check.mount_at("/tmp/q").options, "rw,nosuid,nodev,noexec,relatime")

local err = check.fails("ENOENT", tiny.mount_mqueue, "nowhere")
check.equal(err.path, "nowhere")
check.refuses([[unknown option "ro"; did you mean "root"?]], tiny.mount_mqueue, "q", { ro = true })
tiny.try(function()
  local again <close> = tiny.mount_mqueue("q2", { create = true })
  error("x")
end)
check.equal(check.mount_at("/tmp/q2"), nil)
