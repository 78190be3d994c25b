#!/bin/sh
# Has public suites of hostile requests look at the inference port, on loopback: h1spec, the finds of
# the HTTP Garden, JSONTestSuite, slowhttptest. docs/security.md has what they said. Needs the built
# gateway (./mvnw package), python3, curl and slowhttptest from Debian, and below SUITES checkouts of
#   https://github.com/dropseed/h1spec              as h1spec
#   https://github.com/narfindustries/http-garden   as http-garden
#   https://github.com/nst/JSONTestSuite            as JSONTestSuite
# Usage: SUITES=DIR bench/hostile.sh [PORT]
set -eu
cd "$(dirname "$0")/.."
for tool in python3 slowhttptest curl; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install python3 slowhttptest curl" >&2
    exit 2
  }
done
suites=${SUITES:?say where the checkouts are: SUITES=DIR bench/hostile.sh}
jar=target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw package" >&2; exit 2; }
port=${1:-18480}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
java -Xmx256m -Dcaravan.demo.enabled=true -Dcaravan.routes.directory=routes \
  -Dcaravan.http.host=127.0.0.1 -Dcaravan.http.port="$port" -Dquarkus.management.port=0 \
  -Dcaravan.access-log.path="$work/access.log" -jar "$jar" >"$work/log" 2>&1 &
pid=$!
tries=0
until curl -sf "http://127.0.0.1:$port/v1/models" >/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 120 ] || { cat "$work/log" >&2; exit 1; }
  sleep 1
done

echo "== h1spec"
# Its target is /, where nothing is: a status that is no 400 counts as accepted there.
(cd "$suites/h1spec" && python3 -c 'import h1spec; h1spec.main()' --strict "127.0.0.1:$port") || true
echo "== HTTP Garden and JSONTestSuite"
python3 bench/hostile.py "$port" "$suites"
for kind in "-H -t GET -u http://127.0.0.1:$port/v1/models" \
  "-B -t POST -u http://127.0.0.1:$port/v1/chat/completions" \
  "-X -t GET -w 1 -y 2 -z 1 -n 1 -u http://127.0.0.1:$port/v1/models"; do
  echo "== slowhttptest $kind"
  # shellcheck disable=SC2086  # a list
  slowhttptest -c 1000 -r 200 -i 5 -x 24 -p 3 -l 45 $kind 2>&1 |
    sed 's/\x1b\[[0-9;]*m//g' | grep -E "^(service available|closed|connected|error):? |Exit|exit" |
    tail -n 6
done
echo "== what the gateway said"
grep -cE " (WARN|ERROR) " "$work/log" || true
