#!/bin/sh
# Has sslscan and testssl look at the inference port with TLS, on loopback. Needs the built gateway
# (./mvnw package), openssl, and Debian's packages sslscan and testssl.sh; installs nothing itself.
set -eu
cd "$(dirname "$0")/.."
for tool in openssl sslscan testssl curl; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install openssl sslscan testssl.sh curl" >&2
    exit 2
  }
done
jar=target/quarkus-app/quarkus-run.jar
[ -f "$jar" ] || { echo "$jar is missing: ./mvnw package" >&2; exit 2; }
port=${1:-18443}
work=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill "$pid" 2>/dev/null; rm -rf "$work"' EXIT INT TERM
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null
java -Djdk.tls.rejectClientInitiatedRenegotiation=true -Dcaravan.demo.enabled=true \
  -Dcaravan.http.host=127.0.0.1 -Dcaravan.http.port="$port" -Dcaravan.http.tls=port \
  -Dquarkus.http.port=0 -Dcaravan.access-log.path="$work/access.log" \
  -Dquarkus.tls.port.key-store.pem.0.cert="$work/tls.crt" \
  -Dquarkus.tls.port.key-store.pem.0.key="$work/tls.key" \
  -Dquarkus.tls.port.protocols=TLSv1.3,TLSv1.2 -jar "$jar" >"$work/log" 2>&1 &
pid=$!
tries=0
until curl -sf --cacert "$work/tls.crt" "https://127.0.0.1:$port/v1/models" >/dev/null; do
  tries=$((tries + 1))
  [ "$tries" -lt 60 ] || { cat "$work/log" >&2; exit 1; }
  sleep 1
done
sslscan --no-colour "127.0.0.1:$port"
testssl --quiet --color 0 --warnings off --protocols --std --fs --server-defaults --vulnerable \
  "127.0.0.1:$port"
