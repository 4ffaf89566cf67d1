#!/usr/bin/env bash
# Spark's GPU discovery: prints {"name": "gpu", "addresses": ["0", ...]}. Addresses are what CUDA_VISIBLE_DEVICES holds where it
# is set; else nvidia-smi's numbers, and the UUIDs of slices where a GPU is cut into some (MIG).
set -euo pipefail

if [[ -n ${CUDA_VISIBLE_DEVICES+set} ]]; then
  # CUDA reads it up to the first entry that is none
  addresses=$(tr ',' '\n' <<<"$CUDA_VISIBLE_DEVICES" | tr -d ' ' | sed -E '/^([0-9]+|(GPU|MIG)-.+)$/!Q')
else
  # GPU 0: NVIDIA A100-SXM4-40GB (UUID: GPU-...), its slices indented below: MIG 3g.20gb  Device  0: (UUID: MIG-...)
  addresses=$(nvidia-smi -L | awk '
    /^GPU [0-9]+:/ { if (gpu != "") print gpu; gpu = substr($2, 1, length($2) - 1) }
    /^ +MIG .*UUID: MIG-/ { gpu = ""; sub(/.*UUID: /, ""); sub(/\).*/, ""); print }
    END { if (gpu != "") print gpu }')
fi
if [[ -z $addresses ]]; then
  echo "gpu-discovery.sh: no GPU${CUDA_VISIBLE_DEVICES+: CUDA_VISIBLE_DEVICES=\"$CUDA_VISIBLE_DEVICES\"}" >&2
  exit 1
fi
mapfile -t addresses <<<"$addresses"
printf -v list ',"%s"' "${addresses[@]}"
echo "{\"name\": \"gpu\", \"addresses\": [${list#,}]}"
