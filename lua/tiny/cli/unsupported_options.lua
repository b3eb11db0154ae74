-- Options of docker's and podman's `run` that do not exist here, and the alternatives, for error messages. The manual's
-- comparison has the options with the same names.
local GROUP = "use a recipe: after = { cgroup = … } with tiny.cgroup_write"
local ENV = "only the variables named with --env NAME are passed from the caller's environment"
local IDS = "use --userns UID:GID:COUNT for one range, or tiny.userns in a recipe for other maps"
local PID = "use tinylua inspect --format state.pid NAME"

return {
  ["-a"] = "use tinylua attach on a running container", ["--attach"] = "use tinylua attach on a running container",
  ["-c"] = GROUP, ["--cpu-shares"] = GROUP, ["--cpuset-mems"] = GROUP, ["--memory-reservation"] = GROUP, ["--memory-swappiness"] = GROUP,
  ["--blkio-weight"] = GROUP, ["--device-read-bps"] = GROUP, ["--device-write-bps"] = GROUP, ["--oom-kill-disable"] = GROUP,
  ["--cpu-quota"] = "use --cpus; 0.5 is half of one CPU", ["--cpu-period"] = "use --cpus; 0.5 is half of one CPU",
  ["--device-cgroup-rule"] = "use tiny.set_device_rules in a recipe",
  ["--volume-driver"] = "volumes have one driver, local; leave it out",
  ["--link"] = "containers of one --network resolve each other's names",
  ["--gpus"] = "use --device to add a host device", ["--runtime"] = "tinylua uses no separate runtime",
  ["--arch"] = "use --platform linux/ARCH",
  ["--replace"] = "run tinylua rm -f NAME first", ["--timeout"] = "use child:wait(\"10s\") in a recipe; --stop-timeout is for stop",
  ["--pidfile"] = PID, ["--conmon-pidfile"] = PID, ["--env-host"] = ENV, ["--unsetenv"] = ENV, ["--unsetenv-all"] = ENV, ["--http-proxy"] = ENV,
  ["--uidmap"] = IDS, ["--gidmap"] = IDS, ["--subuidname"] = IDS, ["--subgidname"] = IDS,
  ["--preserve-fds"] = "use keep_fds of tiny.exec in a recipe", ["--tz"] = "use --env TZ=Europe/Berlin",
}
