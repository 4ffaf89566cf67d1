#!/usr/bin/env bash
# Builds librankspark_cpu.so from amx.cpp, fused.cpp and memory.cpp, into the resources of this module or where -o says, and writes
# the hashes of its sources and its own beside it. It installs nothing. What it needs (x86_64 Linux):
#   g++ >= 11, which knows AMX, and JAVA_HOME or javac on the path
#   the headers of PyTorch 2.7.1, as build.sh says
#
# usage: build_cpu.sh [-o FILE]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../resources/dev/rankspark/model/librankspark_cpu.so

if (($#)); then
  [[ $# == 2 && $1 == -o ]] || { echo "usage: build_cpu.sh [-o FILE]" >&2; exit 2; }
  out=$2
fi

need() { # a file, and where it comes from
  [[ -e $1 ]] || { echo "build_cpu.sh: $1 is missing: $2" >&2; exit 1; }
}

TORCH=${TORCH:-$("${PYTHON:-python}" -c 'import os, torch; print(os.path.dirname(torch.__file__))' || true)}
JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
need "$TORCH/include/ATen/Parallel.h" "pip install torch==2.7.1, or set TORCH"
need "$TORCH/lib/libtorch_cpu.so" "pip install torch==2.7.1, or set TORCH"
need "$JAVA_HOME/include/jni.h" "set JAVA_HOME to a JDK"

# Names resolve to the libtorch that DJL has loaded, and OpenMP's to the one that libtorch brings: linked without
# -fopenmp, since a second OpenMP would have threads of its own. All of them at once (now), so that a missing one is an
# error of loading. Messages name sources without this machine's folders. GCC takes its own header's undefined values
# for ours.
folder=$(mktemp -d)
trap 'rm -r "$folder"' EXIT
echo '{ global: Java_*; local: *; };' > "$folder/exports"
for source in amx fused memory; do
  g++ -std=c++17 -O3 -fPIC -fopenmp -fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections \
    -ffile-prefix-map="$TORCH"=torch -ffile-prefix-map="$here"=. \
    -DAT_PARALLEL_OPENMP=1 -D_GLIBCXX_USE_CXX11_ABI=1 -DNDEBUG -Wall -Wextra -Wno-uninitialized \
    -isystem "$TORCH/include" -isystem "$JAVA_HOME/include" -isystem "$JAVA_HOME/include/linux" \
    -c -o "$folder/$source.o" "$here/$source.cpp"
done
g++ -shared -Wl,--version-script="$folder/exports" -Wl,--gc-sections -Wl,-z,relro,-z,now \
  -Wl,-soname,librankspark_cpu.so -s -o "$out" "$folder"/{amx,fused,memory}.o -L"$TORCH/lib" -ltorch_cpu -lc10

{
  (cd "$here" && sha256sum build_cpu.sh amx.cpp fused.cpp lanes.h memory.cpp)
  (cd "$(dirname "$out")" && sha256sum "$(basename "$out")")
} > "$out.sha256"
ls -l "$out" >&2
