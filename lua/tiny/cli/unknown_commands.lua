-- Commands of docker, podman, bubblewrap and nsjail that do not exist here, and what to use instead, for the error message.
local BUILD = "images are not built from Dockerfiles; `tinylua commit` and `tinylua import` make images"
local CLUSTER = "a container runs on this machine only"
local SANDBOX = "`tinylua run COMMAND` runs a command in a throwaway view of this host"

return {
  build = BUILD, buildx = BUILD, builder = BUILD, manifest = "`tinylua image inspect` shows an image's digests and platform",
  history = "`tinylua image history` shows how an image was made",
  volumes = "`tinylua volume ls` lists volumes",
  compose = "`tinylua up FILE.lua` starts the containers of a topology, and `tinylua down` removes them",
  pod = "`tinylua up FILE.lua` starts the containers of a topology; --network container:NAME joins a container's network",
  play = "`tinylua up FILE.lua` starts the containers of a topology", kube = "`tinylua up FILE.lua` starts the containers of a topology",
  container = "`tinylua container COMMAND` is the same as `tinylua COMMAND`: `tinylua ps`, `tinylua run` …",
  info = "`tinylua doctor` shows what this host offers",
  df = "`tinylua system df` shows the disk space of containers and volumes",
  ls = "`tinylua ps` lists containers", list = "`tinylua ps` lists containers", status = "`tinylua ps -a` shows the status of containers",
  shell = "`tinylua run -it sh`, or in a container `tinylua exec -it NAME sh`", enter = "`tinylua exec -it NAME sh` starts a shell in a container",
  delete = "`tinylua rm` removes containers", remove = "`tinylua rm` removes containers", spec = "`tinylua init` writes a recipe",
  state = "`tinylua inspect --format state NAME` shows it",
  bwrap = SANDBOX, nsjail = SANDBOX, sandbox = SANDBOX, unshare = SANDBOX,
  swarm = CLUSTER, stack = CLUSTER, service = CLUSTER, node = CLUSTER, secret = CLUSTER, config = CLUSTER, machine = CLUSTER,
  context = "--root DIR chooses another state directory", checkpoint = "`tinylua-oci checkpoint` saves containers of the OCI runtime",
}
