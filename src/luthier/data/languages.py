"""Which language a text is in: by its script, or by its small words in Latin letters."""

from __future__ import annotations

import polars as pl

UNKNOWN = "und"
"""ISO 639-3's code for what cannot be told: too short, or no letters."""

CHUNK = 50_000
"""Rows whose words are held at a time."""

MOST_CHARACTERS = 1000
"""Characters of a text that are looked at."""

LEAST_LETTERS = 2
LEAST_WORDS = 2
"""Small words that a text in Latin letters must have for its language to be told."""

CLEARER = 1.3
"""How much more the words of one language must weigh than those of the next."""

SCRIPTS = {
    "ja": r"[\p{Hiragana}\p{Katakana}]",
    "ko": r"\p{Hangul}",
    "zh": r"\p{Han}",
    "uk": r"[іїєґІЇЄҐ]",
    "ru": r"\p{Cyrillic}",
    "fa": r"[پچژگکی]",
    "ar": r"\p{Arabic}",
    "he": r"\p{Hebrew}",
    "el": r"\p{Greek}",
    "hi": r"\p{Devanagari}",
    "bn": r"\p{Bengali}",
    "ta": r"\p{Tamil}",
    "th": r"\p{Thai}",
    "ka": r"\p{Georgian}",
    "hy": r"\p{Armenian}",
}
"""Language to letters that tell it. Earlier ones go first: Japanese has Chinese characters too."""

MARKED = {"ja": 0.05, "uk": 0.01, "fa": 0.02}
"""Share of a text's letters that must be of the script, where another language shares the rest."""

WORDS = {
    "en": "the of and to is in that it for you was with on are this be not have at he she they "
    "we but from or his her what all were there been would their which will has i's it's "
    "don't my your how who when where why did does do can a an by about if no so up out "
    "just than more as me",
    "de": "der die das und ist nicht ich sie es ein eine einen einem einer mit für auf von den "
    "dem des zu im auch sich wird sind wie war aber wenn noch nur oder bei nach aus durch "
    "haben hat über werden kann dass vor zwei steht sitzt mann frau",
    "fr": "le la les des et est une un que qui dans pour pas sur au avec ce il elle nous vous "
    "je sont par plus ne se du ou mais sa son ses cette être fait aux deux homme femme "
    "très tout",
    "es": "el los las y que en es un una por con para no su al lo como más pero sus le ya este "
    "sí porque esta entre cuando muy sin sobre también me hasta hay donde quien desde "
    "todo nos del está",
    "it": "il di che è la per un una non sono con del della si da come anche più ma nel alla i "
    "gli lo dei questo ha le al dalla delle se ci su degli mi perché quando molto",
    "pt": "o a os as que é do da em um para com não uma no na por mais dos como mas ao ele das "
    "à seu sua ou quando muito nos já eu também só pelo pela até isso você está são",
    "nl": "de het een van en is dat niet op te zijn voor met die ik je aan er maar om ook als "
    "dan bij nog uit wel naar heeft kan wordt door hebben over deze werd hun geen wij ze",
    "sv": "och att det som en på är av för med den till inte har de ett om jag men var från så "
    "kan eller när vi hade också efter ska mycket sig honom",
    "da": "og det at en den til er som på de med han af for ikke der var mig sig men et har om "
    "vi min havde fra skulle kunne eller hvad skal ville hvor også jeg",
    "no": "og det er på en som jeg ikke av til å har den med for de var seg men om et kan fra "
    "skal også eller etter hun oss hva være blir noe",
    "fi": "ja on ei että se oli hän mutta ovat ole niin kuin tai kun myös joka sen mitä minä "
    "sinä nyt jos vain sitä tämä hänen olen",
    "pl": "i w nie na się z do to że jest o jak ale co po tak za od przez jego jej czy dla już "
    "był są tylko być go może jako oraz które który",
    "cs": "a se v na je že to s z do o i ve jako pro za by ale si po jsou ze jsem od který "
    "podle při byl nebo už jen má muž žena dva před stojí sedí",
    "tr": "ve bir bu da de için ile çok o ne gibi daha ama var mi en olarak kadar sonra her şey "
    "ben olan değil ya diye",
    "ro": "și în de la cu nu este pe că o un care mai din pentru să au sunt fi ce dar lui era "
    "sau prin foarte",
    "hu": "a az és hogy nem is egy ez meg de csak van volt ha mint már el még vagy ezt kell azt "
    "nagyon",
    "id": "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke ada orang "
    "bisa oleh atau sudah kami mereka",
    "vi": "và của là có không được cho một trong người với các những này đã khi để tôi bạn như "
    "từ",
}  # fmt: skip
"""Small words, which every sentence of a language has some of."""

_TOKEN = r"[\p{Latin}\p{M}'’]+"


def identify(texts: pl.Series) -> pl.Series:
    """The language of each text as an ISO 639 code, or ``und``.

    Args:
        texts: Any texts; null is ``und``.
    """
    starts = range(0, max(1, len(texts)), CHUNK)
    return pl.concat([_identify(texts.slice(start, CHUNK)) for start in starts])


def _identify(texts: pl.Series) -> pl.Series:
    frame = texts.fill_null("").str.slice(0, MOST_CHARACTERS).to_frame("text")
    letters = frame.select(pl.col("text").str.count_matches(r"\p{L}")).to_series()
    latin = frame.select(pl.col("text").str.count_matches(r"\p{Latin}")).to_series()
    found = pl.Series([UNKNOWN], dtype=pl.String).new_from_index(0, len(texts))
    # A word in Latin letters has several, one in Chinese characters one or two.
    other = (latin < 2 * (letters - latin)) & (letters >= LEAST_LETTERS)
    places = other.arg_true()
    if len(places):
        scripted = _by_script(frame["text"].gather(places), letters.gather(places))
        found = found.scatter(places, scripted)
    places = (~other & (letters >= LEAST_LETTERS)).arg_true()
    if len(places):
        found = found.scatter(places, _by_words(frame["text"].gather(places)))
    return found.alias("language")


def _by_script(texts: pl.Series, letters: pl.Series) -> pl.Series:
    counts = texts.to_frame("text").select(
        pl.col("text").str.count_matches(pattern).alias(code) for code, pattern in SCRIPTS.items()
    )
    shares = counts.select(pl.col(code) / letters.alias("letters") for code in SCRIPTS)
    told = [pl.when(pl.col(code) >= MARKED.get(code, 0.3)).then(pl.lit(code)) for code in SCRIPTS]
    return shares.select(pl.coalesce(*told, pl.lit(UNKNOWN)).alias("language")).to_series()


def _by_words(texts: pl.Series) -> pl.Series:
    """The language most of whose small words occur; none where two do as well."""
    tokens = texts.str.to_lowercase().str.replace_all("’", "'").str.extract_all(_TOKEN)
    flat = pl.DataFrame({"token": tokens}).with_row_index("row").explode("token").drop_nulls()
    hits = flat.join(_table(), on="token", how="inner")
    scores = hits.group_by("row", "language").agg(pl.col("weight").sum(), pl.len().alias("words"))
    best = scores.sort(["row", "weight", "language"], descending=[False, True, False])
    first = best.unique("row", keep="first", maintain_order=True)
    second = best.filter(pl.int_range(pl.len()).over("row") == 1).select("row", other="weight")
    sure = (pl.col("words") >= LEAST_WORDS) & (
        pl.col("other").is_null() | (pl.col("weight") > CLEARER * pl.col("other"))
    )
    told = first.join(second, on="row", how="left").filter(sure).select("row", "language")
    rows = pl.DataFrame({"row": pl.int_range(len(texts), dtype=pl.UInt32, eager=True)})
    found = rows.join(told, on="row", how="left", maintain_order="left")["language"]
    return found.fill_null(UNKNOWN)


def _table() -> pl.DataFrame:
    """Word, language, and a weight that is the less the more languages have the word."""
    pairs = [(word, code) for code, listed in WORDS.items() for word in set(listed.split())]
    frame = pl.DataFrame(sorted(pairs), schema=["token", "language"], orient="row")
    return frame.with_columns(weight=1 / pl.len().over("token"))
