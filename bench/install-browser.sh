#!/bin/sh
# Installs what ./mvnw test -Pbrowser runs the dashboard in, Chromium, from Debian's or Ubuntu's packages. Needs root.
set -eu
for name in chromium chromium-browser google-chrome; do
  if command -v "$name" >/dev/null; then
    echo "$name is installed"
    exit 0
  fi
done
if ! command -v apt-get >/dev/null; then
  echo "bench/install-browser.sh knows only apt-get: install chromium with your system's packages" >&2
  exit 1
fi
if [ "$(id -u)" -ne 0 ]; then
  echo "bench/install-browser.sh needs root: sudo bench/install-browser.sh" >&2
  exit 1
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium
