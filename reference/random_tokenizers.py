"""Makes random tokenizer directories, and the ids that transformers' AutoTokenizer gives some texts by them.

    python random_tokenizers.py --seed 7 --output DIR [--tokenizers 60]     (DIR: a new or empty folder)

They are variants of base's, and half as many of byte-level ones in the forms that Qwen 2 to 3, Llama 3 and SmolLM2 publish,
with small vocabularies that are trained here. DIR/published has these as they are; version 5 also saves each to NAME-5. Run it
with transformers 4.49, which Tevatron uses, or with version 5, which writes and reads other files: what is drawn is what that
version can read. DIR/NAME is one directory; a line of DIR/tokenizers.jsonl has its `name`, what was `drawn`, the
`texts`, and `ids`: one list per text and cut, null where transformers itself refuses the directory. DIR/cuts.json has the cuts
(the largest number of tokens). RandomTokenizersIT reads it; nothing of this is committed.
"""

import argparse
import copy
import json
import random
from pathlib import Path

import transformers
from random_texts import random_text
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoTokenizer
from transformers.utils import logging

HERE = Path(__file__).resolve().parent
IS_5 = int(transformers.__version__.split(".")[0]) >= 5
CUTS = [100, 7, 3]
NEW = ["<new>", "<pad>", "[x]", "river", "▁the"]
TEXTS = ["how long is the danube", "  Zürich </s> and <s>back  <unk> x", "a <new> b<new>c  <pad> [x] [x]y", "", "the river</s>the rivers",
         "▁▁the <image> <boi>x", "漢字 😀\n\tline"]
BYTE_TEXTS = ["<|im_start|>user\nHow LONG'S the <|im_end|> <think>\n</think><|endoftext|>", "  12345 1,000.5\r\n\r\n  x\t\ty's",
              "e\u0301 \u212b ﬁ ½ 漢字 😀", "", "<|begin_of_text|>it's<|eot_id|> <tool_call>a <tool_call>", "river<new>rivers [x] [x]y",
              "don't\u00a0\u3000stop   "]


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


# --- forms of bytes ------------------------------------------------------------------------------------------------------

WORDS = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|NUMBERS| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+"
         r"|\s+(?!\S)|\s+")


def split(numbers):
    return pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(WORDS.replace("NUMBERS", numbers)), "isolated", invert=False),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])


# As the directories of Qwen3-0.6B, Llama-3.2-1B-Instruct and SmolLM2-135M-Instruct have them: what comes before the model, the
# special tokens, other added ones, the post-processor, the configuration without added tokens.
FORMS = {
    "qwen2": (normalizers.NFC(), split(r"\p{N}"), ["<|endoftext|>", "<|im_start|>", "<|im_end|>"],
              ["<tool_call>", "<think>", "</think>"],
              processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False), {
                  "tokenizer_class": "Qwen2Tokenizer", "add_bos_token": False, "add_prefix_space": False, "bos_token": None,
                  "additional_special_tokens": ["<|im_start|>", "<|im_end|>"], "eos_token": "<|im_end|>", "errors": "replace",
                  "pad_token": "<|endoftext|>", "split_special_tokens": False, "unk_token": None, "model_max_length": 131072,
                  "clean_up_tokenization_spaces": False, "chat_template": "{{ messages[0]['content'] }}"}),
    "llama3": (None, split(r"\p{N}{1,3}"), ["<|begin_of_text|>", "<|end_of_text|>", "<|eot_id|>"], [], None, {
        "tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>",
        "clean_up_tokenization_spaces": True, "model_input_names": ["input_ids", "attention_mask"], "model_max_length": 131072,
        "chat_template": "{{ messages[0]['content'] }}"}),
    "smollm2": (None, pre_tokenizers.Sequence([
        pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]),
                ["<|endoftext|>", "<|im_start|>", "<|im_end|>"], [], None, {
                    "tokenizer_class": "GPT2Tokenizer", "add_prefix_space": False, "bos_token": "<|im_start|>",
                    "eos_token": "<|im_end|>", "pad_token": "<|im_end|>", "unk_token": "<|endoftext|>",
                    "vocab_size": 1203, "model_max_length": 8192,
                    "additional_special_tokens": ["<|im_start|>", "<|im_end|>"], "clean_up_tokenization_spaces": False,
                    "chat_template": "{{ messages[0]['content'] }}"}),
}
MODEL_TYPES = {"qwen2": "qwen2", "llama3": "llama", "smollm2": "llama"}


def publish(form):
    """The files of a form: tokenizer.json and tokenizer_config.json."""
    normalizer, words, special, plain, processor, config = FORMS[form]
    tokenizer = Tokenizer(models.BPE(ignore_merges=form == "llama3", continuing_subword_prefix="", end_of_word_suffix=""))
    if normalizer:
        tokenizer.normalizer = normalizer
    tokenizer.pre_tokenizer, tokenizer.decoder = words, decoders.ByteLevel()
    dice = random.Random(1)
    lines = (HERE / "expected" / "rerank_input.jsonl").read_text("utf-8").splitlines()
    texts = [json.loads(line)["text"] for line in lines] + [random_text(dice, 40) for _ in range(200)]
    tokenizer.train_from_iterator(texts, trainers.BpeTrainer(
        vocab_size=1200, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    tokenizer.add_special_tokens(special)
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in plain])
    if form == "llama3":
        bos = special[0]
        processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(
            single=f"{bos} $A", pair=f"{bos} $A {bos}:1 $B:1", special_tokens=[(bos, tokenizer.token_to_id(bos))])])
    if processor:
        tokenizer.post_processor = processor
    stored = json.loads(tokenizer.to_str())
    decoder = {str(token["id"]): {key: value for key, value in token.items() if key != "id"} for token in stored["added_tokens"]}
    return stored, config | {"added_tokens_decoder": decoder}


def draw_bytes(form, stored, config, dice):
    """Changes the files of a form; gives what was drawn."""
    def maybe(key, *values, chance=0.3):
        if dice.random() < chance:
            config[key] = copy.deepcopy(dice.choice(values))

    special = FORMS[form][2]
    ids = {token["content"]: token["id"] for token in stored["added_tokens"]}
    drawn = {"normalizer": dice.choice(["stored", "stored", "null", "NFKC"]), "words": dice.choice(["stored", "stored", "bytes"]),
             "processor": dice.choice(["stored", "stored", "null", "both"]),
             "added": dice.choice(["stored", "stored", "fewer", "other", "more"]),
             "truncation": dice.choice([None, None, "Left", "Right"]), "padding": dice.random() < 0.2}
    if drawn["normalizer"] != "stored":
        stored["normalizer"] = None if drawn["normalizer"] == "null" else {"type": "NFKC"}
    if drawn["words"] == "bytes":
        stored["pre_tokenizer"] = {**BYTES, "add_prefix_space": dice.random() < 0.5}
    if drawn["processor"] != "stored":
        stored["post_processor"] = None if drawn["processor"] == "null" else template(special[:1], special[1:2], ids)
    if drawn["truncation"]:
        stored["truncation"] = {"direction": drawn["truncation"], "max_length": 5, "strategy": "LongestFirst", "stride": 1}
    if drawn["padding"]:
        stored["padding"] = {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": None, "pad_id": 0,
                             "pad_type_id": 0, "pad_token": dice.choice([special[1], "<pad>"])}
    added = stored["added_tokens"]
    if drawn["added"] == "fewer":
        added.remove(dice.choice(added))
    elif drawn["added"] == "other":
        dice.choice(added).update(flags(dice))
    elif drawn["added"] == "more":
        added += [{"id": max(ids.values()) + 1 + i, **token(t, dice)} for i, t in enumerate(["<new>", "[x]"])]
    stored["model"]["ignore_merges"] = dice.random() < 0.3
    classes = ["Qwen2Tokenizer", "GPT2Tokenizer", "PreTrainedTokenizerFast"]
    if IS_5:
        config["backend"] = "tokenizers"
        classes += ["TokenizersBackend", "LlamaTokenizer"]
    else:
        classes += ["Qwen2TokenizerFast", "GPT2TokenizerFast"]
    maybe("tokenizer_class", *classes, None, chance=0.6)
    maybe("add_prefix_space", True, False, None)
    maybe("add_bos_token", True, False)
    maybe("truncation_side", "left", "right")
    maybe("pad_token", *special, "<pad>", None)
    maybe("mask_token", "<new>", "[x]")
    for name in ("bos_token", "eos_token", "unk_token"):
        maybe(name, *special, "<new>", {"__type": "AddedToken", **token(dice.choice(special), dice)}, None)
    for name in ("bos_token", "eos_token", "unk_token", "pad_token", "additional_special_tokens"):
        if dice.random() < 0.2:
            config.pop(name, None)
    maybe("additional_special_tokens", ["<new>"], ["[x]", special[0], {"__type": "AddedToken", **token("river", dice)}], [])
    maybe("extra_special_tokens", ["<new>", special[1]] if IS_5 else {"image_token": "<new>"}, {}, chance=0.2)
    decoder = config["added_tokens_decoder"]
    for key, value in list(decoder.items()):
        if dice.random() < 0.15:
            decoder[key] = token(value["content"], dice)
    maybe("added_tokens_decoder", {}, {**decoder, "1300": token("<new>", dice)}, chance=0.3)
    if dice.random() < (0.7 if IS_5 else 0.3):
        config.pop("added_tokens_decoder")
    return drawn


def write(path, value):
    path.write_text(json.dumps(value, ensure_ascii=False, indent=1) + "\n", "utf-8")


def make_bytes(directory, form, dice):
    stored, config = publish(form)
    drawn = {"form": form}
    model_type = MODEL_TYPES[form]
    if dice:
        drawn |= draw_bytes(form, stored, config, dice)
        # Version 4.49 has no class for qwen3.
        model_type = dice.choice(["qwen2", "llama", "gpt2"] + (["qwen3"] if hasattr(transformers, "Qwen3Config") else []))
    drawn["model_type"] = model_type
    write_all(directory, stored, config, model_type)
    return {"name": directory.name, "drawn": drawn, "config": config}


def write_all(directory, stored, config, model_type):
    directory.mkdir(parents=True)
    write(directory / "tokenizer.json", stored)
    write(directory / "tokenizer_config.json", config)
    write(directory / "config.json", {"model_type": model_type})


def make(directory, dice):
    stored = json.loads((HERE / "base" / "tokenizer.json").read_text("utf-8"))
    config = json.loads((HERE / "base" / "tokenizer_config.json").read_text("utf-8"))
    drawn = draw_tokenizer(stored, dice)
    draw_config(config, dice)
    drawn["model_type"] = dice.choice(["llama", "llama", "mistral"])
    write_all(directory, stored, config, drawn["model_type"])
    draw_older_files(directory, dice)
    return {"name": directory.name, "drawn": drawn, "config": config}


def ids(directory, texts):
    try:
        tokenizer = AutoTokenizer.from_pretrained(directory)
    except Exception as e:  # whatever it is: it cannot be read
        return {"ids": None, "why": f"{type(e).__name__}: {e}"[:200]}
    pad = tokenizer.pad_token_id
    return {"class": type(tokenizer).__name__, "eos": tokenizer.eos_token_id, "pad": 0 if pad is None else pad, "ids": [
        [tokenizer(text, truncation=True, max_length=cut, padding=False)["input_ids"] for cut in CUTS] for text in texts]}


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
        lines.append(line | {"texts": TEXTS} | ids(root / line["name"], TEXTS))
    for number in range(options.tokenizers // 2):
        form = list(FORMS)[number % len(FORMS)]
        line = make_bytes(root / f"{form}-{number:03d}", form, dice)
        lines.append(line | {"texts": BYTE_TEXTS} | ids(root / line["name"], BYTE_TEXTS))
    for form in FORMS:
        make_bytes(root / "published" / form, form, None)
        if IS_5:
            saved = root / "published" / f"{form}-5"
            AutoTokenizer.from_pretrained(root / "published" / form).save_pretrained(saved)
            write(saved / "config.json", {"model_type": MODEL_TYPES[form]})
    write(root / "cuts.json", CUTS)
    (root / "tokenizers.jsonl").write_text("".join(json.dumps(line, ensure_ascii=False) + "\n" for line in lines), "utf-8")


if __name__ == "__main__":
    main()
