"""Which texts the English names model reads with doubt."""

import pytest

from stream_jobs.redact.doubts import Doubts
from stream_jobs.redact.foreign import is_foreign

COMMON = frozenset(
    ("the", "is", "was", "call", "please", "tomorrow", "about", "order", "die", "not", "with")
)


@pytest.mark.parametrize(
    ("text", "foreign"),
    [
        ("Können Sie mir Schritt für Schritt erklären?", True),
        ("Funktioniert die Verbindung auch nachts?", True),
        ("Où est la facture du mois dernier ?", True),
        ("Quiero cambiar la dirección de mi pedido por favor", True),
        ("The invoice for Rue de la Paix is not with my order, call me tomorrow", False),
        ("Please call Jennifer Miller about my order tomorrow", False),
        ("call jenna okafor", False),  # too few words to tell
        ("Jennifer Miller", False),
        ("", False),
        ("for item in rows: total += item.price * item.quantity", True),
    ],
)
def test_foreign(text: str, foreign: bool) -> None:
    assert is_foreign(text, COMMON) is foreign


@pytest.mark.parametrize(
    ("found", "refused"),
    [("Der Vorgang", True), ("auch nachts", True), ("Sie", True), ("Anna Schmidt", False)],
)
def test_in_a_foreign_text_only_names_on_a_list_are_taken(found: str, refused: bool) -> None:
    doubts = Doubts(COMMON, known=("Anna", "auch", "sie"))
    text = f"Hier ist {found} gewesen"
    assert doubts.refuses(text, 9, 9 + len(found), "PERSON", foreign=True) is refused
