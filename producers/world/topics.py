"""What users ask about and what the product answers: phrases to fill in, documents to draw on."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Subject:
    """One topic of questions; `{thing}` and `{detail}` in phrases are filled from the lists."""

    name: str
    questions: tuple[str, ...]
    answers: tuple[str, ...]
    things: tuple[str, ...]
    details: tuple[str, ...]

    @property
    def documents(self) -> tuple[str, ...]:
        """Return the ids of the documents about it."""
        return tuple(f"kb-{self.name}-{number:02}" for number in range(1, 7))


ENGLISH: Final = (
    Subject(
        "billing",
        (
            "Why was I charged twice for {thing} {detail}?",
            "How do I change the payment method of {thing}?",
            "Can I get an invoice for {thing} {detail}? Accounting keeps asking.",
            "My card was declined when I tried to renew {thing} {detail}. What now?",
            "Is there a discount on {thing} if we pay for a year at once?",
            "I see a charge for {thing} that I don't recognise, it was {detail}.",
        ),
        (
            (
                "A charge for {thing} shows twice while the bank still holds the first one. "
                "The hold is released within five working days; only one of them is final."
            ),
            (
                "Open Settings, then Billing, and choose Change payment method beside {thing}. "
                "The new one is used from the next invoice on."
            ),
            (
                "Invoices for {thing} are under Billing, Documents. You can have them sent to "
                "a second address each month."
            ),
            (
                "The renewal of {thing} was not completed. Check that the card allows "
                "recurring payments, then choose Retry; nothing is lost for seven days."
            ),
        ),
        ("the team plan", "my subscription", "extra storage", "the annual plan", "two seats"),
        ("last month", "on the 3rd", "this morning", "after the trial", "in March"),
    ),
    Subject(
        "login",
        (
            "I can't sign in {detail}, it says that {thing} has expired.",
            "How do I reset {thing}?",
            "The code for {thing} never arrives {detail}.",
            "How can I turn on {thing} for everyone in our workspace?",
            "I lost the phone that has {thing} on it. How do I get back in?",
        ),
        (
            (
                "You can renew {thing} on the sign-in page: choose Trouble signing in and "
                "follow the link. The link works for thirty minutes."
            ),
            (
                "An administrator turns {thing} on under Security, Sign-in. Members are asked "
                "to set it up the next time they sign in."
            ),
            (
                "Use one of the recovery codes you saved when {thing} was set up. Without them "
                "an administrator can reset it for you."
            ),
        ),
        ("my password", "two-factor sign-in", "the session", "single sign-on", "the passkey"),
        (
            "since yesterday",
            "on the new laptop",
            "from the office",
            "in the app",
            "after the update",
        ),
    ),
    Subject(
        "shipping",
        (
            "Where is {thing}? It should have been here {detail}.",
            "Can I still change the address for {thing}?",
            "How long does {thing} take to get to Portugal {detail}?",
            "The tracking page for {thing} hasn't changed {detail}.",
            "Do you ship {thing} on weekends?",
        ),
        (
            (
                "The parcel with {thing} left our warehouse and is with the carrier. Tracking "
                "may stand still for two days while it crosses a border."
            ),
            (
                "As long as {thing} shows as Preparing you can change the address yourself "
                "under Orders. After that, ask the carrier with the tracking number."
            ),
            (
                "Delivery of {thing} takes two to four working days within the country and "
                "five to eight abroad. Customs can add a day."
            ),
        ),
        ("my order", "the replacement part", "the second parcel", "the gift box", "the desk"),
        ("by Tuesday", "for three days", "a week ago", "before the holidays", "since Monday"),
    ),
    Subject(
        "returns",
        (
            "How do I send {thing} back {detail}?",
            "How many days do I have to return {thing}?",
            "I returned {thing} {detail} and there is still no refund.",
            "Can I exchange {thing} for another size?",
            "Who pays for the label if {thing} is damaged?",
        ),
        (
            (
                "You can return {thing} within 30 days. Start the return under Orders, print "
                "the label and hand the parcel in at any collection point."
            ),
            (
                "The refund for {thing} goes to the card you paid with, at the latest five "
                "working days after the parcel has reached us."
            ),
            (
                "If {thing} arrived damaged, the label is free. Attach a photo of the damage "
                "when you start the return."
            ),
        ),
        ("the headphones", "a jacket", "the blender", "these shoes", "an opened item"),
        ("without the box", "two weeks ago", "from abroad", "bought on sale", "as a gift"),
    ),
    Subject(
        "reports",
        (
            "How can I export {thing} {detail}?",
            "Why doesn't {thing} match the numbers in the dashboard {detail}?",
            "Can {thing} be sent to my team every Monday?",
            "What does the column margin mean in {thing}?",
            "Write a short summary of {thing} {detail} for my manager.",
        ),
        (
            (
                "Choose Export at the top right of {thing}. CSV keeps all rows, PDF only what "
                "the filters show."
            ),
            (
                "The dashboard counts in your time zone and {thing} in UTC, so the first and "
                "the last day differ. Set both to the same zone under Preferences."
            ),
            (
                "Under Schedule you can have {thing} sent each week; everyone in the list "
                "needs access to the data behind it."
            ),
        ),
        (
            "the sales report",
            "the funnel",
            "the churn table",
            "last quarter's numbers",
            "the cohort view",
        ),
        ("as a spreadsheet", "for May", "by region", "with filters", "in one page"),
    ),
    Subject(
        "api",
        (
            "I get a 429 from {thing} {detail}. What is the limit?",
            "Is there an example for {thing} in Python?",
            "How do I page through the results of {thing}?",
            "Does {thing} support webhooks {detail}?",
            ("```\nGET /v2/items?limit=500\n```\nWhy does {thing} return only 100 rows {detail}?"),
        ),
        (
            (
                "Calls to {thing} are limited to 600 a minute for each key. Wait for the "
                "seconds that the Retry-After header names, then go on."
            ),
            (
                "Each page of {thing} holds at most 100 rows. Pass the `next` value of the "
                "answer as `cursor` until it is empty."
            ),
            (
                "Yes: register a URL for {thing} under Developers, Webhooks. We sign each "
                "call, so check the signature before you trust the body."
            ),
        ),
        (
            "the orders endpoint",
            "the search API",
            "the bulk import",
            "the events API",
            "the sandbox",
        ),
        ("since version 2", "under load", "with a service key", "from the browser", "in staging"),
    ),
)

GERMAN: Final = Subject(
    "umzug",
    (
        (
            "Wir ziehen mit {thing} auf das neue System um und {detail}. Können Sie mir "
            "Schritt für Schritt erklären, was vorher gesichert werden muss, wer das tun darf "
            "und wie lange die alten Zugänge danach noch funktionieren?"
        ),
        (
            "Beim Übertragen von {thing} bricht der Vorgang nach einigen Minuten ab, {detail}. "
            "Im Protokoll steht nur, dass die Verbindung getrennt wurde. Wir haben es mehrmals "
            "versucht, auch nachts, und brauchen vor Monatsende eine Lösung, die ohne Ausfall "
            "auskommt."
        ),
        (
            "Welche Angaben aus {thing} werden übernommen und welche gehen verloren, {detail}? "
            "Unsere Buchhaltung verlangt eine vollständige Liste mit Datum, Betrag und "
            "Empfänger, und die Revision möchte wissen, wo die Daten künftig liegen."
        ),
    ),
    (
        (
            "Für {thing} sichern Sie zuerst die Belege und die Rechte der Nutzer. Danach läuft "
            "der Umzug im Hintergrund; die alten Zugänge bleiben vier Wochen lang lesbar."
        ),
        (
            "Der Vorgang für {thing} bricht ab, wenn die Datei größer als zwei Gigabyte ist. "
            "Teilen Sie sie nach Jahren auf und starten Sie ihn erneut."
        ),
    ),
    ("der Buchhaltung", "dem Archiv", "den Kundendaten", "dem Lager", "der Zeiterfassung"),
    (
        "die Frist läuft Ende des Monats ab",
        "zwei Standorte fehlen noch",
        "der alte Anbieter hilft nicht mehr",
        "niemand kennt das alte Kennwort",
    ),
)

OPENINGS: Final = ("", "", "", "Hi! ", "Hello, ", "Quick question: ", "Sorry to bother you again. ")
CLOSINGS: Final = ("", "", "", " Thanks!", " It's urgent.", " Please keep it short.", " Cheers")
FOLLOW_UPS: Final = (
    "And what if that doesn't work?",
    "Can you say that in simpler words?",
    "Where exactly do I find that?",
    "Does it also hold for the mobile app?",
    "How long will it take?",
    "Thanks. One more thing: ",
)
PRAISE: Final = ("Exactly what I needed.", "Clear and quick, thank you.", "That worked.", "Nice.")
COMPLAINTS: Final = (
    "That is not what I asked.",
    "The steps don't exist in my version.",
    "Wrong, the deadline is different now.",
    "Too long and no answer in it.",
    "It made this up.",
    "I still can't do it.",
)
CORRECTIONS: Final = (
    "The right answer: the period is 14 days, not 30.",
    "It should say that only administrators can do this.",
    "The menu is called Account now, not Settings.",
)
