#!/usr/bin/env python3
"""How fast a new jar is beside an old one: both in turns, the median of the rounds' ratios with its interval.

    python benchmarks/alternate.py --old OLD.jar --new NEW.jar --model DIR --dataset PAIRS.jsonl --train-dataset TRAIN.jsonl
        [--at-once] [--rounds 10] [--only "bench float32" ...] [--pairs 192] [--steps 12] [--train-option=--gradient-checkpointing ...]

bench: pairs per second, in float32 and bfloat16. train: steps per second of `train`'s own report, from the loaded model to the
written result, LoRA in both dtypes. job: `rerank` of the same pairs as a whole, by its own report and (wall) by the clock, from
the start of the process to its end. start: the demo, nearly all of which is the start of Java and Spark. In every second round
the new jar is first. With --at-once both run at the same time, each on one core of its own, and change cores after every round:
what disturbs the machine then disturbs both, and the ratios of two rounds in turn are taken as one (their geometric mean). Where
the machine's own speed wanders by 15 % within minutes that tells 2 %, which one after the other does not. A ratio is new by old, above 1 if the new jar is
faster; the interval is that of the order statistics of the ratios (binomial, no assumption but independent rounds), and its
confidence is printed: 10 rounds give 97.9 %, fewer than 6 less than 95 %. Nothing else should run on the machine.
"""
import argparse
import concurrent.futures
import json
import math
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
PREFIXES = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--use-cpu"]
CONFIDENCE = 0.95


def run(jar, cores, *command):
    """Standard output, standard error and seconds."""
    environment = dict(os.environ, RANKSPARK_JAR=str(jar), RANKSPARK_SPARK_ARGS=f"--master local[{len(cores)}]")
    environment.pop("SPARK_HOME", None)
    begun = time.monotonic()
    result = subprocess.run(["taskset", "-c", ",".join(map(str, sorted(cores))), HOME / "bin/rankspark", *map(str, command)],
                            env=environment, capture_output=True)
    seconds = time.monotonic() - begun
    out, err = result.stdout.decode(), result.stderr.decode()
    if result.returncode:
        sys.exit(f"{jar}: {' '.join(map(str, command))}\n{out}{err}")
    return out, err, seconds


def number(pattern, text):
    return float(re.search(pattern, text).group(1).replace(",", ""))


def bench(dtype):
    def measure(options, jar, cores, folder):
        out, _, _ = run(jar, cores, "bench", "--json", "--model-name-or-path", options.model, "--dataset-path", options.dataset, "--pairs",
                        options.pairs, "--rerank-max-len", "196", "--dtype", dtype, *PREFIXES)
        return {f"bench {dtype}, pairs/s": json.loads(out.strip().splitlines()[-1])["pairs_per_second"]}
    return measure


def train(dtype, flags):
    def measure(options, jar, cores, folder):
        _, err, _ = run(jar, cores, "train", "--model-name-or-path", options.model, "--lora", "--dataset-path", options.train_dataset,
                        "--rerank-max-len", "128", "--train-group-size", "8", "--per-device-train-batch-size", "2", "--max-steps",
                        options.steps, "--learning-rate", "1e-4", "--save-strategy", "no", "--output-dir", folder / "trained",
                        "--overwrite-output-dir", *flags, *PREFIXES, *options.train_option)
        return {f"train {dtype}, steps/s": number(r"for ([\d,]+) steps", err) / number(r" in ([\d.]+) s \(", err)}
    return measure


def job(dtype):
    def measure(options, jar, cores, folder):
        _, err, seconds = run(jar, cores, "rerank", "--model-name-or-path", options.model, "--dataset-path", options.dataset,
                              "--rerank-max-len", "196", "--dtype", dtype, "--rerank-output-path", folder / "run.txt",
                              "--overwrite", *PREFIXES)
        pairs = number(r"Scored ([\d,]+) pairs", err)
        return {f"job {dtype}, pairs/s": pairs / number(r"queries in ([\d.]+) s", err),
                f"job {dtype}, pairs/s (wall)": pairs / seconds}
    return measure


def start(options, jar, cores, folder):
    _, _, seconds = run(jar, cores, "demo", "--output-dir", folder / "demo")
    shutil.rmtree(folder / "demo")
    return {"start, demos/s (wall)": 1 / seconds}


MEASURES = {
    "bench float32": bench("float32"),
    "bench bfloat16": bench("bfloat16"),
    "train float32": train("float32", []),
    "train bfloat16": train("bfloat16", ["--bf16"]),
    "job float32": job("float32"),
    "job bfloat16": job("bfloat16"),
    "start": start,
}


def interval(ratios):
    """The narrowest two ratios, as far from either end, between which the median lies with CONFIDENCE; and with which it does."""
    ratios, n = sorted(ratios), len(ratios)

    def confidence(k):  # of the k-th least to the k-th greatest
        return 1 - 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n

    k = max((k for k in range(1, n // 2 + 1) if confidence(k) >= CONFIDENCE), default=1)
    return ratios[k - 1], ratios[n - k], max(0.0, confidence(k))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=pathlib.Path, required=True)
    parser.add_argument("--new", type=pathlib.Path, default=HOME / "jobs/target/rankspark.jar")
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True, help="rerank input")
    parser.add_argument("--train-dataset", type=pathlib.Path, help="Tevatron's training data; without it nothing is trained")
    parser.add_argument("--train-option", action="append", default=[], help="one more word for train; repeatable")
    parser.add_argument("--rounds", type=int, default=10)
    parser.add_argument("--pairs", type=int, default=192, help="of bench")
    parser.add_argument("--steps", type=int, default=12, help="of train")
    parser.add_argument("--only", nargs="+", choices=tuple(MEASURES), default=list(MEASURES), metavar="MEASURE",
                        help=", ".join(MEASURES))
    parser.add_argument("--at-once", action="store_true", help="both jars at the same time, on one core each")
    options = parser.parse_args()
    if options.at_once and options.rounds % 2:
        parser.error("--at-once needs an even number of --rounds: the jars change cores, and two rounds make one ratio")
    jars = [jar.resolve(strict=True) for jar in (options.old, options.new)]
    chosen = [name for name in options.only if options.train_dataset or not name.startswith("train")]
    rates = {}
    available = sorted(os.sched_getaffinity(0))
    with tempfile.TemporaryDirectory() as folder:
        for name in chosen:
            for number_of_round in range(options.rounds):
                order = (0, 1) if number_of_round % 2 == 0 else (1, 0)
                cores = {side: {available[place]} if options.at_once else available for place, side in enumerate(order)}

                def measure(side):
                    own = pathlib.Path(folder) / str(side)
                    own.mkdir(exist_ok=True)
                    return MEASURES[name](options, jars[side], cores[side], own)

                with concurrent.futures.ThreadPoolExecutor(2 if options.at_once else 1) as pool:
                    for side, found in zip(order, pool.map(measure, order)):
                        for what, rate in found.items():
                            rates.setdefault(what, ([], []))[side].append(rate)
                print(f"round {number_of_round + 1}: " + "; ".join(
                    f"{what} {old[-1]:.3f}, {new[-1]:.3f}" for what, (old, new) in rates.items() if what.startswith(name)),
                    file=sys.stderr, flush=True)
    print("| | old, median | new, median | new / old, median | interval | confidence |\n|---|---|---|---|---|---|")
    for what, (old, new) in rates.items():
        ratios = [after / before for before, after in zip(old, new)]
        if options.at_once:
            ratios = [math.sqrt(one * other) for one, other in zip(ratios[::2], ratios[1::2])]
        low, high, confidence = interval(ratios)
        print(f"| {what} | {statistics.median(old):.3f} | {statistics.median(new):.3f} | {statistics.median(ratios):.3f} | "
              f"{low:.3f} to {high:.3f} | {100 * confidence:.1f} % |")


if __name__ == "__main__":
    main()
