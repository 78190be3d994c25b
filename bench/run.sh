#!/bin/sh
# Measures Caravan beside HAProxy and nginx. See bench/README.md; bench/run.sh --help lists the options.
set -eu
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ]; then
  echo "bench/run.sh reads /proc and needs Linux" >&2
  exit 1
fi
if ! command -v javac >/dev/null; then
  echo "bench/run.sh needs a JDK, 17 or newer" >&2
  exit 1
fi
classes=target/bench/classes
if [ ! -e "$classes/.built" ] || [ -n "$(find bench -name '*.java' -newer "$classes/.built")" ]; then
  rm -rf "$classes"
  mkdir -p "$classes"
  javac -Xlint:all -encoding UTF-8 -d "$classes" bench/*.java
  touch "$classes/.built"
fi
ulimit -n "$(ulimit -Hn)"
exec java -Xms256m -Xmx512m -XX:+UseSerialGC -Dfile.encoding=UTF-8 -cp "$classes" Bench "$@"
