#!/usr/bin/env python3
"""Trains a reranker of a real model by `bin/rankspark train` and by Tevatron's own code, and compares what both rank.

    python benchmarks/smollm2.py
    python benchmarks/real_model.py --data MSMARCO_MINI --tevatron CHECKOUT [--depth 50] [--folder DIR]

Both get the same arguments: the same groups of TREC DL 2021's judged queries, the same first LoRA factors and head (both start
from one adapter), no dropout, bfloat16. Tevatron's is its driver as it is: its data set, collator, model and trainer. nDCG@10 of
DL 2019's run is that of our rerank in float32 for all models, so that only the training differs. MSMARCO_MINI has
train.dl21.jsonl.gz, queries.dl19.tsv, corpus.dl19.jsonl.gz, run.repllama.psg.dl19.txt and qrels.dl19-passage.txt. Needs the
packages of requirements.txt, a checkout of Tevatron and a built jar; half an hour on two cores.
"""
import argparse
import ast
import json
import os
import pathlib
import re
import statistics
import sys
import tempfile
import time

import torch
from peft import LoraConfig, TaskType, get_peft_model
from transformers import AutoModelForSequenceClassification

from rankspark import HOME, ndcg, rankspark
from train_compare import run

PROMPT = ["--query_prefix", "query: ", "--passage_prefix", "document: ", "--rerank_max_len", "196"]
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "down_proj", "up_proj", "gate_proj"]


def make_start(model, seed, out):
    """The adapter that both go on from: Tevatron's rank, alpha and projections, factors as PEFT draws them."""
    torch.manual_seed(seed)
    base = AutoModelForSequenceClassification.from_pretrained(model, num_labels=1, torch_dtype=torch.float32)
    config = LoraConfig(r=8, lora_alpha=64, lora_dropout=0.0, target_modules=PROJECTIONS, task_type=TaskType.SEQ_CLS,
                        base_model_name_or_path=str(model))
    get_peft_model(base, config).save_pretrained(out, save_embedding_layers=False)


def arguments(options, start, out):
    """Of both programs."""
    return ["--model_name_or_path", str(options.model), "--lora", "True", "--lora_name_or_path", str(start), "--lora_dropout", "0",
            "--dataset_path", str(options.data / "train.dl21.jsonl.gz"), *PROMPT, "--train_group_size", "8",
            "--per_device_train_batch_size", str(options.batch), "--num_train_epochs", str(options.epochs), "--learning_rate",
            str(options.learning_rate), "--bf16", "True", "--seed", str(options.seed), "--logging_steps", "1", "--save_strategy", "no",
            "--output_dir", str(out), "--overwrite_output_dir", "True"]


def ours(options, start, out):
    run([HOME / "bin/rankspark", "train", *arguments(options, start, out)], {"RANKSPARK_SPARK_ARGS": "--master local[2]"})
    lines = map(json.loads, (out / "trainer_log.jsonl").read_text().splitlines())
    return [line["loss"] for line in lines if "loss" in line]


def theirs(options, start, out):
    text, _ = run(
        [sys.executable, "-m", "tevatron.reranker.driver.train", *arguments(options, start, out), "--use_cpu", "True",
         "--report_to", "none", "--disable_tqdm", "True"],
        {"PYTHONPATH": f"{options.tevatron}/src", "OMP_NUM_THREADS": "2", "HF_HUB_OFFLINE": "1",
         "HF_DATASETS_CACHE": str(out.parent / "datasets")})
    # The Trainer prints its log, a Python dictionary each step.
    return [ast.literal_eval(line)["loss"] for line in re.findall(r"^\{'loss'.*\}$", text, re.M)]


def rerank(options, adapter, out):
    data = options.data
    rankspark(
        "rerank", "--model-name-or-path", options.model, "--lora-name-or-path", adapter, "--queries", data / "queries.dl19.tsv",
        "--corpus", data / "corpus.dl19.jsonl.gz", "--retrieval-results", data / "run.repllama.psg.dl19.txt", "--depth",
        str(options.depth), *PROMPT, "--dtype", "float32", "--trec-output-path", out, "--overwrite")
    return ndcg(data / "qrels.dl19-passage.txt", out)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, default=HOME / "target/smollm2/reranker")
    parser.add_argument("--data", type=pathlib.Path, required=True)
    parser.add_argument("--tevatron", type=pathlib.Path, required=True)
    parser.add_argument("--folder", type=pathlib.Path, help="keeps the adapters, logs and runs")
    parser.add_argument("--depth", type=int, default=50)
    parser.add_argument("--epochs", type=float, default=4)
    parser.add_argument("--batch", type=int, default=4, help="groups of eight a step")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.folder or pathlib.Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        make_start(options.model.resolve(), options.seed, folder / "start")
        results, losses = {"before": rerank(options, folder / "start", folder / "before.trec")}, {}
        for name, train in (("rankspark", ours), ("tevatron", theirs)):
            began = time.monotonic()
            losses[name] = train(options, folder / "start", folder / name)
            minutes = (time.monotonic() - began) / 60
            results[name] = rerank(options, folder / name, folder / f"{name}.trec")
            (folder / f"{name}.losses.json").write_text(json.dumps(losses[name]))
            epoch = max(1, round(len(losses[name]) / options.epochs))
            print(f"{name}: {len(losses[name])} steps in {minutes:.1f} minutes, mean loss of the first epoch "
                  f"{statistics.mean(losses[name][:epoch]):.3f}, of the last {statistics.mean(losses[name][-epoch:]):.3f}", flush=True)
    first = ndcg(options.data / "qrels.dl19-passage.txt", options.data / "run.repllama.psg.dl19.txt")
    apart = [abs(a - b) for a, b in zip(losses["rankspark"], losses["tevatron"], strict=True)]
    print(f"losses apart: first step {apart[0]:.4f}, mean {statistics.mean(apart):.4f}, largest {max(apart):.4f}")
    print(f"nDCG@10 of DL19 at depth {options.depth}: RepLLaMA's run {first:.4f}; reranked by the untrained head "
          f"{results['before']:.4f}, by RankSpark's training {results['rankspark']:.4f}, by Tevatron's {results['tevatron']:.4f}")


if __name__ == "__main__":
    main()
