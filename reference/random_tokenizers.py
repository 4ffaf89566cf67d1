"""Makes random tokenizer directories, and the ids that transformers' AutoTokenizer gives some texts by them.

    python random_tokenizers.py --seed 7 --output DIR [--tokenizers 60]     (DIR: a new or empty folder)

Run it with transformers 4.49, which Tevatron uses, or with version 5, which writes and reads other files: what is drawn is
what that version can read. DIR/NAME is one directory; a line of DIR/tokenizers.jsonl has its `name`, what was `drawn`, and
`ids`: one list per text and cut, null where transformers itself refuses the directory. DIR/texts.json has the `texts` and
`cuts` (the largest number of tokens). RandomTokenizersIT reads it; nothing of this is committed.
"""

import argparse
import copy
import json
import random
from pathlib import Path

import transformers
from transformers import AutoTokenizer
from transformers.utils import logging

HERE = Path(__file__).resolve().parent
IS_5 = int(transformers.__version__.split(".")[0]) >= 5
CUTS = [100, 7, 3]
NEW = ["<new>", "<pad>", "[x]", "river", "▁the"]
TEXTS = ["how long is the danube", "  Zürich </s> and <s>back  <unk> x", "a <new> b<new>c  <pad> [x] [x]y", "", "the river</s>the rivers",
         "▁▁the <image> <boi>x", "漢字 😀\n\tline"]


def flags(dice):
    return {name: dice.random() < 0.3 for name in ("single_word", "lstrip", "rstrip", "normalized")}


def token(content, dice, special=None):
    return {"content": content, **flags(dice), "special": dice.random() < 0.6 if special is None else special}


def template(before, after, ids):
    special = lambda t: {"SpecialToken": {"id": t, "type_id": 0}}
    single = [special(t) for t in before] + [{"Sequence": {"id": "A", "type_id": 0}}] + [special(t) for t in after]
    return {"type": "TemplateProcessing", "single": single, "pair": single + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in {*before, *after}}}


BYTES = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}


def draw_tokenizer(stored, dice):
    """Changes tokenizer.json; gives what was drawn."""
    drawn = {}
    metaspace = lambda scheme: (None, {"type": "Metaspace", "replacement": "▁", "prepend_scheme": scheme, "split": False})
    drawn["spaces"] = dice.choice(["stored", "stored", "always", "first", "never", "bytes"])
    if drawn["spaces"] == "bytes":
        stored["normalizer"], stored["pre_tokenizer"] = None, {**BYTES, "add_prefix_space": dice.random() < 0.5}
    elif drawn["spaces"] != "stored":
        stored["normalizer"], stored["pre_tokenizer"] = metaspace(drawn["spaces"])
    ids = {"<s>": 1, "</s>": 2}
    drawn["processor"] = dice.choice(["bos", "eos", "both", "none", "null", "bytes", "sequence", "twice"])
    stored["post_processor"] = {
        "bos": template(["<s>"], [], ids), "eos": template([], ["</s>"], ids), "both": template(["<s>"], ["</s>"], ids),
        "none": template([], [], ids), "null": None, "bytes": BYTES,
        "sequence": {"type": "Sequence", "processors": [BYTES, template(["<s>"], ["</s>"], ids)]},
        "twice": template(["<s>", "<s>"], [], ids)}[drawn["processor"]]
    drawn["truncation"] = dice.choice([None, None, "Left", "Right"])
    if drawn["truncation"]:
        stored["truncation"] = {"direction": drawn["truncation"], "max_length": 5, "strategy": "LongestFirst", "stride": 1}
    drawn["padding"] = dice.random() < 0.2
    if drawn["padding"]:
        stored["padding"] = {"strategy": {"Fixed": 30}, "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 0,
                             "pad_type_id": 0, "pad_token": dice.choice(["<unk>", "<pad>"])}
    drawn["added"] = dice.choice(["stored", "stored", "fewer", "other", "more"])
    added = stored["added_tokens"]
    if drawn["added"] == "fewer":
        added.remove(dice.choice(added))
    elif drawn["added"] == "other":
        dice.choice(added).update(flags(dice))
    elif drawn["added"] == "more":
        added += [{"id": 1200 + i, **token(t, dice)} for i, t in enumerate(dice.sample(NEW[:3], 2))]
        added.append({"id": stored["model"]["vocab"].get("▁the", 0), **token("▁the", dice)})
    stored["model"]["ignore_merges"] = dice.random() < 0.2
    return drawn


def draw_config(config, dice):
    """Changes tokenizer_config.json."""
    def maybe(key, *values, chance=0.3):
        if dice.random() < chance:
            config[key] = copy.deepcopy(dice.choice(values))

    if IS_5:
        config.pop("added_tokens_decoder")
        config["backend"] = "tokenizers"
        classes = ["LlamaTokenizer", "TokenizersBackend", "TokenizersBackend", "PreTrainedTokenizerFast"]
    else:
        classes = ["LlamaTokenizer", "LlamaTokenizerFast", "PreTrainedTokenizerFast", "GPT2Tokenizer"]
    config["tokenizer_class"] = dice.choice(classes)
    maybe("truncation_side", "left", "right")
    maybe("padding_side", "left", "right")
    maybe("add_bos_token", True, False)
    maybe("add_eos_token", True, False)
    maybe("legacy", True, False, None)
    if IS_5 or not config["tokenizer_class"].startswith("Llama"):  # these need a tokenizer.model
        maybe("add_prefix_space", True, False, None)
    maybe("model_max_length", 4, 10 ** 30)
    maybe("clean_up_tokenization_spaces", True, False)
    maybe("pad_token", "<pad>", "</s>", "<unk>", None)
    maybe("mask_token", "<new>", "[x]")
    maybe("bos_token", "</s>", {"__type": "AddedToken", **token("<s>", dice, True)}, {"__type": "AddedToken", **token("<new>", dice)})
    maybe("eos_token", {"__type": "AddedToken", **token("</s>", dice)}, "<new>")
    for key in ("bos_token", "eos_token", "unk_token", "pad_token"):
        if dice.random() < 0.1:
            config.pop(key, None)
    extra = "extra_special_tokens" if IS_5 and dice.random() < 0.5 else "additional_special_tokens"
    maybe(extra, ["<new>"], ["[x]", "<new>", {"__type": "AddedToken", **token("river", dice)}], [])
    if not IS_5 or extra != "extra_special_tokens":
        maybe("extra_special_tokens", {"image_token": "<image>"}, {}, chance=0.2)
    maybe("boi_token", "<boi>", chance=0.2)
    decoder = {"0": token("<unk>", dice, True), "1": token("<s>", dice, True), "2": token("</s>", dice, True)}
    maybe("added_tokens_decoder", decoder, {**decoder, "1200": token("<new>", dice), "700": token("[x]", dice)}, {})
    if dice.random() < 0.3:
        config.pop("added_tokens_decoder", None)


def draw_older_files(directory, dice):
    if dice.random() < 0.4:
        tokens = {}
        for key, content in (("bos_token", "<s>"), ("eos_token", "</s>"), ("unk_token", "<unk>"), ("pad_token", "<pad>")):
            if dice.random() < 0.6:
                value = token(dice.choice([content, content, "<new>"]), dice)
                value.pop("special")
                tokens[key] = dice.choice([value["content"], value])
        if dice.random() < 0.4:
            tokens["additional_special_tokens"] = ["[x]", {**flags(dice), "content": "river"}]
        write(directory / "special_tokens_map.json", tokens)
    if dice.random() < 0.3:
        write(directory / "added_tokens.json", {"<new>": 1200, "<pad>": 1201})


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def make(directory, dice):
    directory.mkdir(parents=True)
    stored = json.loads((HERE / "base" / "tokenizer.json").read_text("utf-8"))
    config = json.loads((HERE / "base" / "tokenizer_config.json").read_text("utf-8"))
    drawn = draw_tokenizer(stored, dice)
    draw_config(config, dice)
    write(directory / "tokenizer.json", stored)
    write(directory / "tokenizer_config.json", config)
    drawn["model_type"] = dice.choice(["llama", "llama", "mistral"])
    write(directory / "config.json", {"model_type": drawn["model_type"]})
    draw_older_files(directory, dice)
    return {"name": directory.name, "drawn": drawn, "config": config}


def ids(directory):
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory)
    except Exception as e:  # whatever it is: it cannot be read
        return {"ids": None, "why": f"{type(e).__name__}: {e}"[:200]}
    pad = tokenizer.pad_token_id
    return {"class": type(tokenizer).__name__, "eos": tokenizer.eos_token_id, "pad": 0 if pad is None else pad, "ids": [
        [tokenizer(text, truncation=True, max_length=cut, padding=False)["input_ids"] for cut in CUTS] for text in TEXTS]}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--tokenizers", type=int, default=60)
    options = parser.parse_args()
    root = options.output.resolve()
    if root.exists() and any(root.iterdir()):
        parser.error(f"{root} is not empty")
    logging.set_verbosity_error()
    dice = random.Random(options.seed)
    lines = []
    for number in range(options.tokenizers):
        line = make(root / f"{number:03d}", dice)
        lines.append(line | ids(root / line["name"]))
    write(root / "texts.json", {"texts": TEXTS, "cuts": CUTS})
    (root / "tokenizers.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
