#!/usr/bin/env python3
"""Makes the model that bench and its peers are timed with: a LLaMA cross encoder with seeded random weights.

    python benchmarks/make_model.py TOKENIZER_DIR OUTPUT_DIR

Twelve layers, width 768, twelve heads, an MLP of 2,048, Llama-2's vocabulary: 85 M parameters beside the embedding.
Speed does not depend on the values; they are drawn so that activations stay in range. Written with torch 2.7.1,
transformers 4.49.0, as float32 safetensors.
"""
import argparse
import pathlib
import shutil

import torch
from transformers import LlamaConfig, LlamaForSequenceClassification

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "tokenizer.model")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("tokenizer", type=pathlib.Path, help="a directory with Llama-2's tokenizer.json")
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--seed", type=int, default=20261124)
    options = parser.parse_args()

    torch.manual_seed(options.seed)
    config = LlamaConfig(
        vocab_size=32_000,
        hidden_size=768,
        intermediate_size=2_048,
        num_hidden_layers=12,
        num_attention_heads=12,
        num_key_value_heads=12,
        max_position_embeddings=4_096,
        initializer_range=0.02,
        num_labels=1,
        pad_token_id=0,
    )
    LlamaForSequenceClassification(config).save_pretrained(options.output, safe_serialization=True)
    for name in TOKENIZER_FILES:
        if (options.tokenizer / name).exists():
            shutil.copyfile(options.tokenizer / name, options.output / name)


if __name__ == "__main__":
    main()
