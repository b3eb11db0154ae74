-- NAME: names the containers that run, with how long they have done so.
--
--   tinylua NAME --help           explains it, from the table below
--   tinylua check FILE            looks at this file without running it
--
-- In this folder it is a command like those that ship; `tinylua eject --print ps` shows one of them. `tinylua
-- doc modules` lists what `require` finds, `tinylua doc` the primitives.
local format = require "tiny.format"
local state = require "tiny.state"
local status = require "tiny.status"

return {
  summary = "Name the containers that run",
  about = "With words, only those whose name has one of the words in it.",
  -- type: string, flag, integer, number, size, duration or signal. More: many, default, choices, value.
  options = {
    { "all", short = "a", type = "flag", help = "Those that have ended too" },
  },
  -- required = false makes it optional, many = true a list.
  args = { { "word", many = true, required = false, help = "A part of a name" } },
  -- Its result is the exit status; nothing means 0.
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
