#!/usr/bin/env python3
"""Times ours and the peers in turns and writes the table of docs/performance.md.

    python benchmarks/compare.py --model DIR --dataset FILE [--pairs 384] [--rounds 3] [--threads 2]

DIR is made by make_model.py, FILE is rerank input (DL19 at depth 200). In each round all systems run one after the other, so
that a machine that grows slower slows them all; a figure is the ratio of the medians of a round's pairs per second. Needs the
packages of benchmarks/requirements.txt and a built jar.
"""
import argparse
import datetime
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys

HOME = pathlib.Path(__file__).resolve().parent.parent
PEERS = ("tevatron", "sentence-transformers")
OURS_ALONE = ("int8",)
MARKS = ("<!-- table: written by benchmarks/compare.py -->", "<!-- end of the table -->")


def last_json(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def ours(options, dtype):
    return last_json([
        HOME / "bin/rankspark", "bench", "--json", "--model-name-or-path", options.model, "--dataset-path", options.dataset,
        "--pairs", str(options.pairs), "--threads", str(options.threads), "--dtype", dtype, "--device", "cpu",
        "--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "196",
    ])


def peer(options, dtype, name):
    report = last_json([
        sys.executable, HOME / "benchmarks/peers.py", name, "--model-name-or-path", options.model, "--dataset-path",
        options.dataset, "--pairs", str(options.pairs), "--threads", str(options.threads), "--dtype", dtype,
    ])
    return options.pairs / statistics.median(report["seconds"])


def measure(options, dtype):
    rounds = {name: [] for name in ("rankspark", "limit", *PEERS)}
    for number in range(options.rounds):
        report = ours(options, dtype)
        rounds["rankspark"].append(report["pairs_per_second"])
        rounds["limit"].append(report["fraction_of_gemm_limit"])
        for name in () if dtype in OURS_ALONE else PEERS:
            rounds[name].append(peer(options, dtype, name))
        print(dtype, "round", number + 1, {name: round(values[-1], 2) for name, values in rounds.items() if values}, file=sys.stderr)
    return {name: statistics.median(values) for name, values in rounds.items() if values}, report


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def row(dtype, medians, report):
    rate = medians["rankspark"]
    cells = [dtype, f"{rate:.1f}"]
    cells += [f"{medians[name]:.1f} ({rate / medians[name]:.2f}x)" if name in medians else "" for name in PEERS]
    cells += [f"{medians['limit']:.2f}", f"{report['tokens_per_real_token']:.3f}", f"{report['gemm_gflops']:.0f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtypes", nargs="+", default=["float32", "bfloat16", "int8"])
    parser.add_argument("--output", type=pathlib.Path, default=HOME / "docs/performance.md")
    options = parser.parse_args()

    rows = [row(dtype, *measure(options, dtype)) for dtype in options.dtypes]
    lines = [
        MARKS[0],
        f"`benchmarks/compare.py`, {datetime.date.today()}: {cpu()}, {options.threads} threads of {os.cpu_count()} processors, the "
        f"first {options.pairs} pairs of DL19 at depth 200, {options.rounds} rounds in turns, medians.",
        "",
        "| | RankSpark, pairs/s | Tevatron's loop | sentence-transformers | of the GEMM limit | tokens computed per real token | GFLOP/s |",
        "|---|---|---|---|---|---|---|",
        *rows,
        MARKS[1],
    ]
    page = options.output.read_text(encoding="utf-8")
    before, rest = page.split(MARKS[0])
    _, after = rest.split(MARKS[1])
    options.output.write_text(before + "\n".join(lines) + after, encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
