-- Relative host paths in a recipe begin at its directory, those on the command line at the working directory; where both exist
-- and differ, a note says which is used.
local check = require "check"

for _, place in ipairs { "recipes", "elsewhere" } do
  tiny.mkdir("/tmp/" .. place .. "/site", { parents = true })
  tiny.write_file("/tmp/" .. place .. "/site/page", place)
end
tiny.mkdir("/tmp/recipes/only/deep", { parents = true })
tiny.write_file("/tmp/recipes/only/page", "only here")
local function recipe(name, text)
  tiny.write_file("/tmp/recipes/" .. name, 'return require "tiny.container".new { command = { "cat", "/srv/page" }, ' .. text .. " }")
end
recipe("only.lua", 'volumes = { "./only:/srv:ro" }')
recipe("table.lua", 'mounts = { { type = "bind", source = "only/deep/..", target = "/srv" } }')
recipe("mount.lua", 'mounts = { "type=bind,src=only,target=/srv,readonly" }')
recipe("bare.lua", "")
recipe("both.lua", 'volumes = { "./site:/srv" }')
recipe("named.lua", 'command = { "ls", "/srv" }, volumes = { "site:/srv" }, mounts = { "source=other,target=/other", { source = "third", target = "/third" } }')
recipe("root.lua", 'rootfs = "no-root"')
recipe("profile.lua", 'volumes = { "./only:/srv" }, security_opt = { "seccomp=profile.json" }')
tiny.write_file("/tmp/recipes/profile.json", '{ "defaultAction": "SCMP_ACT_ALLOW" }')
tiny.write_file("/tmp/recipes/many.lua", [[return require "tiny.topology".new { name = "many", volumes = { site = {} }, containers = {
  one = { network = "none", command = { "sleep", "60" }, volumes = { "./only:/srv", "site:/data" } },
} }]])

local function run(...)
  local words, start = { ... }, check.start
  check.start = function(f)
    return start(function()
      tiny.chdir("/tmp/elsewhere")
      f()
    end)
  end
  local result = check.run(words)
  check.start = start
  return result
end
local function shows(out, err, ...)
  local result = run("run", "--rm", ...)
  check.equal(result.err, err)
  check.equal(result.out, out)
end
for _, name in ipairs { "only", "table", "mount", "profile" } do
  shows("only here", "", "../recipes/" .. name .. ".lua")
  shows("only here", "", "/tmp/recipes/" .. name .. ".lua")
end
local note = 'tinylua: volumes: "./site" is /tmp/recipes/site, next to the recipe, and not /tmp/elsewhere/site\n'
shows("recipes", note, "../recipes/both.lua")
-- A name is a volume, also if a directory next to the recipe, or in the working directory, has that name.
check.equal(run("run", "--rm", "../recipes/named.lua").err, 'tinylua: volumes: "site" is a named volume; for /tmp/recipes/site, next to the recipe, write ./site\n'
  .. 'tinylua: volumes: "site" is a named volume; for the file or directory here, write ./site\n')
check.equal(check.succeeds("volume", "ls", "-q"), "other\nsite\nthird\n")
check.succeeds("volume", "rm", "other", "site", "third")
shows("elsewhere", "", "-v", "./site:/srv", "/tmp/recipes/bare.lua")
check.equal(run("run", "../recipes/root.lua").err, "tinylua: ../recipes/root.lua: the rootfs /tmp/recipes/no-root does not exist\n"
  .. "  hint: create it, or omit --rootfs for a throwaway view of the host\n")

-- It is the same project wherever `up` runs.
check.equal(run("up", "../recipes/many.lua").status, 0)
assert(check.succeeds("up", "/tmp/recipes/many.lua"):find("many%-one +is up to date"))
check.equal(check.succeeds("exec", "many-one", "cat", "/srv/page"), "only here")
check.succeeds("rm", "-f", "many-one")
check.succeeds("down", "many")
check.no_container()
