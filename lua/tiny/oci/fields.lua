-- The fields of a bundle's config.json (runtime-spec 1.3.0, config.md and config-linux.md), each with its type; "!" marks a
-- required one. The check of a configuration and the list of its fields derive from this table.
--   "string" "boolean" "integer" "number"    a value; "unsigned" is an integer up to 2^64
--   { list = TYPE } { map = TYPE }           a list, or an object with any keys
--   one_of(WORD, …)                          one of these words; "!" as the first marks a required field
--   { FIELD = TYPE, … }                      an object
local strings, map = { list = "string" }, { map = "string" }

local function one_of(first, ...)
  if first == "!" then return { words = { ... }, required = true } end
  return { words = { first, ... } }
end

local id_maps = { list = { containerID = "integer!", hostID = "integer!", size = "integer!" } }
local hooks = { list = { path = "string!", args = strings, env = strings, timeout = "integer" } }
local box = { height = "integer", width = "integer" }
local throttle = { list = { major = "integer!", minor = "integer!", rate = "integer!" } }

local process = {
  terminal = "boolean", consoleSize = box, cwd = "string!", env = strings, args = strings, commandLine = "string",
  rlimits = { list = { type = "string!", soft = "unsigned!", hard = "unsigned!" } },
  apparmorProfile = "string", noNewPrivileges = "boolean", selinuxLabel = "string", oomScoreAdj = "integer",
  capabilities = { effective = strings, bounding = strings, inheritable = strings, permitted = strings, ambient = strings },
  user = { uid = "integer", gid = "integer", umask = "integer", additionalGids = { list = "integer" }, username = "string" },
  scheduler = {
    policy = "string!", nice = "integer", priority = "integer", flags = strings, runtime = "integer", deadline = "integer",
    period = "integer",
  },
  ioPriority = { class = one_of("!", "IOPRIO_CLASS_RT", "IOPRIO_CLASS_BE", "IOPRIO_CLASS_IDLE"), priority = "integer" },
  execCPUAffinity = { initial = "string", final = "string" },
}

local resources = {
  devices = { list = { allow = "boolean!", type = "string", major = "integer", minor = "integer", access = "string" } },
  memory = {
    limit = "integer", reservation = "integer", swap = "integer", kernel = "integer", kernelTCP = "integer", swappiness = "integer",
    disableOOMKiller = "boolean", useHierarchy = "boolean", checkBeforeUpdate = "boolean",
  },
  cpu = {
    shares = "integer", quota = "integer", burst = "integer", period = "integer", realtimeRuntime = "integer", realtimePeriod = "integer",
    cpus = "string", mems = "string", idle = "integer",
  },
  pids = { limit = "integer" },
  blockIO = {
    weight = "integer", leafWeight = "integer",
    weightDevice = { list = { major = "integer!", minor = "integer!", weight = "integer", leafWeight = "integer" } },
    throttleReadBpsDevice = throttle, throttleWriteBpsDevice = throttle, throttleReadIOPSDevice = throttle,
    throttleWriteIOPSDevice = throttle,
  },
  hugepageLimits = { list = { pageSize = "string!", limit = "integer!" } },
  network = { classID = "integer", priorities = { list = { name = "string!", priority = "integer!" } } },
  rdma = { map = { hcaHandles = "integer", hcaObjects = "integer" } },
  unified = map,
}

local linux = {
  namespaces = { list = { type = one_of("!", "pid", "network", "mount", "ipc", "uts", "user", "cgroup", "time"), path = "string" } },
  uidMappings = id_maps, gidMappings = id_maps,
  timeOffsets = { map = { secs = "integer", nanosecs = "integer" } },
  devices = {
    list = {
      type = one_of("!", "c", "b", "u", "p"), path = "string!", major = "integer", minor = "integer", fileMode = "integer",
      uid = "integer", gid = "integer",
    },
  },
  netDevices = { map = { name = "string" } },
  cgroupsPath = "string", resources = resources,
  intelRdt = {
    closID = "string", l3CacheSchema = "string", memBwSchema = "string", schemata = strings, enableMonitoring = "boolean",
    enableCMT = "boolean",
    enableMBM = "boolean",
  },
  memoryPolicy = { mode = "string!", nodes = "string", flags = strings },
  sysctl = map,
  seccomp = {
    defaultAction = "string!", defaultErrnoRet = "integer", architectures = strings, flags = strings, listenerPath = "string",
    listenerMetadata = "string",
    syscalls = {
      list = {
        names = strings, name = "string", action = "string!", errnoRet = "integer",
        args = { list = { index = "integer!", value = "unsigned!", valueTwo = "unsigned", op = "string!" } },
      },
    },
  },
  rootfsPropagation = one_of("shared", "slave", "private", "unbindable", "rshared", "rslave", "rprivate", "runbindable", ""),
  maskedPaths = strings, readonlyPaths = strings, mountLabel = "string",
  personality = { domain = one_of("!", "LINUX", "LINUX32"), flags = strings },
}

local fields = {
  ociVersion = "string!",
  root = { path = "string!", readonly = "boolean" },
  mounts = {
    list = { destination = "string!", type = "string", source = "string", options = strings, uidMappings = id_maps, gidMappings = id_maps },
  },
  process = process, hostname = "string", domainname = "string", linux = linux, annotations = map,
  hooks = {
    prestart = hooks, createRuntime = hooks, createContainer = hooks, startContainer = hooks, poststart = hooks, poststop = hooks,
  },
  -- Of other platforms; a configuration with one of these is for another machine.
  windows = "foreign", solaris = "foreign", vm = "foreign", zos = "foreign", freebsd = "foreign",
}

return { config = fields, process = process, resources = resources }
