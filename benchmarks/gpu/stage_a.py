#!/usr/bin/env python3
"""Stage A: the product's programs on a GPU, by Python alone.

    python3 stage_a.py [--device cuda:0] [--out DIR] [--shapes 85m 7b]      on a GPU machine; again until nothing is left
    python3 stage_a.py --device cpu                                         a rehearsal with a tiny shape

Loads the programs as the product gives them to a GPU; holds scores, losses and gradients against the same program in float32 on this
machine's CPU: float32 within 1e-4; of bfloat16 and float16 the mean and the 99th percentile of the scores' differences at most 1.1
times those of transformers' own model in that dtype on that device (the rule of ConformanceIT), and gradients' at most 1.5 times
those of the same program in bfloat16 on the CPU. Then time, memory, operators, and the fraction of the speed of the plain products.
"""
import gc
import warnings

import common

DTYPES = ("float32", "bfloat16", "float16")
PAIRS = {"7b": 24}  # on the CPU too
MANY = 256
LIMIT = 1e-4


def compared_batch(runner, shape):
    """The first pairs of the first batches, packed as the product packs them."""
    texts, most, batches, seen = runner.texts(), PAIRS.get(shape, MANY), [], 0
    for batch in runner.plan("4096"):
        groups = []
        for prefix, members in batch["groups"]:
            members = members[: most - seen]
            if members:
                groups.append((prefix, members))
                seen += len(members)
        batches.append(runner.pack(groups, texts))
        if seen >= most:
            break
    return texts, batches


def scores(scorer, batches):
    import numpy

    return numpy.concatenate([scorer(packed) for packed, _ in batches])


def load(options, shape, dtype, device):
    import models
    import runner

    base, adapter = models.ensure(shape, options)
    bytes_ = {"float32": 4}.get(dtype, 2)
    common.check_memory(device, 1.15 * bytes_ * models.parameters(shape), f"shape {shape} in {dtype}")
    return runner.Scorer(runner.Checkpoint(base, adapter), dtype, device)


def reference(options, shape):
    import runner

    _, batches = compared_batch(runner, shape)
    return {"pairs": sum(len(order) for _, order in batches), "scores": scores(load(options, shape, "float32", "cpu"), batches).tolist()}


def plain_model(checkpoint, base, dtype, device):
    """transformers' own, the adapter merged as PEFT merges it."""
    import torch
    import transformers

    word = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
    model = transformers.AutoModelForSequenceClassification.from_pretrained(base, num_labels=1, **{word: getattr(torch, dtype)})
    model = model.to(device).eval()
    for name, w in model.named_parameters():
        factors = checkpoint.factors(name)
        if factors:
            a, b = (f.to(device).float() for f in factors)
            w.data.copy_((checkpoint.weight(name).to(device).float().to(w.dtype).float() + checkpoint.scaling * (b @ a)).to(w.dtype))
        elif name == "score.weight":
            w.data.copy_(checkpoint.weight(name))
    return model


def padded(texts, order, device, step=1):
    import torch

    longest = -(-max(len(texts[i]) for i in order) // step) * step
    ids = torch.zeros(len(order), longest, dtype=torch.long)
    mask = torch.zeros_like(ids)
    for row, i in enumerate(order):
        ids[row, : len(texts[i])] = torch.from_numpy(texts[i].copy())
        mask[row, : len(texts[i])] = 1
    return ids.to(device), mask.to(device)


def plain_scores(model, texts, batches, device):
    import numpy
    import torch

    out = []
    with torch.no_grad():
        for _, order in batches:
            for first in range(0, len(order), 32):
                ids, mask = padded(texts, order[first : first + 32], device)
                out.append(model(input_ids=ids, attention_mask=mask).logits.float().view(-1).cpu().numpy())
    return numpy.concatenate(out)


def score(options, shape, dtype, expected):
    import numpy
    import models
    import runner

    expected = numpy.array(expected["scores"])
    texts, batches = compared_batch(runner, shape)
    scorer = load(options, shape, dtype, options.device)
    ours = numpy.abs(scores(scorer, batches) - expected)
    del scorer
    gc.collect()
    base, adapter = models.ensure(shape, options)
    result = {"pairs": len(expected), "standard_deviation": float(expected.std()), "mean": float(ours.mean()),
              "p99": float(numpy.percentile(ours, 99)), "max": float(ours.max())}
    plain = plain_model(runner.Checkpoint(base, adapter), base, dtype, options.device)
    theirs = numpy.abs(plain_scores(plain, texts, batches, options.device) - expected)
    result |= {"plain_mean": float(theirs.mean()), "plain_p99": float(numpy.percentile(theirs, 99)), "plain_max": float(theirs.max())}
    if dtype == "float32":
        result["within_bounds"] = bool(ours.max() <= LIMIT)
    else:
        result["within_bounds"] = bool(ours.mean() <= 1.1 * theirs.mean()
                                       and numpy.percentile(ours, 99) <= 1.1 * numpy.percentile(theirs, 99))
    return result


def operators(device, function):
    """The share of each operator's kernels in the device's time, the largest first."""
    from torch.profiler import ProfilerActivity, profile

    kinds = [ProfilerActivity.CPU] + ([ProfilerActivity.CUDA] if device != "cpu" else [])
    with profile(activities=kinds) as profiler:
        function()
        common.synchronize(device)
    which = "self_device_time_total" if device != "cpu" else "self_cpu_time_total"
    rows = sorted(((getattr(e, which, 0), e.key, e.count) for e in profiler.key_averages()), reverse=True)
    total = sum(time for time, _, _ in rows) or 1
    return [[name[:80], count, round(time / total, 4)] for time, name, count in rows[:16]]


def products_seconds(shape, rows, dtype, device):
    """All products of all layers for so many rows, by torch.nn.functional.linear; random numbers, not zeros."""
    import torch
    import models

    total, fused = 0.0, {}
    for name, outputs, inputs in models.modules(shape):
        key = {"q": "qkv", "k": "qkv", "v": "qkv", "gate": "gu", "up": "gu"}.get(name.split(".")[1].split("_")[0], name)
        fused[key] = (fused.get(key, (0, 0))[0] + outputs, inputs)
    for outputs, inputs in fused.values():
        x = torch.randn(rows, inputs, device=device).to(getattr(torch, dtype))
        w = (0.02 * torch.randn(outputs, inputs, device=device)).to(getattr(torch, dtype))
        total += models.SHAPES[shape][3] * common.timed(device, lambda: torch.nn.functional.linear(x, w))
    return total


def speed(options, shape, dtype):
    import torch
    import models
    import runner

    scorer = load(options, shape, dtype, options.device)
    texts = runner.texts()
    batch = runner.plan("16384" if options.device != "cpu" else "4096")[0]
    packed, _ = runner.checked_pack(batch, texts)
    if options.device != "cpu":
        torch.cuda.reset_peak_memory_stats(options.device)
    seconds = common.timed(options.device, lambda: scorer.on_device(packed))
    rows, pairs = len(packed["ids"]), runner.texts_of(packed)
    products = products_seconds(shape, rows, dtype, options.device)
    flop = 2.0 * rows * models.product_parameters(shape)
    blocks = len(packed["prefix_rows"]) + len(packed["block_rows"])
    result = {"pairs": pairs, "rows": rows, "blocks": blocks, "milliseconds": 1e3 * seconds,
              "pairs_per_second": pairs / seconds, "tflops": flop / seconds / 1e12, "plain_tflops": flop / products / 1e12,
              "of_plain_products": products / seconds}
    if options.device != "cpu":
        result["peak_gib"] = torch.cuda.max_memory_allocated(options.device) / 2**30
    return {**result, "operators": operators(options.device, lambda: scorer.on_device(packed))}


def trainer(options, shape, dtype, device, checkpointing=False):
    import models
    import runner

    base, adapter = models.ensure(shape, options)
    bytes_ = {"float32": 4}.get(dtype, 2)
    common.check_memory(device, 1.3 * bytes_ * models.parameters(shape), f"training of shape {shape} in {dtype}")
    return runner.Trainer(runner.Checkpoint(base, adapter), dtype, device, checkpointing)


def trained(options, shape, dtype, device, checkpointing=False):
    """Losses and gradient of a batch, and the parameters after a step, on the CPU."""
    import runner

    model = trainer(options, shape, dtype, device, checkpointing)
    losses = model.step(runner.training()[0], 0.5).float().cpu()
    gradient = model.grads.cpu().clone()
    norm = float(model.update(1))
    return losses, gradient, norm, model.params.cpu().clone()


def difference(a, b):
    return float((a - b).norm() / b.norm())


def train_reference(options, shape, dtype="float32"):
    import torch

    losses, gradient, norm, params = trained(options, shape, dtype, "cpu")
    torch.save([losses, gradient, norm, params], options.work / f"train-{shape}-{dtype}.pt")
    result = {"losses": losses.tolist(), "norm": norm, "finite": bool(torch.isfinite(gradient).all())}
    if dtype != "float32":
        expected = torch.load(options.work / f"train-{shape}-float32.pt")
        result |= {"loss_difference": float((losses - expected[0]).abs().max()), "gradient_difference": difference(gradient, expected[1])}
    return result


def train(options, shape, dtype, checkpointing, bound):
    import torch

    if not (options.work / f"train-{shape}-float32.pt").exists():
        train_reference(options, shape)  # another machine's results, this one's files
    expected = torch.load(options.work / f"train-{shape}-float32.pt")
    if options.device != "cpu":
        torch.cuda.reset_peak_memory_stats(options.device)
    losses, gradient, norm, params = trained(options, shape, dtype, options.device, checkpointing)
    result = {"loss_difference": float((losses - expected[0]).abs().max()), "gradient_difference": difference(gradient, expected[1]),
              "norm_difference": abs(norm / expected[2] - 1), "parameter_difference": float((params - expected[3]).abs().max())}
    if dtype == "float32":
        result["within_bounds"] = result["loss_difference"] <= LIMIT and result["gradient_difference"] <= LIMIT
    else:
        result["within_bounds"] = result["gradient_difference"] <= 1.5 * bound["gradient_difference"]
    if options.device != "cpu":
        result["peak_gib"] = torch.cuda.max_memory_allocated(options.device) / 2**30
    return result


def train_speed(options, shape, dtype, checkpointing):
    import runner

    model = trainer(options, shape, dtype, options.device, checkpointing)
    batch = runner.training()[0]
    seconds = common.timed(options.device, lambda: model.step(batch, 0.5))
    rows = len(batch["ids"])
    products = products_seconds(shape, rows, dtype, options.device)
    # The backward pass has one product for the input; frozen weights have none.
    return {"texts": len(batch["order"]), "rows": rows, "milliseconds": 1e3 * seconds, "texts_per_second": len(batch["order"]) / seconds,
            "of_plain_products": 2 * products / seconds, "operators": operators(options.device, lambda: model.step(batch, 0.5))}


def programs(options):
    import runner

    for name in ("decoder", "trainer", "products"):
        runner.load_program(name, options.device)
    checked = 0
    texts = runner.texts()
    for name in ("default", "4096", "65536"):
        for batch in runner.plan(name)[:4]:
            runner.checked_pack(batch, texts)
            checked += 1
    return {"loaded": 3, "batches_packed_as_java_does": checked, "pairs": len(texts),
            "mean_tokens": float(sum(map(len, texts)) / len(texts))}


def body(options, steps):
    common.modules("numpy", "safetensors", "transformers")
    import models

    warnings.filterwarnings("ignore", category=UserWarning)
    shapes = options.shapes or (["tiny"] if options.device == "cpu" else ["85m", "7b"])
    steps("programs", programs, options)
    for shape in shapes:
        steps(f"model.{shape}", lambda s: {"parameters": models.parameters(s), "made": str(models.ensure(s, options)[0])}, shape)
        for dtype in ("bfloat16", "float16") if shape == "7b" else DTYPES:
            steps(f"speed.{shape}.{dtype}", speed, options, shape, dtype)
            gc.collect()
        for dtype, checkpointing in (("bfloat16", False), ("bfloat16", True)):
            steps(f"train-speed.{shape}.{dtype}{'.checkpointing' if checkpointing else ''}", train_speed, options, shape, dtype, checkpointing)
            gc.collect()
        expected = steps(f"reference.{shape}", reference, options, shape)
        gc.collect()
        for dtype in DTYPES:
            if expected:
                steps(f"score.{shape}.{dtype}", score, options, shape, dtype, expected)
                gc.collect()
        steps(f"train-reference.{shape}", train_reference, options, shape)
        bound = steps(f"train-reference.{shape}.bfloat16", train_reference, options, shape, "bfloat16")
        gc.collect()
        for dtype in DTYPES:
            if dtype == "float32" or bound:
                steps(f"train.{shape}.{dtype}", train, options, shape, dtype, False, bound)
                gc.collect()
        if bound:
            steps(f"train.{shape}.float32.checkpointing", train, options, shape, "float32", True, bound)
    for file in options.out.glob("a.*.json"):
        if '"within_bounds": false' in file.read_text():
            steps.failed.append(f"{file.stem} is out of its bounds")


if __name__ == "__main__":
    common.main("a", body, common.parser(__doc__).parse_args())
