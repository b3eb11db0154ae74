-- The supervisor's side of tiny.egress.listeners: the keeper of a container's egress rules gives it the listeners of all programs,
-- so that it answers their calls, or only so that they outlive the keeper: another one gets them back.
local kept = {}

-- The next message of the keeper: a new source; or false and the number of one that has ended; nil once the keeper has.
function kept.receive(ctx)
  local message = tiny.try(tiny.recv_fds, ctx.notify_from)
  if not message then return nil end
  local told = tiny.json_decode(message.data) or {}
  local started, listener = table.unpack(message.files)
  if listener then return { id = told.id, started = started, listener = listener } end
  return false, told.drop
end

function kept.close(source)
  source.listener:close()
  source.started:close()
end

-- Tells the keeper that no process has a source's filter any more.
function kept.drop(ctx, source)
  if source.id and ctx.notify_from then tiny.try(ctx.notify_from.write, ctx.notify_from, tiny.json_encode { drop = source.id }) end
end

-- Forgets the connection to a keeper, and what it has given.
function kept.forget(ctx, loop)
  for listener, source in pairs(ctx.notify_sources) do
    if loop then loop:off(listener) end
    kept.close(source)
  end
  ctx.notify_sources = {}
  if not ctx.notify_from then return end
  if loop then loop:off(ctx.notify_from) end
  ctx.notify_from:close()
  ctx.notify_from = nil
end

-- Joins the supervisor's loop: watch(source) is called for each source that is to be answered here.
function kept.join(ctx, loop, watch)
  local function take()
    local source, ended = kept.receive(ctx)
    -- The sources stay: another keeper gets them.
    if source == nil then return loop:off(ctx.notify_from) end
    if source then
      ctx.notify_sources[source.listener] = source
      return watch and watch(source)
    end
    for listener, one in pairs(ctx.notify_sources) do
      if one.id == ended and not watch then
        ctx.notify_sources[listener] = nil
        kept.close(one)
      end
    end
  end
  if ctx.notify_from then loop:on(ctx.notify_from, take) end
  -- Another keeper has taken over what is held here, and gives it again.
  function ctx.keeper_renewed()
    kept.forget(ctx, loop)
    require("tiny.pipeline.seccomp_notify").open(ctx)
    if ctx.notify_from then loop:on(ctx.notify_from, take) end
  end
end

return kept
