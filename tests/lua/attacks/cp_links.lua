-- CVE-2018-15664: a container swaps a folder for a link while it is copied. `../scenarios/cp` races for it; here the copy
-- is held up in the middle, so that the swap comes at the worst moment every time.
local check = require "check"

-- The machine's own stays as it is.
tiny.mount_tmpfs("/srv")
tiny.mkdir("/srv/host/deep", { parents = true })
tiny.write_file("/srv/host/secret", "of the host")
tiny.write_file("/srv/host/deep/secret", "of the host")
check.succeeds("run", "-d", "--name", "c", "sleep", "1000")
local inside = ("/proc/%s/root/race"):format(check.succeeds("inspect", "--format", "state.pid", "c"):match("%d+"))

-- Two folders, each with so much that a pipe does not take it: while the first is packed, the second is known to be a
-- folder and not yet opened. Which is the first is the file system's affair.
local function fresh()
  tiny.try(tiny.remove, inside, { recursive = true })
  for _, name in ipairs { "/one", "/two" } do
    tiny.mkdir(inside .. name .. "/deep", { parents = true })
    tiny.write_file(inside .. name .. "/large", ("x"):rep(4 << 20))
  end
end

-- Packs /race, and swaps the folder that comes later for `target` once the other is on its way. Returns all that came.
local function packed(target)
  fresh()
  local from, into = tiny.pipe()
  local err, err_end = tiny.pipe()
  local child <close> = tiny.fork(function()
    tiny.dup2(into, 1)
    tiny.dup2(err_end, 2)
    tiny.exec { "/proc/self/exe", "--root", check.root, "cp", "c:/race/.", "-" }
  end)
  into:close()
  err_end:close()
  local got, later = "", nil
  for bytes in function() return from:read("64k") end do
    got = got .. bytes
    local first = not later and got:match("(%a+)/large\0")
    if first then
      later = first == "one" and "two" or "one"
      tiny.rename(inside .. "/" .. later, inside .. "/away")
      tiny.symlink(target, inside .. "/" .. later)
    end
  end
  assert(later, "the swap was made")
  return child:wait(), got, err:read() or ""
end

for _, target in ipairs { "/srv/host", "../../../../../../../../srv/host", "/", "away", "../race/away" } do
  local status, got, said = packed(target)
  check.equal(status, 125, target .. ": " .. said)
  assert(said:find("ELOOP: Too many symbolic links", 1, true) or said:find("a directory was replaced by a link during the copy", 1, true), said)
  assert(not got:find("of the host", 1, true) and not got:find("secret", 1, true), target .. ": the host's file is in the archive")
end

-- Links that are there all the time are copied as what they are.
fresh()
tiny.symlink("/srv/host", inside .. "/one/out")
tiny.symlink("/srv/host/secret", inside .. "/one/file")
check.succeeds("cp", "c:/race", "copy")
check.equal(tiny.readlink("copy/one/out"), "/srv/host")
check.equal(tiny.readlink("copy/one/file"), "/srv/host/secret")

-- Into a container: a folder that the archive has made becomes a link before the archive goes on in it.
os.execute("mkdir -p d/e && echo 1 >d/one && echo 2 >d/e/two && tar --no-recursion -cf in.tar d d/one d/e d/e/two")
local archive = tiny.read_file("in.tar")
for _, target in ipairs { "/srv/host", "../../../../../../srv/host" } do
  tiny.try(tiny.remove, inside, { recursive = true })
  tiny.mkdir(inside)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    into:close()
    tiny.dup2(from, 0)
    tiny.exec { "/proc/self/exe", "--root", check.root, "cp", "-", "c:/race" }
  end)
  from:close()
  -- The folder and the first file; one that is there has been unpacked.
  into:write(archive:sub(1, 1536))
  while not tiny.stat(inside .. "/d/one") do tiny.poll({}, 0.01) end
  tiny.rename(inside .. "/d", inside .. "/away")
  tiny.symlink(target, inside .. "/d")
  tiny.try(into.write, into, archive:sub(1537))
  into:close()
  child:wait()
  check.equal(tiny.stat("/srv/host/e"), nil, "nothing is made on the host")
end
check.succeeds("rm", "-f", "c")
check.no_container()
