"""The product's programs called from Python as its Java classes call them (CrossEncoder, WeightLoader, TrainableEncoder, BatchPlan)."""
import gzip
import json
import zlib

import numpy as np
import torch
from safetensors import safe_open

import common
import models

FLOAT32 = 6
CODES = {"float32": 6, "bfloat16": 15, "float16": 5}
CHUNK = 16 << 20
VECTORS = "ids", "positions", "ends"  # tensors, not lists


def load_program(name, device):
    program = torch.jit.load(str(common.HERE / "programs" / f"{name}.pt"), map_location=device)
    # As Torch.prepareThread: every batch has another shape.
    torch._C._set_graph_executor_optimize(False)
    return program


class Checkpoint:
    def __init__(self, base, adapter=None):
        index = json.loads((base / "model.safetensors.index.json").read_text())["weight_map"]
        files = {name: safe_open(base / name, "pt") for name in set(index.values())}
        self.config = json.loads((base / "config.json").read_text())
        self.weights = {name: files[file] for name, file in index.items()}
        self.adapter = safe_open(adapter / "adapter_model.safetensors", "pt") if adapter else None
        self.scaling = models.ALPHA / models.RANK

    def weight(self, name):
        if self.adapter and name == "score.weight":
            return self.adapter.get_tensor("base_model.model.score.weight")
        return self.weights[name].get_tensor(name)

    def factors(self, name):
        key = f"base_model.model.{name[: -len('.weight')]}"
        if not self.adapter or key + ".lora_A.weight" not in self.adapter.keys():
            return None
        return [self.adapter.get_tensor(f"{key}.lora_{side}.weight") for side in "AB"]

    def fused(self, head):
        """DecoderConfig.fusedWeights: what shares a product is stacked."""
        yield ["model.embed_tokens.weight"]
        yield ["model.norm.weight"]
        if head:
            yield ["score.weight"]
        for i in range(self.config["num_hidden_layers"]):
            layer = f"model.layers.{i}."
            yield [layer + "input_layernorm.weight"]
            yield [f"{layer}self_attn.{m}_proj.weight" for m in "qkv"]
            yield [layer + "self_attn.o_proj.weight"]
            yield [layer + "post_attention_layernorm.weight"]
            yield [layer + "mlp.gate_proj.weight", layer + "mlp.up_proj.weight"]
            yield [layer + "mlp.down_proj.weight"]


def rotary(positions, config, device):
    """RotaryTable: frequencies and angles rounded to float32."""
    d, theta = config["head_dim"], config["rope_theta"]
    half = d // 2
    exponents = (np.arange(half, dtype=np.float32) * np.float32(2)) / np.float32(d)
    frequencies = np.float32(1) / np.power(theta, exponents.astype(np.float64)).astype(np.float32)
    angles = np.arange(positions, dtype=np.float32)[:, None] * frequencies[None, :]
    cos, sin = (f(angles.astype(np.float64)).astype(np.float32) for f in (np.cos, np.sin))
    return tuple(torch.from_numpy(t).to(device) for t in (np.concatenate([cos, cos], 1), np.concatenate([-sin, sin], 1)))


def fill(program, checkpoint, dtype, device, head, merge):
    """WeightLoader: by `reserve` and `fill`, some rows at a time, an adapter merged."""
    code, none = CODES[dtype], torch.zeros(0, device=device)
    for names in checkpoint.fused(head):
        parts = [checkpoint.weight(name) for name in names]
        program.reserve(sizes=[sum(len(p) for p in parts), *parts[0].shape[1:]], dtype=code, like=none)
        at = 0
        for name, part in zip(names, parts):
            factors = checkpoint.factors(name) if merge else None
            a, b = (f.to(device) for f in factors) if factors else (none, none)
            step = max(1, CHUNK // max(1, part.numel() // len(part)))
            for row in range(0, len(part), step):
                program.fill(at=at + row, row=row, rows=part[row : row + step], a=a, b=b,
                             scaling=checkpoint.scaling if factors else 0.0, dtype=code)
            at += len(part)


class Scorer:
    """CrossEncoder."""

    def __init__(self, checkpoint, dtype, device, longest=196):
        config = self.config = checkpoint.config
        self.device = device
        self.program = load_program("decoder", device)
        fill(self.program, checkpoint, dtype, device, head=True, merge=True)
        self.program.arrange(
            heads=config["num_attention_heads"], kv_heads=config["num_key_value_heads"], eps=config["rms_norm_eps"], layout=0)
        self.cos, self.sin = rotary(longest, config, device)

    def arguments(self, packed):
        arguments = {name: torch.from_numpy(value).to(self.device) if name in VECTORS else value for name, value in packed.items()}
        return {**arguments, "cos": self.cos, "sin": self.sin}

    def on_device(self, packed):
        with torch.no_grad():
            return self.program.score(**self.arguments(packed))

    def __call__(self, packed):
        return self.on_device(packed)[: texts_of(packed)].float().cpu().numpy()


def texts():
    numbers = np.frombuffer(gzip.decompress((common.HERE / "data/texts.bin.gz").read_bytes()), "<i4")
    lengths = numbers[1 : 1 + numbers[0]]
    return np.split(numbers[1 + numbers[0] :].astype(np.int64), np.cumsum(lengths)[:-1])


def plan(name):
    return json.loads(gzip.decompress((common.HERE / f"data/plan-{name}.json.gz").read_bytes()))


def up(count, step):
    return (count + step - 1) // step * step


def pack(groups, all_texts, rows=32, ends_step=16):
    """PackedTexts.Builder: the tokens one after the other, prefixes once. Returns the arguments of the program's score by their
    names, and the texts' order."""
    ids, positions, ends, prefixes, blocks, order, at = [], [], [], [], [], [], 0
    for prefix, members in groups:
        first = at
        if prefix:
            prefixes.append((first, prefix))
            ids.append(all_texts[members[0]][:prefix])
            positions.append(np.arange(prefix))
            at += prefix
        count = 0
        for place, member in enumerate(members):
            text = all_texts[member]
            ids.append(text[prefix:])
            positions.append(np.arange(prefix, len(text)))
            own = len(text) - prefix
            at += own
            ends.append(at - 1)
            order.append(member)
            count += 1
            if place + 1 == len(members) or len(all_texts[members[place + 1]]) != len(text):
                blocks.append((len(ends) - count, count, at - count * own, own, first, prefix))
                count = 0
    padded = lambda numbers, step: np.pad(np.array(numbers, np.int64), (0, up(len(numbers), step) - len(numbers)))
    columns = lambda kind, names, table: {f"{kind}_{name}": [row[i] for row in table] for i, name in enumerate(names)}
    return {
        "ids": padded(np.concatenate(ids), rows), "positions": padded(np.concatenate(positions), rows),
        "ends": padded(ends, ends_step), **columns("prefix", ("rows", "lengths"), prefixes),
        **columns("block", ("texts", "counts", "rows", "lengths", "prefix_rows", "prefix_lengths"), blocks)}, order


def texts_of(packed):
    return sum(packed["block_counts"])


def checked_pack(batch, all_texts):
    """As Java packed it, by its checksum."""
    packed, order = pack(batch["groups"], all_texts)
    crc = 0
    for name in sorted(packed):
        crc = zlib.crc32(np.array(packed[name], "<i8").tobytes(), crc)
    if crc != batch["crc"]:
        raise RuntimeError("Python's packing is not Java's: runner.pack and PackedTexts differ")
    return packed, order


def training():
    return json.loads(gzip.decompress((common.HERE / "data/train.json.gz").read_bytes()))


class Trainer:
    """TrainableEncoder with LoRA on all modules, rank 32."""

    def __init__(self, checkpoint, dtype, device, checkpointing=False, longest=128):
        config = self.config = checkpoint.config
        self.device, self.checkpointing = device, checkpointing
        self.program = load_program("trainer", device)
        fill(self.program, checkpoint, dtype, device, head=False, merge=False)
        parts, self.names = [], []
        for layer in range(config["num_hidden_layers"]):
            for module in ("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj", "self_attn.o_proj", "mlp.gate_proj",
                           "mlp.up_proj", "mlp.down_proj"):
                name = f"model.layers.{layer}.{module}.weight"
                parts += checkpoint.factors(name)
                self.names += [name + ".A", name + ".B"]
        parts.append(checkpoint.weight("score.weight").float())
        self.names.append("head")
        sizes = [p.numel() for p in parts]
        self.program.configure(
            heads=config["num_attention_heads"], kv_heads=config["num_key_value_heads"], eps=config["rms_norm_eps"],
            ranks=[models.RANK] * 7, outputs=[len(p) for p in parts[1:14:2]], sizes=sizes, decays=[1] * len(sizes), full=False,
            scaling=checkpoint.scaling, dropout=0.0, checkpointing=checkpointing)
        self.program.widen()
        self.params = torch.cat([p.float().reshape(-1) for p in parts]).to(device)
        self.grads = torch.zeros_like(self.params)
        self.moments = torch.zeros_like(self.params), torch.zeros_like(self.params)
        self.cos, self.sin = rotary(longest, config, device)
        self.changed = True

    def step(self, batch, weight=1.0, groups=None):
        if self.changed:
            self.program.refresh(self.params)
            self.changed = False
        tensors = ("ids", "ends", "places", "first_places", "inverse", "lengths", "order")
        arguments = {name: torch.tensor(batch[name], device=self.device) if name in tensors else batch[name]
                     for name in batch if name != "groups"}
        arguments["order"] = arguments["order"].view(batch["groups"], -1)
        out = self.program.step(**arguments, weight=weight, cos=self.cos, sin=self.sin, parameters=self.params, gradient=self.grads)
        return out[: batch["groups"]]

    def update(self, number):
        self.changed = True
        first, second = self.moments
        return self.program.update(
            parameters=self.params, gradient=self.grads, first_moment=first, second_moment=second, rate=1e-4, beta1=0.9, beta2=0.999,
            epsilon=1e-8, weight_decay=0.0, max_norm=1.0, step=number)
