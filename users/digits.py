"""Digits as people write them."""

import unicodedata


def read_digits(text: str) -> str:
    """`text` with the decimal digits of any script as ASCII ones, without blanks and invisible format characters."""
    read = (str(unicodedata.decimal(letter, letter)) for letter in text if not _is_blank(letter))
    return "".join(read)


def _is_blank(letter: str) -> bool:
    return letter.isspace() or unicodedata.category(letter) == "Cf"
