#!/usr/bin/env python3
"""Stage B: pairs per second on a GPU, beside sentence-transformers on the same texts and weights; and packed varlen attention.

    python3 stage_b.py [--device cuda:0] [--out DIR] [--shapes 7b 85m]      on a GPU machine; again until nothing is left
    python3 stage_b.py --device cpu                                         a rehearsal with a tiny shape

Ours: the product's program in bfloat16 on the bundle's pairs, packed as Java packs them, from token ids to scores, for several sizes
of a batch. Theirs: CrossEncoder.predict in bfloat16 with each attention that loads there, several batch sizes, the fastest counts; its
tokenizer is part of its time, and is measured alone as well. Tokenizing is no part of ours here: stage C's bench has it.
"""
import gc
import json
import time

import common

BUDGETS = ("default", "4096", "8192", "16384", "32768", "65536")


def count_of(options, shape):
    return 64 if options.device == "cpu" else 8_600 if shape != "7b" else 4_000


def batches_of(runner, name, texts, count):
    """Whole batches, until so many pairs are in them."""
    batches, pairs = [], 0
    for batch in runner.plan(name):
        packed, order = runner.checked_pack(batch, texts)
        batches.append((packed, order))
        pairs += len(order)
        if pairs >= count:
            break
    return batches, pairs


def scorer_of(options, shape):
    import stage_a

    return stage_a.load(options, shape, "bfloat16", options.device)


def run_all(scorer, batches, device):
    import torch

    out = [scorer.on_device(packed)[: len(order)] for packed, order in batches]
    scores = torch.cat(out).float().cpu()
    common.synchronize(device)
    return scores


def rate(options, scorer, batches, pairs):
    device = options.device
    for packed, _ in batches[:2]:
        scorer.on_device(packed)
    seconds = []
    for _ in range(2):
        common.synchronize(device)
        start = time.perf_counter()
        run_all(scorer, batches, device)
        seconds.append(time.perf_counter() - start)
    return pairs / min(seconds), min(seconds)


def ours(options, shape, budget, change=None):
    import torch
    import models
    import runner

    scorer = scorer_of(options, shape)
    if change:
        change(scorer)
    texts = runner.texts()
    batches, pairs = batches_of(runner, budget, texts, count_of(options, shape))
    if options.device != "cpu":
        torch.cuda.reset_peak_memory_stats(options.device)
    try:
        speed, seconds = rate(options, scorer, batches, pairs)
    except torch.OutOfMemoryError as e:
        return {"pairs": pairs, "out_of_memory": str(e).split(".")[0]}
    rows = sum(len(packed["ids"]) for packed, _ in batches)
    real = sum(len(texts[i]) for _, order in batches for i in order)
    scores = run_all(scorer, batches, options.device).tolist()
    order = [i for _, order in batches for i in order]
    result = {"pairs": pairs, "batches": len(batches), "pairs_per_second": speed, "tokens_per_second": real / seconds,
              "tokens_per_real_token": rows / real, "tflops": 2e-12 * rows * models.product_parameters(shape) / seconds,
              "scores": dict(zip(map(str, order), scores))}
    if options.device != "cpu":
        result["peak_gib"] = torch.cuda.max_memory_allocated(options.device) / 2**30
    return result


def pair_template(folder):
    """A tokenizer that puts nothing between the two parts of a text, so that its ids are those of the whole text."""
    file = folder / "tokenizer.json"
    tokenizer = json.loads(file.read_text(encoding="utf-8"))
    post = tokenizer.get("post_processor") or {}
    for part in post.get("processors", [post]):
        if part.get("type") == "TemplateProcessing":
            second = [dict(item) for item in part["single"] if "Sequence" in item]
            second = [{"Sequence": {"id": "B", "type_id": 1}} for _ in second]
            at = max(i for i, item in enumerate(part["single"]) if "Sequence" in item)
            part["pair"] = part["single"][: at + 1] + second + part["single"][at + 1 :]
    file.write_text(json.dumps(tokenizer, ensure_ascii=False), encoding="utf-8")


def merged(options, shape):
    """The adapter merged into a whole model in bfloat16, as sentence-transformers takes it."""
    import models
    import runner
    import shutil
    import stage_a

    folder = options.work / "models" / shape / "merged"
    if not (folder / "done").exists():
        base, adapter = models.ensure(shape, options)
        common.check_disk(folder, int(2.1 * models.parameters(shape)), f"the merged model of shape {shape}")
        model = stage_a.plain_model(runner.Checkpoint(base, adapter), base, "bfloat16", options.device)
        model.config.pad_token_id = 0
        model.save_pretrained(folder)
        for file in (common.HERE / "data/tokenizer").glob("*"):
            shutil.copyfile(file, folder / file.name)
        pair_template(folder)
        settings_file = folder / "tokenizer_config.json"
        settings = json.loads(settings_file.read_text())
        settings["tokenizer_class"] = "PreTrainedTokenizerFast"  # Llama's own puts its template in the place of ours
        settings["model_input_names"] = ["input_ids", "attention_mask"]
        settings["pad_token"] = settings.get("unk_token") or "<unk>"
        settings_file.write_text(json.dumps(settings))
        (folder / "done").touch()
    return {"folder": str(folder)}


def theirs(options, shape, attention, expected):
    import gzip

    import numpy
    import torch
    import transformers
    import runner
    from sentence_transformers import CrossEncoder

    word = "dtype" if int(transformers.__version__.split(".")[0]) >= 5 else "torch_dtype"
    model = CrossEncoder(
        str(options.work / "models" / shape / "merged"), num_labels=1, max_length=196, device=options.device,
        model_kwargs={word: torch.bfloat16, "attn_implementation": attention}, activation_fn=torch.nn.Identity())
    model.tokenizer.padding_side = "right"
    pairs, count = [], count_of(options, shape)
    with gzip.open(common.HERE / "data/pairs.jsonl.gz", "rt", encoding="utf-8") as lines:
        for _, line in zip(range(count), lines):
            pair = json.loads(line)
            title = pair["title"].replace("-", " ").strip()
            pairs.append((f"query:  {pair['query']}", f"document:  {title} {pair['text']}".strip()))
    texts = runner.texts()
    start = time.perf_counter()
    ids = model.tokenizer([a for a, _ in pairs], [b for _, b in pairs], truncation=True, max_length=196)["input_ids"]
    tokenize = time.perf_counter() - start
    same = [i for i, text in enumerate(ids) if list(text) == texts[i].tolist()]
    best = {}
    for size in (32, 128, 512) if options.device != "cpu" else (32,):
        try:
            model.predict(pairs[: 2 * size], batch_size=size, show_progress_bar=False)
            common.synchronize(options.device)
            start = time.perf_counter()
            scores = model.predict(pairs, batch_size=size, show_progress_bar=False)
            speed = len(pairs) / (time.perf_counter() - start)
        except torch.OutOfMemoryError:
            break
        if speed > best.get("pairs_per_second", 0):
            best = {"pairs_per_second": speed, "batch_size": size}
    compared = [i for i in same if str(i) in expected["scores"]]
    differences = numpy.abs(numpy.array([float(scores[i]) - expected["scores"][str(i)] for i in compared]))
    return {"pairs": len(pairs), **best, "tokenizing_seconds": tokenize, "same_ids": len(same), "compared": len(compared),
            "mean_difference": float(differences.mean()), "max_difference": float(differences.max()),
            "standard_deviation": float(numpy.std([float(s) for s in scores]))}


def varlen(runner):
    """The variant: one call of packed varlen attention a layer. A query's prefix is packed again before each of its texts, as keys and
    values alone are gathered; queries are not. Returns what replaces Scorer.on_device."""
    import torch

    def places(packed, device):
        """For each prefix and each text, in order, its queries' rows (from, count) and its keys' rows."""
        of_blocks = (packed["block_" + name] for name in ("rows", "counts", "lengths", "prefix_rows", "prefix_lengths"))
        blocks = [(row, 1, length, 0, 0) for row, length in zip(packed["prefix_rows"], packed["prefix_lengths"])]
        keys, q_lengths, k_lengths = [], [], []
        for row, n, own, first, prefix in sorted(blocks + list(zip(*of_blocks))):
            for text in range(n):
                keys.append(torch.arange(first, first + prefix))
                keys.append(torch.arange(row + text * own, row + (text + 1) * own))
                q_lengths.append(own)
                k_lengths.append(prefix + own)
        cumulated = [torch.tensor([0] + lengths).cumsum(0).to(torch.int32).to(device) for lengths in (q_lengths, k_lengths)]
        return torch.cat(keys).to(device), *cumulated, max(q_lengths), max(k_lengths), sum(q_lengths)

    def score(scorer, packed):
        program, config = scorer.program, scorer.config
        heads, kv = config["num_attention_heads"], config["num_key_value_heads"]
        arguments = runner.on(scorer.device, packed)
        positions, ends = arguments["positions"], arguments["ends"]
        x = program.embed(scorer.embedding, arguments["ids"])
        cos, sin = (t.index_select(0, positions).to(x.dtype).unsqueeze(1) for t in (scorer.cos, scorer.sin))
        keys, cu_q, cu_k, longest_q, longest_k, used = places(packed, x.device)
        d = cos.size(2)
        for layer in scorer.layers:
            y, norms = program.norm(x), layer.head_norms
            qkv = torch.cat([program.multiply(y, product) for product in layer.qkv], 1).view(x.size(0), -1, d)
            qk, v = qkv.split([heads + kv, kv], 1)
            q, k = program.rotated(qk, norms, cos, sin).split([heads, kv], 1)
            a = torch.zeros(x.size(0), heads * d, dtype=x.dtype, device=x.device)
            k1, v1 = k.index_select(0, keys), v.index_select(0, keys)
            if x.is_cuda:
                # grouped heads go in as they are; causal is aligned to the last key, as a prefix asks for
                y = torch.ops.aten._flash_attention_forward(
                    q[:used].contiguous(), k1, v1, cu_q, cu_k, longest_q, longest_k, 0.0, True, False, scale=d**-0.5)[0]
            else:
                y = reference(q[:used], k1, v1, cu_q, cu_k, d)
            a[:used] = y.reshape(used, -1)
            if layer.is_last:
                x, a = x.index_select(0, ends), a.index_select(0, ends)
            x = program.add_multiplied(x, a, layer.o)
            x = program.add_multiplied(x, program.gated(program.norm(x), layer.gate_up), layer.down)
        return program.score(scorer.head, x)

    def reference(q, k, v, cu_q, cu_k, d):
        """What the kernel computes, for the rehearsal on a CPU."""
        out = []
        group = q.size(1) // k.size(1)
        for i in range(len(cu_q) - 1):
            qs, ks = slice(cu_q[i], cu_q[i + 1]), slice(cu_k[i], cu_k[i + 1])
            q1, k1, v1 = (t.transpose(0, 1) for t in (q[qs], k[ks].repeat_interleave(group, 1), v[ks].repeat_interleave(group, 1)))
            n, m = q1.size(1), k1.size(1)
            mask = torch.ones(n, m, dtype=torch.bool, device=q.device).tril(m - n)
            out.append(torch.nn.functional.scaled_dot_product_attention(q1, k1, v1, mask, scale=d**-0.5).transpose(0, 1))
        return torch.cat(out)

    def change(scorer):
        def on_device(packed):
            with torch.no_grad():
                return score(scorer, packed)

        scorer.on_device = on_device

    return change


def varlen_rate(options, shape, budget, expected):
    import numpy
    import runner

    result = ours(options, shape, budget, varlen(runner))
    if "scores" in result:
        common_ids = [i for i in result["scores"] if i in expected["scores"]]
        differences = numpy.abs(numpy.array([result["scores"][i] - expected["scores"][i] for i in common_ids]))
        result |= {"compared": len(common_ids), "mean_difference": float(differences.mean()), "max_difference": float(differences.max())}
        result["over_blocks"] = result["pairs_per_second"] / expected["pairs_per_second"]
    return result


def verdict(found, peers, best_varlen):
    best = max(found.values(), key=lambda r: r["pairs_per_second"])
    name = next(n for n, r in found.items() if r is best)
    result = {"ours": best["pairs_per_second"], "budget": name}
    if peers:
        peer, theirs_ = max(peers.items(), key=lambda item: item[1]["pairs_per_second"])
        result |= {"theirs": theirs_["pairs_per_second"], "attention": peer,
                   "ratio": best["pairs_per_second"] / theirs_["pairs_per_second"], "must": 1.5, "aim": 2.5}
    if best_varlen:
        result["varlen"] = best_varlen
    return result


def attentions(options):
    if options.device == "cpu":
        return ("sdpa",)
    found = ["sdpa", "eager"]
    try:
        __import__("flash_attn")
        found.insert(0, "flash_attention_2")
    except Exception:
        pass
    return tuple(found)


def body(options, steps):
    common.modules("numpy", "safetensors", "transformers")
    shapes = options.shapes or (["tiny"] if options.device == "cpu" else ["7b", "85m"])
    peer = None
    try:
        common.modules("sentence_transformers")
    except common.Stop as e:
        peer = e  # ours can be measured without it; said at the end
    for shape in shapes:
        found, peers, best_varlen = {}, {}, None
        for budget in BUDGETS if options.device != "cpu" else ("default", "4096"):
            result = steps(f"ours.{shape}.{budget}", ours, options, shape, budget)
            gc.collect()
            if result and "scores" in result:
                found[budget] = result
        for budget in list(found)[-2:]:
            result = steps(f"varlen.{shape}.{budget}", varlen_rate, options, shape, budget, found[budget])
            gc.collect()
            if result and "pairs_per_second" in result:
                best_varlen = max(best_varlen or 0, result["pairs_per_second"])
        if not peer and found and steps(f"merged.{shape}", merged, options, shape):
            if not (options.work / "models" / shape / "merged/done").exists():
                merged(options, shape)  # another machine's results, this one's files
            for attention in attentions(options):
                result = steps(f"sentence-transformers.{shape}.{attention}", theirs, options, shape, attention,
                               max(found.values(), key=lambda r: len(r["scores"])))
                gc.collect()
                if result and result.get("pairs_per_second"):
                    peers[attention] = result
        if found and not peer and not steps.left:
            steps(f"verdict.{shape}", verdict, found, peers, best_varlen)
    if peer:
        raise peer


if __name__ == "__main__":
    common.main("b", body, common.parser(__doc__).parse_args())
