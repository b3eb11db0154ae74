-- Helpers for copy-on-write folders: changes through an overlay, as a container makes them, and a tree as text.
local check = require "check"

local maker = {}

function maker.run(command)
  assert(os.execute(command), command)
end

-- Calls f for each entry of a tree, sorted, except temporary files of `apply`: path, kind, and a table of the rest.
local function each(folder, f)
  local command = [[cd %s && find . -mindepth 1 -name '.tinylua-*' -prune -o -mindepth 1 -printf '%%P\t%%y\t%%m %%U:%%G\t%%i\t%%n\t%%s\t%%T@\t%%l\0' | LC_ALL=C sort -z]]
  local text = assert(io.popen(command:format(folder))):read("a")
  for path, kind, owner, ino, links, size, time, target in text:gmatch("([^\t\0]*)\t(.)\t(%d+ [%d:]+)\t(%d+)\t(%d+)\t(%d+)\t([%d.-]+)\t([^\0]*)\0") do
    f(path, kind, { owner = owner, ino = ino, links = links, size = size, time = time, target = target })
  end
end

local function content(folder, path, kind, rest)
  local full = folder .. "/" .. path
  if kind ~= "f" then return rest.target end
  return table.concat({ rest.size, check.digest(full), tiny.show(tiny.getxattr(full, "user.note")), tiny.show(tiny.getxattr(full, "security.capability")) }, " ")
end

-- A tree as text: names, types, modes, owners, times, targets, contents, names of the same file, and attributes. Times of
-- directories count only with `times`.
function maker.shown(folder, times)
  local lines, first = {}, {}
  each(folder, function(path, kind, rest)
    local parts = { path, kind, rest.owner }
    if kind ~= "d" then
      table.insert(parts, rest.links .. " " .. (first[rest.ino] or path))
      first[rest.ino] = first[rest.ino] or path
    end
    if kind ~= "d" or times then table.insert(parts, rest.time) end
    table.insert(parts, content(folder, path, kind, rest))
    table.insert(lines, table.concat(parts, " "))
  end)
  return table.concat(lines, "\n")
end

-- The files and links of a tree by path, each as text without its other names.
function maker.files(folder)
  local found = {}
  each(folder, function(path, kind, rest)
    if kind ~= "d" then found[path] = table.concat({ kind, rest.owner, rest.time, content(folder, path, kind, rest) }, " ") end
  end)
  return found
end

-- Changes FOLDER through an overlay by a shell command; its changes are in PLACE. Returns the tree as the command left it.
function maker.change(folder, place, command, keep)
  if not tiny.stat(place) then tiny.mkdir(place) end
  tiny.cow_make(place, folder)
  tiny.mkdir("merged", { parents = true })
  check.inside({ mount = true }, function()
    tiny.mount_overlay("merged", { lower = { folder }, upper = place .. "/upper", work = place .. "/work", whole = true })
    maker.run("cd merged && " .. command)
    tiny.write_file("shown", maker.shown("merged", not keep))
  end)
  return (tiny.read_file "shown")
end

-- The changes as text, one line each.
function maker.list(place, folder)
  local lines = {}
  for _, row in ipairs(tiny.cow_changes(place, folder)) do
    table.insert(lines, ("%s %s %s%s"):format(row.change, row.kind, row.path, row.conflict and " !" .. row.conflict or ""))
  end
  table.sort(lines)
  return table.concat(lines, "\n")
end

-- Applies everything without a conflict.
function maker.apply(place, folder, paths)
  local done = tiny.cow_apply(place, folder, { paths = paths })
  for _, key in ipairs { "conflicts", "failed", "skipped" } do
    if done[key][1] then error(("%s: %s: %s"):format(key, done[key][1].path, done[key][1].reason), 2) end
  end
  return done.applied
end

-- A folder with all kinds of files, from some time ago.
function maker.folder(name)
  maker.run(([[mkdir -p %s && cd %s && mkdir -p keep gone/deep again src/lib empty && echo a >keep/a && echo b >keep/b && ln keep/b keep/hard &&
    echo g >gone/deep/g && echo r >again/r && echo l >src/lib/l && ln -s keep/a link && truncate -s 1M sparse && printf x >>sparse && echo t >to-dir &&
    mkdir to-file && echo f >to-file/f && chmod 2755 src && chown 70000:3000000 keep/a && echo m >mode && echo s >same &&
    mkfifo pipe && find . -exec touch -h -d @1500000000 {} +]]):format(name, name))
end

-- What a container may do to it.
maker.CHANGES = [[
  echo more >>keep/a && chown 5:6 keep/b && rm -r gone && rm -r again && mkdir again && echo new >again/new && mv src moved &&
  echo renamed >moved/lib/n && rm to-dir && mkdir to-dir && echo in >to-dir/in && rm -r to-file && echo file >to-file && chmod 600 mode && touch -d @1600000000 same &&
  mkdir -p new/er/est && echo n >new/er/est/n && ln new/er/est/n new/twin && chmod 1777 new && ln -sfn elsewhere link && ln -s new dangling &&
  truncate -s 50M holes && printf end >>holes && echo 'odd name' >"$(printf 'odd\n\033[31m \344name')" && chmod 750 empty && mv keep/hard keep/renamed &&
  printf '#!/bin/sh\n' >tool && chmod 4755 tool && touch -d @1400000000 new/er new]]

return maker
