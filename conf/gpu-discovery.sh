#!/usr/bin/env bash
# Spark's GPU discovery: prints {"name": "gpu", "addresses": ["0", ...]} from nvidia-smi.
set -euo pipefail
addresses=$(nvidia-smi --query-gpu=index --format=csv,noheader | sed 's/.*/"&"/' | paste -sd, -)
echo "{\"name\": \"gpu\", \"addresses\": [$addresses]}"
