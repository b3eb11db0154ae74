-- The two files of a record, config.json and state.json: reads and validates them.
local record_files = {}

-- The format version that is written. A file without a version has version 1; a file with a greater one is not read.
record_files.VERSION = 1

-- The types of fields, so that code that shows or runs a container need not check them. config.json also has the keys of a
-- spec.
local SHAPES = {
  ["config.json"] = { version = "number", created_at = "string", limits = "table", recipe = "table", seccomp = "table", remove = "boolean" },
  ["state.json"] = {
    version = "number", pid = "number", pid_start = "number", exit_code = "number", signal = "string", started_at = "string", finished_at = "string",
    boot_id = "string", error = "string", restarts = "number", oom_kills = "number", health = "string", networks = "table", ports = "table",
    usage = "table", exceeded = "string", truncated = "boolean", deadline = "number", output_start = "number",
    supervisor = "table", unrecovered = "string", paused = "boolean", killed = "boolean",
  },
}
-- The type of each item in a list of strings or tables.
local ITEMS = { ["config.json"] = {}, ["state.json"] = { networks = "table", ports = "table" } }
-- The required fields of the tables in a list.
local PARTS = {
  ["config.json"] = { networks = { name = "string" } },
  ["state.json"] = { networks = { network = "string" }, ports = { port = "number", to = "number", proto = "string" } },
}

local function shapes_of(file)
  local shapes, items = SHAPES[file], ITEMS[file]
  if file == "config.json" and not shapes.name then
    local types, of_lists = require("tiny.spec.derived").recorded()
    for key, kind in pairs(types) do shapes[key], items[key] = kind, of_lists[key] end
  end
  return shapes, items
end

-- Describes the first invalid field of a file's object; nil if it is valid.
function record_files.misshapen(file, value)
  local shapes, items = shapes_of(file)
  -- Nearly always it is the number itself.
  if value.version ~= record_files.VERSION and record_files.too_new(value) then return "it has a newer format" end
  for key, item in pairs(value) do
    local shape, of = shapes[key], items[key]
    if shape and type(item) ~= shape then return ("%q is a %s"):format(key, type(item)) end
    if shape and of then
      local fields = PARTS[file][key]
      for at, part in pairs(item) do
        if type(at) ~= "number" or type(part) ~= of then return ("%q is not a valid list"):format(key) end
        if fields then
          for field, kind in pairs(fields) do
            if type(part[field]) ~= kind then return ("%q: %q is a %s"):format(key, field, type(part[field])) end
          end
        end
      end
    end
  end
end

-- Whether a newer tinylua wrote an object.
function record_files.too_new(value)
  return type(value.version) == "number" and value.version > record_files.VERSION
end

-- The value, if it is an object that has `key`.
function record_files.whole(value, key)
  return type(value) == "table" and type(value[key]) == "string" and value or nil
end

-- The object in a file, which must have `key`; otherwise nil, the reason, and whether a newer tinylua wrote it.
function record_files.read(path, key)
  local text, err = tiny.try(tiny.read_file, path)
  if err then return nil, ("%s is damaged: it cannot be read: %s"):format(path, err.code or err.message) end
  if not text then return nil, path .. " is missing" end
  local value, wrong = tiny.json_decode(text)
  if type(value) == "table" and record_files.too_new(value) then
    return nil, ("%s was written by a newer tinylua: its format is %g, and this one reads %d"):format(path, value.version, record_files.VERSION), true
  end
  if record_files.whole(value, key) then
    wrong = record_files.misshapen(path:match("[^/]+$"), value)
    if not wrong then return value end
  end
  return nil, ("%s is damaged: %s"):format(path, wrong or ("it is not an object with %q"):format(key))
end

return record_files
