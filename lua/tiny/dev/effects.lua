-- Which primitives act on the machine and which only read: for a plan, which never acts, and for stepping, which stops before
-- primitives that act.
local effects = {}

local function set(text)
  local found = {}
  for name in text:gmatch("%S+") do found[name] = true end
  return found
end

-- Primitives that change nothing, whatever their arguments.
effects.LOOKS = set [[caps capability_name subids userns_helper mounts links routes published nft_chains cgroup_of probe isatty signal_number parse_addr
  format_addr log log_reopen json_encode json_decode sha256 read_json_files clock timestamp parse_timestamp boot_id random_id process_start_time getpid getuid getgid show parse_size
  parse_duration did_you_mean manual sources source config_dir caller load_recipe loaded_modules foresee error_frame seccomp_compile dns_question dns_answer try fail]]

-- Primitives that read files; a plan answers them itself.
effects.READS = set [[stat read_file list_dir readlink]]

-- Primitives that move bytes and handles, which are not shown as steps.
effects.PLUMBING = set [[pipe socketpair read write dup2 poll signals next_signal flock unlock stdio wait_ready send_fd recv_fd reap pidfd_open open write_file
  append_file fsync mkdir mkdirs copy_entries open_root remove rename unblock_signals watch changes cgroup_notice take_notice pump pump_move pump_drop pump_finish relay relay_move open_device terminal_filter filter_text notify_ready open_cgroup
  cgroup_stats cgroup_read open_ns stop_trace terminal_size raw_mode set_terminal_mode read_line unix_listen unix_accept unix_connect udp_receive udp_send
  tcp_accept seal trace_calls set_foreground set_process_title]]

-- Primitives that undo something; an abort still executes them.
function effects.undoes(name)
  return name == "umount" or name == "remove" or name == "reap" or name == "kill" or name == "cgroup_kill" or name:find("_del$") ~= nil or name == "publish_clear" or name == "pin_clear"
end

-- The keys of a container that request a primitive's call.
effects.ASKED = {
  set_memory_limit = { "memory" }, set_swap_limit = { "swap" }, set_cpu_limit = { "cpus" }, set_pids_limit = { "pids" }, exec = { "command", "entrypoint" },
  sethostname = { "hostname" }, veth_pair = { "network" }, netns = { "network" }, nat = { "network" }, bridge = { "network" }, isolate = { "network" }, block_transit = { "network" }, pin = { "network" }, publish = { "publish" },
  reserve_port = { "publish" }, set_caps = { "cap_drop", "cap_add", "privileged" }, seccomp = { "seccomp", "security_opt" }, landlock = { "landlock" },
  setrlimit = { "ulimits" }, chdir = { "workdir" }, remount_ro = { "read_only" }, userns = { "userns" }, setuser = { "user" },
  set_device_rules = { "devices" }, no_new_privs = { "security_opt" }, cgroup = { "cgroup_parent" },
}
local MOUNTED = { "volumes", "mounts", "tmpfs", "devices" }

-- The line that requests a call, from an asker (tiny.inspect.origin); target: a mount's target.
function effects.line(op, target, asker)
  if not target then return effects.ASKED[op] and asker(effects.ASKED[op]) end
  if target == "/" then return asker { "rootfs" } end
  for _, key in ipairs(MOUNTED) do
    local found = asker({ key }, target)
    if found and found.code:find(target, 1, true) then return found end
  end
end

-- Calls `tell` when a step of a container begins, before the recipe's own closures.
function effects.mark_steps(spec, tell)
  local before = {}
  for _, name in ipairs(require("tiny.container").steps) do
    local own = spec.before and spec.before[name]
    before[name] = function(ctx)
      tell(name)
      if own then own(ctx) end
    end
  end
  spec.before = before
end

return effects
