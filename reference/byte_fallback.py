"""The tokenizer of our small models: a BPE laid out as Llama-2's, with three special tokens, 256 bytes, merged pieces, characters."""

import json

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

SPECIAL = ["<unk>", "<s>", "</s>"]


def learn(texts, vocabulary, punctuation_apart=False):
    """A tokenizer of `vocabulary` tokens, learnt inside the words of `texts`. Characters are few, so that accents go by bytes."""
    learner = Tokenizer(models.BPE())
    words = pre_tokenizers.Metaspace(prepend_scheme="always")
    learner.pre_tokenizer = pre_tokenizers.Sequence([words, pre_tokenizers.Punctuation()]) if punctuation_apart else words
    learner.train_from_iterator(texts, trainers.BpeTrainer(vocab_size=vocabulary - 259 - 2, limit_alphabet=72, show_progress=False))
    learned = json.loads(learner.to_str())["model"]
    merges = [tuple(m) for m in learned["merges"]] + [("▁", "▁"), ("▁▁", "▁▁")]
    pieces = list(dict.fromkeys("".join(m) for m in merges))
    characters = sorted(piece for piece in learned["vocab"] if len(piece) == 1)
    names = SPECIAL + [f"<0x{b:02X}>" for b in range(256)] + pieces + characters
    tokenizer = Tokenizer(models.BPE(vocab={name: i for i, name in enumerate(names)}, merges=merges, unk_token="<unk>",
                                     fuse_unk=True, byte_fallback=True))
    tokenizer.add_special_tokens([AddedToken(s, normalized=False, special=True) for s in SPECIAL])
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="<s> $A", pair="<s> $A <s>:1 $B:1", special_tokens=[("<s>", 1)])
    tokenizer.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(),
                                           decoders.Strip(" ", 1, 0)])
    return tokenizer


def save(tokenizer, directory):
    """tokenizer.json and tokenizer_config.json, as transformers 4.49 reads them."""
    tokenizer.save(str(directory / "tokenizer.json"), pretty=False)
    special = {"lstrip": False, "normalized": False, "rstrip": False, "single_word": False, "special": True}
    config = {
        "add_bos_token": True, "add_eos_token": False,
        "added_tokens_decoder": {str(i): {"content": c} | special for i, c in enumerate(SPECIAL)},
        "bos_token": "<s>", "clean_up_tokenization_spaces": False, "eos_token": "</s>", "legacy": True,
        "model_max_length": 2048, "pad_token": None, "tokenizer_class": "LlamaTokenizer", "unk_token": "<unk>",
    }
    (directory / "tokenizer_config.json").write_text(json.dumps(config, indent=2) + "\n", newline="\n")
