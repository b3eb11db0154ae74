-- The filters of the prune commands, with docker's meaning: all must match.
local labelled = require("tiny.spec.pairs").labelled

local filters = {}

-- The option, for commands that prune things of any age or, without `ages`, only by label.
function filters.option(what, ages)
  local keys = (ages and "until=TIME (created before), " or "") .. "label=K, label=K=V, label!=K or label!=K=V"
  return { "filter", many = true, value = "KEY=VALUE", help = ("Remove only %s that match: %s"):format(what, keys) }
end

-- A function of labels and the time of creation that tests them. ages: `until` is a filter, too.
function filters.of(texts, ages)
  local tests = {}
  for _, text in ipairs(texts) do
    local unlike, value = text:match("^label(!?)=(.+)$")
    local time = ages and text:match("^until=(.+)$")
    if value then
      table.insert(tests, function(labels) return labelled(labels, value) == (unlike == "") end)
    elseif time then
      local limit = tiny.parse_timestamp(require "tiny.cli.time_option"("--filter until", time))
      table.insert(tests, function(_, created) return created ~= nil and (tiny.parse_timestamp(created) or limit) < limit end)
    else
      tiny.fail {
        message = ("--filter %s is not %slabel=K, label=K=V, label!=K or label!=K=V"):format(tiny.show(text), ages and "until=TIME, " or ""), exit = 2,
      }
    end
  end
  return function(labels, created)
    for _, test in ipairs(tests) do
      if not test(labels, created) then return false end
    end
    return true
  end
end

-- What the question before a prune says of the filters.
function filters.shown(texts)
  return texts[1] and "\nOnly what matches these filters: " .. table.concat(texts, ", ") or ""
end

return filters
