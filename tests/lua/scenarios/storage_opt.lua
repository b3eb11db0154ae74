-- --storage-opt size: the writable layer is limited by a project quota, over restarts and until the container is removed.
local check = require "check"

local make = require "quota_disk"
local function is_full(text) return text:find "quota exceeded" or text:find "No space left" end
local function walk(disk)
  check.root = disk .. "/store"
  local function write(size, name) return ("head -c %d /dev/zero >/var/tmp/%s"):format(size, name) end
  local function upper(id) return ("%s/containers/%s/upper"):format(check.root, id) end
  local function create(size, ...)
    return (check.succeeds("run", "-d", "--storage-opt", "size=" .. size, ...):gsub("%s+$", ""))
  end

  -- Two containers have limits of their own.
  local one = create("1m", "--name", "one", "sleep", "1000")
  local two = create("3m", "--name", "two", "sleep", "1000")
  local projects = {}
  for i, id in ipairs { one, two } do
    projects[i] = tiny.project_quota(upper(id))
    check.equal(projects[i].limit, (2 * i - 1) << 20)
    check.equal(tiny.project_quota((upper(id):gsub("upper$", "work"))).project, projects[i].project)
  end
  assert(projects[1].project ~= projects[2].project and projects[1].project >= 1 << 30)
  check.succeeds("exec", "one", "sh", "-c", write(500 << 10, "a"))
  local full = check.run { "exec", "one", "sh", "-c", write(700 << 10, "b") }
  assert(full.status ~= 0 and is_full(full.err), full.err)
  check.succeeds("exec", "two", "sh", "-c", write(2 << 20, "a"))
  -- Root in the container cannot leave its project: the files are the host's, but its calls are filtered.
  for _, words in ipairs { { "chattr", "-p", "0", "/var/tmp/a" }, { "chattr", "-P", "/var/tmp" } } do
    if os.execute "command -v chattr >/dev/null" then
      local result = check.run { "exec", "one", table.unpack(words) }
      assert(result.status ~= 0, table.concat(words, " "))
    end
  end
  full = check.run { "exec", "one", "sh", "-c", write(700 << 10, "c") }
  assert(full.status ~= 0, "the limit is gone")
  check.equal(tiny.project_quota(upper(one)).project, projects[1].project)

  -- The limit and the project stay over a restart, and after the disk was mounted again.
  check.succeeds("stop", "-t", "0", "one", "two")
  check.succeeds("start", "one")
  check.equal(tiny.project_quota(upper(one)).project, projects[1].project)
  check.equal(tiny.project_quota(upper(one)).limit, 1 << 20)
  assert(check.run({ "exec", "one", "sh", "-c", write(700 << 10, "d") }).status ~= 0)
  check.succeeds("rm", "-f", "one")

  -- Removed: the numbers are free again.
  check.succeeds("rm", "two")
  for _, found in ipairs(projects) do
    local left = tiny.project_quota(disk, { project = found.project })
    check.equal(left.limit, 0)
  end

  -- A recipe's key, in both forms.
  for i, form in ipairs { '{ size = "1m" }', '{ "size=1m" }' } do
    local path = ("%s/recipe%d.lua"):format(disk, i)
    tiny.write_file(path, ([[return require("tiny.container").new { command = %q, storage_opt = %s }]]):format(write(2 << 20, "x"), form))
    local result = check.run { "run", "--rm", path }
    assert(is_full(result.err), ("%s: %s%s"):format(result.status, result.out, result.err))
  end
  check.no_container()
end
local disks = {}
for _, kind in ipairs { "ext4", "xfs" } do disks[#disks + 1] = make(kind) end
if #disks == 0 then check.skip "the kernel has no project quotas (CONFIG_QFMT_V2, CONFIG_XFS_QUOTA), or mkfs.ext4 is missing" end
for _, disk in ipairs(disks) do walk(disk) end
