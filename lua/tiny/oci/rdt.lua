-- Shares of caches and memory bandwidth (linux.intelRdt, Intel's Resource Director Technology): the container's processes are in a group of
-- the resctrl file system (the kernel's Documentation/filesystems/resctrl.rst).
local check = require "tiny.oci.check"

local rdt = {}

local NOTHING = {}

-- What the directory of a group has besides groups.
local TAKEN = { ["."] = true, [".."] = true, info = true, mon_groups = true, mon_data = true }

-- Where the file system is mounted; nil if it is not.
function rdt.mounted()
  for _, mount in ipairs(tiny.mounts()) do
    if mount.fstype == "resctrl" then return mount.target end
  end
end

local function given(text) return (text or "") ~= "" and text or nil end

local function one_line(text, where)
  if text:find "\n" then check.wrong(where, "it must be one line") end
end

-- Checks the fields; the kernel checks the values.
function rdt.check(asked)
  local name, bandwidth = given(asked.closID), given(asked.memBwSchema)
  if name and name ~= "/" and (name:find "[/\n]" or TAKEN[name]) then
    check.wrong("linux.intelRdt.closID", ("%s is not the name of a group, or / for the default one"):format(tiny.show(name)))
  end
  if bandwidth then
    one_line(bandwidth, "linux.intelRdt.memBwSchema")
    if bandwidth:sub(1, 3) ~= "MB:" then
      check.wrong("linux.intelRdt.memBwSchema", ("%s does not begin with MB:"):format(tiny.show(bandwidth)))
    end
  end
  for i, line in ipairs(asked.schemata or NOTHING) do one_line(line, ("linux.intelRdt.schemata[%d]"):format(i - 1)) end
end

-- The lines of the older fields. A line of memory bandwidth belongs to memBwSchema, if that is there.
function rdt.lines(asked)
  local lines, bandwidth = {}, given(asked.memBwSchema)
  for line in (asked.l3CacheSchema or ""):gmatch "[^\n]+" do
    if not (bandwidth and line:sub(1, 3) == "MB:") then table.insert(lines, line) end
  end
  table.insert(lines, bandwidth)
  return lines
end

-- The values of a line by the numbers of caches: those of bandwidth are decimal, all others masks of bits.
local function values(line)
  local kind, rest = line:match "^%s*(%w+):(.*)$"
  local found = {}
  for id, value in (rest or ""):gmatch "(%d+)%s*=%s*(%x+)" do found[tonumber(id)] = tonumber(value, kind == "MB" and 10 or 16) end
  return kind, found
end

-- The first of these lines that the text of a schemata file does not say. A group of others must have the schemas that the container asks
-- for: writing them would change the others'.
function rdt.difference(text, lines)
  local there = {}
  for line in text:gmatch "[^\n]+" do
    local kind, found = values(line)
    if kind then there[kind] = found end
  end
  for _, line in ipairs(lines) do
    local kind, found = values(line)
    for id, value in pairs(found) do
      if not there[kind] or there[kind][id] ~= value then return line end
    end
  end
end

local function compare(folder, lines)
  local line = rdt.difference(tiny.read_file(folder .. "/schemata") or "", lines)
  if line then check.wrong("linux.intelRdt.closID", ("the group %s has other schemas than %s"):format(folder, tiny.show(line))) end
end

local function write(folder, lines)
  if #lines == 0 then return end
  local file <close> = check.named("linux.intelRdt", tiny.open, folder .. "/schemata", { write = true })
  check.named("linux.intelRdt: " .. table.concat(lines, "; "), file.write, file, table.concat(lines, "\n") .. "\n")
end

-- Adds a process to a group; 0 is the caller.
function rdt.add(folder, pid)
  local file <close> = check.named("linux.intelRdt", tiny.open, folder .. "/tasks", { write = true })
  check.named("linux.intelRdt", file.write, file, ("%d"):format(pid))
end

-- Creates a group that only this container uses, and that is removed with it.
local function make(ctx, folder)
  ctx.scope:undo("remove", folder)
  check.named("linux.intelRdt", tiny.mkdir, folder)
end

-- Creates the group of a name, which other containers may use too, and which stays; false if it is there.
local function make_named(folder)
  local _, err = tiny.try(tiny.mkdir, folder)
  if err and err.code ~= "EEXIST" then tiny.fail { message = "linux.intelRdt: " .. err.message, code = err.code } end
  return not err
end

-- Puts the first process into its group; what it starts follows. The record gets the groups, which later programs join.
function rdt.apply(ctx, pid)
  local asked, top, record = ctx.config.linux.intelRdt, rdt.mounted(), ctx.record
  local name = given(asked.closID)
  local folder = name == "/" and top or ("%s/%s"):format(top, name or ctx.id)
  local lines, whole, made = rdt.lines(asked), asked.schemata or NOTHING, false
  if not name and not tiny.stat(folder) then
    make(ctx, folder)
    made = true
  elseif name and name ~= "/" and #lines + #whole == 0 and not tiny.stat(folder) then
    check.wrong("linux.intelRdt.closID", ("there is no group %s"):format(folder))
  elseif name and name ~= "/" then
    made = make_named(folder)
  end
  if made then write(folder, lines) else compare(folder, lines) end
  write(folder, whole)
  record.rdt = { folder }
  -- enableCMT and enableMBM are its names before version 1.3 of the specification.
  if asked.enableMonitoring or asked.enableCMT or asked.enableMBM then
    table.insert(record.rdt, ("%s/mon_groups/%s"):format(folder, ctx.id))
    make(ctx, record.rdt[2])
  end
  for _, group in ipairs(record.rdt) do rdt.add(group, pid) end
end

return rdt
