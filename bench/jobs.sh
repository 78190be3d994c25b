#!/bin/sh
# Measures jobs from queues, through Caravan and without. See bench/README.md; bench/jobs.sh --help lists the options.
set -eu
cd "$(dirname "$0")/.."
if [ "$(uname -s)" != Linux ]; then
  echo "bench/jobs.sh reads /proc and needs Linux" >&2
  exit 1
fi
if ! command -v javac >/dev/null; then
  echo "bench/jobs.sh needs a JDK, 17 or newer" >&2
  exit 1
fi
libraries=target/quarkus-app/lib/main
if [ ! -e target/quarkus-app/quarkus-run.jar ]; then
  echo "building Caravan, whose libraries have the brokers' clients" >&2
  ./mvnw -B -q package -DskipTests
fi
if [ ! -e target/brokers.classpath ]; then
  echo "getting the brokers" >&2
  ./mvnw -B -q process-test-resources
fi
classes=target/bench/jobs-classes
if [ ! -e "$classes/.built" ] || [ -n "$(find bench -name '*.java' -newer "$classes/.built")" ]; then
  rm -rf "$classes"
  mkdir -p "$classes"
  javac -Xlint:all,-classfile,-processing -encoding UTF-8 -cp "$libraries/*" -d "$classes" bench/*.java bench/jobs/*.java
  touch "$classes/.built"
fi
ulimit -n "$(ulimit -Hn)"
exec java -Xms512m -Xmx512m -XX:+UseSerialGC -Dfile.encoding=UTF-8 -Dslf4j.provider=org.slf4j.helpers.NOP_FallbackServiceProvider -Dslf4j.internal.verbosity=ERROR \
  -cp "$classes:$libraries/*" JobsBench "$@"
