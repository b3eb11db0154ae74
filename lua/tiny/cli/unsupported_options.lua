-- Options of docker's and podman's `run` that are not here, and what there is instead: said to those who type one. The
-- manual's comparison has the others, whose names are the same.
local GROUP = "a recipe writes it: after = { cgroup = … } with tiny.cgroup_write"
local NAMESPACE = "always a namespace of its own; a recipe can replace the step `namespaces`"
local ENV = "nothing of the caller's environment is passed on but what --env NAME names"
local IDS = "--userns UID:GID:COUNT is one range; other maps are a recipe's, by tiny.userns"
local IMAGES = "there are no images here yet: --rootfs DIR"
local PID = "tinylua inspect --format state.pid NAME"

return {
  ["-a"] = "tinylua attach comes to a container that runs", ["--attach"] = "tinylua attach comes to a container that runs",
  ["-c"] = GROUP, ["--cpu-shares"] = GROUP, ["--cpuset-mems"] = GROUP, ["--memory-reservation"] = GROUP, ["--memory-swappiness"] = GROUP,
  ["--blkio-weight"] = GROUP, ["--device-read-bps"] = GROUP, ["--device-write-bps"] = GROUP, ["--oom-kill-disable"] = GROUP,
  ["--cpu-quota"] = "--cpus 0.5 is half of a processor", ["--cpu-period"] = "--cpus 0.5 is half of a processor",
  ["--pid"] = NAMESPACE, ["--ipc"] = NAMESPACE, ["--uts"] = NAMESPACE, ["--cgroupns"] = "always a namespace of its own",
  ["--device-cgroup-rule"] = "a recipe says it: tiny.set_device_rules",
  ["--volumes-from"] = "name each again: --volume", ["--volume-driver"] = "--volume shows a folder of the host",
  ["--link"] = "containers of one --network know each other by their names",
  ["--log-opt"] = "--log-max-size, --log-max-files, --log-on-full", ["--no-healthcheck"] = "without --health-cmd there is none",
  ["--gpus"] = "--device gives it a device of the host", ["--runtime"] = "there is no runtime below",
  ["--pull"] = IMAGES, ["--platform"] = IMAGES, ["--arch"] = IMAGES,
  ["--replace"] = "tinylua rm -f NAME before it", ["--timeout"] = "a recipe ends it: child:wait(\"10s\"); --stop-timeout is what stop waits for",
  ["--pidfile"] = PID, ["--conmon-pidfile"] = PID, ["--env-host"] = ENV, ["--unsetenv"] = ENV, ["--unsetenv-all"] = ENV, ["--http-proxy"] = ENV,
  ["--uidmap"] = IDS, ["--gidmap"] = IDS, ["--subuidname"] = IDS, ["--subgidname"] = IDS,
  ["--preserve-fds"] = "a recipe keeps them: keep_fds of tiny.exec", ["--tz"] = "--env TZ=Europe/Berlin",
}
