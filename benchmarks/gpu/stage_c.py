#!/usr/bin/env python3
"""Stage C: the product itself, Java and all, on a GPU through the machine's own torch.

    python3 stage_c.py [--device cuda:0] [--out DIR] [--shapes 85m 7b]      on a GPU machine; again until nothing is left
    python3 stage_c.py --device cpu [--torch DIR]                           a rehearsal with a tiny shape

Unpacks the Java of the bundle, builds DJL's native part against this torch (build_jni.sh), then runs `rerank`, `bench` and `train`:
scores beside those of the programs called by Python, two tasks on one device, batches halved in full memory, dtypes and devices that
are asked for, training beside Tevatron's own model and collator.
"""
import gc
import gzip
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tarfile
import time

import common

PROMPT = ["--query-prefix", "query: ", "--passage-prefix", "document: "]
LIMIT = 1e-4


class Product:
    def __init__(self, options):
        import torch

        self.options, self.work = options, options.work
        self.cuda = options.device != "cpu"
        self.torch = pathlib.Path(options.torch or os.path.dirname(torch.__file__))
        given = re.search(r"__version__ = '([^'+]+)", (self.torch / "version.py").read_text())
        self.version = given.group(1)
        self.flavor = "cu" + torch.version.cuda.replace(".", "") if self.cuda else "cpu"
        self.djl = (common.HERE / "djl/VERSION").read_text().strip()
        self.cache = self.work / "djl-cache"
        # The product takes another libtorch than the jar's only where DJL's part lies beside it.
        self.libraries = self.work / f"libtorch-{self.version}-{self.flavor}/lib"
        self.jni = self.libraries / "libdjl_torch.so"

    def unpack(self):
        if not (self.work / "java/unpacked").exists():
            with tarfile.open(common.HERE / "java.tar.xz") as tar:
                tar.extractall(self.work, filter="data") if sys.version_info >= (3, 12) else tar.extractall(self.work)
            (self.work / "java/unpacked").touch()
        said = subprocess.run([self.work / "java/jre/bin/java", "-version"], stderr=subprocess.PIPE, text=True, check=True).stderr
        return {"java": said.splitlines()[0]}

    def build(self):
        self.link()
        objects = self.work / "jni/libdjl_torch.so"
        objects.parent.mkdir(exist_ok=True)
        built = subprocess.run(["bash", common.HERE / "build_jni.sh", common.HERE / "djl", self.torch, objects], text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        if built.returncode:
            raise RuntimeError(built.stdout[-1500:])
        shutil.copyfile(objects, self.jni)
        return {"djl": self.djl, "torch": self.version, "flavor": self.flavor, "built": built.stdout.strip().splitlines()[-1]}

    def link(self):
        """Where Java finds libtorch. A torch built for CUDA does not load where there is no driver: of it the CPU's part alone."""
        folder = self.libraries
        folder.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.torch / "version.py", folder.parent / "version.py")
        for library in self.torch.glob("lib/*.so*"):
            wanted = self.cuda or re.match(r"lib(c10|torch_cpu|gomp.*)\.so", library.name)
            if wanted and not (folder / library.name).exists():
                (folder / library.name).symlink_to(library.resolve())
        if not (folder / "libtorch.so").exists():
            subprocess.run(["gcc", "-shared", "-x", "c", "-o", folder / "libtorch.so", "-"], input="void none(void) {}", text=True, check=True)

    def environment(self, **more):
        pip = [str(p) for p in sorted(self.torch.parent.glob("nvidia/*/lib"))]
        return {**os.environ, "JAVA_HOME": str(self.work / "java/jre"), "PYTORCH_LIBRARY_PATH": str(self.libraries),
                "PYTORCH_VERSION": self.version, "PYTORCH_FLAVOR": self.flavor, "DJL_CACHE_DIR": str(self.cache), "DJL_OFFLINE": "true",
                "RANKSPARK_SPARK_ARGS": "--master local[2]", "RANKSPARK_MEMORY": "4g",
                "LD_LIBRARY_PATH": ":".join([str(self.torch / "lib"), *pip, os.environ.get("LD_LIBRARY_PATH", "")]), **more}

    def __call__(self, command, *arguments, device=None, fails=None, memory=None, **environment):
        """Standard output and error of a command. `fails`: the exit code that it must have."""
        device = device or self.options.device
        line = [str(self.work / "java/app/bin/rankspark"), command, *map(str, arguments)]
        if command != "train":
            line += ["--device", device]
        elif device == "cpu":
            line += ["--use-cpu"]
        result = subprocess.run(line, env=self.environment(**environment), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                                timeout=300)
        if result.returncode != (fails or 0):
            raise RuntimeError(f"{command} ended with {result.returncode}, expected {fails or 0}: {result.stdout[-900:]}")
        return result.stdout

    def pairs(self, count):
        file = self.work / f"pairs-{count}.jsonl"
        with gzip.open(common.HERE / "data/pairs.jsonl.gz", "rt", encoding="utf-8") as lines, open(file, "w", encoding="utf-8") as out:
            for _, line in zip(range(count), lines):
                out.write(line)
        return file

    def model(self, shape):
        import models

        base, adapter = models.ensure(shape, self.options)
        return ["--model-name-or-path", base.resolve(), "--lora-name-or-path", adapter.resolve()]


def counts(options, shape):
    return 64 if options.device == "cpu" else 8_600 if shape != "7b" else 2_000


def summary(text):
    line = [line for line in text.replace("\r", "\n").splitlines() if "Scored" in line][-1]
    return line[line.index("Scored"):].strip()


def rerank(product, shape, dtype, *more, count=None, **environment):
    count = count or counts(product.options, shape)
    run = product.work / f"run-{shape}-{dtype}.txt"
    said = product("rerank", *product.model(shape), "--dataset-path", product.pairs(count), "--rerank-output-path", run, "--overwrite",
                   "--rerank-max-len", "196", "--dtype", dtype, *PROMPT, *more, **environment)
    return run, said


def same(product, shape, dtype):
    """Scores of Java beside those of the same program called by Python."""
    import models
    import numpy
    import runner

    count = min(256, counts(product.options, shape))
    run, said = rerank(product, shape, dtype, count=count)
    found = {(q, d): float(s) for q, d, s in (line.split() for line in run.read_text().splitlines())}
    items = [json.loads(line) for line in product.pairs(count).read_text(encoding="utf-8").splitlines()]
    base, adapter = models.ensure(shape, product.options)
    scorer = runner.Scorer(runner.Checkpoint(base, adapter), dtype, product.options.device)
    texts, expected = runner.texts(), {}
    for first in range(0, count, 64):
        packed, order = runner.pack([(0, sorted(range(first, min(first + 64, count)), key=lambda i: -len(texts[i])))], texts)
        expected |= {i: float(s) for i, s in zip(order, scorer(packed))}
    differences = numpy.array([abs(found[str(item["query_id"]), str(item["docid"])] - expected[i]) for i, item in enumerate(items)])
    result = {"pairs": count, "mean": float(differences.mean()), "max": float(differences.max()),
              "standard_deviation": float(numpy.std(list(expected.values()))), "said": summary(said)}
    if dtype == "float32":
        result["within_bounds"] = bool(differences.max() <= LIMIT)
    return result


def bench(product, shape, dtype, *more):
    said = product("bench", *product.model(shape), "--dataset-path", product.pairs(counts(product.options, shape)), "--pairs",
                   counts(product.options, shape), "--rerank-max-len", "196", "--dtype", dtype, "--json", *PROMPT, *more)
    report = json.loads([line for line in said.splitlines() if line.startswith("{")][-1])
    keys = ("hardware", "dtype", "pairs_per_second", "tokens_per_second", "gemm_gflops", "fraction_of_gemm_limit", "tokenize_share",
            "max_batch_tokens", "notes")
    return {key: report[key] for key in keys}


def two_tasks(product, shape):
    """Two tasks at a time on one device load one model."""
    _, said = rerank(product, shape, "bfloat16", "--partitions", "8")
    line = summary(said)
    return {"said": line, "within_bounds": "1 model load," in line and "8 tasks" in line}


def asked(product, shape):
    """What is asked for is taken, or refused in one line."""
    result = {}
    for dtype in ("auto", "bfloat16", "float16"):
        _, said = rerank(product, shape, dtype, count=64)
        result[dtype] = summary(said).split(" on ", 1)[-1].split(";")[0]
    refused = []
    for device, environment in (("cuda:99", {}), ("cuda", {"CUDA_VISIBLE_DEVICES": ""})):
        said = product("rerank", *product.model(shape), "--dataset-path", product.pairs(64), "--rerank-output-path", product.work / "no.txt",
                       *PROMPT, device=device, fails=5, **environment)
        refused.append(said.strip().splitlines()[-1])
    return {**result, "refused": refused, "within_bounds": all("--device cuda" in line for line in refused)}


HOLDER = """
import sys, torch
free, _ = torch.cuda.mem_get_info(sys.argv[1])
held = torch.empty(max(0, free - int(float(sys.argv[2]) * 2**30)), dtype=torch.uint8, device=sys.argv[1])
print("held", flush=True)
sys.stdin.read()
"""


def full_memory(product, shape):
    """Another program leaves little memory: batches are halved, and the run is complete."""
    import models

    if not product.cuda:
        return {"skipped": "there is no other memory than the CPU's here"}
    left = 2 * models.parameters(shape) / 2**30 + 1.5
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, product.options.device, str(left)], stdin=subprocess.PIPE,
                              stdout=subprocess.PIPE, text=True)
    try:
        if holder.stdout.readline().strip() != "held":
            raise RuntimeError("the program that holds the device's memory did not start")
        run, said = rerank(product, shape, "bfloat16", "--per-device-eval-batch-size", "4096", "--max-batch-tokens", "262144", count=4_000)
    finally:
        holder.stdin.close()
        holder.wait()
    halved = [line for line in said.splitlines() if "halved from" in line]
    lines = len(run.read_text().splitlines())
    return {"gib_left": left, "said": halved[-1] if halved else "not halved", "lines": lines, "within_bounds": bool(halved)}


GROUPS, GROUP, LENGTH = 2, 8, 128


def steps_of(product):
    return 4 if product.options.device == "cpu" else 30


def train(product, shape, *flags):
    import models

    base, _ = models.ensure(shape, product.options)
    data = product.work / "train.jsonl"
    data.write_bytes(gzip.decompress((common.HERE / "data/train.jsonl.gz").read_bytes()))
    said = product("train", "--model-name-or-path", base.resolve(), "--lora", "--lora-r", models.RANK, "--lora-dropout", "0", "--dataset-path", data,
                   "--rerank-max-len", LENGTH, "--train-group-size", GROUP, "--positive-passage-no-shuffle",
                   "--negative-passage-no-shuffle", "--dataset-shuffle", "false", "--per-device-train-batch-size", GROUPS, "--max-steps",
                   steps_of(product), "--learning-rate", "1e-4", "--output-dir", product.work / "trained", "--overwrite-output-dir",
                   *PROMPT, *flags)
    return {"pairs_per_second": float(re.search(r"\(([\d.,]+) pairs/s", said).group(1).replace(",", ""))}


def tevatron(product, shape, checkpointing):
    """Tevatron's own model and collator in bfloat16, with what the Trainer does around them."""
    import torch
    import transformers
    import types

    import models

    if "transformers.file_utils" not in sys.modules:
        try:
            __import__("transformers.file_utils")
        except ImportError:  # transformers 5 has it under another name
            sys.modules["transformers.file_utils"] = types.SimpleNamespace(ModelOutput=transformers.utils.ModelOutput)
    sys.path.insert(0, str(common.HERE / "tevatron/src"))
    from tevatron.reranker.arguments import DataArguments, ModelArguments
    from tevatron.reranker.collator import RerankerTrainCollator
    from tevatron.reranker.modeling import RerankerModel

    device = product.options.device
    base, _ = models.ensure(shape, product.options)
    tokenizer = transformers.AutoTokenizer.from_pretrained(base)
    tokenizer.pad_token_id, tokenizer.padding_side = 0, "right"
    settings = transformers.TrainingArguments(
        output_dir=str(product.work / "unused"), per_device_train_batch_size=GROUPS, bf16=True, gradient_checkpointing=checkpointing, report_to=[],
        use_cpu=device == "cpu")
    model = RerankerModel.build(ModelArguments(model_name_or_path=str(base), lora=True, lora_r=models.RANK, lora_dropout=0.0), settings,
                                torch_dtype=torch.bfloat16)
    model.to(device)
    model.hf_model.config.pad_token_id = 0
    if checkpointing:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    collator = RerankerTrainCollator(DataArguments(rerank_max_len=LENGTH), tokenizer)
    trained = [p for p in model.parameters() if p.requires_grad]
    optimizer = torch.optim.AdamW(trained, lr=1e-4)
    groups = []
    for line in gzip.open(common.HERE / "data/train.jsonl.gz", "rt", encoding="utf-8"):
        item = json.loads(line)
        passages = item["positive_passages"][:1] + item["negative_passages"][: GROUP - 1]
        if len(passages) == GROUP:
            groups.append(["{} {} {} {} {}".format("query: ", item["query"], "document: ", p["title"].replace("-", " ").strip(),
                                                   p["text"]).strip() for p in passages])
    model.train()
    start, steps = time.perf_counter(), steps_of(product)
    for step in range(steps):
        if step == 1:
            common.synchronize(device)
            start = time.perf_counter()
        at = step * GROUPS % (len(groups) - GROUPS + 1)
        batch = {k: v.to(device) for k, v in collator(groups[at : at + GROUPS]).items()}
        with torch.autocast(torch.device(device).type, dtype=torch.bfloat16):
            loss = model(batch).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(trained, 1.0)
        optimizer.step()
        optimizer.zero_grad()
    common.synchronize(device)
    return {"pairs_per_second": (steps - 1) * GROUPS * GROUP / (time.perf_counter() - start), "attention": model.hf_model.config._attn_implementation,
            "last_loss": float(loss)}


def ratio(ours, theirs, least):
    value = ours["pairs_per_second"] / theirs["pairs_per_second"]
    return {"ours_over_theirs": value, "must": least}


def body(options, steps):
    common.modules("numpy", "safetensors")
    for needed in ("java.tar.xz", "djl/VERSION"):
        if not (common.HERE / needed).exists():
            raise common.Stop(f"{needed} is not in the bundle, which was made with --programs-only")
    if not shutil.which("g++"):
        raise common.Stop("g++ is missing; DJL's native part is built by it")
    options.work.mkdir(parents=True, exist_ok=True)
    product = Product(options)
    if not (product.torch / "include/torch/script.h").exists():
        raise common.Stop(f"{product.torch} has no include/torch/script.h: this torch has no headers")
    # Both are this machine's: without their files they are run again.
    for name, made in (("java", options.work / "java/unpacked"), ("jni", product.jni)):
        if not made.exists():
            (options.out / f"c.{name}.json").unlink(missing_ok=True)
    if not (steps("java", product.unpack) and steps("jni", product.build)):
        return
    shapes = options.shapes or (["tiny"] if options.device == "cpu" else ["85m", "7b"])
    for shape in shapes:
        for dtype in ("float32", "bfloat16"):
            if not (shape == "7b" and dtype == "float32"):
                steps(f"same.{shape}.{dtype}", same, product, shape, dtype)
                gc.collect()
        steps(f"bench.{shape}.bfloat16", bench, product, shape, "bfloat16")
        steps(f"bench.{shape}.bfloat16.many", bench, product, shape, "bfloat16", "--per-device-eval-batch-size", "4096")
        for checkpointing in (False, True):
            name = f"{shape}.bfloat16{'.checkpointing' if checkpointing else ''}"
            ours = steps(f"train.{name}", train, product, shape, "--bf16", *(["--gradient-checkpointing"] if checkpointing else []))
            theirs = steps(f"train-tevatron.{name}", tevatron, product, shape, checkpointing)
            gc.collect()
            if ours and theirs:
                steps(f"train-ratio.{name}", ratio, ours, theirs, 1.3)
    steps(f"two-tasks.{shapes[0]}", two_tasks, product, shapes[0])
    steps(f"asked.{shapes[0]}", asked, product, shapes[0])
    steps(f"full-memory.{shapes[0]}", full_memory, product, shapes[0])
    for file in options.out.glob("c.*.json"):
        if '"within_bounds": false' in file.read_text():
            steps.failed.append(f"{file.stem} is out of its bounds")


if __name__ == "__main__":
    given = common.parser(__doc__)
    given.add_argument("--torch", help="the folder of a pip torch, with include/ and lib/; without it that of this Python")
    common.main("c", body, given.parse_args())
