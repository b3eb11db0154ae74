//! Mounts (mount_namespaces(7)).
