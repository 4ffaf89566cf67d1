#!/usr/bin/env python3
"""Whether training learns: a made-up task, from an untrained small model to a ranking that is nearly perfect.

    python benchmarks/learn.py [--folder DIR] [--workers 1]

There are twenty topics. A query names one of them among filler words, a passage is relevant if it has one of the topic's own
words among filler words and other topics' words in the wrong order of their letters. Queries for evaluation are made of other
fillers than those of training. The base is a random LLaMA of two layers over the reference's vocabulary; every weight is trained.
Prints nDCG@10 on the held-out queries before and after. Needs the packages of requirements.txt and a built jar.
"""
import argparse
import json
import pathlib
import random
import shutil
import subprocess
import tempfile

import torch
from transformers import LlamaConfig, LlamaForSequenceClassification

from rankspark import HOME, ndcg, rankspark

SEED = 20261125
TOPICS = "danube rhine volga thames seine tiber ebro elbe oder loire po nile amazon congo niger ganges indus mekong murray yukon".split()
OWN = "delta bridge source flood harbour valley canal dam ferry island mill port reed salmon shore spring stone swamp town winter".split()
FILLER = "the of and in to is was for on with by from at as it its how what when long wide deep old new great small".split()


def query(topic, rng):
    words = rng.choices(FILLER, k=3)
    words.insert(rng.randrange(4), TOPICS[topic])
    return " ".join(words)


def passage(topic, rng):
    words = rng.choices(FILLER, k=5)
    words.insert(rng.randrange(6), OWN[topic])
    return " ".join(words)


def item(number, rng, passages=16, relevant=2):
    topic = rng.randrange(len(TOPICS))
    others = rng.sample([t for t in range(len(TOPICS)) if t != topic], passages - relevant)
    texts = [passage(topic, rng) for _ in range(relevant)] + [passage(other, rng) for other in others]
    return {"query_id": str(number), "query": query(topic, rng)}, [
        {"docid": f"{number}-{i}", "title": "", "text": text} for i, text in enumerate(texts)], relevant


def write(folder):
    rng = random.Random(SEED)
    with open(folder / "train.jsonl", "w") as out:
        for number in range(1_500):
            head, passages, relevant = item(number, rng)
            out.write(json.dumps(head | {
                "positive_passages": passages[:relevant], "negative_passages": passages[relevant:]}) + "\n")
    with open(folder / "eval.jsonl", "w") as out, open(folder / "qrels.txt", "w") as qrels:
        for number in range(10_000, 10_100):
            head, passages, relevant = item(number, rng)
            for p in passages[:relevant]:
                qrels.write(f"{number} 0 {p['docid']} 1\n")
            rng.shuffle(passages)
            for p in passages:
                out.write(json.dumps(head | p | {"score": 0.0}) + "\n")
    torch.manual_seed(SEED)
    model = LlamaForSequenceClassification(LlamaConfig(
        vocab_size=1_200, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_labels=1, pad_token_id=0, max_position_embeddings=256))
    model.save_pretrained(folder / "base")
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copyfile(HOME / "reference/base" / name, folder / "base" / name)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--folder", type=pathlib.Path)
    parser.add_argument("--workers", default="1")
    options, more = parser.parse_known_args()
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.folder or pathlib.Path(temporary)
        folder.mkdir(exist_ok=True)
        write(folder)
        prompt = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", "96"]

        def reranked(model):
            rankspark("rerank", "--model-name-or-path", model, "--dataset-path", folder / "eval.jsonl", *prompt, "--dtype",
                      "float32", "--rerank-output-path", folder / "run.txt", "--overwrite", stderr=subprocess.DEVNULL)
            return ndcg(folder / "qrels.txt", folder / "run.txt")

        before = reranked(folder / "base")
        rankspark(
            "train", "--model-name-or-path", folder / "base", "--dataset-path", folder / "train.jsonl", *prompt,
            "--train-group-size", "8", "--per-device-train-batch-size", "16", "--num-train-epochs", "8", "--learning-rate", "2e-3",
            "--warmup-ratio", "0.1", "--logging-steps", "20", "--workers", options.workers, "--output-dir", folder / "trained",
            "--overwrite-output-dir", *more)
        print(f"nDCG@10 on held-out queries: {before:.4f} before, {reranked(folder / 'trained'):.4f} after")


if __name__ == "__main__":
    main()
