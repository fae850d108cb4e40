"""Pin every dependency, direct and transitive, without writing down where packages are fetched from.

    uv run python scripts/lock.py             pin what is allowed and newest
    uv run python scripts/lock.py --check     exit 1 if the pins are not what pyproject.toml allows

Two files are written: ``[tool.uv] constraint-dependencies`` in pyproject.toml, which ``uv run`` obeys, and
requirements.lock with hashes, for ``pip install --require-hashes -r requirements.lock``.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
PROJECT = ROOT / "pyproject.toml"
LOCK = ROOT / "requirements.lock"
COMPILE = (
    "uv", "pip", "compile", "pyproject.toml", "--universal", "--python-version", "3.11", "--no-header",
    "--no-annotate", "--no-emit-index-url", "--quiet",
)  # fmt: skip
PINS = re.compile(r"^constraint-dependencies = \[.*?^\]$", re.MULTILINE | re.DOTALL)
HASHES_HEADER = "# Made by scripts/lock.py. Install with: pip install --require-hashes -r requirements.lock\n"


def compile_(*options: str) -> str:
    """What uv resolves pyproject.toml to."""
    return subprocess.run([*COMPILE, *options], cwd=ROOT, check=True, capture_output=True, text=True).stdout


def pins() -> list[str]:
    """``name==version`` of everything, with markers where a platform or Python has its own."""
    lines = compile_("--group", "dev", "--group", "lint", "--upgrade").splitlines()
    return [line.strip() for line in lines if "==" in line]


def write(found: list[str]) -> None:
    """Write the pins into pyproject.toml, then the hashes of those that the program needs."""
    listed = "".join(f"    {json.dumps(pin)},\n" for pin in found)
    text = PROJECT.read_text("utf-8")
    PROJECT.write_text(PINS.sub(lambda _: f"constraint-dependencies = [\n{listed}]", text), "utf-8")
    LOCK.write_text(HASHES_HEADER + compile_("--generate-hashes"), "utf-8")


def check() -> None:
    """Exit 1 unless the pins satisfy pyproject.toml and requirements.lock agrees with them."""
    compile_("--group", "dev", "--group", "lint")  # fails where a pin contradicts a bound
    pinned = set(
        re.findall(r'^    "([A-Za-z0-9._-]+==[^ ;"]+)', PINS.search(PROJECT.read_text("utf-8"))[0], re.MULTILINE)
    )
    locked = set(re.findall(r"^([A-Za-z0-9._-]+==[^ ;\\]+)", LOCK.read_text("utf-8"), re.MULTILINE))
    if strangers := locked - pinned:
        sys.exit(f"requirements.lock has what pyproject.toml does not pin: {', '.join(sorted(strangers))}")


if __name__ == "__main__":
    if sys.argv[1:] == ["--check"]:
        check()
    else:
        write([])  # the old pins must not bind the new resolution
        write(pins())
