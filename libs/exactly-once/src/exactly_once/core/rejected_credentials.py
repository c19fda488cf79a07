"""Brokers that reject a client's credentials, while connections to others may go on for hours."""

import re
from collections.abc import Mapping
from typing import Any

LASTING = 10.0
"""Seconds after which a rejection is none that passes by itself, as while credentials are being replaced."""
REPEATED = 60.0
"""Seconds within which librdkafka tells an error again that goes on; it leaves out what is equal for 30."""

# librdkafka's names of brokers, `sasl_ssl://host:port/id`; `bootstrap` is one whose id it does not know yet.
_is_broker = re.compile(r"\w+://\S+|\w+Coordinator").fullmatch
_around_address = re.compile(r"^\w+://|/\w+$")


class RejectedCredentials:
    """What one client receives of it: by its errors, and by its statistics, which show that a broker is connected."""

    def __init__(self) -> None:
        self._rejections: dict[str, tuple[float, float, str]] = {}
        """By address: when first and last, by the monotonic clock, and the last text."""

    def rejected(self, text: str, now: float) -> None:
        """A broker has rejected the credentials, or a certificate; the text begins with librdkafka's name of it."""
        name = text.partition(": ")[0]
        if not _is_broker(name):
            return  # that of a token is no broker's; when connections fail for want of one, theirs are told
        broker = _address(name)
        since = self._rejections[broker][0] if broker in self._rejections else now
        self._rejections[broker] = (since, now, text)

    def saw(self, statistics: Mapping[str, Any]) -> None:
        """Statistics of the client: a broker that is connected has taken the credentials since."""
        if self._rejections:
            for name, broker in statistics["brokers"].items():
                if broker["state"] == "UP":
                    self._rejections.pop(_address(name), None)
                    self._rejections.pop(broker["nodename"], None)

    def lasting(self, now: float) -> str | None:
        """The last words of a broker that has rejected the credentials for long; None when there is none."""
        for since, last, text in [*self._rejections.values()]:  # other threads change it
            if now - since > LASTING and now - last < REPEATED:
                return text
        return None


def _address(broker: str) -> str:
    return _around_address.sub("", broker)
