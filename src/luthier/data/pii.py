"""Structured personal data in texts: where they are, of which kind, and a text without them."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import date

KINDS = ("credentials", "email", "iban", "card", "resident_id", "phone", "ip")
"""In the order in which they are looked for: what is found first is not looked at again."""

SUSPECT = (
    r"@|[0-9](?:[^\p{L}\n]{0,3}[0-9]){5}|[0-9a-fA-F]{0,4}:[0-9a-fA-F]{0,4}:"
    r"|[A-Za-z]{2}[0-9]{2}[ -]?[A-Za-z0-9]{4}|(?i:auth|token|key|pass|secret)"
)
"""In every text that holds any of the kinds, and in few others; for fast search."""

Check = Callable[[re.Match[str]], int]
"""How many characters of the match's ``value`` are the thing; 0 for none."""


@dataclass(frozen=True)
class Found:
    """One place in a text."""

    start: int
    end: int
    kind: str
    value: str


def find(text: str, kinds: Collection[str] = KINDS, keep: Collection[str] = ()) -> list[Found]:
    """Personal data in a text, in the order in which they stand there.

    Args:
        text: Any text.
        kinds: Those of ``KINDS`` to look for.
        keep: Values that are none: an address of one's own, or a domain such as ``@example.org``.
    """
    found: list[Found] = []
    taken = bytearray(len(text))
    for kind in KINDS:
        if kind not in kinds:
            continue
        pattern, check = PATTERNS[kind]
        for match in pattern.finditer(text):
            start = match.start("value")
            end = start + check(match)
            value = text[start:end]
            if start == end or any(taken[start:end]) or _kept(value, keep):
                continue
            taken[start:end] = b"\x01" * (end - start)
            found.append(Found(start, end, kind, value))
    return sorted(found, key=lambda place: place.start)


def mask(text: str, places: Iterable[Found], known: dict[tuple[str, str], str]) -> str:
    """The text with placeholders such as ``[EMAIL_1]`` in these places.

    Args:
        text: Any text.
        places: From :func:`find`.
        known: (kind, value) to placeholder; new ones are numbered on, so that the same value has
            the same placeholder.
    """
    parts, done = [], 0
    for place in places:
        key = (place.kind, _plain(place))
        if key not in known:
            number = 1 + sum(kind == place.kind for kind, _ in known)
            known[key] = f"[{place.kind.upper()}_{number}]"
        parts += [text[done : place.start], known[key]]
        done = place.end
    return "".join([*parts, text[done:]])


def passes_luhn(digits: str) -> bool:
    """Whether the last digit is the checksum of the others (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        number = int(digit) * (1 + place % 2)
        total += number - 9 * (number > 9)
    return total % 10 == 0


def _plain(place: Found) -> str:
    if place.kind in ("email", "credentials"):
        return place.value.casefold()
    return re.sub(r"[^0-9A-Za-z+:.]", "", place.value).upper()


def _kept(value: str, keep: Collection[str]) -> bool:
    folded = value.casefold()
    return any(folded == k.casefold() or folded.endswith(k.casefold()) for k in keep)


def _digits(match: re.Match[str]) -> str:
    return re.sub(r"\D", "", match["value"])


def _whole(match: re.Match[str]) -> int:
    return len(match["value"])


def _secret(match: re.Match[str]) -> int:
    """``user:password`` of an address, or a value that opens a door."""
    return _whole(match) if "://" not in match[0] or ":" in match["value"] else 0


def _card(match: re.Match[str]) -> int:
    """13 to 19 digits of a known issuer with a checksum, not all the same."""
    digits = _digits(match)
    issuer = re.match(r"3[0-9]|4|5[0-9]|2[2-7]|6", digits)
    known = issuer and len(set(digits)) > 1 and passes_luhn(digits)
    return _whole(match) if known else 0


def _iban(match: re.Match[str]) -> int:
    """ISO 13616: as long as the country has it, and 1 modulo 97."""
    value = match["value"].upper()
    places = [index for index, letter in enumerate(value) if letter.isalnum()]
    length = IBAN_LENGTHS.get(value[:2], len(value) + 1)
    if len(places) < length:
        return 0
    end = places[length - 1] + 1
    plain = "".join(value[index] for index in places[:length])
    moved = plain[4:] + plain[:4]
    sound = int("".join(str(int(letter, 36)) for letter in moved)) % 97 == 1
    return end if sound and not value[end : end + 1].isalnum() else 0


def _resident_id(match: re.Match[str]) -> int:
    """GB 11643-1999: province, date of birth, checksum modulo 11."""
    digits = match["value"].upper()
    if digits[:2] not in PROVINCES or not _is_date(digits[6:10], digits[10:12], digits[12:14]):
        return 0
    weighted = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(digits[:17]))
    return 18 if "10X98765432"[weighted % 11] == digits[17] else 0


def _is_date(year: str, month: str, day: str) -> bool:
    try:
        return 1900 <= date(int(year), int(month), int(day)).year <= 2100
    except ValueError:
        return False


def _ip(match: re.Match[str]) -> int:
    try:
        address = ipaddress.ip_address(match["value"])
    except ValueError:
        return 0
    # `1.2.3.4` is more often a version than a machine; `::` and `::1` say nothing of a person.
    if address.is_unspecified or address.is_loopback:
        return 0
    telling = match["value"].count(":") >= 3 or (
        address.version == 4 and max(address.packed) > LARGEST_OF_VERSIONS
    )
    return _whole(match) if telling else 0


def _phone(match: re.Match[str]) -> int:
    """Told from prices, dates and other numbers by its form, its length and what stands before."""
    value, digits = match["value"], _digits(match)
    if not 7 <= len(digits) <= 15 or len(set(digits)) < 3:
        return 0
    if _DATE.search(value) or _AMOUNT.fullmatch(value):
        return 0
    before = match.string[max(0, match.start() - 24) : match.start()]
    known = (
        (value.startswith(("+", "00", "(+")) and len(digits) >= 8)
        or _USUAL.fullmatch(value)
        or (_PHONE_WORD.search(before) and not _THOUSANDS.fullmatch(value))
    )
    return _whole(match) if known else 0


_DATE = re.compile(
    r"(?<!\d)(?:(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}|\d{1,2}[-/.]\d{1,2}[-/.](?:19|20)\d\d)(?!\d)"
)
_AMOUNT = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+[.,]\d{1,2}")
_THOUSANDS = re.compile(r"\d{1,3}(?:[ ,.]\d{3})+")
_USUAL = re.compile(
    # North America; mobile, landline and service numbers of China.
    r"(?:1[ .-]?)?(?:\([2-9]\d\d\) ?|[2-9]\d\d[ .-])[2-9]\d\d[ .-]\d{4}"
    r"|1[3-9]\d(?:[ -]?\d{4}){2}"
    r"|\(?0\d{2,3}\)?[- ]\d{7,8}(?:[-转]\d{1,5})?"
    r"|400[- ]?\d{3,4}[- ]\d{3,4}"
)
_PHONE_WORD = re.compile(
    r"(?:phone|mobile|cell|call|tel|fax|sms|text|whatsapp|dial|ring|contact|number is|"
    r"电话|手机|致电|拨打|联系|热线|传真|座机)[^\d]{0,12}$",
    re.IGNORECASE,
)

_COUNTRIES = {
    15: "NO",
    16: "BE",
    18: "DK FI FO GL NL",
    19: "MK SI",
    20: "AT BA EE KZ LT LU XK",
    21: "CH HR LI LV",
    22: "BG BH CR DE GB GE IE ME RS VA",
    23: "AE GI IL IQ TL",
    24: "AD CZ ES MD PK RO SA SE SK TN VG",
    25: "LY PT ST",
    26: "IS TR",
    27: "FR GR IT MC MR SM",
    28: "AL AZ BY CY DO GT HU LB PL SV",
    29: "BR EG PS QA UA",
    30: "JO KW MU",
    31: "MT SC",
    32: "LC",
}
IBAN_LENGTHS = {c: length for length, countries in _COUNTRIES.items() for c in countries.split()}
"""Characters of an IBAN by country (SWIFT's registry)."""

LARGEST_OF_VERSIONS = 31
"""Four numbers up to this are rather a version of something than a machine's address."""

PROVINCES = frozenset(
    f"{number}"
    for first, last in ((11, 15), (21, 23), (31, 37), (41, 46), (50, 54), (61, 65))
    for number in range(first, last + 1)
) | {"71", "81", "82", "83"}
"""First two digits of a Chinese resident identity number."""

_LOCAL = r"[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?"
_DOMAIN = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}"
_OCTET = r"(?:25[0-5]|2[0-4]\d|1?\d?\d)"

PATTERNS: dict[str, tuple[re.Pattern[str], Check]] = {
    "credentials": (
        re.compile(
            r"(?:\b[a-z][a-z0-9+.-]{1,12}://(?=[^\s/@]+@)|"
            r"[?&](?:access_token|api_?key|auth|passw(?:or)?d|secret|token)=)"
            r"(?P<value>[^\s/@?#&]{4,})",
            re.IGNORECASE,
        ),
        _secret,
    ),
    "email": (
        re.compile(
            r"(?<![A-Za-z0-9._%+-])"
            r"(?P<value>[A-Za-z0-9](?:[A-Za-z0-9._%+'-]{0,62}[A-Za-z0-9_+-])?"
            r"@(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24})(?![A-Za-z0-9])"
        ),
        _whole,
    ),
    "iban": (
        re.compile(r"(?<![A-Za-z0-9])(?P<value>[A-Za-z]{2}\d{2}(?:[ -]?[A-Za-z0-9]){11,30})"),
        _iban,
    ),
    "card": (re.compile(r"(?<![\d.,-])(?P<value>\d(?:[ -]?\d){12,18})(?!\d|[.,-]\d)"), _card),
    "resident_id": (
        re.compile(r"(?<![0-9A-Za-z])(?P<value>[1-8]\d{16}[\dXx])(?![0-9A-Za-z])"),
        _resident_id,
    ),
    "phone": (
        re.compile(
            r"(?<![A-Za-z0-9_.,/$€£￥¥#@-])"
            r"(?P<value>\(?\+?\(?\d[\d().\- ]{5,20}\d(?:转\d{1,5})?)"
            r"(?![A-Za-z0-9_%]|[.,:/-]\d)"
        ),
        _phone,
    ),
    "ip": (
        re.compile(
            r"(?<![A-Za-z0-9_.:-])(?P<value>\d{1,3}(?:\.\d{1,3}){3}"
            r"|(?:[0-9A-Fa-f]{0,4}:){2,7}[0-9A-Fa-f]{0,4})(?![A-Za-z0-9_:]|\.\d)"
        ),
        _ip,
    ),
}
"""Kind to its pattern, whose group ``value`` is the thing itself, and what must hold of it."""
