#!/usr/bin/env python3
"""Makes models with seeded random weights, on the GPU or the CPU: a base as safetensors in shards, and RankLLaMA's adapter beside it.

    python3 models.py SHAPE FOLDER [--device cuda:0] [--dtype float16]

Shapes: tiny, 85m, qwen3-0.6b (Qwen3-0.6B's widths as a Llama), 7b (Llama-2-7B). The adapter has rank 32 on all seven modules and the
head. A shard that is there is not made again. The numbers differ between kinds of devices, and are the same for one.
"""
import argparse
import json
import pathlib
import shutil

import common

SHAPES = {  # vocabulary, width, MLP, layers, heads, key heads, width of a head
    "tiny": (32_000, 64, 160, 2, 4, 2, 16),
    "85m": (32_000, 768, 2_048, 12, 12, 12, 64),
    "qwen3-0.6b": (151_936, 1_024, 3_072, 28, 16, 8, 128),
    "7b": (32_000, 4_096, 11_008, 32, 32, 32, 128),
}
STORED = {"tiny": "float32", "85m": "float32", "qwen3-0.6b": "bfloat16", "7b": "float16"}
RANK = 32
ALPHA = 64
SEED = 20261128


def config(shape, dtype):
    vocabulary, width, mlp, layers, heads, kv, head = SHAPES[shape]
    return {
        "architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "vocab_size": vocabulary, "hidden_size": width,
        "intermediate_size": mlp, "num_hidden_layers": layers, "num_attention_heads": heads, "num_key_value_heads": kv,
        "head_dim": head, "hidden_act": "silu", "max_position_embeddings": 4_096, "rms_norm_eps": 1e-5, "rope_theta": 10_000.0,
        "attention_bias": False, "mlp_bias": False, "tie_word_embeddings": False, "pad_token_id": 0, "bos_token_id": 1,
        "eos_token_id": 2, "torch_dtype": dtype, "id2label": {"0": "LABEL_0"}, "label2id": {"LABEL_0": 0},
    }


def modules(shape):
    """Each layer's products: name, outputs, inputs."""
    _, width, mlp, _, heads, kv, head = SHAPES[shape]
    return [("self_attn.q_proj", heads * head, width), ("self_attn.k_proj", kv * head, width), ("self_attn.v_proj", kv * head, width),
            ("self_attn.o_proj", width, heads * head), ("mlp.gate_proj", mlp, width), ("mlp.up_proj", mlp, width),
            ("mlp.down_proj", width, mlp)]


def product_parameters(shape):
    return SHAPES[shape][3] * sum(outputs * inputs for _, outputs, inputs in modules(shape))


def parameters(shape):
    return product_parameters(shape) + SHAPES[shape][0] * SHAPES[shape][1]


def make(shape, folder, device, dtype):
    import torch
    from safetensors.torch import save_file

    vocabulary, width, _, layers, _, _, _ = SHAPES[shape]
    kind = getattr(torch, dtype)
    size = parameters(shape) * kind.itemsize
    base, adapter = folder / "base", folder / "adapter"
    if (folder / "done").exists():
        return base, adapter
    common.check_disk(folder, int(1.05 * size), f"a model of shape {shape}")
    for target in (base, adapter):
        target.mkdir(exist_ok=True)
    generator = torch.Generator(device=device)

    def drawn(number, *shape_, std=0.02):
        generator.manual_seed(SEED + number)
        return torch.empty(shape_, dtype=torch.float32, device=device).normal_(0, std, generator=generator)

    index = {}
    per_shard = max(1, int(3e9 / (size / layers)))
    shards = [range(first, min(first + per_shard, layers)) for first in range(0, layers, per_shard)]
    for number, shard in enumerate(shards):
        name = f"model-{number + 1:05d}-of-{len(shards):05d}.safetensors"
        names = []
        for layer in shard:
            prefix = f"model.layers.{layer}."
            names += [(prefix + n + ".weight", o, i) for n, o, i in modules(shape)]
            names += [(prefix + n + ".weight", width, 0) for n in ("input_layernorm", "post_attention_layernorm")]
        if number == 0:
            names += [("model.embed_tokens.weight", vocabulary, width), ("model.norm.weight", width, 0), ("score.weight", 1, width)]
        index |= {n: name for n, _, _ in names}
        if (base / name).exists():
            continue
        tensors = {}
        for n, outputs, inputs in names:
            key = hash_of(n)
            w = drawn(key, outputs, inputs) if inputs else 1 + drawn(key, outputs, std=0.1)
            tensors[n] = w.to(kind).cpu().contiguous()
        save_file(tensors, base / (name + ".new"), metadata={"format": "pt"})
        (base / (name + ".new")).rename(base / name)
    (base / "model.safetensors.index.json").write_text(json.dumps({"metadata": {"total_size": size}, "weight_map": index}))
    (base / "config.json").write_text(json.dumps(config(shape, dtype), indent=1))
    factors = {}
    for layer in range(layers):
        for n, outputs, inputs in modules(shape):
            name = f"base_model.model.model.layers.{layer}.{n}"
            factors[name + ".lora_A.weight"] = drawn(hash_of(name) + 1, RANK, inputs, std=inputs**-0.5).cpu()
            factors[name + ".lora_B.weight"] = drawn(hash_of(name) + 2, outputs, RANK, std=0.002).cpu()
    factors["base_model.model.score.weight"] = drawn(7, 1, width, std=width**-0.5).cpu()
    save_file(factors, adapter / "adapter_model.safetensors", metadata={"format": "pt"})
    (adapter / "adapter_config.json").write_text(json.dumps({
        "base_model_name_or_path": str(base), "peft_type": "LORA", "task_type": "SEQ_CLS", "r": RANK, "lora_alpha": ALPHA,
        "lora_dropout": 0.0, "bias": "none", "fan_in_fan_out": False, "inference_mode": True, "modules_to_save": ["classifier", "score"],
        "target_modules": [n.split(".")[1] for n, _, _ in modules(shape)]}, indent=1))
    for file in (common.HERE / "data/tokenizer").glob("*"):
        shutil.copyfile(file, base / file.name)
    (folder / "done").write_text(f"{shape} {dtype} made on {device}\n")
    return base, adapter


def hash_of(name):
    import zlib

    return zlib.crc32(name.encode()) % (1 << 30)


def ensure(shape, options):
    """The folders of a base and its adapter."""
    if shape not in SHAPES:
        raise common.Stop(f"--shapes {shape}: expected some of {', '.join(SHAPES)}")
    return make(shape, options.work / "models" / shape, options.device, STORED[shape])


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("shape", choices=SHAPES)
    arguments.add_argument("folder", type=pathlib.Path)
    arguments.add_argument("--device", default="cuda:0")
    arguments.add_argument("--dtype", choices=("float32", "float16", "bfloat16"))
    given = arguments.parse_args()
    try:
        common.check_device(given.device)
        given.folder.mkdir(parents=True, exist_ok=True)
        print(*make(given.shape, given.folder, given.device, given.dtype or STORED[given.shape]))
    except common.Stop as e:
        raise SystemExit(f"models.py stops: {e}")
