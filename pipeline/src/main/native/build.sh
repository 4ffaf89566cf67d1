#!/usr/bin/env bash
# Builds librankspark_distributed.so from process_group.cpp, into the resources of this module or where -o says, and
# writes the hashes of its sources and its own beside it. It installs nothing. What it needs (x86_64 Linux):
#   g++ >= 9, and JAVA_HOME or javac on the path
#   the headers of PyTorch 2.7.1, the version that DJL brings:   pip install torch==2.7.1
#     found by the `python` on the path, or the one that $PYTHON names, or at $TORCH, the folder with include/ and lib/
#   Gloo's headers:                                              apt-get install libgloo-dev
#   with --nccl also those of CUDA ($CUDA_HOME) and NCCL, and a torch built for CUDA. NCCL's library is one for GPU
#     machines alone: give it another place by -o, and its path to Spark's executors as RANKSPARK_DISTRIBUTED_LIBRARY.
#
# usage: build.sh [--nccl] [-o FILE]
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
out=$here/../resources/dev/rankspark/distributed/librankspark_distributed.so
extra=()

while (($#)); do
  case $1 in
    --nccl)
      extra+=(-DRANKSPARK_NCCL -DUSE_CUDA "-I${CUDA_HOME:-/usr/local/cuda}/include" -ltorch_cuda -lc10_cuda)
      shift
      ;;
    -o)
      out=${2:?-o: expected a file}
      shift 2
      ;;
    *)
      echo "build.sh: unknown argument $1; usage: build.sh [--nccl] [-o FILE]" >&2
      exit 2
      ;;
  esac
done

need() { # a file, and where it comes from
  [[ -e $1 ]] || { echo "build.sh: $1 is missing: $2" >&2; exit 1; }
}

TORCH=${TORCH:-$("${PYTHON:-python}" -c 'import os, torch; print(os.path.dirname(torch.__file__))' || true)}
JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}
need "$TORCH/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp" "pip install torch==2.7.1, or set TORCH"
need "$TORCH/lib/libtorch_cpu.so" "pip install torch==2.7.1, or set TORCH"
need "$JAVA_HOME/include/jni.h" "set JAVA_HOME to a JDK"
need /usr/include/gloo/algorithm.h "apt-get install libgloo-dev"

# No run path: the names libtorch_cpu.so and libc10.so resolve to those that DJL has loaded, wherever they lie.
# No static libstdc++: exceptions cross from libtorch to here.
exports=$(mktemp)
trap 'rm -f "$exports"' EXIT
echo '{ global: Java_*; local: *; };' > "$exports"
g++ -std=c++17 -Os -fPIC -shared -fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections \
  -ffile-prefix-map="$TORCH"=torch -ffile-prefix-map="$here"=. -D_GLIBCXX_USE_CXX11_ABI=1 -DNDEBUG -Wall -Wextra \
  -isystem "$TORCH/include" -isystem "$TORCH/include/torch/csrc/api/include" \
  -isystem "$JAVA_HOME/include" -isystem "$JAVA_HOME/include/linux" \
  -Wl,--version-script="$exports" -Wl,--gc-sections -Wl,-z,relro -Wl,-soname,librankspark_distributed.so -s \
  -o "$out" "$here/process_group.cpp" -L"$TORCH/lib" "${extra[@]}" -ltorch_cpu -lc10

{
  (cd "$here" && sha256sum build.sh process_group.cpp)
  (cd "$(dirname "$out")" && sha256sum "$(basename "$out")")
} > "$out.sha256"
ls -l "$out" >&2
