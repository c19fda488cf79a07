"""Principals, and the devices that they may send for."""

from collections.abc import Iterable

from msgspec import Struct

PATTERN_HELP = "a device id, or its beginning followed by *"


class DevicePatterns(Struct, frozen=True):
    """Device ids: some by name, others by what they begin with. Compared in lower case, as ids are stored."""

    ids: frozenset[str] = frozenset()
    prefixes: tuple[str, ...] = ()

    def match(self, device_id: str | None) -> bool:
        """Whether a device is one of them; a text that belongs to no device is not."""
        if device_id is None:
            return False
        device_id = device_id.lower()
        return device_id in self.ids or device_id.startswith(self.prefixes)


class Principal(Struct, frozen=True):
    """Whoever a valid credential names."""

    method: str
    """How it was authenticated: two methods may know different principals by one name."""
    name: str
    devices: DevicePatterns | None = None
    """Devices that it may send for; None is every device."""

    def may_send_for(self, device_id: str | None) -> bool:
        """Whether it may send what belongs to that device, or to none."""
        return self.devices is None or self.devices.match(device_id)


def device_patterns(texts: Iterable[str]) -> DevicePatterns:
    """The patterns in texts, each a device id, or its beginning followed by ``*``.

    Raises:
        ValueError: one is empty, or has a ``*`` elsewhere.
    """
    ids, prefixes = set(), []
    for text in texts:
        stem = text.removesuffix("*").lower()
        if not text or "*" in stem:
            raise ValueError(f"{text!r:.60} is no pattern of devices; {PATTERN_HELP} was expected")
        if stem == text.lower():
            ids.add(stem)
        else:
            prefixes.append(stem)
    return DevicePatterns(frozenset(ids), tuple(prefixes))


def own_devices(pattern: str, name: str) -> DevicePatterns:
    """The devices of a principal whose name stands for ``{name}`` in a pattern."""
    stem, star = (pattern[:-1], True) if pattern.endswith("*") else (pattern, False)
    # The name comes from a credential: a * in it is a letter like any other, and no pattern.
    text = stem.replace("{name}", name).lower()
    return DevicePatterns(prefixes=(text,)) if star else DevicePatterns(ids=frozenset({text}))
