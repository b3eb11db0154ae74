-- Gives up all capabilities but those of a list, also for programs that are executed later. Of the list, a process keeps what it has.
return function(names)
  local held, kept = {}, {}
  for _, name in ipairs(tiny.caps().permitted) do held[name] = true end
  for _, name in ipairs(names) do
    if held[name] then table.insert(kept, name) end
  end
  -- An ordinary user, who has none to give up, may not change the bounding set.
  tiny.set_caps { bounding = held.CAP_SETPCAP and kept or nil, permitted = kept, effective = kept, inheritable = {}, ambient = {} }
end
