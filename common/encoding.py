"""Text from bytes: which encoding a file is in, and its content as UTF-8."""

from __future__ import annotations

import codecs

UTF8, UTF8_BOM, UTF16, CP1252 = "UTF-8", "UTF-8 with BOM", "UTF-16", "cp1252"
# What no text for people holds; tab, line feed, carriage return, form feed and vertical tab are left.
CONTROL = bytes([*range(9), *range(14, 32), 127])
_LOOK_BYTES = 1 << 16
_UTF16_SHARE = 0.8


def as_utf8(data: bytes, encoding: str = "") -> tuple[str, bytes] | None:
    """The name of the encoding and the content as UTF-8 without a byte order mark.

    UTF-8 is tried before cp1252, in which nearly every sequence of bytes means something; UTF-16 without
    a mark is known by the zero bytes of its Latin letters.

    Args:
        data: the content.
        encoding: its encoding where that is known.

    Returns:
        None where the bytes are no text: they hold control characters, or fit no encoding.
    """
    name, text = UTF8, None
    if encoding:
        name, text = encoding, _recoded(data, encoding)
    elif data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name, text = UTF16, _recoded(data, "utf-16")
    elif codec := _unmarked_utf16(data):
        name, text = UTF16, _recoded(data, codec)
    elif data.startswith(codecs.BOM_UTF8):
        name, text = UTF8_BOM, _recoded(data, "utf-8-sig")
    elif _is_utf8(data):
        text = data
    else:
        name, text = CP1252, _recoded(data, "cp1252")
    if text is None or len(text.translate(None, CONTROL)) != len(text):
        return None
    return name, text


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _recoded(data: bytes, codec: str) -> bytes | None:
    try:
        return data.decode(codec).encode("utf-8").removeprefix(codecs.BOM_UTF8)
    except (UnicodeError, LookupError):
        return None


def _unmarked_utf16(data: bytes) -> str | None:
    head = data[:_LOOK_BYTES]
    if len(data) % 2 or len(head) < 2:
        return None
    zero_even, zero_odd = head[0::2].count(0), head[1::2].count(0)
    enough = _UTF16_SHARE * (len(head) // 2)
    if zero_odd >= enough and not zero_even:
        return "utf-16-le"
    return "utf-16-be" if zero_even >= enough and not zero_odd else None
