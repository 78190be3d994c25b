#!/bin/sh
# Writes prometheusrule.yaml from ops/prometheus/alerts.yaml; to be run when that has changed.
set -eu
cd "$(dirname "$0")"
{
  cat <<'END'
# Written by rules.sh from ops/prometheus/alerts.yaml: change that.
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: caravan
  labels:
    app.kubernetes.io/name: caravan
spec:
END
  sed -e '/^---$/d' -e '/./s/^/  /' ../../../ops/prometheus/alerts.yaml
} >prometheusrule.yaml
