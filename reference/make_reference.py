"""Makes this folder's reference data: a small first-stage world, small checkpoints, and the scores that transformers and PEFT
compute for them. Seeded; two runs write the same bytes. See README.md.

    python make_reference.py [--output DIR]
"""

import argparse
import json
import random
import shutil
from pathlib import Path

import torch
from peft import LoraConfig, PeftModel, get_peft_model
from tokenizers import Tokenizer, decoders, models, normalizers, trainers
from transformers import (
    AutoModel,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    LlamaConfig,
    LlamaForCausalLM,
    LlamaModel,
    MistralConfig,
    MistralForSequenceClassification,
)

SEED = 20261123
DEPTH = 10
MAX_LEN = 196
VOCABULARY = 1200
QUERY_PREFIX, PASSAGE_PREFIX = "query: ", "document: "

# ---------------------------------------------------------------------------------------------------------------- texts

RIVERS = [
    ("Danube", "2,850", "the Black Forest", "the Black Sea", "Vienna, Budapest and Belgrade"),
    ("Rhine", "1,230", "the Swiss Alps", "the North Sea", "Basel, Cologne and Rotterdam"),
    ("Loire", "1,006", "the Massif Central", "the Atlantic Ocean", "Orléans, Tours and Nantes"),
    ("Elbe", "1,094", "the Krkonoše mountains", "the North Sea", "Dresden, Magdeburg and Hamburg"),
    ("Vistula", "1,047", "the Beskids", "the Baltic Sea", "Kraków, Warszawa and Toruń"),
    ("Po", "652", "the Cottian Alps", "the Adriatic Sea", "Turin, Piacenza and Cremona"),
    ("Tagus", "1,007", "the Sierra de Albarracín", "the Atlantic Ocean", "Toledo and Lisbon"),
    ("Thames", "346", "the Cotswolds", "the North Sea", "Oxford, Reading and London"),
]
MOUNTAINS = [
    ("Mont Blanc", "4,806", "the Graian Alps", "1786", "Jacques Balmat and Michel Paccard"),
    ("Matterhorn", "4,478", "the Pennine Alps", "1865", "a party led by Edward Whymper"),
    ("Triglav", "2,864", "the Julian Alps", "1778", "four men from Bohinj"),
    ("Aneto", "3,404", "the Pyrenees", "1842", "Platon de Tchihatcheff and his guides"),
    ("Großglockner", "3,798", "the High Tauern", "1800", "an expedition of the bishop of Gurk"),
    ("Ben Nevis", "1,345", "the Grampians", "1771", "the botanist James Robertson"),
    ("Galdhøpiggen", "2,469", "Jotunheimen", "1850", "three men from Lom"),
    ("Gran Paradiso", "4,061", "the Graian Alps", "1860", "a party of J. J. Cowell"),
]
INVENTIONS = [
    ("steam engine with a separate condenser", "James Watt", "1769", "it saved three quarters of the coal"),
    ("safety lamp for mines", "Humphry Davy", "1815", "its gauze keeps the flame from the gas"),
    ("electric telegraph", "William Cooke and Charles Wheatstone", "1837", "railways used it first"),
    ("pneumatic tyre", "John Boyd Dunlop", "1888", "it made the bicycle comfortable"),
    ("dynamite", "Alfred Nobel", "1867", "kieselguhr made the oil safe to carry"),
    ("diesel engine", "Rudolf Diesel", "1893", "it ignites its fuel by compression alone"),
    ("zip fastener", "Gideon Sundback", "1913", "it was called a hookless fastener at first"),
    ("ballpoint pen", "László Bíró", "1938", "quick-drying ink made it work"),
]
PLANTS = [
    ("oak", "acorns", "six hundred years", "its timber built ships"),
    ("beech", "beechnuts", "three hundred years", "its leaves give a deep shade"),
    ("larch", "cones", "four hundred years", "it drops its needles in autumn"),
    ("hazel", "nuts", "eighty years", "its catkins open in February"),
    ("yew", "red arils", "a thousand years", "nearly all of it is poisonous"),
    ("silver-birch", "winged seeds", "a hundred years", "it is the first tree on open ground"),
]


def passages():
    """(docid, title, text) of about 120 passages, in a shuffled order of docids."""
    made = []
    for name, length, source, mouth, towns in RIVERS:
        made += [
            (name, f"The {name} is a river of {length} km. It rises in {source} and flows into {mouth}."),
            (f"{name}-Towns", f"Towns on the {name} are {towns}. Barges carried grain, salt and stone between them."),
            ("", f"Floods of the {name} come with the melting snow of {source}. Dikes were raised after each of them."),
            ("Source", f"In {source} a small stone marks where the {name} begins; walkers drink from it."),
        ]
    for name, height, chain, year, climbers in MOUNTAINS:
        made += [
            (name, f"{name} is a mountain of {height} m in {chain}. It was first climbed in {year} by {climbers}."),
            ("", f"The first people on the top of {name} were {climbers}, in {year}."),
            (f"{name}-Weather", f"Storms reach {name} from the west. In {chain} the snow lies until June."),
        ]
    for thing, who, year, remark in INVENTIONS:
        made += [
            ("", f"The {thing} was invented by {who} in {year}; {remark}."),
            (who, f"{who} had worked on the {thing} for years before it was shown in {year}."),
            (f"{thing}-History", f"Before {year} nobody had a {thing} that worked. Afterwards every workshop wanted one."),
        ]
    for tree, fruit, age, remark in PLANTS:
        made += [
            (tree, f"The {tree} bears {fruit} and can live for {age}; {remark}."),
            ("", f"How old does a {tree} get? Foresters count {age}, if the soil is deep."),
        ]
    made += [
        ("Quotes", 'She said "rivers remember" and drew a \\ on the map.'),
        ("-Wi-Fi-", "A telegraph without wires: naïve idea, façade of a café, 東京 and Αθήνα, 🙂."),
        ("Long-Journey", " ".join(f"On day {i} we followed the river past mill number {i * 7 % 100}." for i in range(1, 61))),
    ]
    ids = [f"D{i:03d}" for i in range(1, len(made) + 1)]
    random.Random(SEED).shuffle(ids)
    return [(docid, title, text) for docid, (title, text) in zip(ids, made)]


QUERIES = [
    ("q101", "where does the danube rise", "Danube"),
    ("q102", "towns on the rhine", "Rhine"),
    ("q103", "how long is the loire river", "Loire"),
    ("q104", "which sea does the vistula flow into", "Vistula"),
    ("q105", "who first climbed mont blanc", "Mont Blanc"),
    ("q106", "height of the matterhorn", "Matterhorn"),
    ("q107", "first ascent of großglockner", "Großglockner"),
    ("q108", "who invented the diesel engine", "diesel engine"),
    ("q109", "when was the electric telegraph invented", "electric telegraph"),
    ("q110", "inventor of the ballpoint pen", "ballpoint pen"),
    ("q111", "how old does a yew tree get", "yew"),
    ("q112", "fruit of the silver birch", "silver-birch"),
]


def first_stage(collection):
    """The run and the judgements: shared words decide the score, rounded so that there are ties; grades from the subject."""
    run, qrels = [], []
    for qid, query, subject in QUERIES:
        words = set(query.split())
        scored = []
        for docid, title, text in collection:
            body = f"{title} {text}".lower().replace(",", " ").replace(".", " ").replace("-", " ").split()
            score = 1 + sum(2.0 for w in words if w in body and len(w) > 3) + 8.0 / (8 + len(body))
            scored.append((round(score, 1), docid))
            grade = (2 if subject.lower() in text.lower() else 0) + (1 if subject in title else 0)
            if grade or score > 3:
                qrels.append((qid, docid, grade))
        scored.sort(key=lambda x: (-x[0], x[1]))
        run += [(qid, docid, rank, score) for rank, (score, docid) in enumerate(scored[:20], start=1)]
    return run, qrels


def write_world(out):
    collection = passages()
    data = out / "data"
    data.mkdir(parents=True)
    (data / "queries.tsv").write_text("".join(f"{qid}\t{query}\n" for qid, query, _ in QUERIES), encoding="utf-8")
    with open(data / "corpus.jsonl", "w", encoding="utf-8") as f:
        for docid, title, text in sorted(collection):
            record = {"docid": docid, "title": title, "text": text, "url": f"https://example.org/{docid}"}
            f.write(json.dumps(record, ensure_ascii=False) + "\n")
    run, qrels = first_stage(collection)
    (data / "run.trec").write_text("".join(f"{q} Q0 {d} {r} {s} first\n" for q, d, r, s in run))
    (data / "qrels.txt").write_text("".join(f"{q} 0 {d} {g}\n" for q, d, g in qrels))
    return collection, run


def rerank_input(out, run):
    """What Tevatron's prepare_rerank_input.py writes with --depth 10."""
    corpus = {}
    for line in open(out / "data" / "corpus.jsonl", encoding="utf-8"):
        record = json.loads(line)
        corpus[record["docid"]] = record
    queries = {qid: query for qid, query, _ in QUERIES}
    pairs = []
    with open(out / "expected" / "rerank_input.jsonl", "w") as f:
        for qid, docid, rank, score in run:
            if rank <= DEPTH:
                record = corpus[docid]
                record.update(score=float(score), query_id=qid, docid=docid, query=queries[qid])
                f.write(json.dumps(record) + "\n")
                pairs.append(dict(record))
    return pairs


# ------------------------------------------------------------------------------------------------------------ tokenizer


def make_tokenizer(texts, folder):
    """A small byte-fallback BPE, laid out as Llama-2's: <unk> <s> </s>, 256 byte tokens, then the vocabulary."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    byte_tokens = [f"<0x{i:02X}>" for i in range(256)]
    # Words end where blanks begin, so that no token crosses one: a trainer without pre-tokenizer would learn sentences.
    words = [piece for text in texts for piece in text.split()]
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY, special_tokens=["<unk>", "<s>", "</s>"] + byte_tokens, show_progress=False
    )
    tokenizer.train_from_iterator(words, trainer)
    state = json.loads(tokenizer.to_str())
    state["added_tokens"] = state["added_tokens"][:3]
    state["decoder"] = json.loads(
        decoders.Sequence(
            [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
        ).__getstate__()
    )
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "tokenizer.json").write_text(json.dumps(state, ensure_ascii=False), encoding="utf-8")
    config = {
        "add_bos_token": True,
        "add_eos_token": False,
        "bos_token": "<s>",
        "clean_up_tokenization_spaces": False,
        "eos_token": "</s>",
        "legacy": True,
        "model_max_length": 2048,
        "pad_token": None,
        "tokenizer_class": "LlamaTokenizer",
        "unk_token": "<unk>",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n")
    return len(state["model"]["vocab"])


# ----------------------------------------------------------------------------------------------------------- checkpoints


def randomize(model, std):
    """Weights that make scores differ: far from initialization's small ones."""
    generator = torch.Generator().manual_seed(SEED)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float32)
            if "norm" in name:
                parameter.copy_(1 + 0.1 * noise)
            elif "lora_" in name or "score" in name:
                parameter.copy_(0.3 * noise)
            else:
                parameter.copy_(std * noise)


def save(model, folder, **options):
    model.save_pretrained(folder, **options)
    for extra in ("README.md", "generation_config.json"):
        (folder / extra).unlink(missing_ok=True)


def make_checkpoints(out, vocab):
    shape = dict(vocab_size=vocab, hidden_size=32, intermediate_size=80, num_hidden_layers=2, num_attention_heads=4)
    base = LlamaForCausalLM(LlamaConfig(**shape, max_position_embeddings=2048, rms_norm_eps=1e-5))
    randomize(base, 0.25)
    save(base.to(torch.float16), out / "base")

    classifier = AutoModelForSequenceClassification.from_pretrained(out / "base", num_labels=1, torch_dtype=torch.float32)
    targets = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    adapted = get_peft_model(
        classifier,
        LoraConfig(task_type="SEQ_CLS", r=4, lora_alpha=32, lora_dropout=0.1, target_modules=targets),
    )
    frozen = {n: p.detach().clone() for n, p in adapted.named_parameters() if "lora_" not in n and "score" not in n}
    randomize(adapted, 0.0)
    with torch.no_grad():
        for name, parameter in adapted.named_parameters():
            if name in frozen:
                parameter.copy_(frozen[name])
            elif "lora_" in name:
                parameter.mul_(0.1)
    adapted.peft_config["default"].base_model_name_or_path = "base"
    adapted.peft_config["default"].target_modules = sorted(targets)
    save(adapted, out / "adapter")
    save(adapted, out / "adapter-bin", safe_serialization=False)
    for folder in ("adapter", "adapter-bin"):  # PEFT keeps sets, whose order is the process's own
        file = out / folder / "adapter_config.json"
        config = json.loads(file.read_text())
        config["target_modules"], config["modules_to_save"] = sorted(targets), sorted(config["modules_to_save"])
        file.write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")

    mistral = MistralForSequenceClassification(
        MistralConfig(
            **shape, num_key_value_heads=2, head_dim=12, rope_theta=100000.0, sliding_window=4096,
            max_position_embeddings=2048, rms_norm_eps=1e-6, num_labels=1, pad_token_id=0,
        )
    )
    randomize(mistral, 0.25)
    save(mistral.to(torch.bfloat16), out / "mistral", max_shard_size="80KB")

    backbone = LlamaModel(LlamaConfig(**shape, max_position_embeddings=2048, rms_norm_eps=1e-5))
    randomize(backbone, 0.25)
    save(backbone, out / "backbone")
    head = torch.randn(1, 32, generator=torch.Generator().manual_seed(SEED + 1)) * 0.3
    torch.save({"weight": head}, out / "backbone" / "reranker_head.pt")
    reranker = {"reranker_model_type": "backbone", "reranker_pooling": "last", "attn_implementation": "sdpa"}
    (out / "backbone" / "reranker_config.json").write_text(json.dumps(reranker, indent=2) + "\n")
    for folder in ("mistral", "backbone"):
        for name in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(out / "base" / name, out / folder / name)


# ---------------------------------------------------------------------------------------------------------------- scores


def pair_text(pair):
    """Tevatron's format_pair."""
    title = pair["title"].replace("-", " ").strip()
    return f"{QUERY_PREFIX} {pair['query']} {PASSAGE_PREFIX} {title} {pair['text']}".strip()


def score(model, head, tokenizer, pairs, max_len=MAX_LEN, append_eos=False):
    """One pair at a time, so that no batch plays a part; the head reads the last token."""
    model.eval()
    by_query = {}
    for pair in pairs:
        ids = tokenizer(pair_text(pair), truncation=True, max_length=max_len - 1 if append_eos else max_len)["input_ids"]
        if append_eos:
            ids = ids + [tokenizer.eos_token_id]
        with torch.no_grad():
            output = model(input_ids=torch.tensor([ids]), return_dict=True)
            logit = output.logits[0, 0] if head is None else (output.last_hidden_state[0, -1] @ head[0])
        by_query.setdefault(pair["query_id"], []).append((pair["docid"], float(logit.float())))
    return by_query


def write_scores(file, by_query):
    with open(file, "w") as f:
        for qid, results in by_query.items():
            for docid, value in sorted(results, key=lambda x: x[1], reverse=True):
                f.write(f"{qid}\t{docid}\t{value}\n")


def merged(out, dtype):
    model = AutoModelForSequenceClassification.from_pretrained(out / "base", num_labels=1, torch_dtype=dtype)
    model.config.pad_token_id = 0
    return PeftModel.from_pretrained(model, out / "adapter").merge_and_unload()


def write_expected(out, pairs):
    expected = out / "expected"
    tokenizer = AutoTokenizer.from_pretrained(out / "base")
    adapter = merged(out, torch.float32)
    write_scores(expected / "adapter.txt", score(adapter, None, tokenizer, pairs))
    write_scores(expected / "adapter.max_len_64.eos.txt", score(adapter, None, tokenizer, pairs, 64, True))
    write_scores(expected / "adapter.bf16.txt", score(merged(out, torch.bfloat16), None, tokenizer, pairs))
    mistral = AutoModelForSequenceClassification.from_pretrained(out / "mistral", torch_dtype=torch.float32)
    mistral.config.pad_token_id = 0
    write_scores(expected / "mistral.txt", score(mistral, None, tokenizer, pairs))
    backbone = AutoModel.from_pretrained(out / "backbone", torch_dtype=torch.float32)
    head = torch.load(out / "backbone" / "reranker_head.pt")["weight"]
    write_scores(expected / "backbone.txt", score(backbone, head, tokenizer, pairs))

    odd = [
        "", " ", "  two  blanks  ", "\ttab", "line\nbreak", "\r\n", "\u00a0", "\u2007x\u202f", "é", "e\u0301", "ﬁ", "Ⅷ",
        "東京", "한국어", "مرحبا", "नमस्ते", "🙂", "👩‍👩‍👧", "🇩🇪", "\u0000", "\u0007", "\ufffd", "\ufeffbom", "\u200b",
        "</s>", "a</s>b", "<s> <unk>", "<0x41>", "▁", "x" * 300, "Großglockner " * 20,
    ]
    with open(expected / "token_ids.jsonl", "w") as f:
        for text in [pair_text(p) for p in pairs[:40]] + odd:
            f.write(json.dumps({"text": text, "ids": tokenizer(text)["input_ids"]}) + "\n")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--output", type=Path, default=Path(__file__).parent)
    out = parser.parse_args().output
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    for name in ("data", "base", "adapter", "adapter-bin", "mistral", "backbone", "expected"):
        shutil.rmtree(out / name, ignore_errors=True)
    (out / "expected").mkdir(parents=True)
    collection, run = write_world(out)
    vocab = make_tokenizer([f"{t} {x}" for _, t, x in collection] + [q for _, q, _ in QUERIES], out / "base")
    make_checkpoints(out, vocab)
    write_expected(out, rerank_input(out, run))


if __name__ == "__main__":
    main()
