#!/usr/bin/env python3
"""Times `bin/rankspark train` and Tevatron's training in turns: pairs per second and peak resident memory.

    python benchmarks/train_compare.py --model DIR --dataset TRAIN.jsonl --tevatron CHECKOUT [--rounds 3] [--steps 12]

Two groups of eight, at most 128 tokens, LoRA of rank 8, two threads. Ours is the whole command's report: from the loaded model to
the written result. A figure is the ratio of the rounds' medians.
"""
import argparse
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile

HOME = pathlib.Path(__file__).resolve().parent.parent


def run(command, environment):
    """Standard output and error of a process, and its peak resident memory in MiB."""
    with tempfile.TemporaryFile("w+") as out:
        process = subprocess.Popen(command, env={**os.environ, **environment}, stdout=out, stderr=subprocess.STDOUT)
        _, status, usage = os.wait4(process.pid, 0)
        out.seek(0)
        text = out.read()
        if status:
            sys.exit(text)
        return text, usage.ru_maxrss / 1024


def ours(options, flags, folder):
    text, peak = run(
        [HOME / "bin/rankspark", "train", "--model-name-or-path", options.model, "--lora", "--lora-dropout", options.dropout,
         "--dataset-path", options.dataset, "--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len",
         "128", "--train-group-size", "8", "--positive-passage-no-shuffle", "--negative-passage-no-shuffle",
         "--dataset-shuffle", "false", "--per-device-train-batch-size", "2", "--max-steps", str(options.steps),
         "--learning-rate", "1e-4", "--output-dir", f"{folder}/out", "--overwrite-output-dir", *flags],
        {"RANKSPARK_SPARK_ARGS": "--master local[2]", "RANKSPARK_MEMORY": options.heap})
    return float(re.search(r"\(([\d.,]+) pairs/s", text).group(1).replace(",", "")), peak


def peer(options, flags):
    text, peak = run(
        [sys.executable, HOME / "benchmarks/train_peers.py", "--model-name-or-path", options.model, "--dataset-path",
         options.dataset, "--steps", str(options.steps), "--lora-dropout", options.dropout, *flags],
        {"PYTHONPATH": f"{options.tevatron}/src"})
    return json.loads(text.strip().splitlines()[-1])["pairs_per_second"], peak


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", required=True)
    parser.add_argument("--dataset", required=True)
    parser.add_argument("--tevatron", required=True)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--dropout", default="0")
    parser.add_argument("--heap", default="1g")
    options = parser.parse_args()
    print("| | pairs/s | Tevatron | ratio | peak MiB | Tevatron | ratio |\n|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for flags in ([], ["--gradient-checkpointing"], ["--bf16"], ["--bf16", "--gradient-checkpointing"]):
            rounds = [(ours(options, flags, folder), peer(options, flags)) for _ in range(options.rounds)]
            (rate, peak), (their_rate, their_peak) = (
                [statistics.median(side[i] for side in sides) for i in range(2)] for sides in zip(*rounds))
            print(f"| {' '.join(flags) or 'float32'} | {rate:.2f} | {their_rate:.2f} | {rate / their_rate:.2f} | {peak:.0f} | "
                  f"{their_peak:.0f} | {peak / their_peak:.2f} |", flush=True)


if __name__ == "__main__":
    main()
