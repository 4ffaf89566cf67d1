"""Makes RankSpark's own reference data: a small world, tiny checkpoints, and the scores Tevatron's semantics give them.

    python make_reference.py [--output DIR]     (default: this script's folder; README.md says what each file is)

Everything is seeded; weights come from numpy, whose generator gives the same bits on every machine. Scores are computed
one pair at a time with one thread, from the files just written.
"""

import argparse
import json
import math
import os
import re
import shutil
from collections import Counter
from pathlib import Path

os.environ.update(HF_HUB_OFFLINE="1", TOKENIZERS_PARALLELISM="false")

import numpy as np
import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from transformers import (AutoModelForSequenceClassification, AutoTokenizer, LlamaConfig, LlamaForCausalLM, LlamaModel,
                          LlamaTokenizerFast, MistralConfig, MistralForSequenceClassification)
from transformers.utils import logging

import byte_fallback
import world

HERE = Path(__file__).resolve().parent
SEED = 19  # one of few that keep all scores of a query 0.004 apart, see make_expected
VOCABULARY = 1200
CANDIDATES = 20  # of each query in run.trec
DEPTH = 10  # of them go to the reranker
MAX_LEN = 196
QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "document: "
# Texts that no corpus promises to be free of.
ODD_TEXTS = [
    "", " ", "   ", " a", "a ", "  two  spaces  ", "\t", "\n", "line\nbreak\r\nand\ttab", "\x00", "\x01\x02 bell \x07",
    "\x1b[31mred\x1b[0m", "\x7f", "\u0085next line\u0085", "\u00a0no\u00a0break\u00a0", "\u2007figure\u202fspace",
    "\u200bzero\u200dwidth\ufeff", "\U0001f600", "family \U0001f468\u200d\U0001f469\u200d\U0001f467", "e\u0301 or \u00e9",
    "Z\u0351\u034ea\u0317\u030el\u0334\u0357g\u0321o\u033e", "\u6771\u4eac\u306f\u65e5\u672c\u306e\u9996\u90fd\u3067\u3059\u3002",
    "\u043a\u0438\u0457\u0432 \u03b1\u03b2\u03b3 \u05e9\u05dc\u05d5\u05dd", "a </s> inside", "<s><unk></s>", "</s", "\ufffd broken \ufffd",
    "\u2581already\u2581here", "<0x41> is no byte", "Donaudampfschifffahrtsgesellschaft" * 8,
    "back\\slash \\n \"quoted\" 'single' \u201ccurly\u201d", "1234567890.50 \u20ac", "\U00020000\U0010ffff",
]


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")


# --- data/: queries, corpus, first-stage run, judgements ---------------------------------------------------------------


def words(text):
    return re.findall(r"\w+", text.lower())


def bm25(query, docs, k1=0.9, b=0.4):
    """The best CANDIDATES docids with their scores; two decimals, so that there are ties."""
    bags = [Counter(words(d["title"] + " " + d["text"])) for d in docs]
    mean_length = sum(bag.total() for bag in bags) / len(bags)
    scores = [0.0] * len(docs)
    for word in words(query):
        found = sum(word in bag for bag in bags)
        idf = math.log(1 + (len(docs) - found + 0.5) / (found + 0.5))
        for i, bag in enumerate(bags):
            scores[i] += idf * bag[word] / (bag[word] + k1 * (1 - b + b * bag.total() / mean_length))
    hits = [(d["docid"], round(score, 2)) for d, score in zip(docs, scores)]
    return sorted(hits, key=lambda hit: -hit[1])[:CANDIDATES]


def grades(judged, hits):
    """The listed grades; 1 for other passages of a listed subject, 0 for the rest of the first stage's first ten."""
    subject = lambda docid: docid.rsplit("-", 1)[0]
    subjects = {subject(docid) for docid, grade in judged.items() if grade == 3}
    related = {docid: 1 for docid in (d["docid"] for d in world.passages()) if subject(docid) in subjects}
    return {docid: 0 for docid, _ in hits[:10]} | related | judged


def make_data(out):
    docs, queries = world.passages(), world.queries()
    hits = {qid: bm25(text, docs) for qid, (text, _) in queries.items()}
    write_lines(out / "queries.tsv", (f"{qid}\t{text}" for qid, (text, _) in queries.items()))
    write_lines(out / "corpus.jsonl", (json.dumps(d, ensure_ascii=False) for d in docs))
    # Another order than queries.tsv: the output follows the run.
    write_lines(out / "run.trec", (f"{qid} Q0 {docid} {rank} {score} bm25" for qid in sorted(hits)
                                   for rank, (docid, score) in enumerate(hits[qid], start=1)))
    write_lines(out / "qrels.txt", (f"{qid} 0 {docid} {grade}" for qid, (_, judged) in queries.items()
                                    for docid, grade in sorted(grades(judged, hits[qid]).items())))


def prepare(data):
    """Tevatron's prepare_rerank_input.py with --depth 10; a record is the corpus row, then score, query_id, query."""
    queries = dict(line.split("\t") for line in (data / "queries.tsv").read_text("utf-8").splitlines())
    corpus = {d["docid"]: d for d in map(json.loads, (data / "corpus.jsonl").read_text("utf-8").splitlines())}
    taken, records = Counter(), []
    for line in (data / "run.trec").read_text("utf-8").splitlines():
        qid, _, docid, _, score, _ = line.split()
        taken[qid] += 1
        if taken[qid] <= DEPTH:
            records.append(corpus[docid] | {"score": float(score), "query_id": qid, "query": queries[qid]})
    return records


def pair_text(record):
    """Tevatron's format_pair."""
    title = record["title"].replace("-", " ").strip()
    return f"{QUERY_PREFIX} {record['query']} {PASSAGE_PREFIX} {title} {record['text']}".strip()


# --- tokenizer ---------------------------------------------------------------------------------------------------------


def make_tokenizer():
    texts = [pair_text({"query": text, "title": d["title"], "text": d["text"]})
             for d in world.passages() for text in (next(iter(world.queries().values()))[0], d["title"])]
    texts += [text for text, _ in world.queries().values()] * 8
    return byte_fallback.learn(texts, VOCABULARY)


def load_tokenizer(directory):
    """As Tevatron's driver does."""
    tokenizer = AutoTokenizer.from_pretrained(directory)
    assert type(tokenizer) is LlamaTokenizerFast, type(tokenizer)
    tokenizer.pad_token_id = 0
    return tokenizer


# --- checkpoints -------------------------------------------------------------------------------------------------------


def fill(parameters, seed, std):
    """Seeded weights, large enough that scores of different texts differ by units; norms vary around 1."""
    random = np.random.default_rng(seed)
    with torch.no_grad():
        for name, parameter in sorted(parameters):
            noise = torch.from_numpy(random.standard_normal(tuple(parameter.shape)).astype(np.float32))
            parameter.copy_(1 + 0.1 * noise if "norm" in name else std * noise)


def make_base(out, vocabulary):
    model = LlamaForCausalLM(LlamaConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        max_position_embeddings=2048, rms_norm_eps=1e-5, torch_dtype="float16"))
    fill(model.named_parameters(), SEED, 0.2)
    model.half().save_pretrained(out)


def make_adapters(out, base):
    """The same LoRA twice: adapter_model.safetensors and adapter_model.bin."""
    config = LoraConfig(r=4, lora_alpha=32, lora_dropout=0.1, task_type=TaskType.SEQ_CLS, target_modules=[
        "q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"])
    model = get_peft_model(load_classifier(base, torch.float32), config)  # SEQ_CLS saves `score` as well
    trained = [(name, p) for name, p in model.named_parameters() if p.requires_grad]
    fill([t for t in trained if "lora_" in t[0]], SEED + 1, 0.08)
    fill([t for t in trained if "score" in t[0]], SEED + 2, 0.5)
    config.base_model_name_or_path = base.name
    for name, safe in (("adapter", True), ("adapter-bin", False)):
        model.save_pretrained(out / name, safe_serialization=safe, save_embedding_layers=False)
        (out / name / "README.md").unlink()  # PEFT's empty model card
        path = out / name / "adapter_config.json"
        settings = json.loads(path.read_text())
        settings["target_modules"].sort()  # PEFT keeps them in a set: another order each time
        write_lines(path, [json.dumps(settings, indent=2, sort_keys=True)])


def make_mistral(out, vocabulary):
    model = MistralForSequenceClassification(MistralConfig(
        vocab_size=vocabulary, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, head_dim=12, max_position_embeddings=2048, rms_norm_eps=1e-5, rope_theta=100000.0,
        sliding_window=4096, num_labels=1, torch_dtype="bfloat16"))
    fill(model.named_parameters(), SEED + 3, 0.2)
    model.bfloat16().save_pretrained(out, max_shard_size="100KB")


def make_backbone(out, vocabulary):
    """As Tevatron's RerankerModel.save with reranker_model_type "backbone"."""
    model = LlamaModel(LlamaConfig(
        vocab_size=vocabulary, hidden_size=24, intermediate_size=56, num_hidden_layers=2, num_attention_heads=3,
        max_position_embeddings=2048, rms_norm_eps=1e-5, torch_dtype="float32"))
    head = torch.nn.Linear(24, 1, bias=False)
    fill(model.named_parameters(), SEED + 4, 0.2)
    fill(head.named_parameters(), SEED + 5, 0.5)
    model.save_pretrained(out)
    torch.save(dict(head.state_dict()), out / "reranker_head.pt")
    extras = {"reranker_model_type": "backbone", "reranker_pooling": "last", "attn_implementation": "sdpa"}
    (out / "reranker_config.json").write_text(json.dumps(extras, indent=2))


# --- scores: Tevatron's RerankerModel.load and forward ------------------------------------------------------------------


def load_classifier(directory, dtype):
    model = AutoModelForSequenceClassification.from_pretrained(
        directory, num_labels=1, torch_dtype=dtype, attn_implementation="sdpa")
    model.config.pad_token_id = 0
    return model.eval()


def adapter_scorer(base, adapter, dtype):
    model = PeftModel.from_pretrained(load_classifier(base, dtype), adapter).merge_and_unload().eval()
    return lambda ids: model(input_ids=ids).logits


def classifier_scorer(directory, dtype):
    model = load_classifier(directory, dtype)
    return lambda ids: model(input_ids=ids).logits


def backbone_scorer(directory, dtype):
    model = LlamaModel.from_pretrained(directory, torch_dtype=dtype, attn_implementation="sdpa").eval()
    head = torch.load(directory / "reranker_head.pt")["weight"].to(dtype)
    return lambda ids: torch.nn.functional.linear(model(input_ids=ids).last_hidden_state[:, -1], head)


def rerank(records, tokenizer, scorer, max_len=MAX_LEN, append_eos=False):
    """qid -> [(docid, score)], queries in input order, score descending, equal scores in input order."""
    results = {}
    for record in records:
        ids = tokenizer(pair_text(record), truncation=True, max_length=max_len - append_eos)["input_ids"]
        ids += [tokenizer.eos_token_id] * append_eos
        with torch.no_grad():
            score = scorer(torch.tensor([ids])).float().item()
        results.setdefault(record["query_id"], []).append((record["docid"], score))
    return {qid: sorted(hits, key=lambda hit: hit[1], reverse=True) for qid, hits in results.items()}


def make_expected(out, root):
    records = prepare(root / "data")
    write_lines(out / "rerank_input.jsonl", map(json.dumps, records))
    tokenizer = load_tokenizer(root / "base")
    texts = [pair_text(record) for record in records[:40]] + ODD_TEXTS
    write_lines(out / "token_ids.jsonl", (
        json.dumps({"text": text, "ids": tokenizer(text, add_special_tokens=True)["input_ids"]}) for text in texts))
    adapter = adapter_scorer(root / "base", root / "adapter", torch.float32)
    runs = {
        "adapter": rerank(records, tokenizer, adapter),
        "adapter.max_len_64.eos": rerank(records, tokenizer, adapter, max_len=64, append_eos=True),
        "adapter.bf16": rerank(records, tokenizer, adapter_scorer(root / "base", root / "adapter", torch.bfloat16)),
        "mistral": rerank(records, tokenizer, classifier_scorer(root / "mistral", torch.float32)),
        "backbone": rerank(records, tokenizer, backbone_scorer(root / "backbone", torch.float32)),
    }
    for name, results in runs.items():
        write_lines(out / f"{name}.txt", (
            f"{qid}\t{docid}\t{score!r}" for qid, hits in results.items() for docid, score in hits))
        scores = np.array([score for hits in results.values() for _, score in hits])
        gap = min(a - b for hits in results.values() for (_, a), (_, b) in zip(hits, hits[1:]))
        print(f"{name}: {len(scores)} scores, {scores.min():.3f} to {scores.max():.3f}, std {scores.std():.3f}, "
              f"smallest gap within a query {gap:.2g}")
        # Order is part of what is compared: float32 scores of a query lie far enough apart for that.
        assert gap > 4e-3 or name.endswith("bf16"), f"{name}: scores too near, choose another SEED"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE)
    root = parser.parse_args().output.resolve()
    logging.set_verbosity_error()  # the base has no score head, and that is meant
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(SEED)
    if root == HERE:
        for name in ("data", "base", "adapter", "adapter-bin", "mistral", "backbone", "expected"):
            shutil.rmtree(root / name, ignore_errors=True)
    elif root.exists() and any(root.iterdir()):
        parser.error(f"{root} is not empty")
    make_data(root / "data")
    tokenizer = make_tokenizer()
    make_base(root / "base", tokenizer.get_vocab_size())
    make_adapters(root, root / "base")
    make_mistral(root / "mistral", tokenizer.get_vocab_size())
    make_backbone(root / "backbone", tokenizer.get_vocab_size())
    for name in ("base", "mistral", "backbone"):
        byte_fallback.save(tokenizer, root / name)
    make_expected(root / "expected", root)


if __name__ == "__main__":
    main()
