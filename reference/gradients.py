"""The training program's hand-written backward pass against automatic differentiation of transformers and PEFT.

    python gradients.py PROGRAMS [FAMILY ...]

PROGRAMS is the folder with trainer.py and parts.py; a FAMILY is llama, which alone is the default, qwen2 (biases of query, key
and value) or qwen3 (norms of query and key, heads of a width of their own; transformers from 4.51 on). Random models, of
multi-head and grouped-query attention, with LoRA on all or some modules, or trained whole: losses, scores, gradients and one
step of AdamW by both. Prints the largest differences; fails where they are more than float32's. GradientsIT runs it.
"""

import io
import random
import re
import sys
import zipfile
from pathlib import Path

import torch
import transformers
from peft import LoraConfig, get_peft_model

SEED = 20261125
MODULES = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
HEADS, WIDTH, LAYERS, MLP, VOCABULARY, RANK, ALPHA = 4, 32, 3, 48, 60, 4, 8
GROUPS, SIZE = 2, 3

# transformers' prefix of its classes, the width of a head, and what the program's `configure` is told beside the shape.
FAMILIES = {"llama": ("Llama", 8, {}), "qwen2": ("Qwen2", 8, {"biases": True}), "qwen3": ("Qwen3", 12, {"head_norms": True})}


def program(folder):
    """As ScriptArchive.java packs it."""
    source = (folder / "trainer.py").read_text() + (folder / "parts.py").read_text().replace("__torch__.CLASS", "__torch__.Trainer")
    source = source.replace("ops.rankspark.", "self.")  # as Program.java does without AMX
    body = source[source.index("class Trainer(Module):") :]
    zero = {"bool": b"\x89", "int": b"K\0", "float": b"G" + bytes(8),
            "List[int]": b"ctorch.jit._pickle\nbuild_intlist\n(](etR",
            "List[Tensor]": b"ctorch.jit._pickle\nbuild_tensorlist\n(](etR"}
    key = lambda name: b"X" + bytes([len(name), 0, 0, 0]) + name.encode()
    attributes = re.findall(r"(?m)^  (\w+) : (.+)$", body[: body.index("  def ")])
    pickle = (b"\x80\x02c__torch__\nTrainer\n)\x81}("
              + b"".join(key(name) + zero[type] for name, type in attributes) + b"ub.")
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as out:
        out.writestr("model/data.pkl", pickle)
        out.writestr("model/code/__torch__.py", source)
        out.writestr("model/constants.pkl", b"\x80\x02).")
        out.writestr("model/version", "3\n")
    archive.seek(0)
    return torch.jit.load(archive)


def module(layer, name):
    return f"layers.{layer}." + ("self_attn." if name[0] in "qkvo" else "mlp.") + name


def fused(family):
    """The tensors as the program holds them; what a family has beside Llama's comes after the product of query, key and value."""
    names = [["embed_tokens.weight"], ["model.norm.weight"]]
    for i in range(LAYERS):
        m = lambda *names, of="weight": [f"{module(i, name)}.{of}" for name in names]
        more = {"llama": [], "qwen2": [m("q_proj", "k_proj", "v_proj", of="bias")], "qwen3": [m("q_norm"), m("k_norm")]}
        names += [[f"layers.{i}.input_layernorm.weight"], m("q_proj", "k_proj", "v_proj"), *more[family], m("o_proj"),
                  [f"layers.{i}.post_attention_layernorm.weight"], m("gate_proj", "up_proj"), m("down_proj")]
    return names


def groups():
    for g in range(GROUPS):
        prefix = [1] + [random.randrange(3, VOCABULARY) for _ in range(4 + g)]
        yield [prefix + [random.randrange(3, VOCABULARY) for _ in range(random.choice([3, 5, 5, 9]))] for _ in range(SIZE)]


def pack(groups):
    """As TrainBatch.java packs them, by the names of the arguments of the program's step."""
    ids, ends, order, rows, first_of = [], [], [], [], []
    prefix_rows, prefix_lengths, prefix_texts, token_bounds, text_bounds = [], [], [], [0], [0]
    for group in groups:
        p = 0
        while all(len(t) > p + 1 and t[p] == group[0][p] for t in group):
            p += 1
        first = len(ids)
        ids += group[0][:p]
        row = {}
        prefix_rows.append(first)
        prefix_lengths.append(p)
        prefix_texts.append(len(ends))
        for j, i in enumerate(sorted(range(SIZE), key=lambda i: -len(group[i]))):
            row[i] = len(ends)
            rows.append([*range(first, first + p), *range(len(ids), len(ids) + len(group[i]) - p)])
            first_of.append(0 if j == 0 else p)
            ids += group[i][p:]
            ends.append(len(ids) - 1)
        order.append([row[i] for i in range(SIZE)])
        token_bounds.append(len(ids))
        text_bounds.append(len(ends))
    longest = max(map(len, rows))
    pad = lambda numbers: numbers + [0] * (-len(numbers) % 16)
    ids = pad(ids + [0])
    rows += [[] for _ in range(-len(rows) % 16)]
    places = [row + [len(ids) - 1] * (longest - len(row)) for row in rows]
    first_places = [[len(ids) - 1] * first + row[first:] for row, first in zip(places, first_of + [0] * len(rows))]
    inverse = [0] * len(ids)
    for i, row in reversed(list(enumerate(rows))):
        for j, place in enumerate(row):
            inverse[place] = i * longest + j
    flat = lambda numbers: torch.tensor([number for row in numbers for number in row])
    return {
        "ids": torch.tensor(ids), "ends": torch.tensor(pad(ends)), "places": flat(places), "first_places": flat(first_places),
        "inverse": torch.tensor(inverse), "lengths": torch.tensor([max(1, len(row)) for row in rows]),
        "prefix_rows": prefix_rows, "prefix_lengths": prefix_lengths, "prefix_texts": prefix_texts,
        "prefix_counts": [SIZE] * len(prefix_rows), "token_bounds": token_bounds, "text_bounds": text_bounds,
        "order": torch.tensor(order)}


def relative(ours, theirs):
    return float((ours - theirs).norm() / theirs.norm())


def random_model(family, kv_heads, targets):
    """With LoRA on `targets`, or without where they are None."""
    prefix, d, _ = FAMILIES[family]
    config = getattr(transformers, f"{prefix}Config")(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=MLP, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=kv_heads, head_dim=d, num_labels=1, pad_token_id=0, initializer_range=0.2,
        max_position_embeddings=64)
    model = getattr(transformers, f"{prefix}ForSequenceClassification")(config)
    for name, parameter in model.named_parameters():
        if "norm" in name:
            parameter.data.add_(torch.randn_like(parameter) * 0.1)
        elif name.endswith("bias"):
            parameter.data.normal_(0, 0.2)
    if targets is not None:
        model = get_peft_model(model, LoraConfig(
            r=RANK, lora_alpha=ALPHA, lora_dropout=0.0, target_modules=targets, task_type="SEQ_CLS"))
        for name, parameter in model.named_parameters():
            if "lora_B" in name:
                parameter.data.normal_(0, 0.2)
    return model.train()


def check(trainer, family, kv_heads, targets, checkpointing):
    """targets None trains the whole model."""
    full = targets is None
    torch.manual_seed(SEED)
    random.seed(SEED)
    model = random_model(family, kv_heads, targets)
    texts = list(groups())
    longest = max(len(t) for group in texts for t in group)
    ids = torch.tensor([t + [0] * (longest - len(t)) for group in texts for t in group])
    logits = model(input_ids=ids, attention_mask=(ids != 0).long()).logits.view(GROUPS, SIZE)
    loss = torch.nn.functional.cross_entropy(logits, torch.zeros(GROUPS, dtype=torch.long))
    loss.backward()

    named = dict(model.named_parameters())
    get = lambda end: next(named[name] for name in named if name.endswith(end))
    weight = lambda end: next(
        named[name] for name in named if name.endswith((end, re.sub(r"\.(weight|bias)$", r".base_layer.\1", end))))
    frozen = [torch.cat([weight(name).detach().clone() for name in names]) for names in fused(family)]
    for tensor in frozen:
        trainer.hold(tensor)
    head = get("score.weight") if full else get("score.modules_to_save.default.weight")
    if full:
        trained = [[weight(name) for name in names] for names in fused(family)] + [[head]]
        ranks = [0] * len(MODULES)
    else:
        trained = [
            [get(f"{module(i, name)}.lora_{factor}.default.weight")] if name in targets else []
            for i in range(LAYERS) for name in MODULES for factor in "AB"] + [[head]]
        ranks = [RANK if name in targets else 0 for name in MODULES]
    sizes = [sum(t.numel() for t in part) for part in trained]
    flat = lambda of: torch.cat([of(t).detach().reshape(-1) for part in trained for t in part])
    parameters, expected = flat(lambda t: t), flat(lambda t: t.grad)
    _, d, more = FAMILIES[family]
    trainer.configure(
        heads=HEADS, kv_heads=kv_heads, eps=1e-6, ranks=ranks,
        outputs=[HEADS * d, kv_heads * d, kv_heads * d, WIDTH, MLP, MLP, WIDTH], sizes=sizes, decays=[1] * len(sizes), full=full,
        scaling=ALPHA / RANK, dropout=0.0, checkpointing=checkpointing, **more)
    if full:
        trainer.unfreeze(parameters=parameters, dtype=6)
    else:
        trainer.widen()
    trainer.refresh(parameters=parameters)
    angles = torch.outer(torch.arange(64).double(), 1 / 10000 ** (torch.arange(0, d, 2).double() / d))
    cos, sin = torch.cat([angles.cos()] * 2, 1).float(), torch.cat([-angles.sin(), angles.sin()], 1).float()
    gradient = torch.zeros(sum(sizes))
    with torch.no_grad():
        out = trainer.step(
            **pack(texts), seeds=[1, 2], weight=1 / GROUPS, cos=cos, sin=sin, parameters=parameters, gradient=gradient)
    differences = [
        abs(float(out[:GROUPS].mean() - loss)), float((out[GROUPS:].view(GROUPS, SIZE) - logits).abs().max()),
        relative(gradient, expected)]

    parts = [t for part in trained for t in part]
    torch.nn.utils.clip_grad_norm_(parts, 1.0)
    torch.optim.AdamW(parts, lr=1e-2, weight_decay=0.1, eps=1e-4).step()
    trainer.update(
        parameters=parameters, gradient=gradient, first_moment=torch.zeros_like(parameters),
        second_moment=torch.zeros_like(parameters), rate=1e-2, beta1=0.9, beta2=0.999, epsilon=1e-4, weight_decay=0.1,
        max_norm=1.0, step=1)
    differences.append(relative(parameters, flat(lambda t: t)))
    print(f"seed {SEED}, {family}, {kv_heads} of {HEADS} heads, {'all weights' if full else ','.join(targets)}, checkpointing "
          f"{checkpointing}: loss, scores, gradient, step differ by", *(f"{x:.1e}" for x in differences))
    assert max(differences) < 1e-5


def main():
    folder = Path(sys.argv[1])
    for family in sys.argv[2:] or ["llama"]:
        for kv_heads in (4, 2, 1):
            for targets in (MODULES, ["q_proj", "v_proj", "down_proj"], ["k_proj", "up_proj"], None):
                for checkpointing in (False, True):
                    check(program(folder), family, kv_heads, targets, checkpointing)


if __name__ == "__main__":
    main()
