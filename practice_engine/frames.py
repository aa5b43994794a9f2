"""The frames of a multiplexed stream, and the keys that leave an attached terminal."""

from __future__ import annotations

import struct

_HEAD = struct.Struct(">BxxxI")
_CONTROL = {f"ctrl-{chr(code)}": code - 96 for code in range(97, 123)}
_CONTROL |= {"ctrl-@": 0, "ctrl-[": 27, "ctrl-\\": 28, "ctrl-]": 29, "ctrl-^": 30, "ctrl-_": 31, "DEL": 127}


def frame(stream: int, data: bytes) -> bytes:
    return _HEAD.pack(stream, len(data)) + data


class DetachKeys:
    """Watches the input of a terminal for the sequence; what is not part of it passes.

    Raises:
        ValueError: the text is no sequence.
    """

    def __init__(self, text: str) -> None:
        self._keys = bytes(_code(word) for word in text.split(",")) if text else b"\x10\x11"
        self._matched = 0

    def look(self, data: bytes) -> tuple[bytes, bool]:
        passed = bytearray()
        for byte in data:
            if byte == self._keys[self._matched]:
                self._matched += 1
                if self._matched == len(self._keys):
                    return bytes(passed), True
                continue
            passed += self._keys[: self._matched]
            self._matched = 0
            passed.append(byte)
        return bytes(passed), False


def _code(word: str) -> int:
    if len(word) == 1:
        return ord(word) & 0xFF
    if word in _CONTROL:
        return _CONTROL[word]
    raise ValueError(word)
