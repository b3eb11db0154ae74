-- Drives criu(8), which saves processes to files and restores them, by its protocol (criu.org/RPC): `criu swrk` serves one request over
-- a socket, and reports the moments at which the runtime has to act.
local protobuf = require "tiny.oci.protobuf"

local criu = {}

-- The numbers of the fields that are sent (criu's images/rpc.proto).
local OPTIONS = {
  images_dir_fd = 1, pid = 2, leave_running = 3, ext_unix_sk = 4, tcp_established = 5, evasive_devices = 6, shell_job = 7, file_locks = 8,
  log_level = 9, log_file = 10, ps = { 11, { address = 1, port = 2 } }, notify_scripts = 12, root = 13, parent_img = 14, track_mem = 15,
  auto_dedup = 16, work_dir_fd = 17, ext_mnt = { 23, { key = 1, val = 2 } }, manage_cgroups = 24,
  cg_root = { 25, { ctrl = 1, path = 2 } }, rst_sibling = 26, inherit_fd = { 27, { key = 1, fd = 2 } }, manage_cgroups_mode = 34,
  external = 37, empty_ns = 38, join_ns = { 39, { ns = 1, ns_file = 2 } }, freeze_cgroup = 44, orphan_pts_master = 50, config_file = 51,
  lsm_profile = 53, lsm_mount_context = 63, network_lock = 64,
}
local REQUEST = { type = 1, opts = { 2, OPTIONS }, notify_success = 3 }
local TYPES = { dump = 1, restore = 2, pre_dump = 4, notify = 6 }

-- Of a response: its type, whether it succeeded, what a restore answers, and a notice.
local TYPE, SUCCESS, RESTORED, NOTICE = 1, 2, 4, 5
-- Of a notice: the moment and the pid of the first process. Of what a restore answers: that pid.
local MOMENT, NOTICE_PID, RESTORED_PID = 1, 2, 1

criu.CGROUP_MODES = { ignore = 0, soft = 3, full = 4, strict = 5 }
criu.NETWORK_LOCKS = { iptables = 1, nftables = 2, skip = 3 }

-- The kind of namespace that the option empty_ns names (CLONE_NEWNET).
criu.NETWORK = 0x40000000

local FOLDERS = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
local CONFIG = "/etc/criu/tinylua-oci.conf"

-- The path of a program in the folders of PATH, and those of the system; nil if it is in none.
function criu.found(name)
  for folder in ((os.getenv "PATH" or "") .. ":" .. FOLDERS):gmatch "/[^:]*" do
    local path = folder .. "/" .. (name or "criu")
    if tiny.access(path, "x") then return path end
  end
end

-- The program that --criu names, or criu.
local function program()
  local asked = (tiny.settings.criu or "") ~= "" and tiny.settings.criu or "criu"
  if asked:find("/", 1, true) then
    if tiny.access(asked, "x") then return asked end
    tiny.fail { message = ("--criu: %s is not a program"):format(tiny.show(asked)) }
  end
  local found = criu.found(asked)
  if found then return found end
  tiny.fail { message = ("the program %s is not installed"):format(asked), hint = "apt-get install criu, or --criu PATH", code = "ENOENT" }
end

-- Fails where criu cannot work.
function criu.check(command)
  if tiny.getuid() ~= 0 or require("tiny.oci.userns").inside() then
    tiny.fail { message = command .. ": criu needs root of the host", hint = "run the engine as root" }
  end
  program()
end

-- The numbers of descriptors in criu: its socket, then the files of the caller.
local SOCKET = 3
function criu.number(index) return SOCKET + index end

-- Becomes criu. It opens the directories that a request names in the process that created the socket, so that has to be itself.
local function become(path, theirs, files)
  local far, near = tiny.socketpair { type = "seqpacket" }
  tiny.send_fd(theirs, far)
  tiny.dup2(near, SOCKET)
  -- Opened here, in its own mount namespace: criu mounts below them.
  for i, name in ipairs(files) do tiny.dup2(tiny.open(name), criu.number(i)) end
  tiny.exec { path, "swrk", ("%d"):format(SOCKET) }
end

-- The last errors in the log, without criu's summary.
local function explained(log)
  local found = {}
  for line in (tiny.try(tiny.read_file, log, { max = "64m" }) or ""):gmatch "[^\n]+" do
    local text = line:match "Error %([^)]*%): *(.*)"
    if text and not text:find("FAILED", 1, true) and text ~= found[#found] then table.insert(found, (text:gsub("[%s.]+$", ""))) end
  end
  return table.concat(found, "; ", math.max(1, #found - 1))
end

local function converse(socket, heard)
  while true do
    local message, gone = tiny.try(tiny.recv_fds, socket)
    if gone and gone.code ~= "ECONNRESET" then return nil, gone end
    -- It has ended: its log says why.
    if not message then return nil end
    local answer = protobuf.decode(message.data)
    if answer[TYPE] ~= TYPES.notify then return answer end
    local notice = protobuf.decode(answer[NOTICE] or "")
    local _, err = tiny.try(heard, notice[MOMENT], notice[NOTICE_PID], message.files[1])
    for _, file in ipairs(message.files) do file:close() end
    -- Without an answer it gives up, and undoes what it did.
    if err then return nil, err end
    socket:write(protobuf.encode(REQUEST, { type = TYPES.notify, notify_success = true }))
  end
end

-- Runs one request; returns the pid that a restore answers.
--   kind            dump, pre_dump or restore
--   options         of the request; a directory or namespace is among `files`, and named by criu.number(INDEX)
--   how.what        begins an error, such as "cannot checkpoint container x"
--   how.log         the path of criu's log
--   how.files       paths of the files and directories that criu inherits
--   how.clone       options of tiny.clone for it
--   how.inside      called in its process before it starts
--   how.started(child)              called before the request is sent
--   how.heard(moment, pid, file)    called at the moments that criu reports
function criu.run(kind, options, how)
  local path = program()
  local mine, theirs = tiny.socketpair { type = "seqpacket" }
  local child <close> = tiny.clone(how.clone or { outlives = true }, function()
    mine:close()
    if how.inside then how.inside() end
    become(path, theirs, how.files)
  end)
  theirs:close()
  local socket = tiny.recv_fd(mine)
  mine:close()
  if not socket then child:wait() end
  if how.started then how.started(child) end
  -- Not the errors of an earlier request.
  if tiny.stat(how.log) then tiny.remove(how.log) end
  options.log_level, options.notify_scripts = 4, true
  if tiny.stat(CONFIG) then options.config_file = CONFIG end
  -- If it cannot start, waiting for it explains that.
  tiny.try(socket.write, socket, protobuf.encode(REQUEST, { type = TYPES[kind], opts = options }))
  local answer, err = converse(socket, how.heard)
  socket:close()
  local status = child:wait()
  if err then error(err, 0) end
  -- After a pre-dump it waits for the dump, and is disappointed.
  if answer and answer[SUCCESS] == 1 and (status == 0 or kind == "pre_dump") then
    return answer[RESTORED] and protobuf.decode(answer[RESTORED])[RESTORED_PID]
  end
  local why = explained(how.log)
  tiny.fail {
    message = ("%s: criu: %s"):format(how.what, why ~= "" and why or ("it ended with status %s and wrote no log"):format(status)),
    hint = why ~= "" and "its whole log is " .. how.log or nil, exit = 1,
  }
end

return criu
