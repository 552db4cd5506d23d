"""
Requests for JSON that the bench's base model is taught with: other field names, other wordings and other values than those of
examples/extraction. What it learns is the trade (copy a name, write a date as ISO, follow a list, take the fields' names from
the request), not the task. Common words, those of the task among them, occur as marks of a list's items; as names of fields
those of the task do not.
"""

from __future__ import annotations

import calendar
import random

CONSONANTS = ["b", "br", "c", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w", "z"]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"]
ENDS = ["", "", "l", "n", "r", "s", "ck", "nd", "rt", "m", "th"]
MONTHS = list(calendar.month_name)[1:]

#: Field → how a text announces it. `{}` is the value.
NAMES = {
    "payee": ["payable to {}", "payee {}"],
    "guest": ["guest {}", "a room for {}"],
    "sender": ["sent by {}", "my name is {}"],
    "patient": ["patient {}", "seen today: {}"],
    "tenant": ["let to {}", "tenant {}"],
    "driver": ["driven by {}", "driver {}"],
    "author": ["written by {}", "yours, {}"],
}
DATES = {
    "due": ["due on {}", "payable until {}"],
    "start": ["starting {}", "from {} on"],
    "arrival": ["arriving {}", "we come on {}"],
    "issued": ["issued {}", "written on {}"],
    "expires": ["valid until {}", "it expires {}"],
}
AMOUNTS = {
    "fee": ["a fee of {}", "fee {}"],
    "deposit": ["deposit {}", "{} paid ahead"],
    "rent": ["rent {}", "{} a month"],
    "balance": ["balance {}", "{} left to pay"],
    "budget": ["we can spend {}", "budget {}"],
}
LISTS = {
    "goods": ["we send {}", "goods: {}"],
    "parts": ["made of {}", "parts: {}"],
    "rooms": ["rooms {}", "we take {}"],
    "lines": ["as listed: {}", "in detail {}"],
}
INNER = [("title", "cost", "marks"), ("label", "worth", "notes"), ("part", "rate", "tags"), ("room", "fare", "wishes")]
WORDS = (
    "about account all altogether amounts and are arrive as at be before bill billed blue book booked booking books by carpet chair charge "
    "check clock comes coming costs cup curtain customer date dated day deliver delivered detail double each express extras following for "
    "framed from garden glossy good green has he hello here hi hour including invoice invoiced is it item items kind lamp large later list "
    "like made makes many matt money morning name namely needed new not note of office on order ordered orders our owes paid pay payment "
    "place please positions price put red regards reserve reserved room send service settle settled shelf she shipping short signed single "
    "small stay staying sum table take team thank thanks that the them these they this to together total tour until up want wants we well "
    "will with would wrapped year you your"
)
COMMON = WORDS.split()
#: Field names of examples/extraction.
TASK = {"kind", "customer", "date", "items", "name", "price", "extras", "total"}
FREE = [word for word in COMMON if word not in TASK]
#: How a text announces a field by its own name.
PLAIN = ["{0} {{}}", "{0}: {{}}", "the {0} is {{}}", "{0} = {{}}"]
JOINTS = [". ", ", ", "; ", ". And ", ", with "]
OPENINGS = ["Hello. ", "", "Dear team, ", "Note: ", "Good day! "]
CLOSINGS = [".", ". Thanks.", "!", ". Best wishes."]


def word(source: random.Random, syllables: int) -> str:
    letters = "".join(source.choice(CONSONANTS) + source.choice(VOWELS) for _ in range(syllables)) + source.choice(ENDS)
    return letters.capitalize()


def full_name(source: random.Random) -> str:
    return f"{word(source, source.choice([1, 2]))} {word(source, source.choice([1, 2, 2]))}"


def date(source: random.Random) -> tuple[str, str]:
    year, month, day = source.randint(2019, 2031), source.randint(1, 12), source.randint(1, 28)
    written = [
        f"{day} {MONTHS[month - 1]} {year}",
        f"{MONTHS[month - 1]} {day}, {year}",
        f"{day:02}.{month:02}.{year}",
        f"{year}-{month:02}-{day:02}",
    ]
    return source.choice(written), f'"{year}-{month:02}-{day:02}"'


def amount(source: random.Random) -> tuple[str, str]:
    whole = source.choice([source.randint(2, 99), source.randint(2, 99), source.randint(100, 1999)])
    number = f"{whole}.{source.choice(['00', '50', '20', '75', '90'])}"
    return source.choice(["{}", "€{}", "{} EUR", "${}"]).format(number), number


def items(source: random.Random, inner: tuple[str, str, str]) -> tuple[str, str]:
    made = []
    style = source.choice(["{} at {}", "{} ({})", "{}, {} each"])
    for _ in range(source.choice([1, 2, 2, 3])):
        title = word(source, 1) if source.random() < 0.5 else f"{word(source, 1)} {word(source, 1).lower()}"
        shown, number = amount(source)
        marks = source.sample(COMMON, source.choice([1, 1, 2])) if source.random() < 0.4 else []
        more = f""","{inner[2]}":[{",".join(f'"{mark}"' for mark in marks)}]""" if marks else ""
        noted = f"{title} ({'/'.join(marks)})" if marks else title
        made.append((style.format(noted, shown), f'{{"{inner[0]}":"{title}","{inner[1]}":{number}{more}}}'))
    return source.choice([", ", "; ", " and "]).join(text for text, _ in made), f"[{','.join(answer for _, answer in made)}]"


def example(source: random.Random, most_fields: int = 4) -> tuple[str, str, str]:
    """(system, user, answer); the system prompt names the fields in the order of the answer."""
    kinds = source.sample(["name", "date", "amount", "list", "name", "date"], source.randint(1, most_fields))
    free = source.sample(FREE, 8)
    fields: dict[str, tuple[str, str, str]] = {}
    for kind in kinds:
        table = {"name": NAMES, "date": DATES, "amount": AMOUNTS, "list": LISTS}[kind]
        key = source.choice([key for key in table if key not in fields])
        saying = source.choice(table[key])
        if source.random() < 0.5:
            key = free.pop()
            # With a name of its own a field is found by that, or by what kind of value it asks for.
            saying = source.choice(PLAIN).format(key) if source.random() < 0.5 else saying
        described = key
        if kind == "name":
            shown = full_name(source)
            written = f'"{shown}"'
        elif kind == "list":
            inner = source.choice(INNER) if source.random() < 0.5 else (free.pop(), free.pop(), free.pop())
            shown, written = items(source, inner)
            described = f"{key} ({', '.join(inner)})"
        else:
            shown, written = date(source) if kind == "date" else amount(source)
        fields[key] = described, saying.format(shown), f'"{key}":{written}'
    return asked(fields), text(source, [clause for _, clause, _ in fields.values()]), answer(fields)


def asked(fields: dict[str, tuple[str, str, str]]) -> str:
    return "JSON: " + ", ".join(described for described, _, _ in fields.values())


def answer(fields: dict[str, tuple[str, str, str]]) -> str:
    return "{" + ",".join(written for *_, written in fields.values()) + "}"


def text(source: random.Random, clauses: list[str]) -> str:
    source.shuffle(clauses)
    whole = clauses[0] + "".join(source.choice(JOINTS) + clause for clause in clauses[1:])
    return source.choice(OPENINGS) + whole[0].upper() + whole[1:] + source.choice(CLOSINGS)
