-- NAME: lists running containers with their uptime.
--
--   tinylua NAME --help           prints its help, from the table below
--   tinylua check FILE            checks this file without running it
--
-- In this directory it is a command like the shipped ones. `tinylua eject --print ps` prints a shipped command,
-- `tinylua doc modules` lists the modules for `require`, and `tinylua doc` lists the primitives.
local format = require "tiny.format"
local state = require "tiny.state"
local status = require "tiny.status"

return {
  summary = "List running containers by name",
  about = "With arguments, it lists only containers whose name contains one of them.",
  -- type: string, flag, integer, number, size, duration or signal. More: many, default, choices, value.
  options = {
    { "all", short = "a", type = "flag", help = "List all containers, not only running ones" },
  },
  -- required = false makes an argument optional, many = true makes it a list.
  args = { { "word", many = true, required = false, help = "A part of a name" } },
  -- The result is the exit status; nil means 0.
  run = function(args)
    local rows, now = {}, tiny.clock()
    for _, container in ipairs(state.list()) do
      local name, wanted = container.config.name or container.id, #args.word == 0
      for _, word in ipairs(args.word) do wanted = wanted or name:find(word, 1, true) ~= nil end
      if wanted and (args.all or container.state.status == "running") then
        table.insert(rows, { name, status(container, now) })
      end
    end
    format.table({ "CONTAINER", "STATUS" }, rows)
  end,
}
