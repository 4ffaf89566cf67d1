"""What the stages share: the machine, steps that are not repeated, reasons to stop, the table."""
import argparse
import contextlib
import json
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import time
import warnings

HERE = pathlib.Path(__file__).resolve().parent
TIME = 380  # a step takes up to three minutes more, and a command has ten


class Stop(Exception):
    """The reason why a stage does not go on: something is missing."""


def parser(text):
    options = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--out", type=pathlib.Path, default=pathlib.Path(os.environ.get("OUT", HERE / "out")),
                         help="results, a file a step; a step whose file is there is skipped")
    options.add_argument("--work", type=pathlib.Path, default=pathlib.Path("/tmp/rankspark-gpu"), help="models and builds; large")
    options.add_argument("--device", default="cuda:0", help="cuda:N, or cpu for a rehearsal of small shapes")
    options.add_argument("--seconds", type=float, default=TIME, help="no step is begun after so many")
    options.add_argument("--shapes", nargs="+", help="of models.py; without it the stage's own")
    return options


def modules(*names):
    for name in names:
        try:
            __import__(name)
        except Exception as e:  # a broken package raises anything
            raise Stop(f"Python's {name} does not load under {sys.executable}: {type(e).__name__}: {e}") from e


def driver():
    try:
        query = ["nvidia-smi", "--query-gpu=name,driver_version,memory.total,mig.mode.current", "--format=csv,noheader"]
        return subprocess.run(query, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout.strip().splitlines()
    except (OSError, subprocess.CalledProcessError):
        return None


def check_device(device):
    """Stops with the first thing that CUDA lacks here."""
    modules("torch")
    import torch

    if device == "cpu":
        return
    if torch.version.cuda is None:
        raise Stop(f"torch {torch.__version__} at {os.path.dirname(torch.__file__)} is built without CUDA; take one with it")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = torch.cuda.is_available()
    if not found:
        reason = " ".join(str(w.message).split(" (Triggered")[0] for w in said) or "libtorch sees no CUDA device"
        seen = driver()
        raise Stop(f"{reason}; torch {torch.__version__} is built for CUDA {torch.version.cuda}; nvidia-smi: "
                   f"{'; '.join(seen) if seen else 'not there or without a driver'}; CUDA_VISIBLE_DEVICES: "
                   f"{os.environ.get('CUDA_VISIBLE_DEVICES', 'not set')}")
    number = torch.device(device).index or 0
    if number >= torch.cuda.device_count():
        raise Stop(f"--device {device}: libtorch sees {torch.cuda.device_count()} CUDA devices, numbered from 0")
    torch.zeros(8, device=device).sum().item()  # a card that this torch has no kernels for fails here


def check_memory(device, needed, what):
    """Before anything is loaded: gibibytes that are needed and free."""
    import torch

    if device == "cpu":
        with open("/proc/meminfo") as lines:
            free = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable"))
    else:
        free = torch.cuda.mem_get_info(device)[0]
    if needed > free:
        raise Stop(f"{what} needs about {needed / 2**30:.1f} GiB, {device} has {free / 2**30:.1f} free")


def check_disk(folder, needed, what):
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed > free:
        raise Stop(f"{what} needs {needed / 2**30:.1f} GiB in {folder}, {free / 2**30:.1f} are free")


def machine(device):
    import torch

    report = {"device": device, "host_cpu": platform.processor() or platform.machine(), "processors": os.cpu_count(),
              "python": platform.python_version(), "torch": torch.__version__}
    with contextlib.suppress(OSError, StopIteration), open("/proc/cpuinfo") as lines:
        report["host_cpu"] = next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    for name in ("transformers", "sentence_transformers", "peft", "flash_attn"):
        with contextlib.suppress(Exception):
            report[name] = __import__(name).__version__
    if device != "cpu":
        report |= {"gpu": torch.cuda.get_device_name(device), "capability": list(torch.cuda.get_device_capability(device)),
                   "memory_gib": torch.cuda.get_device_properties(device).total_memory / 2**30, "cuda": torch.version.cuda,
                   "cudnn": torch.backends.cudnn.version(), "nvidia_smi": driver()}
    return report


class Steps:
    """Runs steps by name; each writes NAME.json into the folder, and is not run again where that is."""

    def __init__(self, stage, options):
        self.stage, self.folder, self.end = stage, options.out, time.monotonic() + options.seconds
        self.folder.mkdir(parents=True, exist_ok=True)
        self.failed, self.left = [], []

    def __call__(self, name, function, *arguments):
        file = self.folder / f"{self.stage}.{name}.json"
        if file.exists():
            return json.loads(file.read_text())
        if time.monotonic() > self.end:
            self.left.append(name)
            return None
        print(f"{self.stage}.{name} ...", flush=True)
        start = time.monotonic()
        try:
            result = function(*arguments)
        except Stop:
            raise
        except Exception as e:  # one step less; the others go on
            self.failed.append(name)
            lines = str(e).strip().splitlines()
            print(f"{self.stage}.{name} FAILED: {type(e).__name__}: {' | '.join(lines[-6:])}", flush=True)
            (self.folder / f"{self.stage}.{name}.failed").write_text(f"{type(e).__name__}: {e}\n")
            return None
        result = {**result, "seconds_of_step": round(time.monotonic() - start, 1)}
        with contextlib.suppress(FileNotFoundError):
            (self.folder / f"{self.stage}.{name}.failed").unlink()
        new = file.with_suffix(".new")
        new.write_text(json.dumps(result, indent=1))
        new.rename(file)
        return result


def finish(stage, steps):
    import report

    report.print_table(steps.folder)
    if steps.left:
        print(f"left, as the time is up: {', '.join(steps.left)}; run the same command again")
    if steps.failed:
        print(f"failed: {', '.join(steps.failed)}")
    sys.exit(1 if steps.failed else 3 if steps.left else 0)


def main(stage, body, options):
    """Exit codes: 0 done, 1 a step failed or is out of its bounds, 3 steps are left, 5 something is missing."""
    steps = Steps(stage, options)
    try:
        check_device(options.device)
        name = "machine" if options.device != "cpu" else "machine-rehearsal"
        steps(name, machine, options.device)
        body(options, steps)
    except Stop as e:
        print(f"stage {stage.upper()} stops: {e}", flush=True)
        import report

        report.print_table(steps.folder)
        sys.exit(5)
    finish(stage, steps)


def synchronize(device):
    import torch

    if device != "cpu":
        torch.cuda.synchronize(device)


def timed(device, function, repeats=5, warm=2):
    """The median seconds of some runs; in a rehearsal of two."""
    if device == "cpu":
        repeats, warm = 2, 1
    for _ in range(warm):
        function()
    seconds = []
    for _ in range(repeats):
        synchronize(device)
        start = time.perf_counter()
        function()
        synchronize(device)
        seconds.append(time.perf_counter() - start)
    return statistics.median(seconds)
