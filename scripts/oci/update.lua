-- Changes the limits of a container.
return {
  summary = "Change the limits of a container",
  order = 12,
  options = {
    { "resources", short = "r", value = "FILE", help = "Read the limits from FILE, or from standard input with - (config-linux.md, \"resources\")" },
    { "memory", value = "BYTES", help = "Memory limit; -1 for none" },
    { "memory-reservation", value = "BYTES", help = "Soft memory limit" },
    { "memory-swap", value = "BYTES", help = "Limit of memory plus swap; -1 for unlimited swap" },
    { "cpu-period", type = "integer", value = "MICROSECONDS", help = "CPU period" },
    { "cpu-quota", type = "integer", value = "MICROSECONDS", help = "CPU time in each period" },
    { "cpu-burst", type = "integer", value = "MICROSECONDS", help = "CPU time that may be saved up" },
    { "cpu-share", type = "integer", value = "SHARES", help = "CPU shares: the weight against other cgroups" },
    { "cpu-rt-period", type = "integer", value = "MICROSECONDS", help = "Realtime period" },
    { "cpu-rt-runtime", type = "integer", value = "MICROSECONDS", help = "Realtime budget in each period" },
    { "cpu-idle", type = "integer", value = "0|1", help = "Run only when the CPU is idle" },
    { "cpuset-cpus", value = "LIST", help = "CPUs to use" },
    { "cpuset-mems", value = "LIST", help = "Memory nodes to use" },
    { "pids-limit", type = "integer", value = "N", help = "Maximum number of processes; -1 for none" },
    { "blkio-weight", type = "integer", value = "WEIGHT", help = "Weight of block I/O, 10 to 1000" },
  },
  args = { { "id", value = "ID", help = "The container's id" } },
  run = function(args)
    require "tiny.oci.update"(args.id, args)
  end,
}
