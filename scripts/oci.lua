-- The OCI runtime. The commands are in scripts/oci/; engines call them by the name tinylua-oci.
return {
  summary = "The OCI runtime for podman, Docker, containerd and CRI-O",
  section = "System",
  order = 407,
  group = true,
}
