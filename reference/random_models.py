"""Makes random small rerankers, and the float32 scores that transformers and PEFT give them as Tevatron calls them.

    python random_models.py --seed 7 --output DIR [--models 30]     (DIR: a new or empty folder)

DIR/rerank_input.jsonl has the texts; a line of DIR/models.jsonl is one model: `name`, the `settings` that were drawn, the
`arguments` with which our rerank reads it. Its expected scores are DIR/NAME/expected.txt. Each value of a setting is drawn
about equally often, so that thirty models see them all. A line of DIR/refused.jsonl is a model as transformers and PEFT save
it and we do not compute it: `name`, `arguments`, and the `file` and `key` that our refusal names. PythonIT reads both;
nothing of this is committed.
"""

import argparse
import json
import random
import shutil
from pathlib import Path

from make_reference import HERE, PASSAGE_PREFIX, QUERY_PREFIX, fill, load_classifier, rerank, write_lines

import numpy as np
import torch
import transformers
from peft import (AdaLoraConfig, IA3Config, LoHaConfig, LoraConfig, PeftConfig, PeftModel, PromptTuningConfig, TaskType,
                  VeraConfig, get_peft_model)
from transformers import (AutoModel, AutoTokenizer, GemmaConfig, GemmaForSequenceClassification, LlamaConfig,
                          LlamaForCausalLM, LlamaForSequenceClassification, LlamaForTokenClassification, LlamaModel,
                          MistralConfig, MistralForCausalLM, MistralForSequenceClassification, MistralModel, MixtralConfig,
                          MixtralForSequenceClassification)
from transformers.utils import logging

CLASSES = {
    "llama": {"causal": LlamaForCausalLM, "classifier": LlamaForSequenceClassification, "bare": LlamaModel},
    "mistral": {"causal": MistralForCausalLM, "classifier": MistralForSequenceClassification, "bare": MistralModel},
}
DTYPES = {"float32": torch.float32, "float16": torch.float16, "bfloat16": torch.bfloat16}
# By which the checkpoints are saved and scored. Version 5 writes safetensors alone, and tokenizers in a form of its own.
TRANSFORMERS = int(transformers.__version__.split(".")[0])
PROJECTIONS = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
LAYERS = 3
RANK, ALPHA = 4, 16

# What the user names: a whole model; a base and an adapter; an adapter that names its base; Tevatron's backbones alike.
# More of those that have many options.
FORMS = ["model", *["base + adapter", "adapter"] * 3, "backbone", "backbone + adapter", "backbone adapter"]

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
    "norms and embedding saved": {"modules_to_save": ["norm", "embed_tokens"]},
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
    # Bounds of 16 and 640: few as they are, the wave lengths of every head are below, between and above them.
    "llama3": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 0.4, "high_freq_factor": 16.0,
               "original_max_position_embeddings": 256},
    "dynamic": {"type": "dynamic", "factor": 2.0},  # no text is longer than the positions
    # Without positions of their own: version 4.49 does not read them. Some frequencies of each head are means.
    "yarn": {"rope_type": "yarn", "factor": 4.0},
    "yarn's factors": {"type": "yarn", "factor": 4.0, "attention_factor": 0.8, "beta_fast": 90.0, "beta_slow": 9.0},
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
    models = [{} for _ in range(count)]

    def deal(name, choices, to=lambda model: True):
        players = [model for model in models if to(model)]
        for model, card in zip(players, deck(choices, len(players), dice)):
            model[name] = card

    is_backbone = lambda model: "backbone" in model["form"]
    has_adapter = lambda model: "adapter" in model["form"]
    # The only place of the head: no adapter brings one, and none lies beside it.
    has_head = lambda model: not is_backbone(model) and (
        not has_adapter(model) or "task_type" in WHOLE_ADAPTERS[model["adapter"]])
    # A head's width is even: its halves are rotated against each other.
    is_uneven = lambda model: model["hidden"] % (2 * model["heads"][0]) > 0
    deal("form", FORMS)
    deal("adapter", ADAPTERS, lambda model: has_adapter(model) and is_backbone(model))
    deal("adapter", WHOLE_ADAPTERS, lambda model: has_adapter(model) and not is_backbone(model))
    deal("adapter_dtype", DTYPES, has_adapter)
    deal("adapter_file", ["safetensors", "bin"] if TRANSFORMERS < 5 else ["safetensors"], has_adapter)
    deal("pooling", ["last", "last", "cls"], is_backbone)
    deal("base", ["classifier"], has_head)
    deal("base", ["causal", "classifier", "bare"], lambda model: not has_head(model))
    deal("family", CLASSES)
    # From 256 outputs on, products are those of AMX where the CPU has it.
    # Version 5 refuses a width that the heads do not divide.
    deal("hidden", [24, 32, 48, 288] if TRANSFORMERS < 5 else [24, 48, 96, 288])
    deal("intermediate", [40, 80, 88, 300])
    deal("heads", [(4, 4), (4, 2), (4, 1), (8, 2), (6, 3)])
    deal("head_dim", [6, 12], is_uneven)
    deal("head_dim", [None, 6, 12], lambda model: not is_uneven(model))
    deal("vocabulary", [1200, 1216, 1333])
    deal("eps", [1e-6, 1e-5, 1e-2])
    deal("act", ["silu", "silu", "swish"])
    deal("window", ["null", "longest text", "absent"], lambda model: model["family"] == "mistral")
    deal("rope_theta", [10_000.0, 500_000.0, 1_000_000])
    deal("rope", ROPE)
    # A configuration rewritten as version 5 would have it, where it is version 4 that saves.
    deal("transformers_5", [False, False, True] if TRANSFORMERS < 5 else [False])
    deal("tied", [False, True])
    deal("dtype", DTYPES)
    deal("files", ["safetensors", "safetensors shards"] + (["bin", "bin shards"] if TRANSFORMERS < 5 else []))
    deal("pad_token", [None, None, "<unk>", "</s>"])
    deal("config_pad_token_id", [None, 0, 2])
    deal("max_len", [40, 128, 196])
    deal("append_eos", [False, True])
    return models


# --- checkpoints -------------------------------------------------------------------------------------------------------


def make_base(settings, seed, directory):
    values = dict(
        vocab_size=settings["vocabulary"], hidden_size=settings["hidden"], intermediate_size=settings["intermediate"],
        num_hidden_layers=LAYERS, num_attention_heads=settings["heads"][0], num_key_value_heads=settings["heads"][1],
        max_position_embeddings=2048, rms_norm_eps=settings["eps"], rope_theta=settings["rope_theta"],
        tie_word_embeddings=settings["tied"], hidden_act=settings["act"], torch_dtype=settings["dtype"],
        pad_token_id=settings["config_pad_token_id"])
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
    fill(model.named_parameters(), seed, settings["hidden"] ** -0.5)
    shards = {"max_shard_size": "40KB"} if "shards" in settings["files"] else {}
    model.to(DTYPES[settings["dtype"]]).save_pretrained(
        directory, safe_serialization="safetensors" in settings["files"], **shards)
    if settings.get("window") == "absent":
        edit(directory / "config.json", lambda stored: stored.pop("sliding_window"))


def narrow(settings):
    """By what random weights of a wide model are smaller, so that its scores and their rounding are no larger than others'."""
    return min(1, 48 / settings["hidden"]) ** 0.5


def make_adapter(settings, seed, base, directory):
    is_backbone = "backbone" in settings["form"]
    task = TaskType.FEATURE_EXTRACTION if is_backbone else TaskType.SEQ_CLS  # as Tevatron has it
    config = LoraConfig(**{"r": RANK, "lora_alpha": ALPHA, "lora_dropout": 0.1, "task_type": task,
                           "target_modules": PROJECTIONS} | WHOLE_ADAPTERS[settings["adapter"]])
    model = load_backbone(base) if is_backbone else load_classifier(base, torch.float32)
    model = get_peft_model(model, config)
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    fill([t for t in trained if "lora_" in t[0]], seed, 0.1 * narrow(settings) ** 0.5)
    fill([t for t in trained if "score.modules_to_save" in t[0]], seed + 1, 0.5 * narrow(settings))
    fill([t for t in trained if "norm.modules_to_save" in t[0]], seed + 2, 1.0)
    fill([t for t in trained if "embed_tokens.modules_to_save" in t[0]], seed + 2, settings["hidden"] ** -0.5)
    model.to(DTYPES[settings["adapter_dtype"]]).save_pretrained(
        directory, safe_serialization=settings["adapter_file"] == "safetensors", save_embedding_layers=False)
    if settings["adapter"] == "all-linear":  # PEFT stores the names that it stands for; others store the word
        edit(directory / "adapter_config.json", lambda stored: stored.update(target_modules="all-linear"))


def make_backbone_extras(settings, seed, directory):
    """What Tevatron's RerankerModel.save puts beside a backbone or its adapter."""
    head = torch.nn.Linear(settings["hidden"], 1, bias=False)
    fill(head.named_parameters(), seed, 0.5 * narrow(settings))
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


def load_pairs_tokenizer(directory):
    """As Tevatron's driver does."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = 0
    return tokenizer


def load_scorer(model_path, lora_path, pad_token_id):
    """Tevatron's RerankerModel.load, in float32; an adapter as `model_path` is transformers' own affair there."""
    if not (model_path / "reranker_config.json").exists():
        model = load_classifier(model_path, torch.float32)
        if lora_path:
            model = PeftModel.from_pretrained(model, lora_path).merge_and_unload().eval()
        model.config.pad_token_id = pad_token_id  # as the driver does
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


def copy_tokenizer(directory):
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(HERE / "base" / name, directory)


def make_model(settings, seed, directory, records):
    """Writes a model and its expected scores; gives the arguments with which our rerank reads it."""
    base, adapter = directory / "base", directory / "adapter"
    make_base(settings, seed, base)
    if "adapter" in settings["form"]:
        make_adapter(settings, seed + 1, base, adapter)
    copy_tokenizer(base)
    edit(base / "tokenizer_config.json", lambda stored: stored.update(pad_token=settings["pad_token"]))
    model_path, lora_path = {
        "model": (base, None), "base + adapter": (base, adapter), "adapter": (adapter, None),
        "backbone": (base, None), "backbone + adapter": (base, adapter), "backbone adapter": (adapter, None),
    }[settings["form"]]
    if "backbone" in settings["form"]:
        make_backbone_extras(settings, seed + 3, model_path)
    if TRANSFORMERS >= 5:
        AutoTokenizer.from_pretrained(base).save_pretrained(base)
    tokenizer = load_pairs_tokenizer(base)
    scorer = load_scorer(model_path, lora_path, tokenizer.pad_token_id)
    results = rerank(records, tokenizer, scorer, settings["max_len"], settings["append_eos"])
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


# --- what we refuse ----------------------------------------------------------------------------------------------------


def classifier(config_class=LlamaConfig, model_class=LlamaForSequenceClassification, **values):
    model = model_class(config_class(**dict(
        vocab_size=1200, hidden_size=24, intermediate_size=40, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=64, num_labels=1) | values))
    return lambda directory, base: model.save_pretrained(directory)


def adapter(config_class, **values):
    config = config_class(task_type=TaskType.SEQ_CLS, **values)
    return lambda directory, base: get_peft_model(load_classifier(base, torch.float32), config).save_pretrained(directory)


def lora(**values):
    return adapter(LoraConfig, **{"target_modules": PROJECTIONS} | values)


def refused():
    """What is saved, the file and the key that its refusal names, and how it is saved."""
    config, adapter_config = "config.json", "adapter_config.json"
    query = {"target_modules": ["q_proj"]}
    return [
        ("GELU", config, "hidden_act", classifier(hidden_act="gelu")),
        ("half the rotation", config, "partial_rotary_factor", classifier(partial_rotary_factor=0.5)),
        ("dynamic", config, "max_position_embeddings", classifier(
            max_position_embeddings=63, rope_scaling={"type": "dynamic", "factor": 2.0})),
        ("LongRoPE", config, "rope_scaling", classifier(rope_scaling={
            "rope_type": "longrope", "factor": 2.0, "short_factor": [1.0] * 3, "long_factor": [2.0] * 3})),
        ("three labels", config, "id2label", classifier(num_labels=3)),
        ("a label per token", config, "architectures", classifier(LlamaConfig, LlamaForTokenClassification)),
        ("Gemma", config, "model_type", classifier(GemmaConfig, GemmaForSequenceClassification, head_dim=6)),
        ("Mixtral", config, "model_type", classifier(MixtralConfig, MixtralForSequenceClassification)),
        ("DoRA", adapter_config, "use_dora", lora(use_dora=True)),
        ("LoRA with biases", adapter_config, "lora_bias", lora(lora_bias=True)),
        ("PiSSA", adapter_config, "init_lora_weights", lora(init_lora_weights="pissa")),
        ("OLoRA", adapter_config, "init_lora_weights", lora(init_lora_weights="olora")),
        ("layers twice", adapter_config, "layer_replication", lora(layer_replication=[(0, 2), (1, 2)])),
        ("embedding adapted", "adapter_model.safetensors", "lora_embedding_A", lora(target_modules=["embed_tokens"])),
        ("AdaLoRA", adapter_config, "peft_type", adapter(AdaLoraConfig, total_step=9, **query)),
        ("IA3", adapter_config, "peft_type", adapter(IA3Config, feedforward_modules=[], **query)),
        ("LoHa", adapter_config, "peft_type", adapter(LoHaConfig, **query)),
        ("VeRA", adapter_config, "peft_type", adapter(VeraConfig, **query)),
        ("prompt", adapter_config, "peft_type", adapter(PromptTuningConfig, num_virtual_tokens=3)),
    ]


def make_refused(root):
    base = root / "base"
    classifier()(base, None)
    for number, (name, file, key, save) in enumerate(refused()):
        directory = root / f"{number:02d}"
        save(directory, base)
        copy_tokenizer(directory)
        yield {"name": name, "file": str(directory / file), "key": key, "arguments": [
            "--model-name-or-path", str(directory), "--rerank-max-len", "64"]}


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
    models = []
    for number, settings in enumerate(draw(options.models, random.Random(options.seed))):
        name = f"{number:02d}"
        arguments = make_model(settings, 1000 * options.seed + 10 * number, root / name, map(json.loads, lines))
        models.append({"name": name, "settings": settings, "arguments": arguments})
    write_models(root / "models.jsonl", models)
    if TRANSFORMERS < 5:  # what is refused has the same names in either
        write_models(root / "refused.jsonl", make_refused(root / "refused"))


def write_models(path, models):
    common = ["--dataset-path", str(path.parent / "rerank_input.jsonl"),
              "--query-prefix", QUERY_PREFIX, "--passage-prefix", PASSAGE_PREFIX]
    write_lines(path, (json.dumps(model | {"arguments": model["arguments"] + common}) for model in models))


if __name__ == "__main__":
    main()
