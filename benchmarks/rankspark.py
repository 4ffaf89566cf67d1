"""The command line of this checkout, for the scripts beside this file."""
import pathlib
import subprocess

HOME = pathlib.Path(__file__).resolve().parent.parent


def rankspark(*arguments, **more):
    return subprocess.run([HOME / "bin/rankspark", *arguments], check=True, text=True, **more)


def ndcg(qrels, run):
    """nDCG@10 of a run, the mean of all judged queries."""
    result = rankspark("evaluate", "-c", "-m", "ndcg_cut.10", qrels, run, stdout=subprocess.PIPE)
    return float(result.stdout.split()[-1])
