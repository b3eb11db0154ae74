-- Shows the configuration and state of containers.
local each = require("tiny.cli.options").each
local format = require "tiny.format"
local limits = require "tiny.pipeline.limits"
local state = require "tiny.state"

-- Errors in the recorded code of its recipe, which other commands check only when they run it.
local function damaged_code(container)
  local _, err = tiny.try(require("tiny.supervisor.recipe_code").check, container)
  return err and err.message
end

-- The directories of its volumes, by name; nil if it has none.
local function volumes(container)
  local found, mounts = {}, container.config.mounts
  for _, mount in ipairs(mounts and require("tiny.store.volumes").of(mounts) or {}) do
    found[mount.source] = require("tiny.store.volumes").data(mount.source)
  end
  return next(found) and found or nil
end

local function whole(container)
  local running = container.state.status == "running"
  local damage = container.damage or damaged_code(container)
  local record = { id = container.id, config = container.config, state = container.state, dir = container.dir, damage = damage }
  record.state.status = state.word(container)
  record.remarks = require("tiny.supervisor.supervisor_log").last(container)
  record.health = require("tiny.supervisor.health_check").on_record(container)
  local cgroup = running and limits.reopen(container)
  -- It may end just now, and its group with it.
  local stats, err
  if cgroup then stats, err = tiny.try(tiny.cgroup_stats, cgroup) end
  if err and err.code ~= "ENOENT" and err.code ~= "ENODEV" then error(err, 0) end
  record.volumes = volumes(container)
  record.cgroup = stats and { path = cgroup.path, folders = cgroup.folders, stats = stats } or nil
  return record
end

return {
  summary = "Show the configuration and state of containers",
  section = "Containers",
  order = 112,
  about = "--format takes a Lua expression over config, state, health, remarks, cgroup, id and dir, such as --format state.pid.",
  options = {
    { "format", short = "f", value = "EXPRESSION", help = "Print the value of this Lua expression instead of JSON" },
    { "size", short = "s", type = "flag", help = "Also show the size of the files that the container changed in its view of the host" },
    { "type", choices = { "container" }, value = "TYPE", help = "For scripts written for docker: container, the only one; `network inspect` shows networks" },
  },
  args = { { "container", many = true, value = "CONTAINER", complete = "containers", help = "Names or id prefixes" } },
  run = function(args)
    local all, value_of = {}, args.format and require "tiny.cli.expression"(args.format)
    local status = each(args.container, function(container)
      local record = whole(container)
      if args.size then record.size = require "tiny.base.tree_size"(container.dir .. "/upper") end
      if not value_of then return table.insert(all, record) end
      return value_of(record)
    end, true)
    if not args.format then format.json(all) end
    return status
  end,
}
