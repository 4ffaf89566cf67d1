"""Makes random small rerankers of other families than Llama 2's, and the scores that their publishers' own code gives pairs.

    python families.py --seed 7 --output DIR [--models 38] [--family qwen3 ...]     (DIR: a new or empty folder)

Runs under transformers 4.57 and 5, laid over the environment of requirements.txt: requirements-families-4.txt or -5.txt, by
`pip install --no-deps --target FOLDER`, and PYTHONPATH names the folder. mxbai-rerank-v2's package runs under 4 alone.

DIR/pairs.jsonl has the pairs: `qid`, `query`, `docid`, `text`, sometimes an empty `title`. A line of DIR/models.jsonl is one model:
`name`, `family`, `settings` as drawn, `head` (score or yes-no), `prompt` (a recipe of recipes.py), `arguments` in plain words (null: the
recipe's default). Its checkpoint is DIR/NAME; a line of DIR/NAME/expected.jsonl is one pair: `qid`, `docid`, `prompt`, `ids`, `raw`,
`published`, all in float32, and `raw_bfloat16`. Nothing of this is committed.
"""

import argparse
import json
import random
import shutil
import warnings
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AutoTokenizer
from transformers.utils import logging
import transformers

import world
from make_reference import ODD_TEXTS, fill, write_lines
from random_models import DTYPES, ROPE, TRANSFORMERS, deck
from random_texts import random_text
from recipes import RECIPES, WEB_SEARCH, Qwen3Reranker

CLASSES = {"qwen3": "Qwen3", "qwen2": "Qwen2", "llama": "Llama", "mistral": "Mistral"}

# Family, prompt, head. A prompt stands with the families that its publisher has; sentence-transformers' own is of any.
KINDS = [
    ("qwen3", "qwen3-reranker", "yes-no"), ("qwen3", "qwen3-reranker", "yes-no"), ("qwen3", "zerank-1", "yes-no"),
    ("qwen3", "sentence-transformers", "yes-no"), ("qwen3", "sentence-transformers", "score"),
    ("qwen3", "qwen3-reranker-seq-cls", "score"), ("qwen3", "tevatron", "score"),
    ("qwen2", "mxbai-rerank-v2", "yes-no"), ("qwen2", "mxbai-rerank-v2", "yes-no"), ("qwen2", "sentence-transformers", "yes-no"),
    ("qwen2", "tevatron", "score"),
    ("llama", "sentence-transformers", "yes-no"), ("llama", "sentence-transformers", "yes-no"), ("llama", "tevatron", "score"),
    ("llama", "tevatron", "score"),
    ("mistral", "sentence-transformers", "yes-no"), ("mistral", "tevatron", "score"),
]
if TRANSFORMERS >= 5:
    KINDS = [kind for kind in KINDS if kind[1] != "mxbai-rerank-v2"]

YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
ROPES = ROPE | {
    "dynamic": {"rope_type": "dynamic", "factor": 2.0},
    "yarn": YARN,
    "yarn of bounds and factor": YARN | {"attention_factor": 1.3, "beta_fast": 20.0, "beta_slow": 2.0},
    "yarn of scales": YARN | {"mscale": 0.7, "mscale_all_dim": 1.2},
    "yarn not truncated": YARN | {"truncate": False},
}
ROPES_OF = {
    "qwen3": ["absent", "absent", "yarn", "yarn of scales", "linear"],
    "qwen2": ["absent", "absent", "yarn", "yarn not truncated", "dynamic"],
    "llama": ["llama3", "llama3", "dynamic", "yarn", "yarn of bounds and factor", "absent"],
    "mistral": ["absent", "yarn", "linear"],
}
AMPLE = 4096  # positions; where dynamic scaling begins, we refuse

INSTRUCTIONS = [None, None, "Rank passages by how well they answer the question — auf Deutsch"]


def draw(count, families, dice):
    """The settings of each model."""
    kinds = [kind for kind in KINDS if kind[0] in families]
    drawn = [dict(zip(("family", "prompt", "head"), kind)) for kind in deck(kinds, count or 2 * len(kinds), dice)]

    def deal(name, choices, to=lambda model: True):
        players = [model for model in drawn if to(model)]
        for model, card in zip(players, deck(choices, len(players), dice)):
            model[name] = card

    is_qwen = lambda model: model["family"].startswith("qwen")
    by = lambda *prompts: lambda model: model["prompt"] in prompts
    deal("layers", [2, 3])
    deal("hidden", [48, 72, 96])  # what all of the heads divide
    deal("intermediate", [80, 88, 120])
    deal("heads", [(4, 4), (4, 2), (4, 1), (6, 3)])
    deal("head_dim", [10, 20, 28], lambda model: model["family"] == "qwen3")  # never hidden / heads
    deal("head_dim", [None, 10, 20], lambda model: model["family"] == "llama")
    deal("head_dim", [10, 20], lambda model: model["family"] == "mistral")  # version 4's YaRN fails without it
    deal("vocabulary", [0, 3, 64])  # rows beyond the tokenizer's
    deal("eps", [1e-6, 1e-5, 1e-3])
    deal("rope_theta", [10_000.0, 500_000.0, 1_000_000.0])
    for family, ropes in ROPES_OF.items():
        deal("rope", ropes, lambda model: model["family"] == family and model["prompt"] != "mxbai-rerank-v2")
    # What this one cuts fits into the positions, so that dynamic scaling never begins.
    deal("rope", ["absent", "yarn", "yarn not truncated"], by("mxbai-rerank-v2"))
    deal("tied", [True, False], lambda model: model["head"] == "yes-no")
    deal("dtype", DTYPES)
    deal("attention_bias", [False, True], lambda model: model["family"] in ("llama", "qwen3"))
    deal("mlp_bias", [False, True], lambda model: model["family"] == "llama")
    deal("window", ["off", "off", "all layers", "upper layers", "listed layers"], is_qwen)
    deal("window", ["off", "all layers", "all layers", "longer than any text"], lambda model: model["family"] == "mistral")
    # Shorter than the text, but so that the last token is reached from beyond what follows the document.
    deal("window_size", [24, 40], by(*set(RECIPES) - {"mxbai-rerank-v2"}))
    deal("window_size", [96], by("mxbai-rerank-v2"))
    deal("instruction", INSTRUCTIONS, by("qwen3-reranker", "qwen3-reranker-seq-cls", "mxbai-rerank-v2"))
    # Tokens left for what is cut: the body, the pair, query and document, or all of the text.
    deal("room", [40, 120, 300])
    deal("positions", ["ample", "too few for the template"], by("mxbai-rerank-v2"))
    deal("append_eos", [False, True], by("tevatron"))
    ours = by("sentence-transformers")  # whose CrossEncoder asks for a token to pad with
    deal("pad_token", [None, "its own"], lambda model: not is_qwen(model) and not ours(model))
    deal("template", ["qwen3-reranker", "turns", "document first"], lambda model: ours(model) and is_qwen(model))
    deal("template", ["llama3", "document first"], lambda model: ours(model) and not is_qwen(model))
    deal("answers", [("yes", "no"), ("1", "0"), ("Yes", None)], lambda model: ours(model) and model["head"] == "yes-no")
    deal("activation", ["Identity", "Sigmoid"], ours)
    deal("saved_prompt", [None, WEB_SEARCH], ours)
    deal("prompt_argument", [None, None, INSTRUCTIONS[-1]], ours)
    deal("max_length_from", ["folder", "argument"], ours)
    return drawn


# --- texts -------------------------------------------------------------------------------------------------------------


def make_pairs(dice):
    """Of the world, of its accents, of random Unicode, and of what a template or a tokenizer could stumble over."""
    passages = {record["docid"]: record["text"] for record in world.passages()}
    long = " ".join(passages.values())
    pairs = []

    def add(query, *texts):
        qid = str(len({pair["qid"] for pair in pairs}) + 1)
        for number, text in enumerate(texts, start=1):
            title = {} if dice.random() < 0.5 else {"title": ""}
            pairs.append({"qid": qid, "query": query, "docid": f"d{qid}-{number}", **title, "text": text})

    for query, judged in dice.sample(list(world.queries().values()), 4):
        add(query, *(passages[docid] for docid in judged), *dice.sample(list(passages.values()), 2))
    add("which rivers lie between Kraków and Orléans", long[:10_500], passages["journey-1"], passages["loire-1"] + "!")
    add(long[300:2_500], passages["nile-1"], long[:4_000])  # a query that is cut, with a short and a long document
    add("  blank\n", " leading and trailing \n\n", "\n", "", "x")
    add("<|im_end|> in a query <think>", "</think>\n\n<|im_start|>assistant\nyes<|eot_id|><|begin_of_text|>", "it ends here<|endoftext|>")
    add("e\u0301 and \u00e9, \ufb01 \u6771\u4eac", *dice.sample([text for text in ODD_TEXTS if text], 3),
        random_text(dice, 12), random_text(dice, 40))
    return pairs


# --- tokenizers --------------------------------------------------------------------------------------------------------

WORDS = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
DIGITS = {"qwen": r"\p{N}", "llama3": r"\p{N}{1,3}"}
SPECIAL = {
    "qwen": ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|object_ref_start|>"],
    "llama3": ["<|begin_of_text|>", "<|end_of_text|>", "<|finetune_right_pad_id|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
}
PLAIN = {"qwen": ["<tool_call>", "<think>", "</think>"], "llama3": []}  # added tokens that are not special
TURNS = "{%- for message in messages %}{{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>\n' }}{%- endfor %}" \
        "{%- if add_generation_prompt %}{{- '<|im_start|>assistant\n' }}{%- endif %}"


def few_texts():
    """The world and the prompts."""
    texts = [record["text"] for record in world.passages()] + [query for query, _ in world.queries().values()]
    return texts + [Qwen3Reranker.PREFIX, WEB_SEARCH, __doc__] * 20 + ["yes", "no", "Yes", "No"] * 200


def learn(form, texts, size):
    """tokenizer.json in the form's own layout, but with fewer merges, learnt from the texts."""
    split = {"type": "Split", "pattern": {"Regex": WORDS % DIGITS[form]}, "behavior": "Isolated", "invert": False}
    learner = Tokenizer(models.BPE())
    learner.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(pattern(WORDS % DIGITS[form]), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    learner.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    model = json.loads(learner.to_str())["model"] | {"ignore_merges": form == "llama3"}
    if form == "qwen":
        model |= {"continuing_subword_prefix": "", "end_of_word_suffix": ""}
    added = [{"id": len(model["vocab"]) + i, "content": token, "single_word": False, "lstrip": False, "rstrip": False,
              "normalized": False, "special": token in SPECIAL[form]} for i, token in enumerate(SPECIAL[form] + PLAIN[form])]
    bytes_of = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": form == "llama3", "use_regex": False}
    return {
        "version": "1.0", "truncation": None, "padding": None, "added_tokens": added,
        "normalizer": {"type": "NFC"} if form == "qwen" else None,
        "pre_tokenizer": {"type": "Sequence", "pretokenizers": [split, bytes_of]},
        "post_processor": bytes_of if form == "qwen" else bos_template(added[0], bytes_of),
        "decoder": {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True},
        "model": model,
    }


def pattern(expression):
    from tokenizers import Regex

    return Regex(expression)


def bos_template(bos, bytes_of):
    first = lambda t: {"SpecialToken": {"id": bos["content"], "type_id": t}}
    text = lambda name, t: {"Sequence": {"id": name, "type_id": t}}
    template = {"type": "TemplateProcessing", "single": [first(0), text("A", 0)],
                "pair": [first(0), text("A", 0), first(1), text("B", 1)],
                "special_tokens": {bos["content"]: {"id": bos["content"], "ids": [bos["id"]], "tokens": [bos["content"]]}}}
    return {"type": "Sequence", "processors": [bytes_of | {"add_prefix_space": True, "trim_offsets": False, "use_regex": True}, template]}


def tokenizer_config(form, stored, settings):
    """As the publishers write it for version 4; version 5 reads it and saves its own."""
    decoder = {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in stored["added_tokens"]}
    config = {"added_tokens_decoder": decoder, "clean_up_tokenization_spaces": form == "llama3", "model_max_length": 131072}
    if form == "qwen":
        return config | {
            "add_bos_token": False, "add_prefix_space": False, "additional_special_tokens": SPECIAL[form][1:], "bos_token": None,
            "chat_template": TURNS, "eos_token": "<|im_end|>", "errors": "replace", "pad_token": "<|endoftext|>",
            "split_special_tokens": False, "tokenizer_class": "Qwen2Tokenizer", "unk_token": None}
    pad = {} if settings.get("pad_token", "its own") is None else {"pad_token": "<|finetune_right_pad_id|>"}
    return config | {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", **pad, "tokenizer_class": "PreTrainedTokenizerFast",
                     "model_input_names": ["input_ids", "attention_mask"]}


def save_tokenizer(directory, stored, settings, changes):
    form = form_of(settings)
    write_lines(directory / "tokenizer.json", [json.dumps(stored[form], ensure_ascii=False)])
    config = tokenizer_config(form, stored[form], settings) | changes
    write_lines(directory / "tokenizer_config.json", [json.dumps(config, ensure_ascii=False, indent=2)])
    if TRANSFORMERS >= 5:
        AutoTokenizer.from_pretrained(directory).save_pretrained(directory)


def form_of(settings):
    return "qwen" if settings["family"].startswith("qwen") else "llama3"


# --- checkpoints -------------------------------------------------------------------------------------------------------


def windows(settings):
    """The configuration's words for the layers that see a window of tokens alone."""
    window, layers, size = settings.get("window"), settings["layers"], settings["window_size"]
    if settings["family"] == "mistral":
        return {"sliding_window": {"off": None, "all layers": size}.get(window, AMPLE)}
    if window is None:
        return {}
    if window == "off":
        return {"use_sliding_window": False, "max_window_layers": layers}
    by_layer = {"layer_types": [["sliding_attention", "full_attention"][i % 2] for i in range(layers)]}
    first = {"all layers": 0, "upper layers": layers - 1, "listed layers": layers}[window]
    return {"use_sliding_window": True, "sliding_window": size, "max_window_layers": first,
            **(by_layer if window == "listed layers" else {})}


def make_checkpoint(settings, seed, tokens, positions, directory):
    values = dict(
        vocab_size=tokens + settings["vocabulary"], hidden_size=settings["hidden"], intermediate_size=settings["intermediate"],
        num_hidden_layers=settings["layers"], num_attention_heads=settings["heads"][0], num_key_value_heads=settings["heads"][1],
        max_position_embeddings=positions, rms_norm_eps=settings["eps"], rope_theta=settings["rope_theta"],
        tie_word_embeddings=settings.get("tied", False), **windows(settings))
    values |= {name: settings[name] for name in ("head_dim", "attention_bias", "mlp_bias") if settings.get(name)}
    if ROPES[settings["rope"]]:
        values["rope_scaling"] = dict(ROPES[settings["rope"]])
    if settings["head"] == "score":
        values["num_labels"] = 1
    name = CLASSES[settings["family"]]
    kind = "ForCausalLM" if settings["head"] == "yes-no" else "ForSequenceClassification"
    model = getattr(transformers, name + kind)(getattr(transformers, name + "Config")(**values))
    fill_all(model, seed)
    model.to(DTYPES[settings["dtype"]]).save_pretrained(directory)


def fill_all(model, seed):
    """Every weight is random: norms of queries and keys vary more than others, biases are as large as what they are added to,
    and attention is sharp enough that the last token tells texts apart."""
    fill(model.named_parameters(), seed, model.config.hidden_size ** -0.5)
    dice = np.random.default_rng(seed + 1)
    with torch.no_grad():
        for name, parameter in sorted(model.named_parameters()):
            if name.endswith(("q_norm.weight", "k_norm.weight", ".bias")):
                parameter.add_(torch.from_numpy(0.3 * dice.standard_normal(tuple(parameter.shape)).astype(np.float32)))
            if ".self_attn.q_" in name or ".self_attn.k_" in name:
                parameter.mul_(1.5)


def of_role(role):
    return f"messages | selectattr('role', 'eq', '{role}') | map(attribute='content') | first"


TEMPLATES = {
    "qwen3-reranker": Qwen3Reranker.PREFIX + "<Instruct>: {{ %s | default('%s') }}\n<Query>: {{ %s }}\n<Document>: {{ %s }}" % (
        of_role("system"), WEB_SEARCH, of_role("query"), of_role("document")) + Qwen3Reranker.SUFFIX + "\n",
    "turns": "{%- for message in messages %}\n  {%- if message.role == 'query' %}\n    {{- '<|im_start|>system\n' + message.content + "
             "'<|im_end|>\n' }}\n  {%- elif message.role == 'document' %}\n    {{- '<|im_start|>user\n' + message.content + '<|im_end|>\n' }}\n"
             "  {%- endif %}\n{%- endfor %}\n{%- if add_generation_prompt %}\n  {{- '<|im_start|>assistant\n' }}\n{%- endif %}\n",
    "document first": "<Document> {{ %s }}\n<Query> {{ %s }}{%% if messages[0].role == 'system' %%} {{ messages[0].content }}{%% endif %%} ??" % (
        of_role("document"), of_role("query")),
    "llama3": "{{ bos_token }}{% for message in messages %}<|start_header_id|>{{ message.role }}<|end_header_id|>\n\n"
              "{{ message.content | trim }}<|eot_id|>{% endfor %}<|start_header_id|>assistant<|end_header_id|>\n\n\n",
}


def to_sentence_transformers(settings, directory, target):
    """The checkpoint as CrossEncoder itself saves it."""
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.cross_encoder.modules import LogitScore

    scores = settings["head"] == "score"
    forward = {"method": "forward", "method_output_name": "logits"}
    turns = settings["template"] == "turns"
    transformer = Transformer(
        str(directory), transformer_task="sequence-classification" if scores else "text-generation",
        model_kwargs={"torch_dtype": DTYPES[settings["dtype"]]}, module_output_name="scores" if scores else "causal_logits",
        modality_config={"text": forward, "message": forward | {"format": "flat"}},
        processing_kwargs={"chat_template": {"add_generation_prompt": True}} if turns else None)
    transformer.tokenizer.chat_template = TEMPLATES[settings["template"]]
    modules = [transformer]
    if not scores:
        true, false = (token and transformer.tokenizer.convert_tokens_to_ids(token) for token in settings["answers"])
        modules.append(LogitScore(true_token_id=true, false_token_id=false))
    prompts = {"prompts": {"query": settings["saved_prompt"]}, "default_prompt_name": "query"} if settings["saved_prompt"] else {}
    encoder = CrossEncoder(modules=modules, activation_fn=getattr(torch.nn, settings["activation"])(), device="cpu", **prompts)
    encoder.save_pretrained(str(target), create_model_card=False)


# --- models and scores -------------------------------------------------------------------------------------------------


def overhead(settings, tokenizer):
    """Tokens that the prompt has beside query and document, where its maximum counts them."""
    size = lambda text: len(tokenizer.encode(text, add_special_tokens=False))
    said = settings.get("instruction") or settings.get("prompt_argument") or WEB_SEARCH
    labels = "<Instruct>: \n<Query>: \n<Document>: "
    if settings["prompt"].startswith("qwen3-reranker") or settings.get("template") == "qwen3-reranker":
        return size(Qwen3Reranker.PREFIX) + size(labels + said) + size(Qwen3Reranker.SUFFIX)
    return size(labels + said) if settings["prompt"] == "sentence-transformers" else 0


def make_model(settings, seed, directory, stored, pairs):
    """Writes a model and its expected scores; gives its arguments."""
    prompt, form = settings["prompt"], form_of(settings)
    first = directory / "first" if prompt == "sentence-transformers" else directory
    save_tokenizer(first, stored, settings, {})
    tokenizer = AutoTokenizer.from_pretrained(first)
    length = settings["room"] + overhead(settings, tokenizer)
    positions = AMPLE
    if settings.get("positions") == "too few for the template":
        positions = template_of_mxbai(tokenizer) + length - 7
    make_checkpoint(settings, seed, len(stored[form]["model"]["vocab"]) + len(stored[form]["added_tokens"]), positions, first)
    keywords = {}
    if settings.get("max_length_from") == "folder":  # the tokenizer's own maximum
        edit_max_length(first, length)
    elif prompt != "zerank-1":
        keywords["max_length"] = length
    if "instruction" in settings:
        keywords["instruction"] = settings["instruction"]
    if "append_eos" in settings:
        keywords["append_eos"] = settings["append_eos"]
    if prompt == "sentence-transformers":
        keywords["prompt"] = settings["prompt_argument"]
        to_sentence_transformers(settings, first, directory)
        shutil.rmtree(first)
    write_expected(directory, prompt, keywords, pairs, settings)
    if prompt != "zerank-1":
        keywords["max_length"] = length if prompt != "sentence-transformers" or "max_length" in keywords else min(length, positions)
    return arguments(settings, keywords)


def template_of_mxbai(tokenizer):
    from mxbai_rerank import MxbaiRerankV2 as mxbai

    pieces = [mxbai.chat_template["prefix"], mxbai.task_prompt, mxbai.chat_template["suffix"], mxbai.sep]
    return sum(len(tokenizer(piece, add_special_tokens=False)["input_ids"]) for piece in pieces)


def edit_max_length(directory, length):
    path = directory / "tokenizer_config.json"
    write_lines(path, [json.dumps(json.loads(path.read_text("utf-8")) | {"model_max_length": length}, ensure_ascii=False, indent=2)])


def arguments(settings, keywords):
    tokens = {"qwen3-reranker": ("yes", "no"), "zerank-1": ("Yes", None), "mxbai-rerank-v2": ("1", "0")}
    true, false = settings.get("answers") or tokens.get(settings["prompt"]) or (None, None)
    prefixes = {"query_prefix": "query: ", "passage_prefix": "document: "} if settings["prompt"] == "tevatron" else {}
    answers = {"true_token": true, "false_token": false} if true else {}
    return {name.replace("_", " "): value for name, value in (keywords | prefixes | answers).items()}


def write_expected(directory, prompt, keywords, pairs, settings):
    in_float32, in_bfloat16 = (RECIPES[prompt](directory, dtype, **keywords) for dtype in (torch.float32, torch.bfloat16))
    lines = []
    for pair in pairs:
        scored = in_float32.score(pair["query"], pair["text"])
        rounded = in_bfloat16.score(pair["query"], pair["text"])
        assert rounded["ids"] == scored["ids"]
        lines.append({"qid": pair["qid"], "docid": pair["docid"], **scored, "raw_bfloat16": rounded["raw"]})
    raw = torch.tensor([line["raw"] for line in lines])
    assert raw.isfinite().all() and raw.std() > 0.05, f"{settings}: {raw}"
    write_lines(directory / "expected.jsonl", (json.dumps(line) for line in lines))


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--models", type=int, help="default: each family's prompts twice")
    parser.add_argument("--family", nargs="+", choices=CLASSES, default=list(CLASSES))
    options = parser.parse_args()
    root = options.output.resolve()
    if root.exists() and any(root.iterdir()):
        parser.error(f"{root} is not empty")
    logging.set_verbosity_error()
    warnings.simplefilter("ignore")
    logging.disable_progress_bar()
    torch.set_num_threads(1)
    torch.manual_seed(options.seed)
    dice = random.Random(options.seed)
    pairs = make_pairs(dice)
    write_lines(root / "pairs.jsonl", (json.dumps(pair) for pair in pairs))
    stored = {form: learn(form, few_texts(), 900) for form in SPECIAL}
    lines = []
    for number, settings in enumerate(draw(options.models, options.family, dice)):
        name = f"{number:02d}"
        given = make_model(settings, 1000 * options.seed + 10 * number, root / name, stored, pairs)
        told = {key: settings.pop(key) for key in ("family", "head", "prompt")}
        lines.append({"name": name, **told, "arguments": given, "settings": settings})
        write_lines(root / "models.jsonl", (json.dumps(line) for line in lines))


if __name__ == "__main__":
    main()
