"""Prints random pairs and the token ids that transformers' AutoTokenizer gives them as Tevatron calls it.

    python random_texts.py --tokenizer DIR --seed 7 [--texts 10000] [--rerank-input FILE] > texts.jsonl

A line is one pair: `query`, `title`, `passage` (ASCII, JSON escapes), the pair's `text` as Tevatron formats it with the usual
prefixes, its `ids` cut at MAX_LENGTH, and `short_ids`, cut at SHORT_LENGTH with --append_eos_token. With --rerank-input the
pairs of that file follow. RandomTextsIT reads it; nothing of this is committed.
"""

import argparse
import gzip
import json
import random
import sys

from transformers import AutoTokenizer

MAX_LENGTH = 196
SHORT_LENGTH = 24

# Where one alphabet ends and what is odd begins; a text is made of pieces of several.
RANGES = [
    (0x20, 0x7E), (0x20, 0x7E), (0x20, 0x7E), (0x00, 0x1F), (0x7F, 0xFF), (0x100, 0x24F), (0x300, 0x36F), (0x370, 0x3FF),
    (0x400, 0x4FF), (0x590, 0x5FF), (0x600, 0x6FF), (0x900, 0x97F), (0xE00, 0xE7F), (0x1100, 0x11FF), (0x1E00, 0x1EFF),
    (0x2000, 0x206F), (0x20A0, 0x20CF), (0x2100, 0x214F), (0x2500, 0x257F), (0x3040, 0x30FF), (0x4E00, 0x9FFF),
    (0xAC00, 0xD7A3), (0xE000, 0xF8FF), (0xFB00, 0xFB4F), (0xFE00, 0xFE0F), (0xFF00, 0xFFEF), (0xFFF0, 0xFFFF),
    (0x10000, 0x1007F), (0x1D400, 0x1D7FF), (0x1F300, 0x1FAFF), (0x20000, 0x2A6DF), (0xE0000, 0xE007F), (0x10FF80, 0x10FFFF),
]
PIECES = [
    "<s>", "</s>", "<unk>", "<s> ", " </s>", "[INST]", "[/INST]", "<<SYS>>", "<0x0A>", "<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|begin_of_text|>", "<|eot_id|>", "<think>", "query: ", "document: ",
    "\u2581", "\u2581\u2581", "  ", "   ", "\t", "\n", "\r\n", "\u0085", "\u00a0", "\u2007", "\u202f", "\u2028", "\u3000", "\ufeff",
    "\u200b", "\u200d", "\ufffd", "\x00", "\x1c", "e\u0301", "\u0041\u030a", "\ufb01", "\u00bd", "\u1e9e", "\u0130", "\u01c5",
    "\U0001f468\u200d\U0001f469\u200d\U0001f467", "\U0001f1e9\U0001f1ea", "\U0001f44d\U0001f3fd", "don't", "it's", "IT'S", "12345", "3.14", "1,000",
    "https://example.org/a?b=c&d=%20", "C++", "--", "-", "a-b", "...", "\u2026", "\u201cquoted\u201d", "{\"a\": [1]}", "\\n", "\\u0041",
]


def random_piece(generator):
    kind = generator.random()
    if kind < 0.3:
        return generator.choice(PIECES)
    first, last = generator.choice(RANGES)
    return "".join(chr(generator.randint(first, last)) for _ in range(generator.randint(1, 8)))


def random_text(generator, most):
    return "".join(random_piece(generator) + generator.choice(["", " ", " "]) for _ in range(generator.randint(0, most)))


def random_pairs(seed, count):
    generator = random.Random(seed)
    for _ in range(count):
        most = generator.choice([1, 3, 10, 40])
        yield random_text(generator, 4), random_text(generator, 2), random_text(generator, most)


def pairs_of(path):
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            pair = json.loads(line)
            yield pair["query"], pair["title"], pair["text"]


def format_pair(query, title, passage):
    """`format_pair` of tevatron/reranker/dataset.py."""
    title = title.replace("-", " ").strip()
    return f"query:  {query} document:  {title} {passage}".strip()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokenizer", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--texts", type=int, default=10_000)
    parser.add_argument("--rerank-input")
    options = parser.parse_args()
    tokenizer = AutoTokenizer.from_pretrained(options.tokenizer)
    pairs = list(random_pairs(options.seed, options.texts))
    if options.rerank_input:
        pairs += pairs_of(options.rerank_input)
    texts = [format_pair(*pair) for pair in pairs]

    def encode(length):
        return tokenizer(texts, padding=False, truncation=True, max_length=length, add_special_tokens=True)["input_ids"]

    for pair, text, ids, short_ids in zip(pairs, texts, encode(MAX_LENGTH), encode(SHORT_LENGTH - 1)):
        record = dict(zip(("query", "title", "passage"), pair), text=text, ids=ids, short_ids=short_ids + [tokenizer.eos_token_id])
        json.dump(record, sys.stdout)
        sys.stdout.write("\n")


if __name__ == "__main__":
    main()
