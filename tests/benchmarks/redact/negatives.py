"""Texts in which nothing is anybody's: code, docstrings, logs, product text, numbers.

Code is the standard library's: addresses and numbers in its examples are made up, but have the
form of real ones. What Python's own tests and e-mail modules quote is left out for that reason.
"""

import ast
import sysconfig
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.benchmarks.redact.maker import Kind, Maker, like

LEFT_OUT = ("site-packages", "test", "tests", "idlelib", "email", "lib2to3", "ipaddress.py")
MAX_CHARACTERS = 1200

LINES: tuple[Kind, ...] = (
    like(
        "%Y-%m-%dT%H:%M:%S.###Z INFO [worker-#] rss=####### id=~~~~~~~~-~~~~-4~~~-8~~~-~~~~~~~~~~~~"
    ),
    like("%b %d %H:%M:%S web# kernel: [####.######] eth0: link up, ####Mbps, 0x~~~~~~~~"),
    like('127.0.0.1 - - [%d/%b/%Y:%H:%M:%S +0000] "GET /v1/items/###### HTTP/1.1" 200 ####'),
    like("Order ########## of %d/%m/%Y: # x SKU-#####-?? at $##.##, total $###.##"),
    like('Model ?#### rev #.#.#, 220-240V 50/60Hz, ##.#" x ##.#", EAN 4############'),
    like("Release v#.##.#-rc# (build ########, commit ~~~~~~~~) fixes #####, ##### and #####"),
    like("sha256:" + "~" * 64, 'etag "' + "~" * 32 + '"', "integrity sha1-" + "~" * 40),
    like("epoch 17######## to 17########, offset #########, lag ####, p99 ###.## ms"),
    like("tracking 1Z###??########## invoice INV-####-##### ticket JIRA-#####"),
    like("rows 1 204 ### of 98 ### ###; 0.######## ± 0.######; ###,###,###.##"),
    like("pip install numpy==1.##.# pandas>=2.#.# 'torch~=2.#.#'  # python 3.11"),
    like("coordinates of the box: [##, ##, ###, ###]; size ####x####; ratio ##:#"),
    like("ISBN 978-#-###-#####-#, pages ###-###, vol. ## no. #, doi:10.####/s#####-###-####-#"),
    like("The user was asked for a password; no token was sent. Version ##.#.###.#"),
    like("GET /api/v2/orders?page=##&limit=###&since=17######## 304 in 0.0###s"),
)


@cache
def code() -> tuple[str, ...]:
    """Return docstrings and bodies of the standard library, in the order of its files."""
    root = Path(sysconfig.get_paths()["stdlib"])
    files = sorted(
        p for p in root.rglob("*.py") if not set(p.relative_to(root).parts) & set(LEFT_OUT)
    )
    return tuple(text for file in files for text in _pieces(file))


def _pieces(file: Path) -> Iterator[str]:
    try:
        source = file.read_text()
        tree = ast.parse(source)
    except (UnicodeDecodeError, SyntaxError):
        return
    lines = source.split("\n")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            if said := ast.get_docstring(node):
                yield said[:MAX_CHARACTERS]
            yield "\n".join(lines[node.lineno - 1 : node.end_lineno])[:MAX_CHARACTERS]


def negatives(seed: int, n: int) -> list[str]:
    """Return `n` texts: half code and docstrings, half lines of logs, products and numbers."""
    m = Maker(f"negatives:{seed}")
    pieces = code()
    texts = []
    for i in range(n):
        if i % 2:
            texts.append(m.choice(pieces))
        else:
            texts.append("\n".join(m.choice(LINES)(m) for _ in range(m.randrange(1, 5))))
    return texts
