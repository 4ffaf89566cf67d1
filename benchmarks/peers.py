#!/usr/bin/env python3
"""The peers of `bin/rankspark bench`: the same pairs by Tevatron's loop, or by sentence-transformers' CrossEncoder.

    python benchmarks/peers.py tevatron|sentence-transformers|as-published --model-name-or-path DIR --dataset-path FILE [--pairs 384]
        [--dtype float32|bfloat16] [--threads 2] [--rounds 1]

Loads the model, warms up on one batch, then times each round: tokenizing, padding, computing and sorting, as bench does for
ours. The last line of standard output is one JSON object. Batches are those of the example: 64 pairs in arrival order, padded
to a multiple of 16 (Tevatron); sentence-transformers has its own defaults (32, padded to the longest of the batch). as-published is
CrossEncoder with all that the model's folder says, prompt and head too (version 5.7 or newer: requirements-verify-4.txt).
"""
import argparse
import gzip
import json
import pathlib
import sys
import time

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

QUERY_PREFIX = "query: "
PASSAGE_PREFIX = "document: "


def read_pairs(path, count, query_prefix, passage_prefix):
    """`RerankerInferenceDataset` of tevatron/reranker/dataset.py: query_id, docid, the two parts of the text."""
    opened = gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else open(path, encoding="utf-8")
    pairs = []
    with opened as lines:
        for line in lines:
            if len(pairs) == count:
                break
            pair = json.loads(line)
            title = pair["title"].replace("-", " ").strip()
            query = f"{query_prefix} {pair['query']}".lstrip()
            passage = f"{passage_prefix} {title} {pair['text']}".strip()
            pairs.append((pair["query_id"], pair["docid"], query, passage))
    return pairs


def tevatron(options, dtype):
    """The loop of tevatron/reranker/driver/rerank.py on a CPU."""
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = 0
    tokenizer.padding_side = "right"
    model = AutoModelForSequenceClassification.from_pretrained(options.model_name_or_path, num_labels=1, torch_dtype=dtype)
    model.config.pad_token_id = tokenizer.pad_token_id
    model.eval()

    def score(pairs):
        texts = [f"{query} {passage}" for _, _, query, passage in pairs]
        scores = []
        for start in range(0, len(texts), 64):
            batch = tokenizer(
                texts[start : start + 64], padding=False, truncation=True, max_length=options.rerank_max_len,
                return_attention_mask=False, return_token_type_ids=False, add_special_tokens=True,
            )
            batch = tokenizer.pad(batch, padding=True, pad_to_multiple_of=16, return_attention_mask=True, return_tensors="pt")
            with torch.no_grad():
                scores += model(**batch, return_dict=True).logits.float().squeeze(-1).tolist()
        return scores

    return score


def sentence_transformers(options, dtype):
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(
        str(options.model_name_or_path), num_labels=1, max_length=options.rerank_max_len, device="cpu",
        model_kwargs={"torch_dtype": dtype}, activation_fn=torch.nn.Identity(),
    )
    if model.tokenizer.pad_token_id is None:
        model.tokenizer.pad_token_id = 0
    model.tokenizer.padding_side = "right"
    model.model.config.pad_token_id = model.tokenizer.pad_token_id

    def score(pairs):
        # Its tokenizer is given the two parts of a text and puts a token between them.
        return model.predict([(query, passage) for _, _, query, passage in pairs], show_progress_bar=False).tolist()

    return score


def as_published(options, dtype):
    from sentence_transformers import CrossEncoder

    model = CrossEncoder(str(options.model_name_or_path), device="cpu", model_kwargs={"torch_dtype": dtype})

    def score(pairs):
        return model.predict([(query, passage) for _, _, query, passage in pairs], show_progress_bar=False).tolist()

    return score


def rank(pairs, scores):
    results = {}
    for (qid, docid, _, _), score in zip(pairs, scores):
        results.setdefault(qid, []).append((docid, score))
    return {qid: sorted(hits, key=lambda hit: hit[1], reverse=True) for qid, hits in results.items()}


def main() -> None:
    peers = {"tevatron": tevatron, "sentence-transformers": sentence_transformers, "as-published": as_published}
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("peer", choices=peers)
    parser.add_argument("--model-name-or-path", type=pathlib.Path, required=True)
    parser.add_argument("--dataset-path", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=int, default=384)
    parser.add_argument("--rerank-max-len", type=int, default=196)
    parser.add_argument("--dtype", choices=("float32", "bfloat16"), default="float32")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    prefixes = ("", "") if options.peer == "as-published" else (QUERY_PREFIX, PASSAGE_PREFIX)
    pairs = read_pairs(options.dataset_path, options.pairs, *prefixes)
    score = peers[options.peer](options, getattr(torch, options.dtype))
    score(pairs[:64])
    seconds = []
    for _ in range(options.rounds):
        start = time.perf_counter()
        scores = score(pairs)
        rank(pairs, scores)
        seconds.append(time.perf_counter() - start)
    json.dump({"peer": options.peer, "dtype": options.dtype, "seconds": seconds, "checksum": sum(scores)}, sys.stdout)
    print()


if __name__ == "__main__":
    main()
