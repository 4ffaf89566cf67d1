#!/usr/bin/env python3
"""Makes benchmarks/gpu/bundle: all that the stages need on a GPU machine without network and JDK, in less than 56 MiB.

    python3 benchmarks/gpu/make.py [--dataset RERANK_INPUT.jsonl[.gz]] [--train-dataset TRAIN.jsonl[.gz]] [--tokenizer DIR]
        [--djl CHECKOUT] [--tevatron CHECKOUT] [--pairs 8600] [--programs-only] [--output DIR]

Needs a JDK 17 with jlink, Maven (to build the jar, if it is not there), and git. --dataset, --train-dataset and --tokenizer are data
of your own; without them the repository's small reference data are taken, whose lengths say nothing about speed. --djl is a checkout of
https://github.com/deepjavalibrary/djl with its tags, --tevatron one of https://github.com/texttron/tevatron; without them they are
cloned. --programs-only leaves out what stage C needs (Java, Spark, DJL's sources, Tevatron).

Spark's jars do not fit whole: of their classes the bundle takes those that the commands of stage C load here, on the CPU, and what is
nested in them; small jars whole. Ends with the sizes; more than 56 MiB is an error.
"""
import argparse
import gzip
import io
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import zipfile

HERE = pathlib.Path(__file__).resolve().parent
HOME = HERE.parent.parent
MOST = 56 << 20
SCRIPTS = ("common.py", "runner.py", "models.py", "stage_a.py", "stage_b.py", "stage_c.py", "report.py", "build_jni.sh", "README.md")
WHOLE = 300_000  # bytes of a jar of Spark's that is taken whole
MODULES = "java.base,java.compiler,java.desktop,java.instrument,java.management,java.naming,java.rmi,java.scripting," \
    "java.security.jgss,java.security.sasl,java.sql,jdk.management,jdk.security.auth,jdk.unsupported,jdk.zipfs"  # by jdeps
DJL = "https://github.com/deepjavalibrary/djl"
TEVATRON = "https://github.com/texttron/tevatron"
NATIVE = "engines/pytorch/pytorch-native/src/main/native"
JNI = "engines/pytorch/pytorch-engine/src/main/java"
TEVATRON_FILES = ("src/tevatron/__init__.py", "src/tevatron/arguments.py", "src/tevatron/reranker", "LICENSE")
PROMPT = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "64"]


def run(*command, **more):
    result = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if result.returncode:
        sys.exit(f"make.py: {command[0]} ended with {result.returncode}:\n{result.stdout[-3000:]}")
    return result.stdout


def jar_and_spark():
    jar, spark = HOME / "jobs/target/rankspark.jar", HOME / "spark/target/spark/jars"
    if not jar.exists() or not spark.is_dir():
        print("make.py: building the jar", file=sys.stderr)
        run("mvn", "-B", "-q", "-f", HOME / "pom.xml", "-DskipTests", "package")
    return jar, spark


def reference(folder):
    """Rerank input and training data out of the repository's own small world."""
    data = HOME / "reference/data"
    passages = {p["docid"]: p for p in map(json.loads, (data / "corpus.jsonl").read_text(encoding="utf-8").splitlines())}
    queries = dict(line.split("\t", 1) for line in (data / "queries.tsv").read_text(encoding="utf-8").splitlines())
    candidates = {}
    for line in (data / "run.trec").read_text(encoding="utf-8").splitlines():
        qid, _, docid, _, score, _ = line.split()
        if docid in passages:
            candidates.setdefault(qid, []).append({**passages[docid], "query_id": qid, "query": queries[qid], "score": float(score)})
    pairs, groups = folder / "pairs.jsonl", folder / "train.jsonl"
    pairs.write_text("".join(json.dumps(p) + "\n" for found in candidates.values() for p in found), encoding="utf-8")
    groups.write_text("".join(json.dumps({
        "query_id": qid, "query": queries[qid], "positive_passages": found[:1], "negative_passages": found[1:8]}) + "\n"
        for qid, found in candidates.items() if len(found) >= 8), encoding="utf-8")
    return pairs, groups


def open_text(path, mode):
    return gzip.open(path, mode + "t", encoding="utf-8") if str(path).endswith(".gz") else open(path, mode, encoding="utf-8")


def first_lines(source, target, count):
    with open_text(source, "r") as lines, open_text(target, "w") as out:
        for _, line in zip(range(count), lines):
            out.write(line)


def programs_and_data(jar, spark, options, out, work):
    classes = work / "classes"
    classpath = f"{jar}:{spark}/*"
    run("javac", "-nowarn", "-d", classes, "-cp", classpath, *HERE.glob("java/dev/rankspark/*/*.java"))
    pairs, groups = (options.dataset, options.train_dataset)
    if not (pairs and groups):
        reference_pairs, reference_groups = reference(work)
        pairs, groups = pairs or reference_pairs, groups or reference_groups
    run("java", f"-Dlog4j2.configurationFile={HOME}/conf/log4j2.properties", "-cp", f"{classes}:{classpath}",
        "dev.rankspark.score.BundleFiles", options.tokenizer, pairs, groups, out, options.pairs)
    first_lines(pairs, out / "data/pairs.jsonl.gz", options.pairs)
    first_lines(groups, out / "data/train.jsonl.gz", 200)
    (out / "data/tokenizer").mkdir()
    for name in ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json"):
        if (options.tokenizer / name).exists():
            shutil.copyfile(options.tokenizer / name, out / "data/tokenizer" / name)
    return pairs, groups


def loaded_classes(work):
    """Names of the classes that the commands of stage C load here."""
    pairs, groups = reference(work)
    base, adapter = HOME / "reference/base", HOME / "reference/adapter"
    local = ["--device", "cpu"]
    commands = {
        "rerank": ["--model-name-or-path", base, "--lora-name-or-path", adapter, "--dataset-path", pairs, "--rerank-output-path",
                   work / "run.txt", "--dtype", "bfloat16", "--partitions", "4", *PROMPT, *local],
        "bench": ["--model-name-or-path", base, "--lora-name-or-path", adapter, "--dataset-path", pairs, "--json", *PROMPT, *local],
        "train": ["--model-name-or-path", base, "--lora", "--dataset-path", groups, "--train-group-size", "4", "--max-steps", "4",
                  "--save-steps", "2", "--output-dir", work / "trained", *PROMPT],
        "rerank --model-name-or-path /nowhere": ["--dataset-path", pairs, "--rerank-output-path", work / "no.txt"],
        # a task that fails, which Spark tells its driver by classes of its own
        "rerank --device cuda:99": ["--model-name-or-path", base, "--lora-name-or-path", adapter, "--dataset-path", pairs,
                                    "--rerank-output-path", work / "no.txt", *PROMPT],
        "demo": ["--output-dir", work / "demo"],
    }
    names = set()
    for number, (command, arguments) in enumerate(commands.items()):
        log = work / f"classes-{number}.log"
        environment = {**os.environ, "JAVA_TOOL_OPTIONS": f"-Xlog:class+load:file={log}", "RANKSPARK_SPARK_ARGS": "--master local[2]"}
        subprocess.run([HOME / "bin/rankspark", *command.split(), *map(str, arguments)], env=environment,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        if not log.exists():
            sys.exit(f"make.py: bin/rankspark {command} did not start")
        with open(log, encoding="utf-8", errors="replace") as lines:
            names |= {found.group(1).split("/0x")[0].replace(".", "/") for line in lines if (found := re.search(r"\] (\S+) source: ", line))}
    for output in ("run.txt", "trained", "demo"):
        if not (work / output).exists():
            sys.exit(f"make.py: a command of stage C failed here: {output} was not written")
    return names


FOREIGN = re.compile(r"(win|windows|darwin|osx|mac|aix|freebsd|sunos|aarch64|arm|ppc64|s390|riscv|loong|mips|x86_32|linux32|linux-musl)", re.I)


def copy_jar(source, target, keep):
    """A jar without compression, which is xz's. Empty ones are left out."""
    kept = 0
    with zipfile.ZipFile(source) as old:
        # An index names packages that may be gone, and Java believes it.
        names = [name for name in old.namelist() if not name.endswith(("/", "INDEX.LIST")) and keep(name)]
        if not any(name.endswith(".class") for name in names):
            return
        with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
            for name in dict.fromkeys(names):
                new.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), old.read(name))
                kept += 1


def java(jar, spark, out, work):
    """java.tar.xz: a Java, and what bin/rankspark looks for, in their places."""
    home = work / "java"
    run("jlink", "--add-modules", MODULES, "--strip-debug", "--no-man-pages", "--no-header-files", "--output", home / "jre")
    loaded = loaded_classes(work)

    def of_spark(name, whole):
        if name.endswith(".class") and not whole:
            plain = name[:-6]
            return plain in loaded or plain.split("$")[0] in loaded or plain.split("$")[0] + "$" in loaded
        return not (re.search(r"\.(so|dll|dylib|jnilib|js|css|png|html)$", name) and (FOREIGN.search(name) or not name.endswith(".so")))

    def ours(name):
        # libtorch is the machine's, and the native part of DJL is built there. Our own libraries load beside 2.7.1 alone; the
        # product does without them elsewhere.
        return not (name.startswith(("pytorch/cpu/linux", "jnilib/linux", "nlp/")) or (
            name.startswith("com/sun/jna/") and name.endswith((".so", ".jnilib")) and "linux-x86-64" not in name))

    for folder in ("bin", "conf", "jobs/target", "spark/target/spark/jars"):
        (home / "app" / folder).mkdir(parents=True)
    shutil.copy(HOME / "bin/rankspark", home / "app/bin")
    for file in (HOME / "conf").iterdir():
        shutil.copy(file, home / "app/conf")
    copy_jar(jar, home / "app/jobs/target/rankspark.jar", ours)
    for source in sorted(spark.glob("*.jar")):
        if not source.name.startswith("rocksdbjni"):
            # log4j takes other ways where it finds other classes around it.
            whole = source.stat().st_size < WHOLE or source.name.startswith(("log4j", "slf4j"))
            copy_jar(source, home / "app/spark/target/spark/jars" / source.name, lambda name: of_spark(name, whole))
    with tarfile.open(out / "java.tar.xz", "w:xz", preset=6) as tar:
        tar.add(home, "java")


def checkout(given, url, tag, work):
    if given:
        return given
    target = work / url.rsplit("/", 1)[1]
    run("git", "clone", "-q", "--depth", "1", *(["--branch", tag] if tag else []), url, target)
    return target


def archive(repository, tag, paths, target):
    """Files of a git repository (bare, too) as they are at a tag."""
    bytes_ = subprocess.run(["git", "-C", repository, "archive", tag, *paths], stdout=subprocess.PIPE, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(bytes_)) as tar:
        tar.extractall(target, filter="data") if sys.version_info >= (3, 12) else tar.extractall(target)


def sources(jar, options, out, work):
    """djl/: DJL's native sources at the version that the jar has, and the headers of JNI for them."""
    version = re.search(r"<djl\.version>([^<]+)<", (HOME / "pom.xml").read_text()).group(1)
    repository, tree = checkout(options.djl, DJL, f"v{version}", work), work / "djl-tree"
    archive(repository, f"v{version}", [NATIVE, JNI + "/ai/djl/pytorch/jni", "api/src/main/native/djl", "LICENSE"], tree)
    shutil.copytree(tree / NATIVE, out / "djl/native")
    shutil.copytree(tree / "api/src/main/native/djl", out / "djl/djl")
    shutil.copyfile(tree / "LICENSE", out / "djl/LICENSE")
    run("javac", "-nowarn", "-h", out / "djl/jni", "-d", work / "jni", "-cp", jar, "-sourcepath", tree / JNI,
        tree / JNI / "ai/djl/pytorch/jni/PyTorchLibrary.java")
    javac = pathlib.Path(shutil.which("javac")).resolve().parent.parent / "include"
    shutil.copyfile(javac / "jni.h", out / "djl/jni/jni.h")
    shutil.copyfile(javac / "linux/jni_md.h", out / "djl/jni/jni_md.h")
    (out / "djl/VERSION").write_text(version + "\n")


def tevatron(options, out, work):
    repository = checkout(options.tevatron, TEVATRON, None, work)
    for name in TEVATRON_FILES:
        source = pathlib.Path(repository) / name
        if source.is_dir():
            shutil.copytree(source, out / "tevatron" / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif source.exists():
            (out / "tevatron" / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, out / "tevatron" / name)


def sizes(out):
    total = 0
    print("| in the bundle | MiB |\n|---|---|")
    for entry in sorted(out.iterdir()):
        size = sum(f.stat().st_size for f in entry.rglob("*") if f.is_file()) if entry.is_dir() else entry.stat().st_size
        total += size
        print(f"| {entry.name} | {size / (1 << 20):.2f} |")
    print(f"| all, of at most {MOST >> 20} | {total / (1 << 20):.2f} |")
    if total > MOST:
        sys.exit(f"make.py: {out} has {total / (1 << 20):.1f} MiB, expected at most {MOST >> 20}; take fewer --pairs")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=pathlib.Path)
    parser.add_argument("--train-dataset", type=pathlib.Path)
    parser.add_argument("--tokenizer", type=pathlib.Path, default=HOME / "reference/base")
    parser.add_argument("--djl", type=pathlib.Path)
    parser.add_argument("--tevatron", type=pathlib.Path)
    parser.add_argument("--pairs", type=int, default=8_600)
    parser.add_argument("--programs-only", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=HERE / "bundle")
    options = parser.parse_args()
    for path in (options.dataset, options.train_dataset, options.tokenizer, options.djl, options.tevatron):
        if path and not path.exists():
            sys.exit(f"make.py: {path} is not there")
    jar, spark = jar_and_spark()
    with tempfile.TemporaryDirectory() as temporary:
        work, out = pathlib.Path(temporary), pathlib.Path(temporary) / "bundle"
        out.mkdir()
        for script in SCRIPTS:
            shutil.copy(HERE / script, out)
        programs_and_data(jar, spark, options, out, work)
        if not options.programs_only:
            sources(jar, options, out, work)
            tevatron(options, out, work)
            java(jar, spark, out, work)
        if options.output.exists():
            shutil.rmtree(options.output)
        shutil.copytree(out, options.output)
    sizes(options.output)


if __name__ == "__main__":
    main()
