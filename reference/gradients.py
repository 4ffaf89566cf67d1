"""The training program's hand-written backward pass against automatic differentiation of transformers and PEFT.

    python gradients.py PROGRAMS [FAMILY ...]

PROGRAMS is the folder with trainer.py and parts.py; a FAMILY is llama, which alone is the default, qwen2 (biases of query, key
and value), qwen3 (norms of query and key, heads of a width of their own; transformers from 4.51 on) or another of FAMILIES.
Random models, of multi-head and grouped-query attention, with LoRA on all or some modules, or trained whole: losses, scores,
gradients and one step of AdamW by both. Prints the largest differences; fails where they are more than float32's. GradientsIT runs it.
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

# transformers' prefix of its classes, the width of a head, and what else its configuration says: a window for the last two layers.
WINDOW = 6
WINDOWS = {"use_sliding_window": True, "sliding_window": WINDOW, "max_window_layers": 1}
FAMILIES = {
    "llama": ("Llama", 8, {}), "qwen2": ("Qwen2", 8, {}), "qwen3": ("Qwen3", 12, {}),
    "qwen2-window": ("Qwen2", 8, WINDOWS), "qwen3-bias-window": ("Qwen3", 12, {"attention_bias": True, **WINDOWS}),
    "llama-bias": ("Llama", 8, {"attention_bias": True, "mlp_bias": True})}


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


def slots(layer, names):
    """A layer's tensors as Architecture.Slot has them: by slot the names of those that are stacked in it."""
    m = lambda of, *modules: [name for name in (f"{module(layer, one)}.{of}" for one in modules) if name in names]
    return [
        [f"layers.{layer}.input_layernorm.weight"], m("weight", "q_proj", "k_proj", "v_proj"), m("bias", "q_proj", "k_proj", "v_proj"),
        m("weight", "q_norm"), m("weight", "k_norm"), m("weight", "o_proj"), m("bias", "o_proj"),
        [f"layers.{layer}.post_attention_layernorm.weight"], m("weight", "gate_proj", "up_proj"), m("bias", "gate_proj", "up_proj"),
        m("weight", "down_proj"), m("bias", "down_proj")]


def groups():
    for g in range(GROUPS):
        prefix = [1] + [random.randrange(3, VOCABULARY) for _ in range(4 + g)]
        yield [prefix + [random.randrange(3, VOCABULARY) for _ in range(random.choice([3, 5, 5, 9]))] for _ in range(SIZE)]


def pack(groups):
    """As TrainBatch.java packs them, by the names of the arguments of the program's methods."""
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
    prefix, d, more = FAMILIES[family]
    config = getattr(transformers, f"{prefix}Config")(
        vocab_size=VOCABULARY, hidden_size=WIDTH, intermediate_size=MLP, num_hidden_layers=LAYERS, num_attention_heads=HEADS,
        num_key_value_heads=kv_heads, head_dim=d, num_labels=1, pad_token_id=0, initializer_range=0.2,
        max_position_embeddings=64, **more)
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


def step(trainer, has_window, packed, layers, embedding, norm, head, cos, sin, checkpointing, parameters, gradient, norm_at, rows):
    """As TrainableEncoder.java calls the program: up through the layers and down again. Losses, and scores by group."""
    ids, order = packed.pop("ids"), packed.pop("order")
    longest = max(packed["lengths"])
    window = WINDOW if has_window and WINDOW < longest else 0
    batch = trainer.batch(**packed, cos=cos, sin=sin, dropout=0.0, seeds=[1, 2], window=window, like=embedding)
    windowed = [window > 0 and i >= WINDOWS["max_window_layers"] for i in range(LAYERS)]
    x, passes = trainer.embed(embedding=embedding, ids=ids), []
    for i, layer in enumerate(layers):
        output, middle, attention, mlp = trainer.forward_layer(layer=layer, x=x, batch=batch, windowed=windowed[i])
        passes.append((x, middle, attention, mlp))
        x = output
    scores = trainer.scores(x=x, norm=norm, head=head)[order]
    losses, dx = trainer.backward_loss(
        x=x, norm=norm, parameters=parameters, order=order, weight=1 / GROUPS, last=layers[-1], norm_at=norm_at, gradient=gradient)
    for i, layer in reversed(list(enumerate(layers))):
        x, middle, attention, mlp = passes[i]
        if checkpointing and i < LAYERS - 1:
            attention = trainer.attention(x=x, layer=layer, batch=batch, windowed=windowed[i])
            mlp = trainer.mlp(x=middle, layer=layer, batch=batch)
        dx = trainer.backward_layer(
            layer=layer, dx=dx, x=x, middle=middle, attention=attention, mlp=mlp, batch=batch, gradient=gradient)
    if rows:
        trainer.backward_embedding(dx=dx, ids=ids, at=0, rows=rows, gradient=gradient)
    return losses, scores


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
    plain = lambda name: name.replace(".base_layer.", ".")
    known = {re.sub(r".*?(layers\.)", r"\1", plain(name)) for name in named}
    weight = lambda end: next(named[name] for name in named if plain(name).endswith(end))
    layers = [slots(i, known) for i in range(LAYERS)]
    embedding, norm = weight("embed_tokens.weight"), weight("model.norm.weight")
    head = get("score.weight") if full else get("score.modules_to_save.default.weight")
    if full:
        of_layers = [[weight(name) for name in slot] for layer in layers for slot in layer]
        trained = [[embedding], [norm], *of_layers, [head]]
        ranks = [0] * len(MODULES)
    else:
        of_layers = [
            [get(f"{module(i, name)}.lora_{factor}.default.weight")] if name in targets else []
            for i in range(LAYERS) for name in MODULES for factor in "AB"]
        trained = [*of_layers, [head]]
        ranks = [RANK if name in targets else 0 for name in MODULES]
    size = lambda part: sum(t.numel() for t in part)
    sizes = [size(part) for part in trained]
    layer_sizes = [size(part) for part in of_layers[:len(of_layers) // LAYERS]]
    first = embedding.numel() + norm.numel() if full else 0
    flat = lambda of: torch.cat([of(t).detach().reshape(-1) for part in trained for t in part])
    parameters, expected = flat(lambda t: t), flat(lambda t: t.grad)
    _, d, _ = FAMILIES[family]
    trainer.configure(
        heads=HEADS, kv_heads=kv_heads, eps=1e-6, ranks=ranks,
        outputs=[HEADS * d, kv_heads * d, kv_heads * d, WIDTH, MLP, MLP, WIDTH], layer_sizes=layer_sizes, full=full,
        scaling=ALPHA / RANK)
    copy = lambda names: torch.cat([weight(name).detach().clone() for name in names]) if names else torch.zeros(0)
    held = [
        trainer.arrange(
            weights=[copy(slot) for slot in layer], number=i, is_last=i == LAYERS - 1, parameters=parameters,
            first=first + i * sum(layer_sizes), dtype=6)
        for i, layer in enumerate(layers)]
    embedding1, norm1 = embedding.detach().clone(), norm.detach().clone()
    if full:
        embedding1 = trainer.trained(weight=embedding1, parameters=parameters, at=0, dtype=6)
        norm1 = trainer.trained(weight=norm1, parameters=parameters, at=embedding.numel(), dtype=6)
    for layer in held:
        trainer.refresh(layer=layer, parameters=parameters)
    angles = torch.outer(torch.arange(64).double(), 1 / 10000 ** (torch.arange(0, d, 2).double() / d))
    cos, sin = torch.cat([angles.cos()] * 2, 1).float(), torch.cat([-angles.sin(), angles.sin()], 1).float()
    gradient = torch.zeros(sum(sizes))
    with torch.no_grad():
        losses, scores = step(
            trainer, "window" in family, pack(texts), held, embedding1, norm1, head.detach(), cos, sin, checkpointing, parameters,
            gradient, embedding.numel() if full else 0, VOCABULARY if full else 0)
    differences = [abs(float(losses.mean() - loss)), float((scores - logits).abs().max()), relative(gradient, expected)]

    parts = [t for part in trained for t in part]
    torch.nn.utils.clip_grad_norm_(parts, 1.0)
    torch.optim.AdamW(parts, lr=1e-2, weight_decay=0.1, eps=1e-4).step()
    trainer.update(
        sizes=sizes, decays=[1] * len(sizes), parameters=parameters, gradient=gradient, first_moment=torch.zeros_like(parameters),
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
