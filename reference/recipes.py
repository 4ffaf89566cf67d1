"""The publishers' own ways to score a pair, one class each: prompt, cut, token that is read, score.

families.py judges by them what RankSpark computes of random models, and benchmarks/reference_scores.py scores a real model by
them. A class is made of a checkpoint's folder, a dtype and the recipe's arguments; `score(query, text)` gives `prompt` (the
text before any cut, None where there is no single one), `ids` (what the model saw), `raw` (before any activation) and `published`
(what the publisher's code returns). One pair at a time, on a CPU.

Written after: the README of Qwen3-Reranker (QwenLM/Qwen3-Embedding f4ad0c4, "Transformers Usage"), the model cards of its `*-seq-cls`
copies, modeling_zeranker.py of zerank-1-small (c1a3613). mxbai-rerank and sentence-transformers are called.
"""

import math

import torch
from transformers import AutoModelForCausalLM, AutoModelForSequenceClassification, AutoTokenizer

WEB_SEARCH = "Given a web search query, retrieve relevant passages that answer the query"


def load_causal(directory, dtype):
    return AutoModelForCausalLM.from_pretrained(directory, torch_dtype=dtype, attn_implementation="sdpa").eval()


def load_classifier(directory, dtype, pad_token_id):
    model = AutoModelForSequenceClassification.from_pretrained(
        directory, num_labels=1, torch_dtype=dtype, attn_implementation="sdpa")
    model.config.pad_token_id = pad_token_id
    return model.eval()


def forget(model):
    """Dynamic rotary scaling keeps the frequencies of the longest text so far; a text of one token resets it."""
    if "dynamic" in str(model.config.to_dict()):
        model(input_ids=torch.tensor([[0]]))


class Recipe:
    @torch.no_grad()
    def score(self, query, text, title=""):
        forget(self.model)
        return self.score_pair(query, self.document(title, text))

    def document(self, title, text):
        """No publisher says where a title goes: before the text."""
        return f"{title} {text}" if title else text


class Tevatron(Recipe):
    """A score head and Tevatron's text, as its driver and RerankerInferenceDataset have it."""

    def __init__(self, directory, dtype, query_prefix="query: ", passage_prefix="document: ", max_length=196, append_eos=False):
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        if self.tokenizer.pad_token_id is None:
            self.tokenizer.pad_token_id = 0
        self.model = load_classifier(directory, dtype, self.tokenizer.pad_token_id)
        self.query_prefix, self.passage_prefix = query_prefix, passage_prefix
        self.max_length, self.append_eos = max_length, append_eos

    def document(self, title, text):
        return f"{title.replace('-', ' ').strip()} {text}"

    def score_pair(self, query, text):
        prompt = f"{self.query_prefix} {query} {self.passage_prefix} {text}".strip()
        ids = self.tokenizer(prompt, truncation=True, max_length=self.max_length - self.append_eos)["input_ids"]
        ids += [self.tokenizer.eos_token_id] * self.append_eos
        raw = self.model(input_ids=torch.tensor([ids])).logits.float().item()
        return {"prompt": prompt, "ids": ids, "raw": raw, "published": raw}


class Qwen3Reranker(Recipe):
    """The probability of "yes" against "no". The body is cut so that the suffix survives."""

    PREFIX = (
        "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. "
        'Note that the answer can only be "yes" or "no".<|im_end|>\n<|im_start|>user\n')
    SUFFIX = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"

    def __init__(self, directory, dtype, instruction=None, max_length=8192, true_token="yes", false_token="no"):
        self.tokenizer = AutoTokenizer.from_pretrained(directory, padding_side="left")
        self.model = load_causal(directory, dtype)
        self.instruction, self.max_length = instruction or WEB_SEARCH, max_length
        self.answers = self.tokenizer.convert_tokens_to_ids([false_token, true_token])
        self.prefix, self.suffix = (
            self.tokenizer.encode(text, add_special_tokens=False) for text in (self.PREFIX, self.SUFFIX))

    def score_pair(self, query, text):
        body = f"<Instruct>: {self.instruction}\n<Query>: {query}\n<Document>: {text}"
        room = self.max_length - len(self.prefix) - len(self.suffix)
        cut = self.tokenizer(body, padding=False, truncation="longest_first", max_length=room)["input_ids"]
        ids = self.prefix + cut + self.suffix
        inputs = self.tokenizer.pad({"input_ids": [ids]}, padding=True, return_tensors="pt", max_length=self.max_length)
        no, yes = answers = self.model(**inputs).logits[0, -1, self.answers]
        published = torch.nn.functional.log_softmax(answers, dim=0)[1].exp().item()
        return {"prompt": self.PREFIX + body + self.SUFFIX, "ids": ids, "raw": (yes.float() - no.float()).item(),
                "published": published}


class Qwen3RerankerClassifier(Recipe):
    """A `*-seq-cls` copy: the caller's two texts make up Qwen3-Reranker's prompt, and CrossEncoder cuts the longer one."""

    def __init__(self, directory, dtype, instruction=None, max_length=512):
        self.tokenizer = AutoTokenizer.from_pretrained(directory)
        self.model = load_classifier(directory, dtype, self.tokenizer.pad_token_id)
        self.instruction, self.max_length = instruction or WEB_SEARCH, max_length

    def score_pair(self, query, text):
        first = f"{Qwen3Reranker.PREFIX}<Instruct>: {self.instruction}\n<Query>: {query}\n"
        second = f"<Document>: {text}{Qwen3Reranker.SUFFIX}"
        inputs = self.tokenizer([[first, second]], padding=True, truncation="longest_first", max_length=self.max_length,
                                return_tensors="pt")
        logits = self.model(**inputs).logits.float()
        return {"prompt": None, "ids": inputs["input_ids"][0].tolist(), "raw": logits.item(),
                "published": logits.sigmoid().item()}


class Zerank(Recipe):
    """The logit of "Yes". Characters are cut, tokens are not."""

    def __init__(self, directory, dtype, true_token="Yes"):
        self.tokenizer = AutoTokenizer.from_pretrained(directory, padding_side="right")
        self.model = load_causal(directory, dtype)
        self.yes = self.tokenizer.encode(true_token, add_special_tokens=False)[0]

    def score_pair(self, query, text):
        turns = {"system": query[:2_000], "user": text[:10_000]}
        messages = [{"role": role, "content": content.strip()} for role, content in turns.items()]
        prompt = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        inputs = self.tokenizer([prompt], padding=True, return_tensors="pt")
        last = inputs["attention_mask"].sum(dim=1) - 1
        raw = float(self.model(**inputs, use_cache=False).logits[0, last, self.yes])
        return {"prompt": prompt, "ids": inputs["input_ids"][0].tolist(), "raw": raw, "published": 1 / (1 + math.exp(-raw / 5.0))}


class Mxbai(Recipe):
    """The package itself, which runs under version 4 of transformers alone."""

    def __init__(self, directory, dtype, instruction=None, max_length=8192):
        from mxbai_rerank import MxbaiRerankV2

        self.reranker = MxbaiRerankV2(str(directory), device="cpu", torch_dtype=dtype, max_length=max_length)
        self.model = self.reranker.model.to(dtype)  # on a CPU it widens what it has read
        self.instruction = instruction

    def score_pair(self, query, text):
        inputs = self.reranker.prepare_inputs([query], [text], instruction=self.instruction)
        raw = self.reranker.predict([query], [text], instruction=self.instruction).item()
        return {"prompt": None, "ids": unpadded(inputs), "raw": raw, "published": raw}


class SentenceTransformers(Recipe):
    """CrossEncoder, which takes everything from the folder. `max_length` overrides the tokenizer's, `prompt` the default prompt."""

    def __init__(self, directory, dtype, prompt=None, max_length=None):
        from sentence_transformers import CrossEncoder

        self.encoder = CrossEncoder(
            str(directory), device="cpu", max_length=max_length, model_kwargs={"torch_dtype": dtype}, local_files_only=True)
        self.model = self.encoder.model
        self.prompt = self.encoder._resolve_prompt(prompt, None)

    def rendered(self, query, text):
        """None where the two texts go to the tokenizer as a pair."""
        transformer = self.encoder[0]
        if "message" not in transformer.modality_config:
            return None
        messages = [transformer.input_formatter.pair_to_messages((query, text))]
        if self.prompt:
            messages = transformer.input_formatter.prepend_prompt_to_messages(messages, self.prompt)
        return transformer.processor.apply_chat_template(
            messages[0], tokenize=False, **transformer.processing_kwargs.get("chat_template", {}))

    def score_pair(self, query, text):
        pair = [(query, text)]
        predict = lambda **how: float(self.encoder.predict(pair, prompt=self.prompt, show_progress_bar=False, **how)[0])
        return {"prompt": self.rendered(query, text), "ids": unpadded(self.encoder.preprocess(pair, prompt=self.prompt)),
                "raw": predict(activation_fn=torch.nn.Identity()), "published": predict()}


def unpadded(inputs):
    return inputs["input_ids"][0][inputs["attention_mask"][0].bool()].tolist()


RECIPES = {
    "tevatron": Tevatron,
    "qwen3-reranker": Qwen3Reranker,
    "qwen3-reranker-seq-cls": Qwen3RerankerClassifier,
    "zerank-1": Zerank,
    "mxbai-rerank-v2": Mxbai,
    "sentence-transformers": SentenceTransformers,
}
