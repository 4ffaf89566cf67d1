#!/usr/bin/env python3
"""Scores pairs by a model's publisher's own code, on a CPU: the file that `bin/rankspark verify --reference FILE` reads.

    python benchmarks/reference_scores.py --model DIR --pairs FILE.jsonl --output FILE [--by transformers|sentence-transformers]
        [--prompt qwen3-reranker] [--dtype float32|bfloat16] [--max-length N] [--instruction TEXT] [--pairs-at-most N]

A pair has `qid` (or Tevatron's `query_id`), `query`, `docid`, `text`, and may have a `title`, which goes before the text. A line of
the output has these and `score`, as the publisher's code returns it, and `raw`, before any activation.

By sentence-transformers everything comes from the folder: --instruction is CrossEncoder's prompt. By transformers --prompt names the
recipe, reference/recipes.py has them; a model with a score head has Tevatron's unless told otherwise. Needs requirements-verify.txt,
or for mxbai-rerank-v2, whose package runs under version 4 of transformers alone, requirements-verify-4.txt.
"""
import argparse
import inspect
import json
import pathlib
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "reference"))

import torch
from recipes import RECIPES

# What the user says, and the recipes' arguments.
OPTIONS = {"max_length": "max_length", "instruction": "instruction", "query_prefix": "query_prefix",
           "passage_prefix": "passage_prefix", "append_eos_token": "append_eos"}


def read_pairs(path, count):
    with open(path, encoding="utf-8", newline="\n") as lines:
        for number, line in enumerate(lines, start=1):
            if number == count + 1:
                return
            pair = json.loads(line)
            qid = pair.get("qid", pair.get("query_id"))
            if qid is None or not all(isinstance(pair.get(key), str) for key in ("query", "docid", "text")):
                sys.exit(f"{path}:{number}: expected qid, query, docid and text, found {', '.join(pair)}")
            yield {"qid": str(qid), "docid": pair["docid"], "query": pair["query"], "text": pair["text"],
                   **({"title": pair["title"]} if pair.get("title") else {})}


def recipe_name(options):
    if options.by == "sentence-transformers":
        return options.by
    config = json.loads((options.model / "config.json").read_text("utf-8"))
    if options.prompt or config["architectures"][0].endswith("ForSequenceClassification"):
        return options.prompt or "tevatron"
    sys.exit(f"{options.model}: --prompt is missing, one of {', '.join(sorted(set(RECIPES) - {'sentence-transformers'}))}")


def recipe(options):
    """With the arguments that were given; one that the recipe does not have is refused."""
    name = recipe_name(options)
    names = OPTIONS | ({"instruction": "prompt"} if name == "sentence-transformers" else {})
    given = {option: getattr(options, option) for option in names if getattr(options, option) not in (None, False)}
    known = inspect.signature(RECIPES[name].__init__).parameters
    unknown = [option for option in given if names[option] not in known]
    if unknown:
        sys.exit(f"--{unknown[0].replace('_', '-')}: {name} has no such argument")
    return RECIPES[name](options.model, getattr(torch, options.dtype), **{names[option]: value for option, value in given.items()})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", type=pathlib.Path, required=True)
    parser.add_argument("--pairs", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--by", choices=["transformers", "sentence-transformers"], default="transformers")
    parser.add_argument("--prompt", choices=sorted(set(RECIPES) - {"sentence-transformers"}))
    parser.add_argument("--dtype", choices=["float32", "bfloat16"], default="float32")
    parser.add_argument("--max-length", type=int)
    parser.add_argument("--instruction")
    parser.add_argument("--query-prefix")
    parser.add_argument("--passage-prefix")
    parser.add_argument("--append-eos-token", action="store_true")
    parser.add_argument("--pairs-at-most", type=int, default=sys.maxsize - 1)
    options = parser.parse_args()
    if options.prompt and options.by == "sentence-transformers":
        parser.error("--prompt is for --by transformers; sentence-transformers has the folder's")
    scorer = recipe(options)
    started, count = time.monotonic(), 0
    with open(options.output, "w", encoding="utf-8", newline="\n") as output:
        for pair in read_pairs(options.pairs, options.pairs_at_most):
            scored = scorer.score(pair["query"], pair["text"], pair.get("title", ""))
            output.write(json.dumps(pair | {"score": scored["published"], "raw": scored["raw"]}) + "\n")
            count += 1
    print(f"{options.output}: {count} pairs, {time.monotonic() - started:.1f} s")


if __name__ == "__main__":
    main()
