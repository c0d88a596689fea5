"""Whether memory stays flat over many texts: `python -m tests.benchmarks.redact.memory 1000000`.

Every text is another one. Prints the resident memory every tenth of the way.
"""

import sys

import psutil

from schemas.settings import RedactSettings
from stream_jobs.redact.keys import Key, Keys
from stream_jobs.redact.redactor import Redactor
from tests.benchmarks.redact.maker import Maker, like

TEXTS = (
    like(
        "order ######## of %d/%m/%Y arrived late, mail ^^^^^^^^@^^^^^^^.com or call (4##) 555-####"
    ),
    like("nothing to see in request ~~~~~~~~-~~~~-4~~~-8~~~-~~~~~~~~~~~~, it took ### ms"),
    like("my SSN is 5##-##-#### and the card 4### #### #### ####, password=^^^^####"),
    like('{"ip": "1#.2#.3#.4#", "user": "^^^^^_^^^##", "iban": "DE## #### #### #### #### ##"}'),
    like("just ^^^^^^^^ words ^^^^^^ about ^^^^^^^^^^ é ^^^^^ and ^^^^^^ the ^^^^^^^^ answer"),
)
BATCH = 1000


def main() -> None:
    """Redact as many texts as the first argument says."""
    total = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    redactor = Redactor(RedactSettings(), Keys((Key("k1", b"0" * 32),)))
    maker, process = Maker(1), psutil.Process()
    for done in range(0, total, BATCH):
        if done % max(BATCH, total // 10) == 0:
            print(f"{done:>10,} texts {process.memory_info().rss >> 20:>6,} MiB", flush=True)
        redactor.redact_texts([maker.choice(TEXTS)(maker) for _ in range(BATCH)], "acme")
    print(f"{total:>10,} texts {process.memory_info().rss >> 20:>6,} MiB")


if __name__ == "__main__":
    main()
