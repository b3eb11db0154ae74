"""The part of the Container Runtime Interface (CRI, runtime.v1) that the kubelet needs for a pod: its messages as tables, and
the protocol buffers' encoding for them. Messages are dicts; a field that is not there has its default."""

# MESSAGE: field number kind, … where a kind is int, string, bytes, map (of strings), or another message; with * it is repeated.
SCHEMA = """
Version: version 1 string
VersionResponse: version 1 string, runtime_name 2 string, runtime_version 3 string, runtime_api_version 4 string
Image: image 1 string
ImageStatusRequest: image 1 Image
ImageStatusResponse: image 1 FoundImage
FoundImage: id 1 string

Metadata: name 1 string, uid 2 string, namespace 3 string, attempt 4 int
Number: value 1 int
Namespaces: network 1 int, pid 2 int, ipc 3 int, target_id 4 string
Profile: profile_type 1 int, localhost_ref 2 string
PodSecurity: namespace_options 1 Namespaces, run_as_user 3 Number, readonly_rootfs 4 int, privileged 6 int, seccomp 9 Profile
LinuxPod: cgroup_parent 1 string, security_context 2 PodSecurity, sysctls 3 map
Port: protocol 1 int, container_port 2 int, host_port 3 int, host_ip 4 string
Names: servers 1 *string, searches 2 *string, options 3 *string
PodConfig: metadata 1 Metadata, hostname 2 string, log_directory 3 string, dns_config 4 Names, port_mappings 5 *Port, labels 6 map,
    annotations 7 map, linux 8 LinuxPod
RunPodSandboxRequest: config 1 PodConfig, runtime_handler 2 string
PodId: pod_sandbox_id 1 string
PodStatusRequest: pod_sandbox_id 1 string, verbose 2 int
PodNetwork: ip 1 string
PodStatus: id 1 string, metadata 2 Metadata, state 3 int, created_at 4 int, network 5 PodNetwork, annotations 8 map,
    runtime_handler 9 string
PodStatusResponse: status 1 PodStatus, info 2 map
Pod: id 1 string, metadata 2 Metadata, state 3 int
ListPodSandboxRequest: filter 1 Nothing
ListPodSandboxResponse: items 1 *Pod

KeyValue: key 1 string, value 2 string
Mount: container_path 1 string, host_path 2 string, readonly 3 int, selinux_relabel 4 int, propagation 5 int
Device: container_path 1 string, host_path 2 string, permissions 3 string
Resources: cpu_period 1 int, cpu_quota 2 int, cpu_shares 3 int, memory_limit_in_bytes 4 int, oom_score_adj 5 int, cpuset_cpus 6 string
Capabilities: add_capabilities 1 *string, drop_capabilities 2 *string
Security: capabilities 1 Capabilities, privileged 2 int, namespace_options 3 Namespaces, run_as_user 5 Number,
    run_as_username 6 string, readonly_rootfs 7 int, supplemental_groups 8 *int, no_new_privs 11 int, run_as_group 12 Number,
    masked_paths 13 *string, readonly_paths 14 *string, seccomp 15 Profile
Linux: resources 1 Resources, security_context 2 Security
ContainerMetadata: name 1 string, attempt 2 int
ContainerConfig: metadata 1 ContainerMetadata, image 2 Image, command 3 *string, args 4 *string, working_dir 5 string,
    envs 6 *KeyValue, mounts 7 *Mount, devices 8 *Device, labels 9 map, annotations 10 map, log_path 11 string, stdin 12 int,
    stdin_once 13 int, tty 14 int, linux 15 Linux
CreateContainerRequest: pod_sandbox_id 1 string, config 2 ContainerConfig, sandbox_config 3 PodConfig
ContainerId: container_id 1 string
StopContainerRequest: container_id 1 string, timeout 2 int
ContainerStatusRequest: container_id 1 string, verbose 2 int
ContainerStatus: id 1 string, metadata 2 ContainerMetadata, state 3 int, created_at 4 int, started_at 5 int, finished_at 6 int,
    exit_code 7 int, reason 10 string, message 11 string
ContainerStatusResponse: status 1 ContainerStatus, info 2 map
Container: id 1 string, pod_sandbox_id 2 string, metadata 3 ContainerMetadata, state 6 int
ListContainersRequest: filter 1 Nothing
ListContainersResponse: containers 1 *Container
UpdateContainerResourcesRequest: container_id 1 string, linux 2 Resources

ExecSyncRequest: container_id 1 string, cmd 2 *string, timeout 3 int
ExecSyncResponse: stdout 1 bytes, stderr 2 bytes, exit_code 3 int
ExecRequest: container_id 1 string, cmd 2 *string, tty 3 int, stdin 4 int, stdout 5 int, stderr 6 int
AttachRequest: container_id 1 string, stdin 2 int, tty 3 int, stdout 4 int, stderr 5 int
Url: url 1 string

Processor: timestamp 1 int, usage_core_nano_seconds 2 Number
Memory: timestamp 1 int, working_set_bytes 2 Number
ContainerStats: cpu 2 Processor, memory 3 Memory
ContainerStatsResponse: stats 1 ContainerStats
ListContainerStatsResponse: stats 1 *ContainerStats
Nothing:
"""

# CALL: its request and its response.
CALLS = """
Version Version VersionResponse
RunPodSandbox RunPodSandboxRequest PodId
StopPodSandbox PodId Nothing
RemovePodSandbox PodId Nothing
PodSandboxStatus PodStatusRequest PodStatusResponse
ListPodSandbox ListPodSandboxRequest ListPodSandboxResponse
CreateContainer CreateContainerRequest ContainerId
StartContainer ContainerId Nothing
StopContainer StopContainerRequest Nothing
RemoveContainer ContainerId Nothing
ListContainers ListContainersRequest ListContainersResponse
ContainerStatus ContainerStatusRequest ContainerStatusResponse
UpdateContainerResources UpdateContainerResourcesRequest Nothing
ReopenContainerLog ContainerId Nothing
ExecSync ExecSyncRequest ExecSyncResponse
Exec ExecRequest Url
Attach AttachRequest Url
ContainerStats ContainerId ContainerStatsResponse
ListContainerStats Nothing ListContainerStatsResponse
"""


def tables():
    """{ message: [(field, number, kind, repeated)] }"""
    found = {}
    for line in filter(None, SCHEMA.replace(",\n   ", ",").splitlines()):
        name, fields = line.split(":", 1)
        rows = [field.split() for field in fields.split(",") if field.strip()]
        found[name] = [(field, int(number), kind.lstrip("*"), kind.startswith("*")) for field, number, kind in rows]
    return found


MESSAGES = tables()
METHODS = {row[0]: row[1:] for row in map(str.split, filter(None, CALLS.splitlines()))}


def varint(value):
    value &= (1 << 64) - 1
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def delimited(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def one(number, kind, value):
    if kind == "int":
        return varint(number << 3) + varint(int(value))
    if kind == "map":
        return b"".join(delimited(number, encode("KeyValue", {"key": k, "value": v})) for k, v in value.items())
    if kind in ("string", "bytes"):
        return delimited(number, value.encode() if isinstance(value, str) else value)
    return delimited(number, encode(kind, value))


def encode(message, value):
    out, left = b"", dict(value)
    for field, number, kind, repeated in MESSAGES[message]:
        if field in left:
            given = left.pop(field)
            out += b"".join(one(number, kind, v) for v in given) if repeated else one(number, kind, given)
    if left:
        raise KeyError(f"{message} has no {', '.join(left)}")
    return out


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift += 7
        at += 1
        if data[at - 1] < 128:
            return value, at


def decode(message, data):
    """The message as a dict, with the defaults of fields that are not there; unknown fields are left out."""
    rows = {number: (field, kind, repeated) for field, number, kind, repeated in MESSAGES[message]}
    defaults = {"int": 0, "string": "", "bytes": b""}
    value = {f: [] if r else {} if k not in defaults else defaults[k] for f, _, k, r in MESSAGES[message]}
    at = 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 0:
            item, at = read_varint(data, at)
        else:
            size, at = read_varint(data, at) if key & 7 == 2 else (8 if key & 7 == 1 else 4, at)
            item, at = data[at:at + size], at + size
        if key >> 3 not in rows:
            continue
        field, kind, repeated = rows[key >> 3]
        if kind == "map":
            pair = decode("KeyValue", item)
            value[field][pair["key"]] = pair["value"]
            continue
        if kind == "int":
            item = item - (1 << 64) if item >> 63 else item
        elif kind == "string":
            item = item.decode()
        elif kind != "bytes":
            item = decode(kind, item)
        if repeated:
            value[field].append(item)
        else:
            value[field] = item
    return value
