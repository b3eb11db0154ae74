-- A program's terminal: a pty of the container's own devpts, made inside by the process that becomes
-- the program. The master goes to whoever shows it, over a socket.
local terminal = {}

-- Readies the way of the pty; called before the fork. size: { rows, cols } to begin with.
function terminal.prepare(ctx, options)
  ctx.terminal = { size = options.size }
  ctx.terminal.from, ctx.terminal.into = tiny.socketpair()
end

-- Makes the pty the terminal of this process: the leader of a session, with standard streams there.
-- ctx: root (a dir handle), user, terminal.
function terminal.enter(ctx)
  tiny.try(tiny.setsid) -- PID 1 leads its session already
  local master, slave = tiny.openpty("/dev/pts", { root = ctx.root, nonblock = true })
  local size = ctx.terminal.size
  if size then tiny.terminal_size(slave, { rows = size[1], cols = size[2] }) end
  -- A program that opens its own terminal by name must be allowed to.
  -- owner: the container's root outside of a user namespace that is joined later.
  if ctx.user then
    local uid, gid = ctx.user.uid, tiny.stat(slave.path, { root = ctx.root }).gid
    tiny.chown(slave.path, { root = ctx.root, uid = not ctx.rootless and ctx.owner and ctx.owner.uid + uid or uid, gid = gid })
  end
  -- With an init it is the terminal of the program's session, not of PID 1's.
  if not (ctx.spec and ctx.spec.init) then tiny.set_controlling_terminal(slave) end
  -- Of a container's own terminal, not of a program's beside it. /dev is fresh: the name is ours.
  if ctx.spec then tiny.mount_bind(slave.path, "/dev/console", { create = true }) end
  for number = 0, 2 do tiny.dup2(slave, number) end
  tiny.send_fd(ctx.terminal.into, master)
  tiny.send_fd(ctx.terminal.into, slave)
  ctx.terminal.into:close()
end

-- The master, and the slave, once the program runs.
function terminal.receive(ctx)
  ctx.terminal.into:close()
  local master, slave = tiny.recv_fd(ctx.terminal.from), tiny.recv_fd(ctx.terminal.from)
  ctx.terminal.from:close()
  if not slave then tiny.fail("the program made no terminal: a step of the recipe replaced its making") end
  return master, slave
end

return terminal
