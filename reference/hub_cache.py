"""What huggingface_hub finds or puts in the cache of HF_HOME: a JSON object on standard output.

    hub_cache.py REPOSITORY FILE...         fetches files, or finds them (HF_HUB_OFFLINE=1)
    hub_cache.py --hold LOCK READY SECONDS  holds a lock as a download does
"""

import json
import pathlib
import sys
import time

import huggingface_hub
from huggingface_hub import constants, hf_hub_download, scan_cache_dir, try_to_load_from_cache
from huggingface_hub.file_download import _CACHED_NO_EXIST
from huggingface_hub.utils import WeakFileLock

if sys.argv[1] == "--hold":
    lock, ready, seconds = sys.argv[2:]
    with WeakFileLock(lock):
        pathlib.Path(ready).touch()
        time.sleep(float(seconds))
        pathlib.Path(ready + ".done").touch()
    sys.exit()

repository, *files = sys.argv[1:]
found = {}
for name in files:
    cached = try_to_load_from_cache(repository, name)
    found[name] = "none" if cached is _CACHED_NO_EXIST else hf_hub_download(repository, name)
scan = scan_cache_dir()
print(
    json.dumps(
        {
            "version": huggingface_hub.__version__,
            "cache": constants.HF_HUB_CACHE,
            "files": found,
            "warnings": [str(warning) for warning in scan.warnings],
            "refs": {ref: revision.commit_hash
                     for repo in scan.repos if repo.repo_id == repository
                     for revision in repo.revisions for ref in revision.refs},
        }
    )
)
