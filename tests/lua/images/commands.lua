-- images, image ls|inspect|history|rm|tag, rmi, tag: what they print, change and refuse.
local check = require "check"
local maker = require "image_maker"

-- An empty store.
check.equal(check.succeeds "images", "REPOSITORY  TAG  IMAGE ID  CREATED  SIZE\n")
check.equal(check.succeeds("images", "-q"), "")
check.equal(check.succeeds("images", "--format", "json"), "[]\n")
check.refused('no such image: "nothing"\n  hint: `tinylua images` lists them; `tinylua pull` fetches one', "image", "history", "nothing")

local BASE = maker.busybox()
BASE.name = "base"
local one = maker.image("debian:12", { BASE, { ["etc/a"] = "a" } }, { Cmd = { "sh" }, Env = { "A=b" }, Labels = { who = "me" } }, {
  size = 123456789, created = "2026-03-01T00:00:00Z", index = "sha256:" .. tiny.sha256("index"),
  history = { { created = "2026-02-01T00:00:00Z", created_by = "ADD \27[31mfile / # buildkit" }, { created_by = "CMD sh", empty_layer = true }, { created_by = "RUN " .. ("x"):rep(100), comment = "c" } },
})
local two = maker.image("ghcr.io/owner/app:v1", { BASE }, { Cmd = { "sh" } }, { size = 1024, created = "2026-01-01T00:00:00Z" })

local function lines(...)
  local all = {}
  for line in check.succeeds(...):gmatch("[^\n]+") do table.insert(all, (line:gsub(" +", " "):gsub("%d+ %a+ ago", "AGO"))) end
  return table.concat(all, "\n")
end
local ONE, TWO = one.config:sub(8, 19), two.config:sub(8, 19)
check.equal(lines "images", ("REPOSITORY TAG IMAGE ID CREATED SIZE\ndebian 12 %s AGO 117.7MiB\nghcr.io/owner/app v1 %s AGO 1KiB"):format(ONE, TWO))
check.equal(lines("image", "ls", "-a"), lines "images")
check.equal(lines("images", "-q"), ONE .. "\n" .. TWO)
check.equal(lines("images", "-q", "--no-trunc"), one.config .. "\n" .. two.config)
assert(lines("images", "--digests"):find(("debian 12 %s %s"):format(one.index, ONE), 1, true))
assert(lines("images", "--digests"):find(("app v1 %s %s"):format(two.manifest, TWO), 1, true))
local listed = tiny.json_decode(check.succeeds("images", "--format", "json"))
check.equal(listed[1].name, "debian:12")
check.equal(listed[2].repository, "ghcr.io/owner/app")
check.equal(listed[1].size, 123456789)
-- Filters.
local function ids(...) return (lines("images", "-q", ...):gsub("\n", " "):gsub(ONE, "1"):gsub(TWO, "2")) end
check.equal(ids "debian", "1")
check.equal(ids "debian:12", "1")
check.equal(ids "debian:13", "")
check.equal(ids "*", "1")
check.equal(ids "ghcr.io/*/app", "2")
check.equal(ids("--filter", "reference=deb?an:1*", "--filter", "reference=*/*/app:v1"), "1 2")
check.equal(ids("--filter", "before=debian:12"), "2")
check.equal(ids("--filter", "since=" .. TWO), "1")
check.equal(ids("--filter", "label=who"), "1")
check.equal(ids("--filter", "label=who=you"), "")
check.equal(ids("--filter", "dangling=true"), "")
check.equal(ids("--filter", "dangling=false"), "1 2")
for text, why in pairs {
  ["reference=[a]"] = "--filter reference=\"[a]\": only * and ? are supported", ["dangling=x"] = '--filter dangling="x" is not true or false',
  colour = '--filter "colour" is not KEY=VALUE with one of the keys before, dangling, label, reference, since',
} do
  local wrong = check.run { "images", "--filter", text }
  check.equal(wrong.err, "tinylua: " .. why .. "\n")
  check.equal(wrong.status, 2)
end

-- inspect and history.
local shown = tiny.json_decode(check.succeeds("image", "inspect", "debian:12"))[1]
check.equal(shown.id, one.config)
check.equal(shown.config.Env[1], "A=b")
check.equal(shown.layers[2].diff_id, one.layers[2].diff_id)
check.equal(shown.names[1], "debian:12")
check.equal(check.succeeds("image", "inspect", "-f", "config.Labels.who", ONE), "me\n")
local some = check.run { "image", "inspect", "-f", "name", "nothing", "debian:12" }
check.equal(some.out, "debian:12\n")
check.equal(some.status, 1)
local history = lines("image", "history", "debian:12")
check.equal(history:match("^[^\n]+"), "LAYER CREATED CREATED BY SIZE COMMENT")
assert(history:find(one.layers[2].diff_id:sub(8, 19) .. " ? RUN " .. ("x"):rep(35) .. "… ", 1, true), history)
assert(history:find("<none> ? CMD sh 0B", 1, true), history)
assert(history:find(one.layers[1].diff_id:sub(8, 19) .. " AGO ADD \\x1b[31mfile / # buildkit", 1, true), history)
check.equal(lines("image", "history", "-q", "--no-trunc", "ghcr.io/owner/app:v1"), two.layers[1].diff_id)
check.equal(tiny.json_decode(check.succeeds("image", "history", "--format", "json", "debian:12"))[1].layer, one.layers[2].diff_id)

-- tag: another name, also over an existing one.
check.succeeds("tag", "debian:12", "mine")
check.succeeds("image", "tag", ONE, "localhost:5000/mine:x")
check.equal(ids "mine", "1")
check.succeeds("tag", two.config, "mine:latest")
check.equal(ids "mine", "2")
check.succeeds("tag", "mine", "mine")
check.refused('"mine@' .. one.manifest .. '" cannot be given to an image\n  hint: a new name is NAME[:TAG]', "tag", "debian:12", "mine@" .. one.manifest)
check.refused('no such image: "nothing"\n  hint: `tinylua images` lists them; `tinylua pull` fetches one', "tag", "nothing", "mine")
check.refused('"MINE" is not an image name: repositories are written in lower case\n  hint: such as debian:12 or ghcr.io/owner/name:tag', "tag", "debian:12", "MINE")

-- rmi: a name, the last name, an id with several names, an image in use.
local function removed(text, ...)
  local result = check.run { "rmi", ... }
  check.equal(result.err, "")
  check.equal(result.out, text)
  check.equal(result.status, 0)
end
local function refused(text, out, ...)
  local result = check.run { "rmi", ... }
  check.equal(result.err, "tinylua: " .. text .. "\n")
  check.equal(result.out, out)
  check.equal(result.status, 1)
end
refused(TWO .. " has several names: mine:latest, ghcr.io/owner/app:v1\n  hint: remove them one by one, or use rmi -f", "", TWO)
removed("Untagged: mine:latest\n", "mine")
refused('no such image: "mine"\n  hint: `tinylua images` lists them; `tinylua pull` fetches one', "Untagged: localhost:5000/mine:x\n", "mine", "localhost:5000/mine:x")
check.succeeds("create", "--name", "user", "debian:12")
refused("debian:12 is used by the container user\n  hint: remove that first, or use rmi -f: containers keep their files", "", "debian:12")
check.equal(tiny.json_decode(check.succeeds("image", "inspect", "debian:12"))[1].containers[1].name, "user")
check.succeeds("tag", "debian:12", "other")
removed("Untagged: other:latest\n", "other")
removed("Untagged: debian:12\n", "-f", "debian:12")
check.equal(check.run({ "start", "user" }).status, 0)
check.succeeds("wait", "user")
check.succeeds("rm", "user")
check.succeeds("tag", TWO, "a:1")
removed(("Untagged: a:1\nUntagged: ghcr.io/owner/app:v1\nDeleted: %s\n"):format(two.config), "-f", TWO)
check.equal(check.succeeds("images", "-q"), "")

-- A damaged name is reported, hides no other, and can be removed.
maker.image("good", { BASE }, {})
local folder = check.root .. "/images/refs/docker.io+library+good:latest"
maker.as_user(function() tiny.write_file(folder .. "/image.json", "{") end)
maker.image("other", { BASE }, {})
local damaged = check.run { "images", "-q" }
check.equal(damaged.err, 'tinylua: the image name "docker.io/library/good:latest" is damaged, or was written by a newer tinylua\n')
check.equal(damaged.status, 0)
assert(damaged.out:find("^%x+\n$"), damaged.out)
check.equal(check.run({ "run", "--rm", "good" }).status, 125)
removed("Untagged: good:latest\n", "good")
-- Completion knows the names.
local complete = check.succeeds("complete", "--", "rmi", "")
assert(complete:find("other:latest", 1, true), complete)
