-- Unpacks layers, each in a child process that can do nothing else. It has the layer's directory as its root, and no other
-- file but the blob: no network, no other process, only the capabilities that files need, and few system calls.
local keep_capabilities = require "tiny.base.keep_capabilities"
local rootless = require "tiny.base.rootless"
local state = require "tiny.store.state"
local store = require "tiny.images.store"

local unpack = {}

-- What a layer may use. `layer_limits` of registries.lua raises it for images that the user trusts.
unpack.limits = { max_entries = 4000000, max_bytes = 256 << 30, max_ratio = 200 }

-- The capabilities that give files their owners, modes, devices and capabilities.
unpack.capabilities = { "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_MKNOD", "CAP_SETFCAP" }

-- The system calls of reading one file and writing a tree.
unpack.calls = {
  "brk", "clock_gettime", "close", "close_range", "copy_file_range", "dup", "exit", "exit_group", "fchmod", "fchown", "fchownat",
  "fcntl", "fsetxattr", "fstat", "ftruncate", "futex", "getdents64", "getpid", "getrandom", "gettid", "linkat", "lseek", "lsetxattr",
  "madvise", "mkdirat", "mknodat", "mmap", "mprotect", "mremap", "munmap", "newfstatat", "open", "openat", "openat2", "poll", "ppoll",
  "pread64", "prlimit64", "read", "readlinkat", "readv", "restart_syscall", "rt_sigaction", "rt_sigprocmask", "rt_sigreturn",
  "sched_yield", "setitimer", "sigaltstack", "statx", "symlinkat", "tgkill", "umask", "unlinkat", "utimensat", "write", "writev",
}

local RIGHTS = {
  "read_file", "read_dir", "write_file", "truncate", "make_reg", "make_dir", "make_sym", "make_fifo", "make_char", "make_block",
  "make_sock", "remove_file", "remove_dir", "refer",
}
-- The layer's root if no entry describes it.
local ROOT_MODE = tonumber("755", 8)
-- A path has at most 4095 bytes.
local LONGEST = 4096

local Unpacker, Job = {}, {}
Unpacker.__index, Job.__index = Unpacker, Job

-- A filter for `unpack.calls`.
function unpack.filter()
  return tiny.seccomp_compile { defaultAction = "SCMP_ACT_ERRNO", syscalls = { { names = unpack.calls, action = "SCMP_ACT_ALLOW" } } }
end

-- In a child process: gives up everything but a directory and the handles `kept`.
function unpack.confine(into, filter, kept)
  tiny.withdraw_fds { keep = kept }
  tiny.chroot(into)
  tiny.no_new_privs()
  tiny.landlock { paths = { ["/"] = RIGHTS }, strict = false }
  keep_capabilities(unpack.capabilities)
  tiny.set_parent_death_signal "SIGKILL"
  tiny.seccomp(filter)
end

-- A message of the child: a letter, and a text with its length.
local function message(letter, text) return string.pack("<c1s4", letter, text) end

local function child(self, job, from, into)
  unpack.confine(job.path .. "/fs", self.filter, { from, into })
  local options = { into = "/", xattr = self.rootless and "user" or nil, squash_ids = self.squash_ids }
  for name, value in pairs(self.limits) do options[name] = value end
  function options.progress(bytes) into:write(message("p", string.pack("<i8", bytes))) end
  local report = tiny.layer_unpack(from, options)
  -- Names may have any bytes, which JSON cannot carry.
  for _, path in ipairs(report.opaque) do into:write(message("o", path)) end
  for _, link in ipairs(report.links) do into:write(message("l", string.pack("<s4s4", link[1], link[2]))) end
  report.opaque, report.links = nil, nil
  into:write(message("r", tiny.json_encode(report)))
  return 0
end

-- What a layer may use: by default as registries.lua says.
function unpack.limits_of(own)
  own = own or require("tiny.images.registries").settings().layer_limits
  local limits = {}
  for name, value in pairs(unpack.limits) do limits[name] = own[name] or value end
  return limits
end

-- Begins to unpack the layers of an image. options: image (its name, for errors), squash_ids (files of ids that the user does
-- not have become root's), unnamed (a layer stays in the folder `path` of its job, which the caller removes or names), limits.
-- A layer with a chain id may have hard links into the layers below: it also stays there, for `tiny.images.lower_links`.
-- It is closed after the last layer.
function unpack.open(options)
  options = options or {}
  local self = setmetatable({ image = options.image or "the image", squash_ids = options.squash_ids, unnamed = options.unnamed, jobs = {} }, Unpacker)
  self.limits = unpack.limits_of(options.limits)
  self.rootless = rootless.is()
  self.userns = self.rootless and tiny.userns((rootless.own_maps())) or nil
  self.filter = unpack.filter()
  store.prepare()
  return self
end

-- Ends the children that still run, and discards what they have written.
function Unpacker:close()
  for job in pairs(self.jobs) do job:cancel() end
  if self.userns then self.userns:close() end
  self.userns = nil
end
Unpacker.__close = Unpacker.close

-- Begins to unpack a layer { digest, diff_id, chain_id, path (its new folder) } from the file with its blob, by default the store's.
-- The job's `handle` is readable when `step` has something to do.
function Unpacker:start(layer, file)
  local job = setmetatable({ unpacker = self, layer = layer, bytes = 0, opaque = {}, links = {}, text = "" }, Job)
  local from <close> = tiny.open(file or store.blob(layer.digest))
  job.path = layer.path or store.new_layer()
  self.jobs[job] = true
  tiny.mkdir(job.path .. "/fs", { mode = ROOT_MODE })
  local handle, into = tiny.pipe()
  job.handle = handle
  job.child = tiny.clone({ user = self.userns, mount = true, net = true, pid = true, ipc = true, uts = true }, function()
    return child(self, job, from, into)
  end)
  into:close()
  return job
end

-- Deletes what was unpacked; what this leaves is for a collection.
function unpack.delete(path) tiny.try(state.remove_all, path) end

-- Ends the child, and discards the layer.
function Job:cancel()
  if not self.unpacker.jobs[self] then return end
  self.unpacker.jobs[self] = nil
  if self.child then self.child:reap() end
  if self.handle then self.handle:close() end
  unpack.delete(self.path)
end

-- Fails: a layer of an image cannot be unpacked. err: an error whose message, hint and code are taken.
function unpack.fail(layer, image, err)
  local full, prune
  if err.code == "ENOSPC" then full, prune = store.no_space() end
  -- One of `unpack.limits`.
  if err.code == "EFBIG" and err.hint then err.hint = err.hint .. ": `layer_limits` in registries.lua" end
  tiny.fail {
    message = ("layer %s of %s: %s"):format(layer.digest, image, full or err.message),
    hint = prune or err.hint, code = err.code, exit = 125,
  }
end

function Job:fail(why, hint, code)
  self:cancel()
  unpack.fail(self.layer, self.unpacker.image, { message = why, hint = hint, code = code })
end

-- Whether a path of the child may be one in the layer.
local function is_plain(path)
  return type(path) == "string" and #path < LONGEST and not path:find("\0") and not ("/" .. path .. "/"):find("/%.%.?/") and path:sub(1, 1) ~= "/"
end

local function take(self, letter, text)
  if letter == "p" and #text == 8 then
    self.bytes = string.unpack("<i8", text)
  elseif letter == "o" and is_plain(text) then
    table.insert(self.opaque, text)
  elseif letter == "l" then
    local name, target = string.unpack("<s4s4", text)
    if not (is_plain(name) and is_plain(target)) then error "a link" end
    table.insert(self.links, { name, target })
  elseif letter == "r" then
    self.report = tiny.json_decode(text)
  else
    error "a message"
  end
end

-- Reads what the child has sent; returns true when the layer is complete, after `finish`.
function Job:step()
  local bytes = self.handle:read(1 << 16)
  if not bytes then return self:finish() end
  self.text = self.text .. bytes
  local at = 1
  while #self.text - at >= 4 do
    local letter, length = string.unpack("<c1I4", self.text, at)
    -- The report has a fixed size, and a link two paths.
    if length > 4 * LONGEST then self:fail "its child process sends what is no report" end
    if #self.text < at + 4 + length then break end
    if not pcall(take, self, letter, self.text:sub(at + 5, at + 4 + length)) then self:fail "its child process sends what is no report" end
    at = at + 5 + length
  end
  self.text = self.text:sub(at)
  return false
end

-- Adds the marks that need privileges over the host, which the child did not have.
local function mark(self)
  local root <close> = tiny.open_root(self.path .. "/fs")
  for _, path in ipairs(self.opaque) do
    -- The kernel ignores this one: `store.hides_all` finds the file.
    if path == "" then tiny.write_file(self.path .. "/opaque", "")
    elseif not self.unpacker.rootless then tiny.setxattr(path, "trusted.overlay.opaque", { value = "y", root = root }) end
  end
end

-- Waits for the child, verifies the digests, and gives the layer its name in the store. Returns true.
function Job:finish()
  local status, err
  local ended, failure = tiny.try(function()
    status, err = self.child:wait()
    return true
  end)
  if not ended then
    self:fail(failure.message, failure.hint, failure.code)
  end
  local report = self.report
  if status ~= 0 or type(report) ~= "table" then
    self:fail(("its child process ended with %s"):format(err or "status " .. tostring(status)), err == "SIGKILL" and "the kernel's log shows whether memory was short" or nil)
  end
  local digest, diff_id = self.layer.digest, self.layer.diff_id
  if report.digest ~= digest then
    self:fail(("the blob is damaged: its digest is %s"):format(tostring(report.digest)), "pull the image again", "EBADMSG")
  end
  if diff_id and report.diff_id ~= diff_id then
    self:cancel()
    tiny.fail {
      message = ("a layer of %s has other content than its configuration says: %s instead of %s"):format(self.unpacker.image, tostring(report.diff_id), diff_id),
      hint = "the image was damaged, or made to do harm: get it from elsewhere", code = "EBADMSG", exit = 125,
    }
  end
  -- They can only be made in a stack of layers, and this layer is then different in each.
  local linked = #self.links > 0
  if linked and (self.layer.chain_id or diff_id) == diff_id then
    local name, target = self.links[1][1], self.links[1][2]
    self:fail(("%s is a hard link to %s, which is not in the same layer"):format(tiny.show(name), tiny.show(target)), "build the image with a tool that copies such files, or squash its layers", "EOPNOTSUPP")
  end
  mark(self)
  if report.squashed > 0 then tiny.write_file(self.path .. "/squashed", "") end
  if math.type(report.bytes) == "integer" then tiny.write_file(self.path .. "/bytes", ("%d"):format(report.bytes)) end
  self.layer.diff_id = diff_id or report.diff_id
  self.linked = linked
  if not self.unpacker.unnamed and not linked then store.commit_layers { { path = self.path, id = self.layer.diff_id } } end
  self.unpacker.jobs[self] = nil
  self.handle:close()
  return true
end

-- Unpacks one layer; progress(bytes) is called from time to time.
function Unpacker:layer(layer, file, progress)
  local job = self:start(layer, file)
  local last = 0
  while not job:step() do
    if progress and job.bytes ~= last then
      last = job.bytes
      progress(last)
    end
  end
  return job
end

return unpack
