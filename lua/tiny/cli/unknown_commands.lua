-- Commands of docker, podman, bubblewrap and nsjail that do not exist here, and what to use instead, for the error message.
local IMAGES = "images are not supported yet; `tinylua run --rootfs DIR COMMAND` runs a command in a directory"
local VOLUMES = "`tinylua run -v DIR:/DIR` mounts a directory; named volumes are part of a topology (`tinylua doc topology`)"
local CLUSTER = "a container runs on this machine only"
local SANDBOX = "`tinylua run COMMAND` runs a command in a throwaway view of this host"

return {
  images = IMAGES, image = IMAGES, pull = IMAGES, push = IMAGES, build = IMAGES, buildx = IMAGES, builder = IMAGES, rmi = IMAGES, tag = IMAGES,
  save = IMAGES, load = IMAGES, import = IMAGES, commit = IMAGES, history = IMAGES, search = IMAGES, login = IMAGES, logout = IMAGES, manifest = IMAGES,
  export = "`tinylua cp NAME:/ - > FILE.tar` writes a container's files",
  volume = VOLUMES, volumes = VOLUMES,
  compose = "`tinylua up FILE.lua` starts the containers of a topology, and `tinylua down` removes them",
  pod = "`tinylua up FILE.lua` starts the containers of a topology; --network container:NAME joins a container's network",
  play = "`tinylua up FILE.lua` starts the containers of a topology", kube = "`tinylua up FILE.lua` starts the containers of a topology",
  container = "`tinylua container COMMAND` is the same as `tinylua COMMAND`: `tinylua ps`, `tinylua run` …",
  info = "`tinylua doctor` shows what this host offers",
  system = "`tinylua prune` removes ended containers, `tinylua gc` what a crash left", df = "`tinylua inspect --size NAME` shows the size of a container's files",
  ls = "`tinylua ps` lists containers", list = "`tinylua ps` lists containers", status = "`tinylua ps -a` shows the status of containers",
  shell = "`tinylua run -it sh`, or in a container `tinylua exec -it NAME sh`", enter = "`tinylua exec -it NAME sh` starts a shell in a container",
  delete = "`tinylua rm` removes containers", remove = "`tinylua rm` removes containers", spec = "`tinylua init` writes a recipe",
  state = "`tinylua inspect --format state NAME` shows it",
  bwrap = SANDBOX, nsjail = SANDBOX, sandbox = SANDBOX, unshare = SANDBOX,
  swarm = CLUSTER, stack = CLUSTER, service = CLUSTER, node = CLUSTER, secret = CLUSTER, config = CLUSTER, machine = CLUSTER,
  context = "--root DIR chooses another state directory", checkpoint = "checkpoints are not supported",
}
