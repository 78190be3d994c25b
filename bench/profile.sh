#!/bin/sh
# Where Caravan spends its time under requests and under SSE events. Takes the options of bench/run.sh.
exec "$(dirname "$0")/run.sh" --profile "$@"
