-- The steps of the pipeline, in their order.
return { "cgroup", "network", "namespaces", "rootfs", "mounts", "security", "exec" }
