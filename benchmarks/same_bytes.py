#!/usr/bin/env python3
"""Runs the same commands with two jars and compares what they leave, byte for byte.

    python benchmarks/same_bytes.py --old OLD.jar --new NEW.jar [--only NAME ...] [--keep FOLDER] [--list]

Every command runs with either jar in a fresh folder of one name, so that paths are equal, on the reference data of this
checkout and on two slots of an embedded Spark. Compared are the names and the bytes of all files, standard output, standard
error and the exit code; of what is printed, seconds and what is counted by them are left out. One line a command, and for a
difference where it is. The exit code is 1 if there is any, or if a command fails that should not, whatever the jar.

What a command reads that another one wrote (a checkpoint to go on from, a merged model) was written by the old jar.
"""
import argparse
import difflib
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import time

HOME = pathlib.Path(__file__).resolve().parent.parent
REFERENCE = HOME / "reference"

QUERIES = ["--queries", f"{REFERENCE}/data/queries.tsv"]
CORPUS = ["--corpus", f"{REFERENCE}/data/corpus.jsonl"]
RUN = ["--retrieval-results", f"{REFERENCE}/data/run.trec"]
QRELS = f"{REFERENCE}/data/qrels.txt"
PREFIXES = ["--query-prefix", "query: ", "--passage-prefix", "document: "]
PROMPT = [*PREFIXES, "--rerank-max-len", "196"]
PAIRS = ["--dataset-path", f"{REFERENCE}/expected/rerank_input.jsonl"]
ADAPTER = ["--model-name-or-path", f"{REFERENCE}/adapter"]
FLOAT32 = ["--dtype", "float32"]
OUTPUT = ["--rerank-output-path", "run.txt"]
TREC = ["--trec-output-path", "run.trec"]
RERANK = ["rerank", *ADAPTER, *PROMPT]
TRAIN = ["train", "--model-name-or-path", f"{REFERENCE}/base", "--dataset-path", "{made}/train.jsonl", *PREFIXES,
         "--rerank-max-len", "96", "--train-group-size", "4", "--per-device-train-batch-size", "2", "--learning-rate", "1e-3",
         "--logging-steps", "1", "--save-steps", "3", "--output-dir", "trained"]
SIX = ["--max-steps", "6"]
EVALUATED = ["--eval-dataset-path", f"{REFERENCE}/expected/rerank_input.jsonl", "--eval-qrels", QRELS]

# What the commands below read, made by the old jar: {made} in them is its folder.
MADE = [
    ["merge", *ADAPTER, "--output-dir", "merged"],
    [*TRAIN, "--lora", *SIX],
]

COMMANDS = {
    "prepare": ["prepare", *QUERIES, *CORPUS, *RUN, "--depth", "10", "--output-path", "pairs.jsonl"],
    "prepare, Tevatron's spelling": [
        "prepare", "--query_data_name", "{made}/queries", "--query_data_split", "dl19", "--corpus_data_name", "{made}/corpus",
        "--retrieval_results", "{made}/run.txt", "--run-format", "tevatron", "--allow-missing", "--output_path", "pairs.jsonl"],
    "rerank, adapter": [*RERANK, *FLOAT32, *PAIRS, *OUTPUT],
    "rerank, base and adapter, both outputs, qrels": [
        "rerank", "--model-name-or-path", f"{REFERENCE}/base", "--lora-name-or-path", f"{REFERENCE}/adapter-bin", *PROMPT,
        *FLOAT32, *PAIRS, *OUTPUT, *TREC, "--run-tag", "tag", "--qrels", QRELS],
    "rerank, candidates, TREC output, qrels": [
        *RERANK, *FLOAT32, *QUERIES, *CORPUS, *RUN, "--depth", "7", *TREC, "--qrels", QRELS, "--relevance-level", "2"],
    "rerank, folders of candidates": [
        *RERANK, *FLOAT32, "--query_data_name", "{made}/queries", "--query_data_split", "dl19", "--corpus_data_name",
        "{made}/corpus", "--retrieval_results", "{made}/run.txt", "--run-format", "tevatron", "--allow-missing", *OUTPUT],
    "rerank, merged": ["rerank", "--model-name-or-path", "{made}/merged", *PROMPT, *FLOAT32, *PAIRS, *OUTPUT],
    "rerank, backbone": ["rerank", "--model-name-or-path", f"{REFERENCE}/backbone", *PROMPT, *FLOAT32, *PAIRS, *OUTPUT],
    "rerank, Mistral": ["rerank", "--model-name-or-path", f"{REFERENCE}/mistral", *PROMPT, *FLOAT32, *PAIRS, *OUTPUT],
    "rerank, end token, short": [
        *RERANK[:3], *PREFIXES, "--rerank-max-len", "64", "--append-eos-token", *FLOAT32, *PAIRS, *OUTPUT],
    "rerank, dtype auto": [*RERANK, *PAIRS, *OUTPUT],
    "rerank, bfloat16": [*RERANK, "--bf16", *PAIRS, *OUTPUT],
    "rerank, float16": [*RERANK, "--fp16", "--use-cpu", *PAIRS, *OUTPUT],
    "rerank, int8": [*RERANK, "--dtype", "int8", *PAIRS, *OUTPUT],
    "rerank, partitions, small batches": [
        *RERANK, *FLOAT32, *PAIRS, "--partitions", "7", "--per-device-eval-batch-size", "5", "--max-batch-tokens", "700",
        *OUTPUT],
    "rerank, a shard": [
        *RERANK, *FLOAT32, *PAIRS, "--dataset-number-of-shards", "3", "--dataset-shard-index", "1", *OUTPUT],
    "convert to TREC": ["convert", "--input", f"{REFERENCE}/expected/adapter.txt", "--output", "run.trec"],
    "convert to MARCO": ["convert", "--input", f"{REFERENCE}/data/run.trec", "--to", "marco", "--output", "run.tsv"],
    "evaluate": ["evaluate", QRELS, f"{REFERENCE}/data/run.trec"],
    "evaluate, many measures": [
        "evaluate", "-c", "-q", "-l", "2", "-M", "15", "-m", "ndcg_cut.5,10", "-m", "ndcg", "-m", "recall.10,100", "-m", "map_cut",
        "-m", "success", "-m", "set_F.0.5", "-m", "official", QRELS, f"{REFERENCE}/expected/adapter.txt"],
    "merge": ["merge", *ADAPTER, "--output-dir", "merged"],
    "merge, bfloat16, shards": [
        "merge", "--model-name-or-path", f"{REFERENCE}/base", "--lora-name-or-path", f"{REFERENCE}/adapter-bin", "--dtype",
        "bfloat16", "--max-shard-size", "40KB", "--output-dir", "merged"],
    "train": [*TRAIN, "--lora", *SIX],
    "train, bfloat16": [*TRAIN, "--lora", "--bf16", *SIX],
    "train, checkpointing, dropout": [*TRAIN, "--lora", "--lora-dropout", "0.3", "--gradient-checkpointing", *SIX],
    "train, accumulation, cosine, some modules": [
        *TRAIN, "--lora", "--gradient-accumulation-steps", "2", "--num-train-epochs", "1.5", "--lr-scheduler-type", "cosine",
        "--warmup-ratio", "0.2", "--weight-decay", "0.01", "--lora-target-modules", "q_proj,v_proj", "--lora-r", "4",
        "--append-eos-token", "--data-seed", "7", "--dataloader-drop-last"],
    "train, evaluated, the best": [*TRAIN, "--lora", *SIX, *EVALUATED, "--eval-steps", "2", "--load-best-model-at-end"],
    "train, all weights": [*TRAIN, *SIX],
    "train, all weights, bfloat16": [*TRAIN, *SIX, "--bf16"],
    "train, from an adapter": [*TRAIN, "--lora-name-or-path", f"{REFERENCE}/adapter", *SIX],
    "train, from a checkpoint": [*TRAIN, "--lora", *SIX, "--resume-from-checkpoint", "{made}/trained/checkpoint-3"],
    "train, two workers": [*TRAIN, "--lora", *SIX, "--workers", "2"],
    "refused, a checkpoint of other settings": [
        *TRAIN, "--lora", *SIX, "--seed", "7", "--resume-from-checkpoint", "{made}/trained/checkpoint-3"],
    "refused, a wrong line": ["evaluate", f"{REFERENCE}/data/queries.tsv", f"{REFERENCE}/data/run.trec"],
    "refused, a wrong option": [*RERANK, *PAIRS, *OUTPUT, "--partitions", "-1"],
    **{f"{command} --help": [command, "--help"]
       for command in ("prepare", "rerank", "convert", "evaluate", "merge", "train", "bench", "demo")},
}


def make_inputs(folder, jar):
    """The inputs that are not in the reference data, in a new folder."""
    folder.mkdir()
    for name in ("queries", "corpus"):
        (folder / name).mkdir()
    shutil.copy(REFERENCE / "data/queries.tsv", folder / "queries/dl19.tsv")
    passages = (REFERENCE / "data/corpus.jsonl").read_text(encoding="utf-8").splitlines()
    # The last has no passage, for --allow-missing.
    (folder / "corpus/train.jsonl").write_text("\n".join(passages[:-1]) + "\n", encoding="utf-8")
    lines = [line.split() for line in (REFERENCE / "data/run.trec").read_text().splitlines()]
    (folder / "run.txt").write_text("".join(f"{qid}\t{docid}\t{score}\n" for qid, _, docid, _, score, _ in lines))
    (folder / "train.jsonl").write_text("".join(json.dumps(item) + "\n" for item in training_set(passages)))
    for command in MADE:
        code, out, err = run(jar, fill(command, folder), folder)
        if code:
            sys.exit(f"{jar}: {' '.join(command)}\n{out}{err}")


def training_set(passages):
    """Tevatron's training format: a query, its relevant passages and the others that were judged."""
    passages = {passage["docid"]: passage for passage in map(json.loads, passages)}
    judged = [line.split() for line in pathlib.Path(QRELS).read_text().splitlines()]
    for line in (REFERENCE / "data/queries.tsv").read_text(encoding="utf-8").splitlines():
        qid, query = line.split("\t")
        mine = [(passages[docid], int(grade)) for own, _, docid, grade in judged if own == qid and docid in passages]
        yield {"query_id": qid, "query": query,
               "positive_passages": [passage for passage, grade in mine if grade > 0],
               "negative_passages": [passage for passage, grade in mine if grade == 0]}


def fill(command, made):
    return [word.replace("{made}", str(made)) for word in command]


def run(jar, command, folder):
    """Exit code, standard output and standard error."""
    environment = dict(os.environ, RANKSPARK_JAR=str(jar), RANKSPARK_SPARK_ARGS="--master local[2]")
    environment.pop("SPARK_HOME", None)
    result = subprocess.run([HOME / "bin/rankspark", *command], cwd=folder, env=environment, capture_output=True)
    return result.returncode, result.stdout.decode(), result.stderr.decode()


# Spark's progress bar of older jars, which returns to the beginning of its line; what the launcher says of itself; times and
# rates.
NOISE = [(r"[^\n]*\r", ""), (r"rankspark: preparing Spark's classes.*\n", ""), (r"[\d.,]+ (s|pairs/s|tokens/s)\b", r"- \1"),
         (r"[\d.]+ % of it all-reduce", "- % of it all-reduce"),
         # How far a job was when it told, once in a minute, or in some seconds by older jars.
         (r"step \d+ of \d+, loss .* s left\n", ""),
         (r"(Scoring|Training|Loading the model|Writing the model): .* of .*\n", ""), (r"(rankspark|rerank|prepare|train): .* so far\n", "")]


def without_times(text):
    for pattern, by in NOISE:
        text = re.sub(pattern, by, text)
    return text


def left(jar, command, folder):
    """What a command leaves, by name: its files' bytes, and what it printed as text."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    code, out, err = run(jar, command, folder)
    found = {"exit code": str(code), "standard output": without_times(out), "standard error": without_times(err)}
    for file in sorted(folder.rglob("*")):
        found[str(file.relative_to(folder))] = file.read_bytes() if file.is_file() else b""
    return found


def shown(name, old, new):
    """Where two of one name differ, in a line or a few."""
    if name not in new or name not in old:
        return f"{name}: only with the {'old' if name in old else 'new'} jar"
    if isinstance(old[name], str):
        changed = difflib.unified_diff(old[name].splitlines(), new[name].splitlines(), "old", "new", lineterm="", n=0)
        return f"{name}:\n      " + "\n      ".join(list(changed)[2:12])
    if len(old[name]) != len(new[name]):
        return f"{name}: {len(old[name])} and {len(new[name])} bytes"
    at = next(i for i, (a, b) in enumerate(zip(old[name], new[name])) if a != b)
    return f"{name}: byte {at} differs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--old", type=pathlib.Path)
    parser.add_argument("--new", type=pathlib.Path, default=HOME / "jobs/target/rankspark.jar")
    parser.add_argument("--only", nargs="+", default=[""], metavar="NAME", help="commands whose names begin so")
    parser.add_argument("--keep", type=pathlib.Path, help="a new folder for what the commands leave, of both jars where they differ")
    parser.add_argument("--list", action="store_true", help="print the names of the commands")
    options = parser.parse_args()
    chosen = {name: command for name, command in COMMANDS.items() if name.startswith(tuple(options.only))}
    if options.list:
        print("\n".join(chosen))
        return
    if not options.old or not chosen:
        parser.error("expected --old, a jar" if chosen else f"--only: no command's name begins with {options.only}")
    jars = [jar.resolve(strict=True) for jar in (options.old, options.new)]
    different = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder).resolve()
        make_inputs(folder / "made", jars[0])
        for name, command in chosen.items():
            begun = time.monotonic()
            work = folder / "work"
            found = []
            for side, jar in zip(("old", "new"), jars):
                found.append(left(jar, fill(command, folder / "made"), work))
                if options.keep:
                    shutil.copytree(work, options.keep / re.sub(r"\W+", "-", name) / side)
            old, new = found
            differing = [key for key in {**old, **new} if old.get(key) != new.get(key)]
            size = sum(len(value) for value in old.values())
            failed = (old["exit code"] != "0") != name.startswith("refused")
            different += bool(differing or failed)
            print(f"{'DIFFERENT' if differing else 'FAILED' if failed else 'equal'}: {name} (exit code {old['exit code']}, {len(old) - 3} files, {size:,} "
                  f"bytes, {time.monotonic() - begun:.0f} s)", flush=True)
            for key in differing:
                print("   " + shown(key, old, new), flush=True)
    print(f"{len(chosen) - different} of {len(chosen)} commands equal")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
