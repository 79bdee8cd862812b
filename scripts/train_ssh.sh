#!/bin/bash
# Trains on the machines of a hostfile (lines "HOST slots=8"), over ssh, from the same folder:
#   scripts/train_ssh.sh HOSTFILE CONFIG [key=value ...]
set -euo pipefail
hostfile=$(realpath "$1")
shift
arguments=$(printf '%q ' "$@")
pids=()
while read -r host _; do
  case "$host" in '' | \#*) continue ;; esac
  ssh -n "$host" "cd $(printf '%q' "$PWD") && seagull train $arguments --hostfile $(printf '%q' "$hostfile")" &
  pids+=($!)
done < "$hostfile"
for pid in "${pids[@]}"; do wait "$pid"; done
