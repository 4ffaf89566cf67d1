"""The product's programs called from Python as its Java classes call them (CrossEncoder, WeightLoader, TrainableEncoder, BatchPlan)."""
import collections
import functools
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
VECTORS = {"ids", "positions", "ends", "places", "first_places", "inverse", "lengths"}  # tensors, not lists


@functools.cache
def record(name, fields):
    return collections.namedtuple(name, fields)


# A program's records come to Python as named tuples, for each of which libtorch makes a class: 200 blocks took 0.1 s.
torch._jit_internal._create_named_tuple = lambda values, name, fields, *_: record(name, tuple(fields))(*values)


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

    def layers(self):
        return self.config["num_hidden_layers"]


def slots(layer):
    """Architecture.layer: the names of a layer's weights in the order of Architecture.Slot; what shares a product is stacked."""
    named = lambda *modules: [f"model.layers.{layer}.{module}.weight" for module in modules]
    none = []
    return [
        named("input_layernorm"), named("self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"), none, none, none,
        named("self_attn.o_proj"), none, named("post_attention_layernorm"), named("mlp.gate_proj", "mlp.up_proj"), none,
        named("mlp.down_proj"), none]


def rotary(positions, config, device):
    """RotaryTable: frequencies and angles rounded to float32."""
    d, theta = config["head_dim"], config["rope_theta"]
    half = d // 2
    exponents = (np.arange(half, dtype=np.float32) * np.float32(2)) / np.float32(d)
    frequencies = np.float32(1) / np.power(theta, exponents.astype(np.float64)).astype(np.float32)
    angles = np.arange(positions, dtype=np.float32)[:, None] * frequencies[None, :]
    cos, sin = (f(angles.astype(np.float64)).astype(np.float32) for f in (np.cos, np.sin))
    return tuple(torch.from_numpy(t).to(device) for t in (np.concatenate([cos, cos], 1), np.concatenate([-sin, sin], 1)))


class Loader:
    """WeightLoader: by `reserve` and `fill`, some rows at a time, an adapter merged."""

    def __init__(self, program, checkpoint, dtype, device, merge):
        self.program, self.checkpoint, self.code, self.merge = program, checkpoint, CODES[dtype], merge
        self.none = torch.zeros(0, device=device)

    def one(self, name):
        return self.program.only(self([[name]]))

    def __call__(self, slots_):
        weights = torch._C.ScriptList([])  # of tensors; a list of Python's would be copied in each call
        for names in slots_:
            parts = [self.checkpoint.weight(name) for name in names]
            sizes = [sum(len(p) for p in parts), *(parts[0].shape[1:] if parts else ())]
            self.program.reserve(weights, sizes=sizes, dtype=self.code, like=self.none)
            at = 0
            for name, part in zip(names, parts):
                self.fill(weights, at, part, self.checkpoint.factors(name) if self.merge else None)
                at += len(part)
        return weights

    def fill(self, weights, at, part, factors):
        a, b = (f.to(self.none.device) for f in factors) if factors else (self.none, self.none)
        step = max(1, CHUNK // max(1, part.numel() // len(part)))
        for row in range(0, len(part), step):
            self.program.fill(weights, at=at + row, row=row, rows=part[row : row + step], a=a, b=b,
                              scaling=self.checkpoint.scaling if factors else 0.0, dtype=self.code)


def on(device, batch):
    """A batch's arguments by their names in the program."""
    return {name: torch.as_tensor(value, device=device) if name in VECTORS else value for name, value in batch.items()}


class Scorer:
    """CrossEncoder."""

    def __init__(self, checkpoint, dtype, device, longest=196):
        config = self.config = checkpoint.config
        self.device = device
        program = self.program = load_program("decoder", device)
        program.configure(
            heads=config["num_attention_heads"], kv_heads=config["num_key_value_heads"], eps=config["rms_norm_eps"], layout=0)
        load = Loader(program, checkpoint, dtype, device, merge=True)
        self.embedding = load.one("model.embed_tokens.weight")
        self.head = program.arrange_head(load([["model.norm.weight"], ["score.weight"]]))
        last = checkpoint.layers() - 1
        self.layers = [program.arrange(load(slots(i)), is_last=i == last) for i in range(last + 1)]
        self.cos, self.sin = rotary(longest, config, device)

    def on_device(self, packed):
        arguments = on(self.device, packed)
        with torch.no_grad():
            x = self.program.embed(self.embedding, arguments.pop("ids"))
            batch = self.program.batch(**arguments, window=0, cos=self.cos, sin=self.sin, like=self.embedding)
            for layer in self.layers:
                x = self.program.layer(layer, x, batch, windowed=False)
            return self.program.score(self.head, x)

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
    """PackedTexts.Builder: the tokens one after the other, prefixes once. Returns the arguments of the program's embed and batch
    by their names, and the texts' order."""
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
        parts = []
        for i in range(checkpoint.layers()):
            for name in (name for names in slots(i) for name in names):
                parts += checkpoint.factors(name) or []  # a norm has none
        of_layer = parts[: len(parts) // checkpoint.layers()]
        parts.append(checkpoint.weight("score.weight"))
        self.params = torch.cat([p.float().reshape(-1) for p in parts]).to(device)
        self.grads, *self.moments = (torch.zeros_like(self.params) for _ in range(3))
        self.sizes, layer_sizes = ([p.numel() for p in some] for some in (parts, of_layer))
        program = self.program = load_program("trainer", device)
        program.configure(
            heads=config["num_attention_heads"], kv_heads=config["num_key_value_heads"], eps=config["rms_norm_eps"],
            ranks=[models.RANK] * 7, outputs=[len(b) for b in of_layer[1::2]], layer_sizes=layer_sizes, full=False,
            scaling=checkpoint.scaling)
        load = Loader(program, checkpoint, dtype, device, merge=False)
        self.embedding, self.norm = load.one("model.embed_tokens.weight"), load.one("model.norm.weight")
        last = checkpoint.layers() - 1
        self.layers = [
            program.arrange(load(slots(i)), number=i, is_last=i == last, parameters=self.params, first=i * sum(layer_sizes),
                            dtype=CODES[dtype]) for i in range(last + 1)]
        self.cos, self.sin = rotary(longest, config, device)
        self.changed = True

    def step(self, given, weight=1.0):
        """TrainableEncoder.addGradient."""
        program = self.program
        if self.changed:
            for layer in self.layers:
                program.refresh(layer, self.params)
            self.changed = False
        arguments = on(self.device, given)
        order = torch.tensor(arguments.pop("order"), device=self.device).view(arguments.pop("groups"), -1)
        x = program.embed(self.embedding, arguments.pop("ids"))
        batch = program.batch(**arguments, cos=self.cos, sin=self.sin, dropout=0.0, window=0, like=self.embedding)
        passes = []  # of each layer its input, the state in its middle and, unless they are computed again, attention and MLP
        for layer in self.layers:
            output, *kept = program.forward_layer(layer, x, batch, windowed=False)
            if self.checkpointing and not layer.is_last:
                del kept[1:]
            passes.append((x, *kept))
            x = output
        losses, dx = program.backward_loss(
            x, norm=self.norm, parameters=self.params, order=order, weight=weight, last=self.layers[-1], norm_at=0, gradient=self.grads)
        for layer in reversed(self.layers):
            x, middle, *kept = passes.pop()
            if not kept:
                kept = program.attention(x, layer, batch, windowed=False), program.mlp(middle, layer, batch)
            dx = program.backward_layer(layer, dx, x, middle, *kept, batch, self.grads)
        return losses

    def update(self, number):
        self.changed = True
        first, second = self.moments
        return self.program.update(
            sizes=self.sizes, decays=[1] * len(self.sizes), parameters=self.params, gradient=self.grads, first_moment=first,
            second_moment=second, rate=1e-4, beta1=0.9, beta2=0.999, epsilon=1e-8, weight_decay=0.0, max_norm=1.0, step=number)
