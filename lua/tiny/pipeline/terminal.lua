-- A program's terminal: a pty in the container's devpts, created inside by the process that becomes the program. It sends
-- the master over a socket.
local terminal = {}

-- Creates the socket for the pty, before the fork. size: the initial { rows, cols }.
function terminal.prepare(ctx, options)
  ctx.terminal = { size = options.size }
  ctx.terminal.from, ctx.terminal.into = tiny.socketpair()
end

-- Makes the pty the controlling terminal and standard streams of this process, a session leader.
-- ctx: root (a directory handle), user, terminal.
function terminal.enter(ctx)
  tiny.try(tiny.setsid) -- PID 1 is already a session leader
  local master, slave = tiny.openpty("/dev/pts", { root = ctx.root, nonblock = true })
  local size = ctx.terminal.size
  if size then tiny.terminal_size(slave, { rows = size[1], cols = size[2] }) end
  -- A program must be allowed to open its own terminal by name.
  -- owner: the container's root outside a user namespace that is joined later.
  if ctx.user then
    local uid, gid = ctx.user.uid, tiny.stat(slave.path, { root = ctx.root }).gid
    tiny.chown(slave.path, { root = ctx.root, uid = not ctx.rootless and ctx.owner and ctx.owner.uid + uid or uid, gid = gid })
  end
  -- With an init it is the terminal of the program's session, not of PID 1's.
  if not (ctx.spec and ctx.spec.init) then tiny.set_controlling_terminal(slave) end
  -- Only for a container's first program. /dev is fresh, so the name is ours.
  if ctx.spec then tiny.mount_bind(slave.path, "/dev/console", { create = true }) end
  for number = 0, 2 do tiny.dup2(slave, number) end
  tiny.send_fd(ctx.terminal.into, master)
  tiny.send_fd(ctx.terminal.into, slave)
  ctx.terminal.into:close()
end

-- Receives the master and the slave once the program runs.
function terminal.receive(ctx)
  ctx.terminal.into:close()
  local master, slave = tiny.recv_fd(ctx.terminal.from), tiny.recv_fd(ctx.terminal.from)
  ctx.terminal.from:close()
  if not slave then tiny.fail("the program has no terminal: a step of the recipe replaced its creation") end
  return master, slave
end

return terminal
