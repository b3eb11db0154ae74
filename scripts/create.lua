-- Creates a container without starting it.
local commandline = require "tiny.cli.commandline"
local format = require "tiny.format"

return {
  summary = "Create a container without starting it",
  section = "Containers",
  order = 109,
  options = commandline.options,
  args = commandline.args,
  elsewhere = commandline.elsewhere,
  run = function(args)
    local spec, options = commandline.spec(args)
    if not spec then tiny.fail { message = "the recipe returns no container", hint = "run it with `tinylua run`" } end
    if options.usage and options.usage ~= "-" then
      tiny.fail { message = "--usage=FILE needs a run that waits for the end", hint = "tinylua wait --format json reports the usage", exit = 2 }
    end
    options.durable = true
    local record = require("tiny.supervisor.lifecycle").create(spec, options)
    require("tiny.state").update(record, function(s) s.status, s.supervisor = "created", nil end)
    format.line(record.id)
  end,
}
