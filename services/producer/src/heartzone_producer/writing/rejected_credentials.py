"""Brokers that reject a client's credentials, while connections to others may go on for hours."""

import json
import re
from time import monotonic

from confluent_kafka import KafkaError

REJECTED = frozenset({KafkaError._AUTHENTICATION, KafkaError._SSL, KafkaError.SASL_AUTHENTICATION_FAILED})
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
        self._rejections: dict[str, tuple[float, float, KafkaError]] = {}
        """By address: when first and last, and the last error."""

    def failed(self, error: KafkaError) -> bool:
        """An error of a connection; returns whether it is a rejection while no broker had rejected before."""
        name = error.str().partition(": ")[0]
        if error.code() not in REJECTED or not _is_broker(name):
            return False  # that of a token is no broker's; when connections fail for want of one, theirs are told
        broker, now, first = _address(name), monotonic(), not self._rejections
        since = self._rejections[broker][0] if broker in self._rejections else now
        self._rejections[broker] = (since, now, error)
        return first

    def saw(self, statistics: str) -> None:
        """Statistics of the client, a JSON document: a broker that is connected has taken the credentials since."""
        if self._rejections:
            for name, broker in json.loads(statistics)["brokers"].items():
                if broker["state"] == "UP":
                    self._rejections.pop(_address(name), None)
                    self._rejections.pop(broker["nodename"], None)

    def current(self) -> KafkaError | None:
        """The rejection that has gone on for longest; None when there is none."""
        return self._of_age(0.0)

    def lasting(self) -> KafkaError | None:
        """The last rejection by a broker that has rejected the credentials for long; None when there is none."""
        return self._of_age(LASTING)

    def _of_age(self, age: float) -> KafkaError | None:
        now = monotonic()
        for since, last, error in [*self._rejections.values()]:  # other threads change it
            if now - since >= age and now - last < REPEATED:
                return error
        return None


def _address(broker: str) -> str:
    return _around_address.sub("", broker)
