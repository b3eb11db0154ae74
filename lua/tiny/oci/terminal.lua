-- The terminal of a process.

-- Standard input, output and error become a new terminal, whose master goes to the engine.
return function(ctx, asked)
  local master, slave = tiny.openpty("/dev/pts", { root = ctx.root })
  local size = asked.consoleSize
  if size and size.height and size.width then tiny.terminal_size(slave, { rows = size.height, cols = size.width }) end
  local uid = asked.user and asked.user.uid or 0
  if uid ~= 0 then tiny.chown(slave.path, { root = ctx.root, uid = uid, gid = tiny.stat(slave.path, { root = ctx.root }).gid }) end
  tiny.set_controlling_terminal(slave)
  if ctx.first then tiny.mount_bind(slave.path, "/dev/console", { create = true }) end
  for number = 0, 2 do tiny.dup2(slave, number) end
  -- Copies of the engine's standard error would keep a pipe open while this process waits for `start`.
  if ctx.first then tiny.stop_trace() end
  tiny.send_fd(ctx.console, master, { data = "/dev/ptmx" })
  ctx.console:close()
  master:close()
  slave:close()
end
