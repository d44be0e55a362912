"""Personal data: what is found, and what only looks like it."""

from __future__ import annotations

import random

import polars as pl
import pytest
from tests.public import labelled, needs_data

from luthier.data.pii import KINDS, SUSPECT, find, mask, passes_luhn

YES = [
    ("to anna.lee+news@mail.example.co.uk today", "email", "anna.lee+news@mail.example.co.uk"),
    ("请发邮件到zhang_wei@example.cn谢谢", "email", "zhang_wei@example.cn"),
    ("call me on +44 20 7946 0958.", "phone", "+44 20 7946 0958"),
    ("(212) 555-0187 is my number", "phone", "(212) 555-0187"),
    ("my cell 415-555-0132 works", "phone", "415-555-0132"),
    ("手机号13812345678，随时联系", "phone", "13812345678"),
    ("座机 010-62345678 转前台", "phone", "010-62345678"),
    ("Telefon: 030 901820 bitte", "phone", "030 901820"),
    ("card 4111 1111 1111 1111 exp 12/27", "card", "4111 1111 1111 1111"),
    ("5500-0055-5555-5559", "card", "5500-0055-5555-5559"),
    ("IBAN DE89 3704 0044 0532 0130 00 please", "iban", "DE89 3704 0044 0532 0130 00"),
    ("GB82WEST12345698765432", "iban", "GB82WEST12345698765432"),
    ("身份证号11010519491231002X。", "resident_id", "11010519491231002X"),
    ("from 192.168.10.45 at noon", "ip", "192.168.10.45"),
    ("host 2001:db8:85a3::8a2e:370:7334 down", "ip", "2001:db8:85a3::8a2e:370:7334"),
    ("git clone https://bob:s3cret@git.example.com/x", "credentials", "bob:s3cret"),
    ("https://api.example.com/v1?token=abcd1234&x=1", "credentials", "abcd1234"),
]  # fmt: skip

NO = [
    "Net sales rose to EUR 1,234,567.89 from 1 234 567",
    "in 2023-11-24 and 24/11/2023 10:35:20",
    "order 4111111111111112 and 1234567890123456",
    "ISBN 978-3-16-148410-0",
    "version 1.2.3.4 of build 10.0.19045",
    "ratio 16:9 at 12:30:45",
    "@VirginAmerica flight 1234 seat 12A",
    "@user thanks a@b",
    "up 3.5% to 12,345 points, 2019-2021",
    "11010519491231002Y or 110105194913310021",
    "DE89 3704 0044 0532 0130 01",
    "the years 1999 2000 2001 2002",
    "价格是12800元，订单号20231124001234",
    "chapter 10.1.2.3 and 5.5.5.5",
    "std::vector and a::b::c",
    "see http://example.com/a/b?page=2",
    "0000000000 1111111111",
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "value"), YES)
def test_found(text, kind, value):
    assert [(place.kind, place.value) for place in find(text)] == [(kind, value)]
    assert text[find(text)[0].start : find(text)[0].end] == value


@pytest.mark.parametrize("text", NO)
def test_not_found(text):
    assert find(text) == []


@pytest.mark.parametrize(("text", "kind", "value"), YES)
def test_the_fast_search_lets_nothing_through(text, kind, value):
    assert pl.Series([text]).str.contains(SUSPECT)[0]


def test_the_same_value_has_the_same_placeholder():
    text = "ann@x.org, bob@x.org, Ann@x.org"
    assert mask(text, find(text), {}) == "[EMAIL_1], [EMAIL_2], [EMAIL_1]"


def test_what_is_to_be_kept_is_none():
    text = "help@example.org or ann@x.org"
    assert [place.value for place in find(text, keep=["@example.org"])] == ["ann@x.org"]


def test_kinds_can_be_chosen():
    assert find("ann@x.org 192.168.10.45", kinds=["ip"])[0].kind == "ip"


@pytest.mark.parametrize("digits", ["4111111111111111", "378282246310005", "79927398713"])
def test_luhn(digits):
    assert passes_luhn(digits)
    wrong = digits[:-1] + str((int(digits[-1]) + 1) % 10)
    assert not passes_luhn(wrong)


def _card(choose):
    body = choose.choice(["4", "51", "37", "62"])
    body += "".join(choose.choices("0123456789", k=(14 if body == "37" else 15) - len(body)))
    last = next(d for d in "0123456789" if passes_luhn(body + d))
    gap = choose.choice(["", " ", "-"]) if len(body) == 15 else ""
    return gap.join((body + last)[i : i + 4] for i in range(0, 16, 4)) if gap else body + last


def _iban(choose):
    account = "".join(choose.choices("0123456789", k=18))
    check = 98 - int(account + "131400") % 97
    return f"DE{check:02d}{account}"


def _resident(choose):
    body = choose.choice(["110101", "310115", "440305", "510107"])
    body += f"{choose.randint(1950, 2005)}{choose.randint(1, 12):02d}{choose.randint(1, 28):02d}"
    body += f"{choose.randint(0, 999):03d}"
    total = sum(int(d) * pow(2, 17 - i, 11) for i, d in enumerate(body)) % 11
    return body + "10X98765432"[total]


def _email(choose):
    name = "".join(choose.choices("abcdefghij.klmnop", k=8)).strip(".").replace("..", "x")
    host = choose.choice(["mail.example.com", "firma.de", "gongsi.cn"])
    return f"{name}{choose.randint(1, 99)}@{host}"


def _phone(choose):
    tail = f"{choose.randint(1000, 9999)}"
    return choose.choice([
        f"+1 {choose.randint(201, 989)} 555 {tail}", f"({choose.randint(201, 989)}) 555-{tail}",
        f"1{choose.choice('356789')}{choose.randint(10**8, 10**9 - 1)}",
        f"+86 1{choose.choice('3578')}{choose.randint(0, 9)} {tail} {choose.randint(1000, 9999)}",
        f"+49 30 {choose.randint(100000, 999999)}",
        f"0{choose.choice(['10', '21', '755'])}-8{tail}{choose.randint(100, 999)}",
    ])  # fmt: skip


MAKE = {"email": _email, "phone": _phone, "card": _card, "iban": _iban, "resident_id": _resident,
        "ip": lambda c: ".".join(str(c.randint(32, 254)) for _ in range(4)),
        "credentials": lambda c: f"user{c.randint(1, 99)}:pw{c.randint(1000, 9999)}"}  # fmt: skip


@needs_data
@pytest.mark.parametrize("name", ["news", "sst2", "chinese", "questions"])
def test_planted_values_are_found_and_little_else(name):
    choose = random.Random(0)
    texts = labelled(name, 2000)["text"].to_list()
    planted, right, found = 0, 0, 0
    for number, text in enumerate(texts):
        if number % 2:
            found += len(find(text))
            continue
        kind = choose.choice(KINDS)
        value = MAKE[kind](choose)
        said = f"https://{value}@example.com/" if kind == "credentials" else value
        at = choose.randint(0, len(text.split(" ")))
        words = text.split(" ")
        places = find(" ".join([*words[:at], said, *words[at:]]))
        planted += 1
        right += any((place.kind, place.value) == (kind, value) for place in places)
        found += len(places)
    assert right >= 0.95 * planted
    assert right >= 0.95 * found
