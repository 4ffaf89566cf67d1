"""Makes random small rerankers, and the float32 scores that transformers and PEFT give them as Tevatron calls them.

    python random_models.py --seed 7 --output DIR [--models 30]     (DIR: a new or empty folder)

DIR/rerank_input.jsonl has the texts; a line of DIR/models.jsonl is one model: `name`, the `settings` that were drawn, the
`arguments` with which our rerank reads it. Its expected scores are DIR/NAME/expected.txt. Each value of a setting is drawn
about equally often, so that thirty models see them all. PythonIT compares; nothing of this is committed.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

from make_reference import (HERE, QUERY_PREFIX, PASSAGE_PREFIX, fill, load_classifier, load_tokenizer, rerank, write_lines)

import numpy as np
import torch
from peft import LoraConfig, PeftConfig, PeftModel, TaskType, get_peft_model
from transformers import (AutoModel, LlamaConfig, LlamaForCausalLM, LlamaForSequenceClassification, LlamaModel,
                          MistralConfig, MistralForCausalLM, MistralForSequenceClassification, MistralModel)
from transformers.utils import logging

CLASSES = {
    "llama": {"causal": LlamaForCausalLM, "classifier": LlamaForSequenceClassification, "bare": LlamaModel},
    "mistral": {"causal": MistralForCausalLM, "classifier": MistralForSequenceClassification, "bare": MistralModel},
}
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LAYERS = 3
RANK, ALPHA = 4, 16

# What the user names: a whole model; a base and an adapter; an adapter that names its base; Tevatron's backbones alike.
FORMS = ["model", "base + adapter", "adapter", "base + adapter", "adapter", "backbone", "backbone + adapter", "backbone adapter"]

# What is said to LoraConfig beside the rank, alpha and the seven projections.
ADAPTERS = {
    "plain": {},
    "rank-stabilized": {"use_rslora": True},
    "rank pattern": {"rank_pattern": {"down_proj": 2, "layers.1.self_attn.q_proj": 7}},
    "alpha pattern": {"alpha_pattern": {"self_attn.v_proj": 20, r"layers\.0\.mlp\.up_proj": 3.5}, "use_rslora": True},
    "two projections": {"target_modules": ["q_proj", "v_proj"]},
    "expression": {"target_modules": r".*layers\.[02]\.(self_attn\.(q|o)_proj|mlp\.down_proj)"},
    "all-linear": {"target_modules": "all-linear"},
    "excluded": {"exclude_modules": ["k_proj", "layers.1.mlp.up_proj"]},
    "excluded by expression": {"exclude_modules": r".*layers\.1\..*"},
    "bias all": {"bias": "all"},
    "bias lora_only": {"bias": "lora_only"},
    "gaussian": {"init_lora_weights": "gaussian"},
}
# Of whole models only: PEFT finds no layer number in the names of a backbone, and a backbone has no `score`.
WHOLE_ADAPTERS = ADAPTERS | {
    "some layers": {"layers_to_transform": [0, 2]},
    "one layer": {"layers_to_transform": 1, "layers_pattern": "layers"},
    "head of the base": {"task_type": None},
    "head adapted": {"task_type": None, "target_modules": ["q_proj", "score"]},
}

ROPE = {
    "absent": None,
    "default": {"rope_type": "default"},
    "linear": {"type": "linear", "factor": 2.5},
    # 64 positions: some wave lengths are below, some between, some above the two bounds.
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
               "original_max_position_embeddings": 64},
}


def deck(choices, count, dice):
    """Every choice about equally often, in random order."""
    choices = list(choices)
    dice.shuffle(choices)
    cards = [choices[i % len(choices)] for i in range(count)]
    dice.shuffle(cards)
    return cards


def draw(count, dice):
    """The settings of each model."""
    values = {
        "family": CLASSES,
        "form": FORMS,
        "base": ["causal", "classifier", "bare"],
        "hidden": [24, 32, 48],
        "intermediate": [40, 80, 88],
        "heads": [(4, 4), (4, 2), (4, 1), (8, 2), (6, 3)],
        "head_dim": [None, 6, 12],
        "vocabulary": [1200, 1216, 1333],
        "rope_theta": [10_000.0, 500_000.0, 1_000_000],
        "rope": ROPE,
        "transformers_5": [False, False, True],
        "eps": [1e-6, 1e-5, 1e-2],
        "act": ["silu", "silu", "swish"],
        "tied": [False, True],
        "window": ["null", "longest text", "absent"],
        "dtype": DTYPES,
        "files": ["safetensors", "safetensors shards", "bin", "bin shards"],
        "pooling": ["last", "last", "cls"],
        "adapter": ADAPTERS,
        "whole_adapter": WHOLE_ADAPTERS,
        "adapter_dtype": DTYPES,
        "adapter_file": ["safetensors", "bin"],
        "max_len": [40, 128, 196],
        "append_eos": [False, True],
    }
    decks = {name: deck(choices, count, dice) for name, choices in values.items()}
    return [fitting({name: cards[i] for name, cards in decks.items()}) for i in range(count)]


def fitting(settings):
    """Settings without those that another one leaves no room for."""
    is_backbone, has_adapter = "backbone" in settings["form"], "adapter" in settings["form"]
    whole_adapter = settings.pop("whole_adapter")
    if not is_backbone:
        settings["adapter"] = whole_adapter
        del settings["pooling"]
        if not has_adapter or "task_type" in WHOLE_ADAPTERS[whole_adapter]:
            settings["base"] = "classifier"  # the only place of the head
    if not has_adapter:
        for name in ("adapter", "adapter_dtype", "adapter_file"):
            del settings[name]
    if settings["family"] != "mistral":
        del settings["window"]
    if settings["hidden"] % settings["heads"][0] and settings["head_dim"] is None:
        settings["head_dim"] = 6
    return settings


# --- checkpoints -------------------------------------------------------------------------------------------------------


def make_base(settings, seed, directory):
    values = dict(
        vocab_size=settings["vocabulary"], hidden_size=settings["hidden"], intermediate_size=settings["intermediate"],
        num_hidden_layers=LAYERS, num_attention_heads=settings["heads"][0], num_key_value_heads=settings["heads"][1],
        max_position_embeddings=2048, rms_norm_eps=settings["eps"], rope_theta=settings["rope_theta"],
        tie_word_embeddings=settings["tied"], hidden_act=settings["act"], torch_dtype=settings["dtype"])
    if settings["head_dim"]:
        values["head_dim"] = settings["head_dim"]
    if ROPE[settings["rope"]]:
        values["rope_scaling"] = dict(ROPE[settings["rope"]])
    if settings.get("window", "absent") != "absent":
        values["sliding_window"] = settings["max_len"] if settings["window"] == "longest text" else None
    if settings["base"] == "classifier":
        values["num_labels"] = 1
    config = (LlamaConfig if settings["family"] == "llama" else MistralConfig)(**values)
    model = CLASSES[settings["family"]][settings["base"]](config)
    fill(model.named_parameters(), seed, 0.2)
    shards = {"max_shard_size": "40KB"} if "shards" in settings["files"] else {}
    model.to(DTYPES[settings["dtype"]]).save_pretrained(
        directory, safe_serialization="safetensors" in settings["files"], **shards)
    if settings.get("window") == "absent":
        edit(directory / "config.json", lambda stored: stored.pop("sliding_window"))


def make_adapter(settings, seed, base, directory):
    is_backbone = "backbone" in settings["form"]
    task = TaskType.FEATURE_EXTRACTION if is_backbone else TaskType.SEQ_CLS  # as Tevatron has it
    config = LoraConfig(**{"r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.1, "task_type": task,
                           "target_modules": PROJECTIONS} | WHOLE_ADAPTERS[settings["adapter"]])
    model = load_backbone(base) if is_backbone else load_classifier(base, torch.float32)
    model = get_peft_model(model, config)
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    fill([t for t in trained if "lora_" in t[0]], seed, 0.1)
    fill([t for t in trained if "score.modules_to_save" in t[0]], seed + 1, 0.5)
    model.to(DTYPES[settings["adapter_dtype"]]).save_pretrained(
        directory, safe_serialization=settings["adapter_file"] == "safetensors", save_embedding_layers=False)
    if settings["adapter"] == "all-linear":  # PEFT stores the names that it stands for; others store the word
        edit(directory / "adapter_config.json", lambda stored: stored.update(target_modules="all-linear"))


def make_backbone_extras(settings, seed, directory):
    """What Tevatron's RerankerModel.save puts beside a backbone or its adapter."""
    head = torch.nn.Linear(settings["hidden"], 1, bias=False)
    fill(head.named_parameters(), seed, 0.5)
    torch.save(dict(head.to(DTYPES[settings["dtype"]]).state_dict()), directory / "reranker_head.pt")
    extras = {"reranker_model_type": "backbone", "reranker_pooling": settings["pooling"], "attn_implementation": "sdpa"}
    write_lines(directory / "reranker_config.json", [json.dumps(extras)])


def to_transformers_5(config):
    """The rotary settings where transformers 5 writes them; version 4 would not read them there."""
    rope = config.pop("rope_scaling", None) or {}
    rope_type = rope.pop("type", rope.pop("rope_type", "default"))
    config["rope_parameters"] = rope | {"rope_theta": config.pop("rope_theta"), "rope_type": rope_type}
    config["dtype"] = config.pop("torch_dtype")


def edit(path, change):
    stored = json.loads(path.read_text())
    change(stored)
    write_lines(path, [json.dumps(stored, indent=2)])


# --- scores ------------------------------------------------------------------------------------------------------------


def load_backbone(directory):
    return AutoModel.from_pretrained(directory, torch_dtype=torch.float32, attn_implementation="sdpa").eval()


def load_scorer(model_path, lora_path):
    """Tevatron's RerankerModel.load, in float32; an adapter as `model_path` is transformers' own affair there."""
    if not (model_path / "reranker_config.json").exists():
        model = load_classifier(model_path, torch.float32)
        if lora_path:
            model = PeftModel.from_pretrained(model, lora_path).merge_and_unload().eval()
        return lambda ids: model(input_ids=ids).logits
    base_path = model_path
    if lora_path is None and (model_path / "adapter_config.json").exists():
        lora_path, base_path = model_path, PeftConfig.from_pretrained(model_path).base_model_name_or_path
    model = load_backbone(base_path)
    if lora_path:
        model = PeftModel.from_pretrained(model, lora_path).eval()
    pooling = json.loads((model_path / "reranker_config.json").read_text())["reranker_pooling"]
    at = {"last": -1, "cls": 0}[pooling]  # one text at a time: no padding
    head = torch.load(model_path / "reranker_head.pt")["weight"].float()
    return lambda ids: torch.nn.functional.linear(model(input_ids=ids).last_hidden_state[:, at], head)


def make_model(settings, seed, directory, records, tokenizer):
    """Writes a model and its expected scores; gives the arguments with which our rerank reads it."""
    base, adapter = directory / "base", directory / "adapter"
    make_base(settings, seed, base)
    if "adapter" in settings["form"]:
        make_adapter(settings, seed + 1, base, adapter)
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(HERE / "base" / name, base)
    model_path, lora_path = {
        "model": (base, None), "base + adapter": (base, adapter), "adapter": (adapter, None),
        "backbone": (base, None), "backbone + adapter": (base, adapter), "backbone adapter": (adapter, None),
    }[settings["form"]]
    if "backbone" in settings["form"]:
        make_backbone_extras(settings, seed + 3, model_path)
    results = rerank(records, tokenizer, load_scorer(model_path, lora_path), settings["max_len"], settings["append_eos"])
    scores = np.array([score for hits in results.values() for _, score in hits])
    spread = scores.std() if settings.get("pooling") != "cls" else abs(scores).max()  # <s> is the same in all texts
    assert np.isfinite(scores).all() and spread > 0.05, f"{settings}: {scores}"
    write_lines(directory / "expected.txt", (
        f"{qid}\t{docid}\t{score!r}" for qid, hits in results.items() for docid, score in hits))
    if settings["transformers_5"]:
        edit(base / "config.json", to_transformers_5)
    return (["--model-name-or-path", str(model_path), "--rerank-max-len", str(settings["max_len"])]
            + (["--lora-name-or-path", str(lora_path)] if lora_path else [])
            + (["--append-eos-token"] if settings["append_eos"] else []))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--models", type=int, default=30)
    options = parser.parse_args()
    root = options.output.resolve()
    if root.exists() and any(root.iterdir()):
        parser.error(f"{root} is not empty")
    logging.set_verbosity_error()  # bases without a score head, and that is meant
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    lines = (HERE / "expected" / "rerank_input.jsonl").read_text("utf-8").splitlines()[::5]
    write_lines(root / "rerank_input.jsonl", lines)
    tokenizer = load_tokenizer(HERE / "base")
    models = []
    for number, settings in enumerate(draw(options.models, random.Random(options.seed))):
        name = f"{number:02d}"
        arguments = make_model(settings, 1000 * options.seed + 10 * number, root / name, map(json.loads, lines), tokenizer)
        models.append({"name": name, "settings": settings, "arguments": arguments + [
            "--dataset-path", str(root / "rerank_input.jsonl"),
            "--query-prefix", QUERY_PREFIX, "--passage-prefix", PASSAGE_PREFIX]})
    write_lines(root / "models.jsonl", map(json.dumps, models))


if __name__ == "__main__":
    main()
