"""Makes the demo's data and its reranker, trained from scratch by our own `train`, and shows that the training is what helps.

    python reference/demo/make_demo.py                    in place; README.md says what each file is
    python reference/demo/make_demo.py --output DIR       elsewhere, and compares: nDCG@10 within 0.02 of the committed model's
    python reference/demo/make_demo.py --output DIR --no-training      data and tokenizer alone

It refuses to write what would not be a fair demo: see `check_texts` and `check_figures`. Everything is seeded.
"""

import argparse
import json
import random
import re
import shutil
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path.insert(0, str(HERE.parent))

import numpy as np
from safetensors.numpy import save_file

import byte_fallback
from villages import ERRANDS, HEADINGS, NEIGHBOUR_REMARKS, PLACES, PLAIN_REMARKS, REMARKS, VILLAGES

SEED = 25
LUCENE = "9.12.3"
ANSWERS = ("yes", "no")
HELD_OUT_ERRANDS = 3  # of each village's twelve
HELD_OUT_QUERIES = 120
PASSAGES_OF_A_FACT = 3  # in the corpus
CANDIDATES = 50  # of each query in run.trec
GROUPS, GROUP_SIZE, GROUPS_OF_A_STEP, EPOCHS = 96_000, 5, 16, 1
MAX_LEN = 96
LEARNING_RATE = "2e-3"
WEIGHT_DECAY = 0.1  # without it a village's errands are learnt by heart: 0.76 to 0.83 held out, with it 0.92
PROMPT = ["--query-prefix", "query: ", "--passage-prefix", "document: ", "--rerank-max-len", str(MAX_LEN)]
SHAPE = {"vocab_size": 2400, "hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 3, "num_attention_heads": 4,
         "num_key_value_heads": 4}
KEPT = {"queries.tsv", "corpus.jsonl", "qrels.txt", "run.trec", "config.json", "model.safetensors", "tokenizer.json",
        "tokenizer_config.json"}
MOST_BYTES, MOST_SECONDS = 4 << 20, 15 * 60


def write_lines(path, lines):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8", newline="\n")


def json_lines(records):
    return (json.dumps(record, ensure_ascii=False) for record in records)


# --- texts -------------------------------------------------------------------------------------------------------------
# A fact is (village, errand, answer); an errand of a village is held out with both its answers, or trained on with both.


def split(draw):
    """The errands of each village that are held out."""
    return {village: set(draw.sample(sorted(ERRANDS), HELD_OUT_ERRANDS)) for village in VILLAGES}


def is_held_out(text):
    """Texts too are of one side alone, for a text without its title does not tell the village."""
    return zlib.crc32(text.encode()) % 4 == 0


def passage(draw, fact, held_out, kind=None, places=PLACES):
    """A text for the fact at one of the places. It ends with a remark: `kind` is "plain" or, to mislead, an errand or a village;
    without one it is drawn, half of them plain."""
    village, errand, answer = fact
    sentences = ERRANDS[errand][1 if answer == "yes" else 3]
    while True:
        of = kind or draw.choice(["plain", "plain", draw.choice([e for e in REMARKS if e != errand]),
                                  draw.choice([v for v in VILLAGES if v != village])])
        remarks = PLAIN_REMARKS if of == "plain" else REMARKS.get(of, NEIGHBOUR_REMARKS)
        place = draw.choice(places) + draw.choice(["", f" of {village}"])
        text = f"{draw.choice(sentences).format(p=place)} {draw.choice(remarks).format(v=village, w=of)}"
        if is_held_out(text) == held_out:
            return {"title": f"{village}: {draw.choice(HEADINGS[errand])}", "text": text}


def query(draw, fact):
    village, errand, answer = fact
    return draw.choice(ERRANDS[errand][0 if answer == "yes" else 2]).format(v=village).lower()  # as people type


def make_held_out(draw, held_out):
    """Queries {qid: (text, fact)} and the corpus [(docid, fact, passage)]."""
    facts, corpus = [], []
    for village in VILLAGES:
        for errand in sorted(held_out[village]):
            # each place is named once, so that no two passages contradict each other
            places = iter(draw.sample(PLACES, len(ANSWERS) * PASSAGES_OF_A_FACT))
            for answer in ANSWERS:
                facts.append((village, errand, answer))
                corpus += [(facts[-1], passage(draw, facts[-1], True, places=[next(places)]))
                           for number in range(PASSAGES_OF_A_FACT)]
    draw.shuffle(corpus)
    corpus = [(f"guide-{number:04d}", fact, made) for number, (fact, made) in enumerate(corpus, 1)]
    asked = sorted(draw.sample(facts, HELD_OUT_QUERIES))
    return {f"q{number:03d}": (query(draw, fact), fact) for number, fact in enumerate(asked, 1)}, corpus


def make_groups(draw, held_out):
    """Tevatron's training items: a query, one passage that answers it, and near misses."""
    trained = {village: sorted(set(ERRANDS) - held_out[village]) for village in VILLAGES}
    for number in range(1, GROUPS + 1):
        village, answer = draw.choice(VILLAGES), draw.choice(ANSWERS)
        errand = draw.choice(trained[village])
        fact, opposite = (village, errand, answer), (village, errand, ANSWERS[1 - ANSWERS.index(answer)])
        others = draw.sample([other for other in trained[village] if other != errand], 2)
        neighbours = draw.sample([other for other in VILLAGES if other != village and errand in trained[other]], 2)
        negatives = [
            passage(draw, opposite, False), passage(draw, opposite, False),
            passage(draw, (village, others[0], draw.choice(ANSWERS)), False, kind=errand),
            passage(draw, (village, others[1], draw.choice(ANSWERS)), False),
            passage(draw, (neighbours[0], errand, answer), False, kind=village),
            passage(draw, (neighbours[1], errand, answer), False),
            passage(draw, (neighbours[0], draw.choice(trained[neighbours[0]]), draw.choice(ANSWERS)), False),
        ]
        positive = passage(draw, fact, False)
        numbered = [{"docid": f"train-{number}-{place}"} | made for place, made in enumerate([positive, *negatives])]
        yield {"query_id": f"t{number}", "query": query(draw, fact), "positive_passages": numbered[:1],
               "negative_passages": numbered[1:]}


def shuffled(draw, group):
    """The same group with one of its passages, drawn, as the one that answers."""
    passages = group["positive_passages"] + group["negative_passages"]
    draw.shuffle(passages)
    return group | {"positive_passages": passages[:1], "negative_passages": passages[1:]}


def words(text):
    return set(re.findall(r"\w+", text.lower()))


def check_texts(queries, corpus, groups):
    """What makes the held-out queries held out."""
    trained = [made for group in groups for made in group["positive_passages"] + group["negative_passages"]]
    trained_texts = {made["text"] for made in trained}
    assert not trained_texts & {made["text"] for _, _, made in corpus}, "a passage is in both"
    by_sentence = {re.escape(sentence).replace(r"\{p\}", ".*"): errand for errand, parts in ERRANDS.items()
                   for sentence in parts[1] + parts[3]}
    pattern = re.compile("|".join(f"(?P<s{i}>{sentence})" for i, sentence in enumerate(by_sentence)))
    errands = list(by_sentence.values())
    seen = {(made["title"].split(":")[0], errands[int(pattern.match(made["text"]).lastgroup[1:])]) for made in trained}
    assert not seen & {fact[:2] for _, fact in queries.values()}, "a village's errand is in both"
    assert not seen & {fact[:2] for _, fact, _ in corpus}, "a village's errand is in both"
    known = set().union(*(words(made["title"] + " " + made["text"]) for made in trained), *(words(g["query"]) for g in groups))
    asked = set().union(*(words(text) for text, _ in queries.values()), *(words(m["title"] + " " + m["text"]) for _, _, m in corpus))
    assert asked <= known, f"words that training has not: {asked - known}"


# --- programs ----------------------------------------------------------------------------------------------------------


def call(*command):
    result = subprocess.run([str(word) for word in command], capture_output=True, text=True, cwd=ROOT)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout}{result.stderr}")
    return result.stdout


def rankspark(*command):
    return call(ROOT / "bin/rankspark", *command)


def bm25(aside, queries, corpus, run):
    """The first stage's run, by Lucene."""
    jars = aside / "lucene"
    for artifact in ("core", "analysis-common", "queryparser"):
        call("mvn", "-q", "-B", "-N", "dependency:copy", f"-Dartifact=org.apache.lucene:lucene-{artifact}:{LUCENE}",
             f"-DoutputDirectory={jars}")
    write_lines(aside / "corpus.tsv", (f"{docid}\t{made['title']} {made['text']}" for docid, _, made in corpus))
    write_lines(aside / "queries.tsv", (f"{qid}\t{text}" for qid, (text, _) in queries.items()))
    call("java", "-cp", f"{jars}/*", HERE / "Bm25.java", aside / "corpus.tsv", aside / "queries.tsv", CANDIDATES, run)


def alike(draw, tokenizer):
    """Embeddings that begin as fastText's (Bojanowski et al., 2017): tokens that share runs of three to five letters are alike."""
    hidden = SHAPE["hidden_size"]
    grams, embedding = {}, np.zeros((SHAPE["vocab_size"], hidden), np.float32)
    capital = draw.standard_normal(hidden)
    for token, number in sorted(tokenizer.get_vocab().items(), key=lambda entry: entry[1]):
        word = f"<{token.strip('▁').lower()}>"
        found = [word[i:i + n] for n in (3, 4, 5) for i in range(len(word) - n + 1)] or [word]
        for gram in found:
            if gram not in grams:
                grams[gram] = draw.standard_normal(hidden)
        shared = sum(grams[gram] for gram in found) / len(found) ** 0.5
        begins_large = token.strip("▁")[:1].isupper()
        embedding[number] = 0.8 * shared + 0.4 * draw.standard_normal(hidden) + 0.6 * begins_large * capital
    return embedding


def make_base(directory, tokenizer):
    """Random weights, as wide as their inputs want. Half of the heads' keys begin as their queries do, so that from the first step
    on a word of the passage looks at words of the query that are like it (Trockman & Kolter's mimetic initialization, 2023)."""
    directory.mkdir()
    draw = np.random.default_rng(SEED)
    hidden, mlp = SHAPE["hidden_size"], SHAPE["intermediate_size"]
    weights = {"model.embed_tokens.weight": alike(draw, tokenizer), "model.norm.weight": np.ones(hidden, np.float32)}

    def product(outputs, inputs):
        return (inputs ** -0.5 * draw.standard_normal((outputs, inputs))).astype(np.float32)

    weights["score.weight"] = product(1, hidden)
    for layer in range(SHAPE["num_hidden_layers"]):
        name = f"model.layers.{layer}."
        queries, keys = product(hidden, hidden), product(hidden, hidden)
        keys[:hidden // 2] = queries[:hidden // 2]
        weights |= {f"{name}self_attn.q_proj.weight": queries, f"{name}self_attn.k_proj.weight": keys,
                    f"{name}self_attn.v_proj.weight": product(hidden, hidden), f"{name}self_attn.o_proj.weight": product(hidden, hidden),
                    f"{name}mlp.gate_proj.weight": product(mlp, hidden), f"{name}mlp.up_proj.weight": product(mlp, hidden),
                    f"{name}mlp.down_proj.weight": product(hidden, mlp),
                    f"{name}input_layernorm.weight": np.ones(hidden, np.float32),
                    f"{name}post_attention_layernorm.weight": np.ones(hidden, np.float32)}
    save_file(weights, directory / "model.safetensors", {"format": "pt"})
    config = SHAPE | {
        "architectures": ["LlamaForSequenceClassification"], "attention_bias": False, "attention_dropout": 0.0, "bos_token_id": 1,
        "eos_token_id": 2, "head_dim": hidden // SHAPE["num_attention_heads"], "hidden_act": "silu", "id2label": {"0": "LABEL_0"},
        "label2id": {"LABEL_0": 0}, "initializer_range": 0.02, "max_position_embeddings": 512, "mlp_bias": False,
        "model_type": "llama", "pad_token_id": 0, "pretraining_tp": 1, "rms_norm_eps": 1e-5, "rope_scaling": None,
        "rope_theta": 10000.0, "tie_word_embeddings": False, "torch_dtype": "float32", "use_cache": True}
    write_lines(directory / "config.json", [json.dumps(dict(sorted(config.items())), indent=2)])
    byte_fallback.save(tokenizer, directory)


def train(base, groups, output):
    """Seconds."""
    begun = time.monotonic()
    rankspark("train", "--model-name-or-path", base, "--dataset-path", groups, "--output-dir", output, "--overwrite-output-dir",
              "--train-group-size", GROUP_SIZE, "--per-device-train-batch-size", GROUPS_OF_A_STEP, "--num-train-epochs", EPOCHS,
              "--learning-rate", LEARNING_RATE, "--weight-decay", WEIGHT_DECAY, "--warmup-ratio", 0.1,
              "--lr-scheduler-type", "cosine", "--logging-steps", 25, "--save-strategy", "no", "--seed", SEED, "--use-cpu", *PROMPT)
    return time.monotonic() - begun


def ndcg(qrels, run):
    return float(rankspark("evaluate", "-m", "ndcg_cut.10", qrels, run).split()[-1])


def reranked(model, data, run):
    rankspark("rerank", "--model-name-or-path", model, "--queries", data / "queries.tsv", "--corpus", data / "corpus.jsonl",
              "--retrieval-results", data / "run.trec", "--depth", CANDIDATES, "--dtype", "float32", "--use-cpu",
              "--rerank-output-path", run.with_suffix(".tsv"), "--trec-output-path", run, "--overwrite", *PROMPT)
    return ndcg(data / "qrels.txt", run)


def make_data(aside):
    """data/, the untrained model base/, the training items, and the same with labels at random."""
    draw = random.Random(SEED)
    print(f"seed {SEED}", flush=True)
    held_out = split(draw)
    queries, corpus = make_held_out(draw, held_out)
    groups = list(make_groups(draw, held_out))
    check_texts(queries, corpus, groups)
    data = aside / "data"
    write_lines(data / "queries.tsv", (f"{qid}\t{text}" for qid, (text, _) in queries.items()))
    write_lines(data / "corpus.jsonl", json_lines({"docid": docid} | made for docid, _, made in corpus))
    write_lines(data / "qrels.txt", (f"{qid} 0 {docid} 1" for qid, (_, asked) in queries.items()
                                     for docid, fact, _ in corpus if fact == asked))
    bm25(aside, queries, corpus, data / "run.trec")
    write_lines(aside / "groups.jsonl", json_lines(groups))
    write_lines(aside / "shuffled.jsonl", json_lines(shuffled(draw, group) for group in groups))
    texts = [text for g in groups[:4000] for text in (g["query"], *(m["title"] + " " + m["text"] for m in
                                                                  g["positive_passages"] + g["negative_passages"]))]
    make_base(aside / "base", byte_fallback.learn(texts, SHAPE["vocab_size"], punctuation_apart=True))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, default=HERE)
    parser.add_argument("--no-training", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        aside = Path(temporary)
        make_data(aside)
        data, model = aside / "data", aside / "base"
        if not options.no_training:
            model = train_and_compare(aside)
        for source, name in ((data, "data"), (model, "model")):
            shutil.rmtree(options.output / name, ignore_errors=True)
            (options.output / name).mkdir(parents=True)
            for file in source.iterdir():
                if file.name in KEPT:
                    shutil.copy(file, options.output / name)
        if options.output.resolve() != HERE and not options.no_training:
            again, committed = (reranked(folder / "model", data, aside / "again.trec") for folder in (options.output, HERE))
            print(f"nDCG@10 of the committed model {committed:.4f}, of this one {again:.4f}")
            assert abs(again - committed) <= 0.02


def train_and_compare(aside):
    """The trained model's folder."""
    data = aside / "data"
    before = ndcg(data / "qrels.txt", data / "run.trec")
    print(f"BM25: nDCG@10 {before:.4f}", flush=True)
    seconds = train(aside / "base", aside / "groups.jsonl", aside / "model")
    after = reranked(aside / "model", data, aside / "run.reranked.trec")
    print(f"trained in {seconds:.0f} s: nDCG@10 {before:.4f} -> {after:.4f}", flush=True)
    train(aside / "base", aside / "shuffled.jsonl", aside / "shuffled")
    control = reranked(aside / "shuffled", data, aside / "run.shuffled.trec")
    print(f"trained on labels at random: nDCG@10 {before:.4f} -> {control:.4f}", flush=True)
    shutil.copy(aside / "base/config.json", aside / "model")  # training changes nothing of it, but Java writes 1.0E-5
    check_figures(aside / "model", before, after, control, seconds)
    return aside / "model"


def check_figures(model, before, after, control, seconds):
    assert before >= 0.3, f"a first stage that finds nothing: {before}"
    assert after - before >= 0.2, f"{before} -> {after}"
    assert control <= before, f"labels at random help: {before} -> {control}"
    size = sum(file.stat().st_size for file in model.iterdir())
    assert size < MOST_BYTES, f"{size} bytes"
    assert seconds < MOST_SECONDS, f"{seconds} s"


if __name__ == "__main__":
    main()
