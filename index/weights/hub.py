"""Fetch one file from the model hub. A script: ``sources`` starts it as a process of its own, nothing imports it.

A process, because huggingface_hub reads its settings from the environment once, when it is first imported, and can't be
stopped while it waits for a network. This way its settings are ours alone, nobody else waits half a second for the
import, and to give up is to end the process.

    python hub.py REPO FILE REVISION FOLDER

Exit status 0: the file is at FOLDER/FILE. Otherwise the last line of stderr says why not.
"""

import os
import sys
import threading

import httpx
from huggingface_hub import constants, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError

PATIENCE = 3.0
"""Seconds in which the hub must answer at all. Without a network huggingface_hub retries for 24 s, every time."""


def main(repo: str, file: str, revision: str, folder: str) -> str | None:
    """Fetch the file, after a short look at whether there is a hub to ask.

    Returns:
        None, or why it can't be had.
    """
    if constants.HF_HUB_OFFLINE:
        return "HF_HUB_OFFLINE is set"
    try:
        _probe()
        hf_hub_download(repo, file, revision=revision, local_dir=folder)
    except (HfHubHTTPError, httpx.HTTPError, OSError) as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return None


def _probe() -> None:
    """Ask the hub for anything at all, in the way in which huggingface_hub will ask: same client, proxy, certificates.

    Raises:
        httpx.TransportError: It doesn't answer.
    """
    # Looking a host name up obeys no time limit of the client's, so the process as a whole has one.
    alarm = threading.Timer(PATIENCE, _give_up)
    alarm.daemon = True
    alarm.start()
    httpx.head(constants.ENDPOINT, timeout=PATIENCE)
    alarm.cancel()


def _give_up() -> None:
    print(f"no answer from {constants.ENDPOINT} in {PATIENCE:.0f} s", file=sys.stderr, flush=True)  # noqa: T201 - the script's output
    os._exit(1)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
