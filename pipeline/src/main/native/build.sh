#!/usr/bin/env bash
# Builds our native libraries from the sources beside it, for both processors of Linux:
#
#   librankspark_distributed.so   process_group.cpp
#   librankspark_cpu.so           memory.cpp; on x86_64 amx.cpp and fused.cpp too, which are in its instructions
#
# into this module's resources, with the hashes of sources and libraries in built.sha256 beside this script; or, with --to,
# into another folder alone. It installs nothing. Same sources and environment give the same bytes, which is Debian 12's
#
#   apt-get install g++-12 g++-12-aarch64-linux-gnu libgloo-dev    GCC 12.2.0, binutils 2.40, Gloo of 2022-05-18 (5b14351)
#   pip install torch==2.7.1    headers, and what x86_64 is linked to
#   pytorch-native-cpu 2.7.1    DJL's for aarch64, from Maven's repository: what that is linked to
#   a JDK 17                    jni.h
#
# Another GCC from 11 on, which knows AMX, gives other bytes that do the same. TORCH names pip's torch, if it is not
# that of the `python` on the path or of $PYTHON; MAVEN_REPOSITORY Maven's, if not the one in the home folder.
#
# usage: build.sh [--to FOLDER] [x86_64|aarch64 ...]
#        build.sh --nccl FILE    a librankspark_distributed.so with NCCL too, for this machine's processor and GPUs: needs CUDA's
#                                headers (CUDA_HOME), NCCL's, and a torch for CUDA; executors find it by RANKSPARK_DISTRIBUTED_LIBRARY
set -euo pipefail

fail() {
  echo "build.sh: $1" >&2
  exit "${2:-1}"
}

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
to='' nccl='' architectures=()
while (($#)); do
  case $1 in
    --to) to=$(mkdir -p "${2:?--to: expected a folder}" && cd "$2" && pwd) && shift 2 ;;
    --nccl) nccl=${2:?--nccl: expected a file} && shift 2 ;;
    x86_64 | aarch64) architectures+=("$1") && shift ;;
    *) fail "unknown argument $1; usage: build.sh [--to FOLDER] [x86_64|aarch64 ...], build.sh --nccl FILE" 2 ;;
  esac
done
((${#architectures[@]})) || architectures=(x86_64 aarch64)

TORCH=${TORCH:-$("${PYTHON:-python}" -c 'import os, torch; print(os.path.dirname(torch.__file__))' || true)}
MAVEN_REPOSITORY=${MAVEN_REPOSITORY:-$HOME/.m2/repository}
JAVA_HOME=${JAVA_HOME:-$(dirname "$(dirname "$(readlink -f "$(command -v javac)")")")}

need() { # a file, and where it comes from
  [[ -e $1 ]] || fail "$1 is missing: $2"
}
need "$TORCH/include/torch/csrc/distributed/c10d/ProcessGroupGloo.hpp" "pip install torch==2.7.1, or set TORCH"
need "$TORCH/lib/libc10.so" "pip install torch==2.7.1, or set TORCH"
need "$JAVA_HOME/include/jni.h" "set JAVA_HOME to a JDK"
need /usr/include/gloo/algorithm.h "apt-get install libgloo-dev"
# GCC names a header by the shorter of its path and what its links come to; the map below must know which.
TORCH=$(cd -P "$TORCH" && pwd)
JAVA_HOME=$(cd -P "$JAVA_HOME" && pwd)

# The compiler of an architecture: Debian 12's, or else what there is.
compiler() {
  local name
  for name in "$1-linux-gnu-g++-12" "$1-linux-gnu-g++" g++; do
    if command -v "$name" >/dev/null && [[ $("$name" -dumpmachine) == "$1"-* ]]; then
      echo "$name"
      return
    fi
  done
  fail "no g++ for $1: apt-get install g++-12${2:+-$2-linux-gnu}"
}

work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
echo '{ global: Java_*; local: *; };' >"$work/exports"

# Nothing of this machine in what comes out: no paths, no name of the compiler.
common=(-std=c++17 -fPIC -fvisibility=hidden -fvisibility-inlines-hidden -ffunction-sections -fdata-sections -fno-ident
  -ffile-prefix-map="$TORCH=torch" -ffile-prefix-map="$here=." -D_GLIBCXX_USE_CXX11_ABI=1 -DNDEBUG -Wall -Wextra
  -isystem "$TORCH/include" -isystem "$TORCH/include/torch/csrc/api/include"
  -isystem "$JAVA_HOME/include" -isystem "$JAVA_HOME/include/linux")

# The folder with the libtorch to link to: pip's where it is for that processor, else DJL's. pip's, as DJL's for aarch64, brings what
# of C++'s library systems of GCC 8's time lack, so that ours asks no system for it.
libtorch() { # architecture
  local jar=$MAVEN_REPOSITORY/ai/djl/pytorch/pytorch-native-cpu/2.7.1/pytorch-native-cpu-2.7.1-linux-$1.jar
  local machine=62 # ELF's e_machine
  [[ $1 == x86_64 ]] || machine=183
  if (($(od -An -tu2 -j18 -N2 "$TORCH/lib/libc10.so") == machine)); then
    echo "$TORCH/lib"
    return
  fi
  need "$jar" "mvn dependency:get -Dtransitive=false -Dartifact=ai.djl.pytorch:pytorch-native-cpu:2.7.1:jar:linux-$1"
  unzip -qoj "$jar" '*/libtorch_cpu.so' '*/libc10.so' -d "$work/libtorch-$1"
  echo "$work/libtorch-$1"
}

# Names without a path (no run path) resolve to the libtorch_cpu.so, libc10.so and OpenMP that DJL has loaded, wherever they lie,
# all at once (now), so that a missing one is an error of loading. No static libstdc++, as exceptions cross from libtorch to here,
# and no -fopenmp, as a second OpenMP would have threads of its own.
link() { # compiler, output, objects and options
  local cxx=$1 out=$2
  shift 2
  mkdir -p "$(dirname "$out")"
  "$cxx" -shared -Wl,--version-script="$work/exports" -Wl,--gc-sections -Wl,-z,relro,-z,now -Wl,--build-id=none \
    -Wl,-soname,"$(basename "$out")" -s -o "$out" "$@" -ltorch_cpu -lc10
  "$("$cxx" -print-prog-name=objcopy)" --remove-section .comment "$out"
  ls -l "$out" >&2
}

if [[ -n $nccl ]]; then
  cxx=$(compiler "$(uname -m)")
  "$cxx" "${common[@]}" -Os -DRANKSPARK_NCCL -DUSE_CUDA -isystem "${CUDA_HOME:-/usr/local/cuda}/include" \
    -c -o "$work/nccl.o" "$here/process_group.cpp"
  link "$cxx" "$nccl" "$work/nccl.o" -L"$TORCH/lib" -ltorch_cuda -lc10_cuda
  exit
fi

folder=${to:-$here/../resources/dev/rankspark}
for architecture in "${architectures[@]}"; do
  cxx=$(compiler "$architecture" "${architecture#x86_64}")
  libraries=$(libtorch "$architecture")
  echo "build.sh: $architecture by $cxx $("$cxx" -dumpfullversion)" >&2
  objects=$work/$architecture
  mkdir "$objects"
  "$cxx" "${common[@]}" -Os -c -o "$objects/process_group.o" "$here/process_group.cpp"
  link "$cxx" "$folder/distributed/linux-$architecture/librankspark_distributed.so" "$objects/process_group.o" \
    -L"$libraries"

  sources=(memory)
  [[ $architecture != x86_64 ]] || sources=(amx fused memory)
  cpu=()
  for source in "${sources[@]}"; do
    cpu+=("$objects/$source.o")
    # GCC takes its own header's undefined values for ours.
    "$cxx" "${common[@]}" -O3 -fopenmp -DAT_PARALLEL_OPENMP=1 -Wno-uninitialized -c -o "$objects/$source.o" "$here/$source.cpp"
  done
  link "$cxx" "$folder/model/linux-$architecture/librankspark_cpu.so" "${cpu[@]}" -L"$libraries"
done

if [[ -z $to ]]; then
  {
    (cd "$here" && LC_ALL=C && sha256sum build.sh ./*.cpp ./*.h | sed 's, \./, ,')
    (cd "$folder" && LC_ALL=C && sha256sum ./*/linux-*/librankspark_*.so | sed 's, \./, ,')
  } >"$here/built.sha256"
fi
