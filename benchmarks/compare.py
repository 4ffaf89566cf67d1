#!/usr/bin/env python3
"""Times ours and the peers in turns and writes the table of docs/performance.md.

    python benchmarks/compare.py --model DIR --dataset FILE [--pairs 384] [--rounds 3] [--threads 2] [--as-published]

DIR is made by make_model.py, FILE is rerank input (DL19 at depth 200). In each round all systems run one after the other, so
that a machine that grows slower slows them all; a figure is the ratio of the medians of a round's pairs per second. Needs the
packages of benchmarks/requirements.txt and a built jar. With --as-published DIR is made by make_published.py, prompt and head are the
folder's own, and the one peer is sentence-transformers' CrossEncoder: needs the packages of requirements-verify-4.txt.
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
TEVATRON_PROMPT = ("--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "196")
NAMES = {"tevatron": "Tevatron's loop", "sentence-transformers": "sentence-transformers", "as-published": "sentence-transformers"}
MARKS = ("<!-- table: written by benchmarks/compare.py -->", "<!-- end of the table -->")
MARKS_AS_PUBLISHED = ("<!-- table: written by benchmarks/compare.py --as-published -->", MARKS[1])


def last_json(command):
    result = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def ours(options, dtype):
    return last_json([
        HOME / "bin/rankspark", "bench", "--json", "--model-name-or-path", options.model, "--dataset-path", options.dataset,
        "--pairs", str(options.pairs), "--threads", str(options.threads), "--dtype", dtype, "--device", "cpu",
        *(() if options.as_published else TEVATRON_PROMPT),
    ])


def peer(options, dtype, name):
    report = last_json([
        sys.executable, HOME / "benchmarks/peers.py", name, "--model-name-or-path", options.model, "--dataset-path",
        options.dataset, "--pairs", str(options.pairs), "--threads", str(options.threads), "--dtype", dtype,
    ])
    return options.pairs / statistics.median(report["seconds"])


def measure(options, dtype):
    rounds = {name: [] for name in ("rankspark", "limit", *options.peers)}
    for number in range(options.rounds):
        report = ours(options, dtype)
        rounds["rankspark"].append(report["pairs_per_second"])
        rounds["limit"].append(report["fraction_of_gemm_limit"])
        for name in () if dtype in OURS_ALONE else options.peers:
            rounds[name].append(peer(options, dtype, name))
        print(dtype, "round", number + 1, {name: round(values[-1], 2) for name, values in rounds.items() if values}, file=sys.stderr)
    return {name: statistics.median(values) for name, values in rounds.items() if values}, report


def cpu():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor()


def row(peers, dtype, medians, report):
    rate = medians["rankspark"]
    cells = [dtype, f"{rate:.1f}"]
    cells += [f"{medians[name]:.1f} ({rate / medians[name]:.2f}x)" if name in medians else "" for name in peers]
    cells += [f"{medians['limit']:.2f}", f"{report['tokens_per_real_token']:.3f}", f"{report['gemm_gflops']:.0f}"]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=384)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dtypes", nargs="+", help="default: float32, bfloat16 and, but for --as-published, int8")
    parser.add_argument("--as-published", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=HOME / "docs/performance.md")
    options = parser.parse_args()

    options.peers = ("as-published",) if options.as_published else PEERS
    marks = MARKS_AS_PUBLISHED if options.as_published else MARKS
    dtypes = options.dtypes or ["float32", "bfloat16", *(() if options.as_published else OURS_ALONE)]
    rows = [row(options.peers, dtype, *measure(options, dtype)) for dtype in dtypes]
    columns = ["", "RankSpark, pairs/s", *(NAMES[name] for name in options.peers), "of the GEMM limit",
               "tokens computed per real token", "GFLOP/s"]
    lines = [
        marks[0],
        f"`benchmarks/compare.py{' --as-published' if options.as_published else ''}`, {datetime.date.today()}: {cpu()}, {options.threads} "
        f"threads of {os.cpu_count()} processors, the first {options.pairs} pairs of DL19 at depth 200, {options.rounds} rounds in turns, "
        "medians.",
        "",
        "| " + " | ".join(columns) + " |",
        "|---" * len(columns) + "|",
        *rows,
        marks[1],
    ]
    page = options.output.read_text(encoding="utf-8")
    before, rest = page.split(marks[0])
    _, after = rest.split(marks[1], 1)
    options.output.write_text(before + "\n".join(lines) + after, encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
