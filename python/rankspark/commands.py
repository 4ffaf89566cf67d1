"""The commands of ``bin/rankspark`` as functions: options are keywords, with ``_`` in the place of ``-``.

>>> _words("rerank", {"rerank_max_len": 196, "overwrite": True, "bf16": False, "qrels": None, "dataset_path": ["a", "b"]})
['rerank', '--rerank-max-len', '196', '--overwrite', '--dataset-path', 'a', '--dataset-path', 'b']
"""
from __future__ import annotations

from typing import Any, Dict, List

from rankspark.session import RankSparkError, jvm

__all__ = ["bench", "convert", "evaluate", "merge", "prepare", "rerank", "run", "store", "train", "verify"]


def _words(command: str, options: Dict[str, Any]) -> List[str]:
    words = [command]
    for option, value in options.items():
        name = "--" + option.replace("_", "-")
        if value is None or value is False:
            continue
        for one in value if isinstance(value, (list, tuple)) else [value]:
            words += [name] if one is True else [name, str(one)]
    return words


def run(command: str, *arguments: str, spark: Any = None, **options: Any) -> str:
    """Runs a command in a session that is running.

    Args:
        command: such as ``"rerank"``.
        *arguments: words that follow it, such as ``"info"`` of ``store``.
        spark: the session; that of this process if left out.
        **options: True is a flag, None and False are left out, a list is an option for each of its values.

    Returns:
        What the command printed, standard output first.

    Raises:
        RankSparkError: with the command's last line, if it fails.
    """
    from pyspark.sql import SparkSession

    session = spark or SparkSession.getActiveSession() or SparkSession.builder.getOrCreate()
    java = jvm(session)
    words = _words(command, options)
    words[1:1] = [str(argument) for argument in arguments]
    array = session._sc._gateway.new_array(java.java.lang.String, len(words))
    for i, word in enumerate(words):
        array[i] = word
    out, err = java.java.io.StringWriter(), java.java.io.StringWriter()
    code = java.dev.rankspark.jobs.Main.execute(array, java.java.io.PrintWriter(out), java.java.io.PrintWriter(err))
    if code != 0:
        raise RankSparkError(err.toString().strip().splitlines()[-1])
    return out.toString() + err.toString()


def prepare(**options: Any) -> str:
    """Joins a run with its queries and passages; see :func:`run`."""
    return run("prepare", **options)


def rerank(**options: Any) -> str:
    """Reranks a run; see :func:`run`."""
    return run("rerank", **options)


def convert(**options: Any) -> str:
    """Converts a run to TREC's form; see :func:`run`."""
    return run("convert", **options)


def evaluate(*files: str, **options: Any) -> str:
    """Measures a run by judgements, as trec_eval does; see :func:`run`."""
    return run("evaluate", *files, **options)


def train(**options: Any) -> str:
    """Trains a reranker; see :func:`run`."""
    return run("train", **options)


def merge(**options: Any) -> str:
    """Merges an adapter into its base; see :func:`run`."""
    return run("merge", **options)


def bench(**options: Any) -> str:
    """Measures how fast pairs are scored; see :func:`run`."""
    return run("bench", **options)


def verify(**options: Any) -> str:
    """Compares a model's scores with a file of reference scores; see :func:`run`."""
    return run("verify", **options)


def store(*arguments: str, **options: Any) -> str:
    """A score store's upkeep: ``store("info", path)``, ``store("compact", path)``, ...; see :func:`run`."""
    return run("store", *arguments, **options)
