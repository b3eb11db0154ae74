-- Which primitives act on the machine, and which only look at it: for a plan, which never acts, and for stepping, which
-- stops where something happens.
local acts = {}

local function set(text)
  local found = {}
  for name in text:gmatch("%S+") do found[name] = true end
  return found
end

-- They change nothing, whatever their arguments.
acts.LOOKS = set [[caps capability_name subids userns_helper mounts links routes published nft_chains cgroup_of probe isatty signal_number parse_addr
  format_addr json_encode json_decode sha256
  read_json_files clock timestamp parse_timestamp boot_id random_id process_start_time getpid getuid getgid show parse_size
  parse_duration did_you_mean manual sources source config_dir caller load_recipe loaded_modules
  chunk_globals foresee error_frame seccomp_compile dns_question dns_answer try fail]]

-- They look at files; a plan answers them itself.
acts.READS = set [[stat read_file list_dir readlink]]

-- What moves bytes and handles about, and is no step of its own in the eyes of a reader.
acts.PLUMBING = set [[pipe socketpair read write dup2 poll signals next_signal flock unlock stdio wait_ready send_fd recv_fd reap pidfd_open open write_file
  append_file mkdir mkdirs copy_entries open_root remove rename unblock_signals watch changes cgroup_notice take_notice pump pump_move pump_drop pump_finish relay relay_move open_device terminal_filter filter_text notify_ready open_cgroup
  cgroup_stats cgroup_read open_ns stop_trace terminal_size raw_mode set_terminal_mode read_line unix_listen unix_accept unix_connect udp_receive udp_send
  tcp_accept seal trace_calls set_foreground set_process_title]]

-- What takes away again: an abort lets these happen.
function acts.undoes(name)
  return name == "umount" or name == "remove" or name == "reap" or name == "kill" or name == "cgroup_kill" or name:find("_del$") ~= nil or name == "publish_clear" or name == "pin_clear"
end

-- What the recipe of a container asks for, by the primitive that does it: its keys.
acts.ASKED = {
  set_memory_limit = { "memory" }, set_swap_limit = { "swap" }, set_cpu_limit = { "cpus" }, set_pids_limit = { "pids" }, exec = { "command", "entrypoint" },
  sethostname = { "hostname" }, veth_pair = { "network" }, netns = { "network" }, nat = { "network" }, bridge = { "network" }, isolate = { "network" }, block_transit = { "network" }, pin = { "network" }, publish = { "publish" },
  reserve_port = { "publish" }, set_caps = { "cap_drop", "cap_add", "privileged" }, seccomp = { "seccomp", "security_opt" }, landlock = { "landlock" },
  setrlimit = { "ulimits" }, chdir = { "workdir" }, remount_ro = { "read_only" }, userns = { "userns" }, setuser = { "user" },
  set_device_rules = { "devices" }, no_new_privs = { "security_opt" }, cgroup = { "cgroup_parent" },
}
local MOUNTED = { "volumes", "mounts", "tmpfs", "devices" }

-- The line that asks for a call, by an asker (tiny.inspect.origin); target: where a mount goes.
function acts.line(op, target, asker)
  if not target then return acts.ASKED[op] and asker(acts.ASKED[op]) end
  if target == "/" then return asker { "rootfs" } end
  for _, key in ipairs(MOUNTED) do
    local found = asker({ key }, target)
    if found and found.code:find(target, 1, true) then return found end
  end
end

-- Lets `tell` know which step of a container begins; the recipe's own closures come after that.
function acts.mark_steps(spec, tell)
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

return acts
