-- The image store: blobs, downloads that wait for each other, layers, and names with whatever damage.
local check = require "check"
local reference = require "tiny.images.reference"
local store = require "tiny.images.store"

check.equal(store.exists(), false)
check.equal(#store.refs(), 0)
check.equal(#store.find("debian"), 0)
store.prepare()
check.equal(store.exists(), true)
store.prepare()
check.equal(tiny.stat(store.path()).mode & tonumber("777", 8), tonumber("700", 8))

-- Blobs.
local text = '{"a":1}'
local digest = store.put_blob(text)
check.equal(digest, "sha256:" .. tiny.sha256(text))
check.equal(store.has_blob(digest), #text)
check.equal(store.read_blob(digest), text)
local other = "sha256:" .. tiny.sha256("other")
check.equal(store.has_blob(other), nil)
check.equal(store.read_blob(other), nil)
-- Half a blob, as after a power cut, is reported, and replaced by the next that stores it.
tiny.write_file(store.blob(digest), '{"a"')
local _, err = tiny.try(store.read_blob, digest)
check.equal(err.message, ("the image store is damaged: %s has other content"):format(store.blob(digest)))
store.put_blob(text)
check.equal(store.read_blob(digest), text)
for _, wrong in ipairs { "sha256:../x", "../../etc/passwd", "", "sha256:" .. ("a"):rep(65) } do
  for _, f in ipairs { store.blob, store.has_blob, store.read_blob, store.ingest, store.layer } do
    _, err = tiny.try(f, wrong)
    check.equal(err.message, ("%s is not a digest"):format(tiny.show(wrong)))
  end
end

-- Downloads of the same blob: one works, the others wait and then have it.
local blob = "sha256:" .. tiny.sha256("content")
local from, into = tiny.pipe()
local go_from, go_into = tiny.pipe()
-- Forked before the lock is taken: a child shares the locks of its parent.
local child <close> = tiny.fork(function()
  go_from:read()
  into:write(store.ingest(blob) == nil and "has it" or "downloads it again")
end)
into:close()
local ingest = store.ingest(blob)
tiny.append_file(ingest.path, "con")
go_into:write("go")
check.equal(#tiny.poll({ from }, "100ms"), 0, "it waits")
tiny.append_file(ingest.path, "tent")
ingest.commit()
check.equal(from:read(), "has it")
check.equal(child:wait(), 0)
check.equal(store.read_blob(blob), "content")
check.equal(#tiny.list_dir(store.path "ingest"), 0)
-- What an interrupted one has fetched is kept; what was wrong is not.
ingest = store.ingest(other)
tiny.append_file(ingest.path, "oth")
ingest.close()
ingest = store.ingest(other)
check.equal(tiny.read_file(ingest.path), "oth")
ingest.discard()
ingest = store.ingest(other)
check.equal(tiny.stat(ingest.path), nil)
ingest.close()

-- A download that is too slow is not waited for: the other one has a file of its own.
store.PATIENCE = 0.2
local function beside(digest, f)
  local from, into = tiny.pipe()
  local child <close> = tiny.fork(function()
    local ingest = store.ingest(digest)
    into:write("ready")
    f(ingest)
  end)
  from:read()
  return (store.ingest(digest))
end
local slow = "sha256:" .. tiny.sha256 "slow"
for _, finish in ipairs { "close", "commit" } do
  local own = beside(slow, function(one)
    for _ = 1, 100 do
      tiny.append_file(one.path, "s")
      tiny.poll({}, 0.05)
    end
  end)
  assert(own.path:find("/ingest/." .. slow:sub(8) .. "-", 1, true), own.path)
  tiny.append_file(own.path, "slow")
  own[finish]()
  check.equal(tiny.stat(own.path), nil)
end
check.equal(store.read_blob(slow), "slow")
-- One that proceeds is.
local fast = "sha256:" .. tiny.sha256 "fast"
check.equal(beside(fast, function(one)
  for _ = 1, 20 do
    tiny.append_file(one.path, ("f"):rep(50000))
    tiny.poll({}, 0.05)
  end
  one.commit()
end), nil)
check.equal(store.has_blob(fast), 20 * 50000)
for _, digest in ipairs { slow, fast } do tiny.remove(store.blob(digest)) end
store.PATIENCE = 10

-- Layers: the first that is complete stays.
local id = "sha256:" .. tiny.sha256("layer")
check.equal(store.layer(id), nil)
local folders = {}
for i = 1, 2 do
  folders[i] = store.new_layer()
  tiny.mkdir(folders[i] .. "/fs")
  tiny.write_file(folders[i] .. "/fs/number", tostring(i))
end
check.equal(store.layer(id), nil)
for i = 1, 2 do store.commit_layers { { path = folders[i], id = id } } end
check.equal(tiny.read_file(store.layer(id) .. "/number"), "1")
check.equal(#tiny.list_dir(store.path "layers"), 1)
check.equal(#tiny.list_dir(store.path "trash"), 1)

-- Names.
local image = {
  manifest = digest, config = blob, index = other, platform = "linux/amd64", size = 7, created = "2026-01-02T03:04:05Z",
  layers = { { digest = blob, diff_id = id, size = 3 } },
}
local function full(name) return reference.full(reference.parse(name)) end
store.write_ref(full "debian:12", image)
store.write_ref(full "localhost:5000/deep/er/name", image)
store.write_ref(full("debian@" .. digest), image)
check.equal(store.read_ref(full "debian:12").layers[1].diff_id, id)
check.equal(store.read_ref(full "debian:13"), nil)
local function listed()
  local names = {}
  for _, one in ipairs((store.refs { "size" })) do table.insert(names, reference.familiar(reference.parse(one.name))) end
  return table.concat(names, " ")
end
check.equal(listed(), "debian:12 debian@" .. digest .. " localhost:5000/deep/er/name:latest")
-- A name is replaced.
local newer = { config = "sha256:" .. tiny.sha256("newer") }
for key, value in pairs(image) do newer[key] = newer[key] or value end
store.write_ref(full "debian:12", newer)
check.equal(store.read_ref(full "debian:12").config, newer.config)
check.equal(#store.refs(), 3)

-- By name, by id, by the digest of the manifest or index.
local function found(name)
  local names = {}
  for _, one in ipairs(store.find(name)) do table.insert(names, one.name) end
  return table.concat(names, " ")
end
check.equal(found "debian:12", full "debian:12")
check.equal(found(newer.config), full "debian:12")
check.equal(found(newer.config:sub(8, 20)), full "debian:12")
check.equal(found(blob:sub(8, 19)), full("debian@" .. digest) .. " " .. full "localhost:5000/deep/er/name")
check.equal(found("debian@" .. other), full "debian:12" .. " " .. full("debian@" .. digest))
check.equal(found("localhost:5000/deep/er/name@" .. digest), full "localhost:5000/deep/er/name")
check.equal(found("ubuntu@" .. digest), "")
for _, none in ipairs { "debian:99", "0000000000", "../debian", "oci:/x", "sha256:../x", "" } do check.equal(found(none), "", none) end
check.equal(store.find_one(blob:sub(8)).config, blob)
check.equal(store.find_one("nothing"), nil)
-- Two images whose ids begin alike.
store.write_ref(full "alike:1", { manifest = digest, config = "sha256:" .. ("ab"):rep(32), layers = {}, size = 0 })
store.write_ref(full "alike:2", { manifest = digest, config = "sha256:" .. ("ab"):rep(31) .. "cd", layers = {}, size = 0 })
_, err = tiny.try(store.find_one, "ababab")
check.equal(err.message, '"ababab" is the beginning of several image ids')
check.equal(store.find_one(("ab"):rep(31) .. "c").name, full "alike:2")
check.equal(store.remove_ref(full "alike:1"), true)
check.equal(store.remove_ref(full "alike:1"), false)
store.remove_ref(full "alike:2")

-- Damaged names hide no others. A folder without a file is what a crash leaves: it is no name.
tiny.mkdir(store.path "refs/docker.io+library+empty:1")
local whole = tiny.read_file(store.path "refs/docker.io+library+debian:12/image.json")
local function damaged(name, content)
  tiny.mkdir(store.path("refs/docker.io+library+" .. name))
  tiny.write_file(store.path("refs/docker.io+library+" .. name .. "/image.json"), content)
end
local function changed(name, pattern, by)
  local content, count = whole:gsub("debian:12", name):gsub(pattern, by)
  assert(count > 0, pattern)
  damaged(name, content)
end
damaged("a:1", "")
damaged("a:2", whole:sub(1, 100))
damaged("a:3", "[]")
damaged("a:4", "null")
damaged("a:5", whole) -- another's name
changed("a:6", '"size": 7', '"size": "7"')
changed("a:7", '"manifest": "sha256:%x+"', '"manifest": "sha256:../x"')
changed("a:8", '"version": %d+', '"version": 99')
changed("a:9", '"created": "[^"]*"', '"created": {}')
changed("b:1", '"diff_id": "sha256:%x+"', '"diff_id": "/etc"')
local good, bad = store.refs()
check.equal(#good, 3)
check.equal(#bad, 10)
check.equal(bad[1].name, "docker.io/library/a:1")
check.equal(bad[1].damage, 'the image name "docker.io/library/a:1" is damaged, or was written by a newer tinylua')
check.equal(#select(2, store.refs { "size" }), 8, "only these keys are read for a listing")
for _, one in ipairs(bad) do
  _, err = tiny.try(store.read_ref, one.name)
  check.equal(err.message, one.damage)
  check.equal(err.hint, "`tinylua rmi` removes the name, and `tinylua pull` restores it")
  check.equal(store.remove_ref(one.name), true)
end
check.equal(#select(2, store.refs()), 0)
check.equal(listed(), "debian:12 debian@" .. digest .. " localhost:5000/deep/er/name:latest")

-- A file that cannot be read is damage as well: a collection stops, since it may be all that keeps an image.
local kept = store.put_blob "kept by an unreadable name"
for _, make in ipairs {
  function(file) tiny.write_file(file, (" "):rep(store.LARGEST + 1)) end,
  function(file) tiny.mkdir(file) end,
} do
  local folder = store.path "refs/docker.io+library+unreadable:1"
  tiny.mkdir(folder)
  make(folder .. "/image.json")
  _, bad = store.refs()
  check.equal(#bad, 1)
  check.equal(bad[1].name, "docker.io/library/unreadable:1")
  local count, why = require("tiny.images.gc").collect()
  check.equal(count, nil)
  check.equal(why, bad[1].damage)
  check.equal(store.has_blob(kept), 26)
  check.equal(store.remove_ref "docker.io/library/unreadable:1", true)
end
tiny.remove(store.blob(kept))
-- Nor is a record written that is too large to be read.
local huge = { created = ("x"):rep(store.LARGEST) }
for key, value in pairs(image) do huge[key] = huge[key] or value end
_, err = tiny.try(store.write_ref, full "huge:1", huge)
check.equal(err.code, "EFBIG")
assert(err.message:find "^the record of docker.io/library/huge:1 would have %d+ bytes: more than 4194304 are not read$", err.message)
check.equal(store.has_ref(full "huge:1"), false)

-- A name is written and removed at the same time: afterwards it is there or not, and never damaged.
local function race(f) return tiny.fork(function() for _ = 1, 200 do f() end end) end
local children = { race(function() store.write_ref(full "raced:1", image) end), race(function() store.remove_ref(full "raced:1") end),
  race(function() check.equal(#select(2, store.refs()), 0) end) }
for _, one in ipairs(children) do check.equal(one:wait(), 0) end
check.equal(#select(2, store.refs()), 0)
store.write_ref(full "raced:1", image)

-- A collection syncs the names before it deletes anything: after a power cut, one that was removed may be there again.
do
  local fsync, rename, calls = tiny.fsync, tiny.rename, {}
  tiny.fsync = function(path) table.insert(calls, "fsync " .. path) return fsync(path) end
  tiny.rename = function(from, ...) table.insert(calls, "rename " .. from) return rename(from, ...) end
  local blob = store.blob(store.put_blob "garbage")
  calls = {}
  require("tiny.images.gc").collect()
  tiny.fsync, tiny.rename = fsync, rename
  check.equal(calls[1], "fsync " .. store.path "refs")
  check.equal(tiny.stat(blob), nil)
end

-- The lock: readers share it, a collection has it alone.
local one <close> = store.lock "shared"
local two <close> = store.lock "shared"
check.equal(tiny.flock(store.path "lock", { wait = false }), nil)
