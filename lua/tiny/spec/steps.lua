-- The steps of the pipeline, in order.
return { "cgroup", "network", "namespaces", "rootfs", "mounts", "security", "exec" }
