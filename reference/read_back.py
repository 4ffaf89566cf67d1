"""Reads what we wrote as transformers, PEFT and safetensors read it, and scores texts with it.

    python read_back.py WRITTEN.jsonl

A line of WRITTEN.jsonl has `model` (a whole model) or `base` and `adapter`; `dtype`, that of its weights; `input`, rerank
input; `max_len` and `append_eos`; `output`, the file for the scores. Models are computed in float32, whatever they are stored
in, or in the dtype that `computed` names. Every weight must be there, and the libraries must write the same files from what they
read, byte for byte. WrittenModelsIT, RandomModelsIT and RealModelIT run it.
"""

import json
import sys
import tempfile
from pathlib import Path

from make_reference import adapter_scorer, load_classifier, rerank, write_lines

import torch
from peft import LoraConfig, PeftModel
from safetensors.torch import load_file, save_file
from transformers import AutoModelForSequenceClassification, AutoTokenizer
from transformers.utils import logging


def check_files(directory, dtype):
    """Each file of tensors is what the library writes of them."""
    files = sorted(directory.glob("*.safetensors"))
    assert files, directory
    for file in files:
        tensors = load_file(file)
        assert {str(tensor.dtype) for tensor in tensors.values()} == {f"torch.{dtype}"}, file
        with tempfile.TemporaryDirectory() as folder:
            again = Path(folder) / file.name
            save_file(tensors, again, {"format": "pt"})
            assert again.read_bytes() == file.read_bytes(), f"{file} is not what safetensors writes"


def check_model(directory, dtype):
    model, loading = AutoModelForSequenceClassification.from_pretrained(
        directory, torch_dtype="auto", output_loading_info=True)
    assert not any(loading.values()), f"{directory}: {loading}"
    assert model.dtype == getattr(torch, dtype), f"{directory}: {model.dtype}"
    assert model.config.num_labels == 1 and model.config.pad_token_id is not None, model.config
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        theirs, ours = (json.loads((Path(path) / "config.json").read_text()) for path in (folder, directory))
        # What to_dict adds of its own; its path in some versions.
        for key in ours.keys() - {"_name_or_path", "transformers_version"}:
            assert theirs.get(key) == ours[key], f"{directory}: {key} {ours[key]}, saved as {theirs.get(key)}"


def check_adapter(base, directory):
    model = PeftModel.from_pretrained(load_classifier(base, torch.float32), directory)
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder, save_embedding_layers=False)
        for name in ("adapter_model.safetensors", "adapter_config.json"):
            theirs, ours = ((Path(path) / name).read_bytes() for path in (folder, directory))
            if name.endswith(".json"):
                theirs, ours = (without_order(json.loads(text)) for text in (theirs, ours))
            assert theirs == ours, f"{directory}: PEFT saves another {name}"
    assert LoraConfig.from_pretrained(directory).target_modules, directory


def without_order(config):
    """PEFT keeps these names in sets, or adds the head's names to those that are there."""
    return config | {key: sorted(set(config[key])) for key in ("target_modules", "modules_to_save")}


def model_scorer(directory, tokenizer, dtype):
    model = load_classifier(directory, dtype)
    model.config.pad_token_id = tokenizer.pad_token_id or 0  # as Tevatron's driver does
    return lambda ids: model(input_ids=ids).logits


def main():
    logging.set_verbosity_error()
    torch.set_num_threads(1)
    for line in Path(sys.argv[1]).read_text("utf-8").splitlines():
        written = json.loads(line)
        directory = Path(written.get("model") or written["adapter"])
        tokenizer = AutoTokenizer.from_pretrained(written.get("model") or written["base"])
        if "model" in written:
            check_model(directory, written["dtype"])
            scorer = model_scorer(directory, tokenizer, getattr(torch, written.get("computed", "float32")))
        else:
            check_adapter(written["base"], directory)
            scorer = adapter_scorer(written["base"], directory, torch.float32)
        check_files(directory, written["dtype"])
        records = map(json.loads, Path(written["input"]).read_text("utf-8").splitlines())
        results = rerank(records, tokenizer, scorer, written["max_len"], written["append_eos"])
        write_lines(Path(written["output"]), (
            f"{qid}\t{docid}\t{score!r}" for qid, hits in results.items() for docid, score in hits))


if __name__ == "__main__":
    main()
