#!/usr/bin/env bash
# Builds DJL's native part, libdjl_torch.so, from DJL's published sources against the torch that a machine has. It installs nothing.
#
#   build_jni.sh SOURCES TORCH OUT
#
#   SOURCES  what make.py put into the bundle: native/ and djl/ of DJL (Apache-2.0), jni/ with the JNI headers
#   TORCH    the folder of a pip torch, with include/ and lib/
#   OUT      the library; objects are kept beside it, so that a build that was cut off goes on
#
# With CUDA's headers ($CUDA_HOME, /usr/local/cuda, or pip's nvidia/*/include beside TORCH) and a torch built for CUDA the library
# can empty CUDA's cache; the rest is the same. Needs g++ with C++17.
set -euo pipefail

fail() { echo "build_jni.sh: $1" >&2; exit 5; }

(($# == 3)) || { echo "usage: build_jni.sh SOURCES TORCH OUT" >&2; exit 2; }
sources=$1 torch=$2 out=$3
command -v g++ >/dev/null || fail "g++ is missing: install a C++ compiler"
[[ -e $torch/include/torch/script.h ]] || fail "$torch/include/torch/script.h is missing: this torch has no headers; take pip's"
[[ -e $torch/lib/libtorch_cpu.so ]] || fail "$torch/lib/libtorch_cpu.so is missing"
[[ -e $sources/jni/jni.h ]] || fail "$sources/jni/jni.h is missing: make the bundle again (make.py)"

flags=(-std=c++17 -O1 -fPIC -DNDEBUG -D_GLIBCXX_USE_CXX11_ABI=1 -w
  -isystem "$torch/include" -isystem "$torch/include/torch/csrc/api/include" -I "$sources/jni" -I "$sources")
libraries=(-L"$torch/lib" -ltorch_cpu -lc10)
cuda=
if [[ -e $torch/lib/libc10_cuda.so ]]; then
  for folder in "${CUDA_HOME:-/usr/local/cuda}/include" "$torch"/../nvidia/cu*/include "$torch"/../nvidia/cuda_runtime/include; do
    # libtorch's own headers for CUDA include these.
    if [[ -e $folder/cuda_runtime_api.h && -e $folder/cublas_v2.h && -e $folder/cusparse.h && -e $folder/cusolverDn.h ]]; then
      cuda=$folder
      flags+=(-DUSE_CUDA -isystem "$folder")
      # Names of CUDA's part resolve when they are called, by the libraries that DJL has loaded.
      libraries+=(-lc10_cuda)
      break
    fi
  done
fi
work=$out.objects
mkdir -p "$work"

build() { # one source
  local object
  object=$work/$(basename "$1").o
  [[ ! -e $object ]] || return 0
  g++ "${flags[@]}" -c -o "$object.new" "$1"
  mv "$object.new" "$object"
}

processors=$(nproc)
files=("$sources"/native/*.cc)
failed=0
for source in "${files[@]}"; do
  while (($(jobs -rp | wc -l) >= processors)); do wait -n || failed=1; done
  build "$source" &
done
while (($(jobs -rp | wc -l) > 0)); do wait -n || failed=1; done
for source in "${files[@]}"; do
  [[ -e $work/$(basename "$source").o ]] || fail "$source does not compile against $torch"
done
((failed == 0)) || fail "a source does not compile against $torch"

# No run path: what it needs has been loaded by then, wherever it lies.
g++ -shared -Wl,-soname,libdjl_torch.so -Wl,-z,lazy -s -o "$out.new" "$work"/*.o "${libraries[@]}"
mv "$out.new" "$out"
echo "build_jni.sh: $out, ${#files[@]} sources, CUDA's headers: ${cuda:-none}"
