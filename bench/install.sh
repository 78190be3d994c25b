#!/bin/sh
# Installs what bench/run.sh compares with, HAProxy and nginx, from Debian's or Ubuntu's packages. Needs root.
set -eu
if ! command -v apt-get >/dev/null; then
  echo "bench/install.sh knows only apt-get: install haproxy and nginx with your system's packages" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "bench/install.sh needs root: sudo bench/install.sh" >&2
  exit 1
fi
missing=
for name in haproxy nginx; do
  PATH="$PATH:/usr/sbin" command -v "$name" >/dev/null || missing="$missing $name"
done
if [ -z "$missing" ]; then
  echo "haproxy and nginx are installed"
  exit 0
fi
apt-get update -qq
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $missing
# The packages start services of their own, which the benchmark does not use.
if [ -d /run/systemd/system ]; then
  # shellcheck disable=SC2086
  systemctl disable --now $missing
fi
