#!/usr/bin/env python3
"""Times `prepare` beside Tevatron's script on the same corpus, in turns: seconds, peak memory, and whether the bytes are the same.

    python benchmarks/corpus.py --output-dir DIR
    python benchmarks/prepare.py --tevatron CHECKOUT --data DIR [--rounds 3] [--jar OLD.jar]

Ours is the whole command, Java's start included, on local[2]. Theirs is prepare_rerank_input.py, whose data set cache (of Hugging
Face's datasets) is filled by a first run that does not count. Peak memory is the largest resident set of one process. A machine
that is busy with other things shows in the load, and slows both of a round. Needs benchmarks/requirements.txt and a built jar.
"""
import argparse
import hashlib
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parent.parent


def ours(options, output):
    data = options.data
    command = [HOME / "bin/rankspark", "prepare", "--queries", data / "queries.jsonl", "--corpus", data / "corpus.jsonl",
               "--retrieval-results", data / "run.txt", "--depth", "200", "--output-path", output, "--overwrite"]
    return measured(command, {"RANKSPARK_SPARK_ARGS": "--master local[2]", **options.java})


def theirs(options, folder, output):
    names = {}
    for name, split in (("queries", "dev"), ("corpus", "train")):
        names[name] = folder / name
        if not names[name].exists():
            names[name].mkdir()
            os.link(options.data / f"{name}.jsonl", names[name] / f"{split}.jsonl")
    command = [sys.executable, "-m", "tevatron.utils.format.prepare_rerank_input", "--query_data_name", names["queries"],
               "--query_data_split", "validation", "--corpus_data_name", names["corpus"], "--retrieval_results",
               options.data / "run.txt", "--depth", "200", "--output_path", output, "--cache_dir", folder / "cache"]
    return measured(command, {"PYTHONPATH": str(options.tevatron / "src"), "HF_HUB_OFFLINE": "1"})


def measured(command, environment):
    """Seconds and the most resident MiB of the command and those that it calls."""
    start = time.monotonic()
    process = subprocess.Popen([str(word) for word in command], env={**os.environ, **environment}, stdout=subprocess.DEVNULL,
                               stderr=subprocess.PIPE, text=True)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(f"{command[0]}: status {status}\n{said[-2000:]}")
    return time.monotonic() - start, usage.ru_maxrss / 1024


def digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=pathlib.Path, required=True, help="what corpus.py made; theirs is cached beside it")
    parser.add_argument("--tevatron", type=pathlib.Path, required=True)
    parser.add_argument("--jar", type=pathlib.Path, help="another jar than this checkout's")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.data = options.data.resolve(strict=True)
    options.java = {"RANKSPARK_JAR": str(options.jar.resolve(strict=True))} if options.jar else {}

    with tempfile.TemporaryDirectory(dir=options.data) as folder:
        outputs = [pathlib.Path(folder) / side for side in ("ours.jsonl", "theirs.jsonl")]
        sides = [lambda: ours(options, outputs[0]), lambda: theirs(options, pathlib.Path(folder), outputs[1])]
        sides[1]()  # fills its cache
        rounds = []
        for number in range(options.rounds):
            measures = [None, None]
            for side in (0, 1) if number % 2 == 0 else (1, 0):
                measures[side] = sides[side]()
            rounds.append(measures)
            same = digest(outputs[0]) == digest(outputs[1])
            load = os.getloadavg()[0]
            print(f"round {number + 1}: ours {measures[0][0]:.1f} s, {measures[0][1]:.0f} MiB; theirs {measures[1][0]:.1f} s, "
                  f"{measures[1][1]:.0f} MiB; load {load:.1f}; {'the same bytes' if same else 'OTHER BYTES'}", file=sys.stderr, flush=True)
            if not same:
                raise SystemExit("the outputs differ")
    print("| | seconds, median | MiB, most |\n|---|---|---|")
    for side, name in enumerate(("RankSpark", "Tevatron's script")):
        print(f"| {name} | {statistics.median(m[side][0] for m in rounds):.1f} | {max(m[side][1] for m in rounds):.0f} |")
    ratio = statistics.median(theirs / ours for (ours, _), (theirs, _) in rounds)
    memory = max(m[1][1] for m in rounds) / max(m[0][1] for m in rounds)
    print(f"\n{ratio:.2f} times as fast (median of the rounds' ratios), 1 / {memory:.1f} of the memory")


if __name__ == "__main__":
    main()
