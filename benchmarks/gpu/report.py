#!/usr/bin/env python3
"""Prints the table of all steps that have run, from their files: python3 report.py [OUT]."""
import json
import os
import pathlib
import sys

SKIPPED = {"seconds_of_step", "operators", "bound", "scores", "losses"}


def shown(value):
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if isinstance(value, float):
        return f"{value:.4g}"
    if isinstance(value, list):
        return " ".join(shown(v) for v in value)
    return str(value)


def print_table(folder):
    files = sorted(pathlib.Path(folder).glob("?.*.json"))
    print("\n| step | result |\n|---|---|")
    for file in files:
        result = json.loads(file.read_text())
        cells = [f"{key} {shown(value)}" for key, value in result.items() if key not in SKIPPED and value is not None]
        print(f"| {file.stem} | {'; '.join(cells)} |")
    for file in sorted(pathlib.Path(folder).glob("?.*.failed")):
        print(f"| {file.stem} | FAILED: {file.read_text().strip().splitlines()[-1][:300]} |")
    print(flush=True)


if __name__ == "__main__":
    print_table(sys.argv[1] if len(sys.argv) > 1 else os.environ.get("OUT", pathlib.Path(__file__).resolve().parent / "out"))
