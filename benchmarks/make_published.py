#!/usr/bin/env python3
"""Makes the model of `compare.py --as-published`: the shape of Qwen3-Reranker-0.6B, saved as sentence-transformers saves it.

    python benchmarks/make_published.py --dataset FILE.jsonl --output DIR [--seed 20261129]

28 layers, width 1,024, 16 heads of 128 with 8 for keys and values, an MLP of 3,072, 151,669 tied embeddings: 596 M random weights in
bfloat16, a yes/no head, the publisher's prompt as the template and its sigmoid. Speed does not depend on the weights. The
tokenizer has Qwen's form and 30,000 tokens, learnt from FILE (rerank input), so that a text has about as many as by Qwen's own.
Needs the packages of requirements-verify-4.txt.
"""
import argparse
import itertools
import json
import pathlib
import shutil
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "reference"))

import torch
from transformers import AutoTokenizer, Qwen3Config, Qwen3ForCausalLM

import families

TEXTS = 4_000


def learn(dataset):
    with open(dataset, encoding="utf-8") as lines:
        texts = [text for line in itertools.islice(lines, TEXTS) for pair in [json.loads(line)] for text in (pair["query"], pair["text"])]
    return families.learn("qwen", texts + families.few_texts(), 30_000)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=pathlib.Path, required=True)
    parser.add_argument("--output", type=pathlib.Path, required=True)
    parser.add_argument("--seed", type=int, default=20261129)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    settings = {"family": "qwen3", "head": "yes-no", "template": "qwen3-reranker", "dtype": "bfloat16", "answers": ("yes", "no"),
                "activation": "Sigmoid", "saved_prompt": families.WEB_SEARCH}
    plain = options.output / "plain"
    families.save_tokenizer(plain, {"qwen": learn(options.dataset)}, settings, {"model_max_length": 8_192})
    config = Qwen3Config(
        vocab_size=151_669, hidden_size=1_024, intermediate_size=3_072, num_hidden_layers=28, num_attention_heads=16,
        num_key_value_heads=8, head_dim=128, max_position_embeddings=40_960, rope_theta=1_000_000.0, rms_norm_eps=1e-6,
        tie_word_embeddings=True, bos_token_id=None, eos_token_id=AutoTokenizer.from_pretrained(plain).eos_token_id,
    )
    Qwen3ForCausalLM(config).to(torch.bfloat16).save_pretrained(plain)
    families.to_sentence_transformers(settings, plain, options.output)
    shutil.rmtree(plain)


if __name__ == "__main__":
    main()
