# shellcheck shell=sh disable=SC2154
# Checks as an ordinary user with a systemd of its own, sourced by `checks`.
mkdir -p user.bundle
cp -a bundle/rootfs user.bundle/
chown -R nobody user.bundle/rootfs
