"""
Requests for JSON that the bench's base model is taught with: other field names, other wordings and other values than those of
examples/extraction. What it learns is the trade (copy a name, write a date as ISO, follow a list), not the task.
"""

from __future__ import annotations

import random

CONSONANTS = ["b", "br", "c", "d", "f", "g", "gr", "h", "j", "k", "l", "m", "n", "p", "r", "s", "st", "t", "tr", "v", "w", "z"]
VOWELS = ["a", "e", "i", "o", "u", "ai", "ea", "io", "ou"]
ENDS = ["", "", "l", "n", "r", "s", "ck", "nd", "rt", "m", "th"]
MONTHS = "January February March April May June July August September October November December".split()

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
INNER = [("title", "cost"), ("label", "worth"), ("part", "rate"), ("room", "fare")]
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
    number = f"{source.choice([source.randint(2, 99), source.randint(2, 99), source.randint(100, 1999)])}.{source.choice(['00', '50', '20', '75', '90'])}"
    return source.choice(["{}", "€{}", "{} EUR", "${}"]).format(number), number


def items(source: random.Random, inner: tuple[str, str]) -> tuple[str, str]:
    made = []
    style = source.choice(["{} at {}", "{} ({})", "{}, {} each"])
    for _ in range(source.choice([1, 2, 2, 3])):
        title = word(source, 1) if source.random() < 0.5 else f"{word(source, 1)} {word(source, 1).lower()}"
        shown, number = amount(source)
        made.append((style.format(title, shown), f'{{"{inner[0]}":"{title}","{inner[1]}":{number}}}'))
    return source.choice([", ", "; ", " and "]).join(text for text, _ in made), f"[{','.join(answer for _, answer in made)}]"


def example(source: random.Random, most_fields: int = 4) -> tuple[str, str, str]:
    """(system, user, answer); the system prompt names the fields in the order of the answer."""
    kinds = source.sample(["name", "date", "amount", "list", "name", "date"], source.randint(1, most_fields))
    fields: dict[str, tuple[str, str, str]] = {}
    for kind in kinds:
        table = {"name": NAMES, "date": DATES, "amount": AMOUNTS, "list": LISTS}[kind]
        key = source.choice([key for key in table if key not in fields])
        described = key
        if kind == "name":
            name = full_name(source)
            shown, written = name, f'"{name}"'
        elif kind == "list":
            inner = source.choice(INNER)
            shown, written = items(source, inner)
            described = f"{key} ({inner[0]}, {inner[1]})"
        else:
            shown, written = date(source) if kind == "date" else amount(source)
        fields[key] = described, source.choice(table[key]).format(shown), f'"{key}":{written}'
    said = [clause for _, clause, _ in fields.values()]
    source.shuffle(said)
    text = said[0] + "".join(source.choice(JOINTS) + clause for clause in said[1:])
    user = source.choice(OPENINGS) + text[0].upper() + text[1:] + source.choice(CLOSINGS)
    return "JSON: " + ", ".join(name for name, _, _ in fields.values()), user, "{" + ",".join(written for *_, written in fields.values()) + "}"
