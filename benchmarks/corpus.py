#!/usr/bin/env python3
"""Makes a corpus of MS MARCO's size and lengths, queries, and a run over them: what benchmarks/prepare.py times.

    python benchmarks/corpus.py --passages 8841823 --queries 7000 --depth 200 --output-dir DIR

Writes corpus.jsonl (docid, title, text), queries.jsonl (query_id, query) and run.txt (TREC). The texts are made-up words; their
lengths are drawn from quantiles of the passages that a first stage finds in MS MARCO, a quarter has letters beyond ASCII, a tenth
quotation marks. The same arguments give the same bytes.
"""
import argparse
import bisect
import json
import pathlib
import random

# Characters of a passage, at each twentieth of all.
LENGTHS = [46, 198, 223, 241, 254, 267, 278, 288, 297, 305, 313, 321, 340, 366, 412, 452, 494, 533, 573, 625, 1110]
STREAM = 4_000_000  # characters that passages are cut from
SYLLABLES = ["an", "ber", "co", "den", "er", "fi", "gra", "hol", "in", "ka", "lo", "mi", "na", "or", "pe", "ri", "sta", "to", "un", "ver"]
WORDS = 30_000


def stream(rng, marked):
    """Words by Zipf's law, and where they begin; every 50th is marked."""
    words = ["".join(rng.choices(SYLLABLES, k=rng.randint(1, 4))) for _ in range(WORDS)]
    weights = [1 / (rank + 2) for rank in range(WORDS)]
    chosen = rng.choices(words, weights, k=STREAM // 6)
    chosen[::50] = [marked.replace("?", word) for word in chosen[::50]]
    text = " ".join(chosen)
    return text, [at + 1 for at, letter in enumerate(text) if letter == " "]


def write_corpus(path, passages, rng):
    # JSON's escapes are in the streams already: a passage is one slice, cut at its words.
    kinds = [stream(rng, marked) for marked in ("?.", "caf\u00e9?\u2019s", "\\\"?\\\"")]
    with open(path, "w", encoding="utf-8", buffering=1 << 20) as out:
        for docid in range(passages):
            at = rng.random() * (len(LENGTHS) - 1)
            low = int(at)
            length = int(LENGTHS[low] + (at - low) * (LENGTHS[low + 1] - LENGTHS[low]))
            kind = rng.random()
            text, starts = kinds[1 if kind < 0.27 else 2 if kind < 0.38 else 0]
            start = starts[int(rng.random() * (len(starts) - 300))]
            end = starts[bisect.bisect_left(starts, start + length)] - 1
            out.write(f'{{"docid": "{docid}", "title": "", "text": "{text[start:end]}"}}\n')


def write_queries_and_run(folder, passages, queries, depth, rng):
    text, starts = stream(rng, "?")
    with open(folder / "queries.jsonl", "w", encoding="utf-8") as out, open(folder / "run.txt", "w", encoding="utf-8") as run:
        for number in range(queries):
            qid = 1_000_000 + number
            at = int(rng.random() * (len(starts) - 20))
            query = text[starts[at]:starts[at + rng.randint(3, 9)] - 1]
            out.write(json.dumps({"query_id": str(qid), "query": query}) + "\n")
            for rank, docid in enumerate(rng.sample(range(passages), depth), 1):
                run.write(f"{qid} Q0 {docid} {rank} {1 - rank / (2 * depth):.6f} made\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--passages", type=int, default=8_841_823)
    parser.add_argument("--queries", type=int, default=7_000)
    parser.add_argument("--depth", type=int, default=200)
    parser.add_argument("--seed", type=int, default=20261129)
    parser.add_argument("--output-dir", type=pathlib.Path, required=True)
    options = parser.parse_args()
    options.output_dir.mkdir(parents=True, exist_ok=True)
    write_corpus(options.output_dir / "corpus.jsonl", options.passages, random.Random(options.seed))
    write_queries_and_run(
        options.output_dir, options.passages, options.queries, options.depth, random.Random(options.seed + 1))


if __name__ == "__main__":
    main()
