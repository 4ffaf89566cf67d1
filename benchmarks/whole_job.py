#!/usr/bin/env python3
"""What is lost between bench and a whole job, and whether speed and memory stay the same on longer inputs.

    python benchmarks/whole_job.py speed  --model DIR --dataset FILE [--pairs 2000 4000 8600] [--dtype bfloat16] [--rounds 3]
    python benchmarks/whole_job.py memory --model DIR --dataset FILE [--pairs 200000]

speed: in turns, `bench` on the first so many pairs and `rerank` of the same on local[2]; a job's time is its own report's, from
before its first task, reading the input and loading the model included, until the run is in its place. memory: one job, its
resident memory and open files by tenths of the scored pairs. Needs a built jar.
"""
import argparse
import gzip
import json
import os
import pathlib
import pty
import re
import statistics
import subprocess
import tempfile
import threading
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
PROMPT = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "196", "--device", "cpu"]


def write_pairs(source, count, path):
    """The first pairs of the input; beyond its end they are there again, of other queries, in shuffled words."""
    opened = gzip.open(source, "rt", encoding="utf-8") if source.suffix == ".gz" else open(source, encoding="utf-8")
    with opened as lines:
        pairs = [json.loads(line) for line in lines]
    with open(path, "w", encoding="utf-8") as out:
        for number in range(count):
            repeat, at = divmod(number, len(pairs))
            pair = dict(pairs[at])
            if repeat:
                words = pair["text"].split()
                cut = repeat * 7 % max(1, len(words))
                pair["text"] = " ".join(words[cut:] + words[:cut])
                pair["query_id"] = f"{pair['query_id']}-{repeat}"
            out.write(json.dumps(pair) + "\n")


def opens():
    """The flags that bin/rankspark gives Java, for Spark's classes."""
    packages = re.search(r"for package in (.*?); do", (HOME / "bin/rankspark").read_text(), re.S).group(1)
    return [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in packages.replace("\\", " ").split()]


def bench(options, path, pairs):
    result = subprocess.run(
        [HOME / "bin/rankspark", "bench", "--json", "--model-name-or-path", options.model, "--dataset-path", path, "--pairs",
         str(pairs), "--threads", "2", "--dtype", options.dtype, *PROMPT],
        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    return json.loads(result.stdout.strip().splitlines()[-1])


def rerank(options, path, output):
    return [HOME / "bin/rankspark", "rerank", "--model-name-or-path", options.model, "--dataset-path", path, "--dtype",
            options.dtype, *PROMPT, "--rerank-output-path", output, "--overwrite"]


def speed(options, folder):
    local = dict(os.environ, RANKSPARK_SPARK_ARGS="--master local[2]")
    for pairs in options.pairs:
        path = folder / f"{pairs}.jsonl"
        write_pairs(options.dataset, pairs, path)
        benches, jobs = [], []
        for _ in range(options.rounds):
            report = bench(options, path, pairs)
            benches.append(report["pairs_per_second"])
            tokens = report["tokens"]
            job = subprocess.run(rerank(options, path, folder / "run.txt"), env=local, stderr=subprocess.PIPE, text=True, check=True)
            jobs.append(pairs / float(re.search(r"queries in ([\d.]+) s", job.stderr).group(1)))
            print(f"{pairs} pairs: bench {benches[-1]:.2f} pairs/s, whole job {jobs[-1]:.2f}", flush=True)
        rate, whole = statistics.median(benches), statistics.median(jobs)
        print(f"{pairs} pairs, {options.dtype}: bench {rate * tokens / pairs:.0f} tokens/s, {rate:.2f} pairs/s; job by bench "
              f"{whole / rate:.3f}; {re.search(r'[0-9]+ tasks.*mean', job.stderr).group()}", flush=True)


def held(pid):
    """Kilobytes and open files of a process and its children."""
    total, files = 0, 0
    for status in pathlib.Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        own = int(status.parent.name)
        if own == pid or re.search(rf"^PPid:\t{pid}$", text, re.M):
            total += int(re.search(r"^VmRSS:\s+(\d+)", text, re.M).group(1)) if "VmRSS" in text else 0
            try:
                files += len(os.listdir(status.parent / "fd"))
            except OSError:
                continue
    return total, files


def read(terminal):
    """Bytes of a terminal; none at its end, which Linux calls an error."""
    try:
        return os.read(terminal, 4096)
    except OSError:
        return b""


def memory(options, folder):
    (pairs,) = options.pairs
    path = folder / "pairs.jsonl"
    write_pairs(options.dataset, pairs, path)
    terminal, of_job = pty.openpty()  # where it says how far it is
    job = subprocess.Popen(rerank(options, path, folder / "run.txt"), stderr=of_job, env={**os.environ, "TERM": "xterm"})
    os.close(of_job)
    said = []
    threading.Thread(target=lambda: said.extend(iter(lambda: read(terminal), b"")), daemon=True).start()
    samples = []
    while job.poll() is None:
        time.sleep(0.5)
        text = b"".join(said).decode(errors="replace")
        found = re.findall(r"([\d,]+) of ([\d,]+) pairs", text)
        if found:
            done, all_pairs = (int(number.replace(",", "")) for number in found[-1])
            samples.append((10 * done // all_pairs, *held(job.pid)))
    print(b"".join(said).decode(errors="replace").strip().splitlines()[-1].split("\r")[-1])
    tenths = [statistics.mean(memory for at, memory, _ in samples if at == tenth) / 1024 for tenth in range(10)]
    files = [statistics.mean(count for at, _, count in samples if at == tenth) for tenth in range(10)]
    print("resident MiB by tenths of the pairs:", " ".join(f"{tenth:.0f}" for tenth in tenths),
          f"last / second {tenths[9] / tenths[1]:.3f}")
    print("open files:", " ".join(f"{count:.0f}" for count in files))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("speed", "memory"))
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, nargs="+")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.pairs = options.pairs or ([2000, 4000, 8600] if options.what == "speed" else [200_000])
    with tempfile.TemporaryDirectory() as folder:
        (speed if options.what == "speed" else memory)(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
