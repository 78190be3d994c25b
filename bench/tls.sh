#!/bin/sh
# What TLS costs the gateway: CPU time per request and per handshake, in plain HTTP, in TLS with HTTP/1.1
# and in TLS with HTTP/2. Needs Linux, a JDK, openssl, curl, and h2load (Debian's package nghttp2-client);
# run it on a machine that has nothing else to do. Prints a table of medians; everything is on 127.0.0.1.
# Usage: bench/tls.sh [requests] [connections] [rounds]
set -eu
cd "$(dirname "$0")/.."
requests=${1:-40000}
connections=${2:-32}
rounds=${3:-5}
for tool in java javac openssl curl h2load; do
  command -v "$tool" >/dev/null || {
    echo "$tool is missing: apt-get install openssl curl nghttp2-client, and a JDK" >&2
    exit 2
  }
done
work=$(mktemp -d)
pids=
# shellcheck disable=SC2086  # a list
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; rm -rf "$work"' EXIT INT TERM
free() { # a free port
  java "$work/Free.java"
}
cat >"$work/Free.java" <<'END'
class Free {
  public static void main(String[] args) throws java.io.IOException {
    try (var socket = new java.net.ServerSocket(0)) {
      System.out.println(socket.getLocalPort());
    }
  }
}
END
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 \
  -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
  -keyout "$work/tls.key" -out "$work/tls.crt" 2>/dev/null

# The server behind: the benchmark's own, which ends with its standard input.
mkdir "$work/classes" "$work/routes"
javac -encoding UTF-8 -d "$work/classes" bench/*.java
mkfifo "$work/open"
java -cp "$work/classes" BenchUpstream <"$work/open" >"$work/upstream" &
pids="$pids $!"
exec 9>"$work/open"
until [ -s "$work/upstream" ]; do sleep 0.2; done
cat >"$work/routes/pool.yaml" <<END
- route:
    id: bench
    from:
      uri: pool:bench
      steps:
        - loadBalance:
            customLoadBalancer: { ref: least-inflight }
            steps:
              - circuitBreaker:
                  steps:
                    - to: { uri: "model:only", parameters: { url: "http://127.0.0.1:$(cut -d ' ' -f 2 "$work/upstream")" } }
END
printf '{"model":"bench","seed":1,"max_tokens":1,"messages":[{"role":"user","content":"%s"}]}' \
  "$(head -c 1900 /dev/zero | tr '\0' x)" >"$work/body"

start() { # name port settings...
  name=$1
  port=$2
  shift 2
  ./run --routes "$work/routes" -Dcaravan.http.host=127.0.0.1 -Dcaravan.http.port="$port" \
    -Dquarkus.http.port=0 -Dcaravan.probe.enabled=false \
    -Dcaravan.access-log.path="$work/access-$name.log" "$@" >"$work/log-$name" 2>&1 &
  pid=$!
  pids="$pids $pid"
  tries=0
  until curl -skf "$scheme://127.0.0.1:$port/v1/models" >/dev/null; do
    tries=$((tries + 1))
    kill -0 "$pid" 2>/dev/null && [ "$tries" -lt 300 ] || { cat "$work/log-$name" >&2; exit 1; }
    sleep 1
  done
}

cpu() { # nanoseconds that a process has had, all threads
  cat /proc/"$1"/task/*/schedstat 2>/dev/null | awk '{ all += $1 } END { printf "%.0f\n", all }'
}

scheme=http plain_port=$(free)
start plain "$plain_port"
plain=$pid
scheme=https tls_port=$(free)
start tls "$tls_port" -Dcaravan.http.tls=port \
  -Dquarkus.tls.port.key-store.pem.0.cert="$work/tls.crt" \
  -Dquarkus.tls.port.key-store.pem.0.key="$work/tls.key" \
  -Dquarkus.tls.port.protocols=TLSv1.3,TLSv1.2
tls=$pid

load() { # pid requests h2load's options and address; prints microseconds of CPU per request
  of=$1
  count=$2
  shift 2
  before=$(cpu "$of")
  h2load -n "$count" "$@" -d "$work/body" -H 'content-type: application/json' >"$work/h2load"
  grep -q "$count succeeded, 0 failed, 0 errored" "$work/h2load" || {
    cat "$work/h2load" >&2
    exit 1
  }
  echo "$(cpu "$of") $before $count" | awk '{ printf "%.1f\n", ($1 - $2) / $3 / 1000 }'
}

chat=/v1/chat/completions
one_round() { # a directory for its values
  load "$plain" "$requests" -c "$connections" --h1 "http://127.0.0.1:$plain_port$chat" >>"$1/plain"
  load "$tls" "$requests" -c "$connections" --h1 "https://127.0.0.1:$tls_port$chat" >>"$1/tls-h1"
  load "$tls" "$requests" -c 1 -m "$connections" "https://127.0.0.1:$tls_port$chat" >>"$1/tls-h2"
  # A connection for each request: the handshake and all that comes with a connection.
  load "$plain" 2000 -c 2000 --h1 --rate 400 "http://127.0.0.1:$plain_port$chat" >>"$1/plain-each"
  load "$tls" 2000 -c 2000 --h1 --rate 400 "https://127.0.0.1:$tls_port$chat" >>"$1/tls-each"
}

mkdir "$work/warm" "$work/values"
for _ in 1 2 3; do one_round "$work/warm"; done
for _ in $(seq "$rounds"); do one_round "$work/values"; done
row() {
  printf '| %s | %s |\n' "$1" "$(sort -n "$work/values/$2" | sed -n "$(((rounds + 1) / 2))p")"
}
echo "| CPU of the gateway (µs) | median of $rounds rounds |"
echo '| --- | ---: |'
row "per request, plain HTTP/1.1, $connections connections" plain
row "per request, TLS 1.3 and HTTP/1.1, $connections connections" tls-h1
row "per request, TLS 1.3 and HTTP/2, one connection of $connections streams" tls-h2
row 'per request with a connection of its own, plain HTTP/1.1' plain-each
row 'the same in TLS 1.3, whole handshakes, P-256' tls-each
