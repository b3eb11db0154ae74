-- What the prune commands print, as docker does: a list of each kind of things removed, and the space that they took.
local format = require "tiny.format"

return function()
  local bytes, kinds = 0, 0
  local report = {}

  -- A function that prints what was removed, under a heading before the first one.
  function report.section(kind)
    local begun = false
    return function(name, size)
      if not begun then
        format.line(("%sDeleted %s:"):format(kinds > 0 and "\n" or "", kind))
        begun, kinds = true, kinds + 1
      end
      bytes = bytes + (size or 0)
      format.line(name)
    end
  end

  -- more: bytes that no single thing took.
  function report.finish(more)
    format.line((kinds > 0 and "\n" or "") .. "Total reclaimed space: " .. format.size(bytes + (more or 0)))
  end

  return report
end
