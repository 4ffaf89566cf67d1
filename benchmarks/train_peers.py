#!/usr/bin/env python3
"""Trains as Tevatron does, by its own model and collator, and times the steps: the peer of `bin/rankspark train`.

    PYTHONPATH=TEVATRON/src python benchmarks/train_peers.py --model-name-or-path DIR --dataset-path FILE [--steps 12]
        [--bf16] [--gradient-checkpointing] [--lora-dropout 0.1] [--threads 2]

Groups in the order of the file, the first positive and the first negatives, so that both sides have the same texts. What the
Trainer does around the model (clipping, AdamW, the schedule) is done here in its few lines. The last line of standard output is
one JSON object: pairs per second after the first step, peak resident memory, the losses. Needs the packages of
requirements.txt and a checkout of Tevatron.
"""
import argparse
import gzip
import json
import pathlib
import resource
import time

import torch
from tevatron.reranker.arguments import DataArguments, ModelArguments
from tevatron.reranker.collator import RerankerTrainCollator
from tevatron.reranker.dataset import format_pair
from tevatron.reranker.modeling import RerankerModel
from transformers import AutoTokenizer, TrainingArguments


def groups(options):
    opened = gzip.open if options.dataset_path.suffix == ".gz" else open
    with opened(options.dataset_path, "rt", encoding="utf-8") as lines:
        for line in lines:
            item = json.loads(line)
            passages = item["positive_passages"][:1] + item["negative_passages"][: options.train_group_size - 1]
            yield [format_pair(item["query"], p["text"], p["title"], "query: ", "document: ") for p in passages]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model-name-or-path", required=True)
    parser.add_argument("--dataset-path", type=pathlib.Path, required=True)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--train-group-size", type=int, default=8)
    parser.add_argument("--rerank-max-len", type=int, default=128)
    parser.add_argument("--lora-dropout", type=float, default=0.0)
    parser.add_argument("--bf16", action="store_true")
    parser.add_argument("--gradient-checkpointing", action="store_true")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(42)
    tokenizer = AutoTokenizer.from_pretrained(options.model_name_or_path)
    if tokenizer.pad_token_id is None:
        tokenizer.pad_token_id = tokenizer.unk_token_id
    tokenizer.padding_side = "right"
    arguments = TrainingArguments(
        output_dir="/tmp/unused", per_device_train_batch_size=options.batch, bf16=options.bf16, use_cpu=True,
        gradient_checkpointing=options.gradient_checkpointing, report_to=[],
    )
    model = RerankerModel.build(
        ModelArguments(model_name_or_path=options.model_name_or_path, lora=True, lora_dropout=options.lora_dropout),
        arguments, torch_dtype=torch.bfloat16 if options.bf16 else torch.float32,
    )
    model.hf_model.config.pad_token_id = tokenizer.pad_token_id
    if options.gradient_checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    collator = RerankerTrainCollator(DataArguments(rerank_max_len=options.rerank_max_len), tokenizer)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    texts = list(groups(options))
    model.train()
    losses, start = [], time.perf_counter()
    for step in range(options.steps):
        if step == 1:
            start = time.perf_counter()
        at = step * options.batch % (len(texts) - options.batch + 1)
        batch = collator(texts[at : at + options.batch])
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bf16):
            loss = model(dict(batch)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
        losses.append(loss.item())
    pairs = (options.steps - 1) * options.batch * options.train_group_size
    print(json.dumps({
        "pairs_per_second": pairs / (time.perf_counter() - start),
        "peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "losses": losses,
    }))


if __name__ == "__main__":
    main()
