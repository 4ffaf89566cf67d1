#!/usr/bin/env python3
"""A night over a whole query log with a score store, and what the store itself costs.

    python benchmarks/nightly.py night [--pairs 10000000] [--memory 2g]
    python benchmarks/nightly.py overhead --model DIR --dataset FILE [--pairs 8600] [--dtype bfloat16] [--rounds 3]

night: one pair in twenty is new, a store has the others' scores (MakeNight.java); the model is one narrow layer, so that the rest
shows. In one row: the same job once nothing is new, a job of the new pairs alone without a store, and tonight's job, as
tonight / (nothing new + new alone). overhead: in turns `bench`, `rerank` without a store and `rerank` with an empty one, of the same
pairs on local[2]. A job's time is its own report's, after the session's start, which is told apart. Needs a built jar; night needs
torch and transformers, and disk for 2 GB of pairs and as much shuffle.
"""
import argparse
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

from whole_job import HOME, bench, opens, write_pairs

NIGHT = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "64", "--dtype", "float32"]


def narrow_model(folder):
    import torch
    from transformers import LlamaConfig, LlamaForSequenceClassification

    torch.manual_seed(20261129)
    base = HOME / "reference/base"
    vocabulary = json.loads((base / "config.json").read_text())["vocab_size"]
    config = LlamaConfig(vocab_size=vocabulary, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=1,
                         num_key_value_heads=1, num_labels=1, pad_token_id=0)
    LlamaForSequenceClassification(config).save_pretrained(folder, safe_serialization=True)
    for file in base.glob("tokenizer*"):
        shutil.copyfile(file, folder / file.name)


def java(*arguments):
    """Runs a source file over the product's classes, with the flags that bin/rankspark gives Java."""
    jars = f"{HOME}/jobs/target/rankspark.jar:{HOME}/spark/target/spark/jars/*"
    subprocess.run(["java", *opens(), "-cp", jars, *arguments], check=True)


def rerank(folder, model, dataset, options, store=None, env=None):
    """A job's report, with the process's seconds and its peak of resident memory."""
    report = folder / "report.json"
    command = [HOME / "bin/rankspark", "rerank", "--model-name-or-path", model, "--dataset-path", dataset, *options,
               "--rerank-output-path", folder / "run.txt", "--report-json", report, "--overwrite",
               *(["--score-store", store] if store else [])]
    start = time.time()
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=env)
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        raise SystemExit(said)
    job = json.loads(report.read_text())
    job["process_seconds"] = time.time() - start
    job["resident_mib"] = usage.ru_maxrss / 1024
    return job


def tell(what, job):
    print(f"{what:12} {job['pairs']:>12,} pairs, reused {job['reused']:>12,}, scored {job['scored']:>9,}: {job['seconds']:7.1f} s, "
          f"process {job['process_seconds']:7.1f} s, resident {job['resident_mib']:,.0f} MiB", flush=True)


def night(options, folder):
    model = folder / "model"
    model.mkdir()
    narrow_model(model)
    start = time.time()
    java(HOME / "benchmarks/MakeNight.java", model, folder, str(options.pairs))
    size = sum(file.stat().st_size for file in (folder / "store").rglob("*.parquet"))
    print(f"made in {time.time() - start:.0f} s; store {size / 1e6:,.0f} MB, {size / (0.95 * options.pairs):.1f} bytes a score", flush=True)
    env = dict(os.environ, RANKSPARK_MEMORY=options.memory)
    tonight = rerank(folder, model, folder / "tonight.jsonl", NIGHT, folder / "store", env)
    tell("tonight", tonight)
    same = rerank(folder, model, folder / "tonight.jsonl", NIGHT, folder / "store", env)
    tell("nothing new", same)
    alone = rerank(folder, model, folder / "new.jsonl", NIGHT, None, env)
    tell("new alone", alone)
    print(f"tonight / (nothing new + new alone) = {tonight['seconds'] / (same['seconds'] + alone['seconds']):.3f}, heap {options.memory}")


def overhead(options, folder):
    path = folder / "pairs.jsonl"
    write_pairs(options.dataset, options.pairs, path)
    env = dict(os.environ, RANKSPARK_SPARK_ARGS="--master local[2]")
    job_options = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "196", "--device", "cpu",
                   "--dtype", options.dtype]
    ratios = {"job": [], "store": []}
    for _ in range(options.rounds):
        seconds = options.pairs / bench(options, path, options.pairs)["pairs_per_second"]
        job = rerank(folder, options.model, path, job_options, None, env)
        stored = rerank(folder, options.model, path, job_options, folder / "store", env)
        shutil.rmtree(folder / "store")
        ratios["job"].append(job["seconds"] / seconds)
        ratios["store"].append(stored["seconds"] / seconds)
        print(f"bench {seconds:.1f} s; job {job['seconds']:.1f} s, with a store {stored['seconds']:.1f} s; sessions "
              f"{job['process_seconds'] - job['seconds']:.1f} s", flush=True)
    print(f"{options.pairs} pairs, {options.dtype}: job / bench {statistics.median(ratios['job']):.3f}, with a store "
          f"{statistics.median(ratios['store']):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("night", "overhead"))
    parser.add_argument("--model", type=pathlib.Path)
    parser.add_argument("--dataset", type=pathlib.Path)
    parser.add_argument("--pairs", type=int)
    parser.add_argument("--memory", default="2g")
    parser.add_argument("--dtype", default="bfloat16")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    options.pairs = options.pairs or (10_000_000 if options.what == "night" else 8_600)
    with tempfile.TemporaryDirectory() as folder:
        (night if options.what == "night" else overhead)(options, pathlib.Path(folder))


if __name__ == "__main__":
    main()
