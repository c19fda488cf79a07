"""A look at the settings of the brokers when a worker starts: whether they can break the promise of exactly once."""

import logging
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from threading import Thread

from confluent_kafka.admin import ConfigResource, ResourceType

from exactly_once.clients.renewed_admin import RenewedAdmin, response_of
from exactly_once.config import WorkerConfig
from exactly_once.core.broker_settings import BrokerSettings, risks
from exactly_once.observer import Observer

REQUEST_TIMEOUT = 5.0  # seconds

log = logging.getLogger(__name__)


def read_broker_settings(admin: RenewedAdmin, topics: Iterable[str]) -> BrokerSettings:
    """Read them from some broker, with what these topics say. Raises KafkaException, KeyError or ValueError."""
    [broker, *_] = response_of(admin.describe_cluster(REQUEST_TIMEOUT)).nodes
    server = ConfigResource(ResourceType.BROKER, str(broker.id))
    resources = {name: ConfigResource(ResourceType.TOPIC, name) for name in topics}
    futures = admin.describe_configs([server, *resources.values()], REQUEST_TIMEOUT)
    of_server = response_of(futures[server])
    retention: dict[str, int | None] = {}
    for name, resource in resources.items():
        entries = response_of(futures[resource])
        milliseconds = int(entries["retention.ms"].value)
        kept = milliseconds < 0 or "delete" not in entries["cleanup.policy"].value
        retention[name] = None if kept else milliseconds
    return BrokerSettings(
        offsets_retention=int(of_server["offsets.retention.minutes"].value) * 60_000,
        transactional_id_expiration=int(of_server["transactional.id.expiration.ms"].value),
        topic_retention=retention,
    )


class PromiseCheck:
    """Tells the observer once; it needs DescribeConfigs on the cluster and the input topics, and is left out without.

    It has a client of its own for as long as it takes: nothing waits for it but ``close``.
    """

    def __init__(self, config: Callable[[], WorkerConfig], observer: Observer) -> None:
        self._config = config
        self._observer = observer
        self._settings: Future[BrokerSettings] | None = None
        self._is_over = False
        self._admin: RenewedAdmin | None = None

    def step(self) -> None:
        """Begin, or take the result; call it now and then."""
        if self._is_over:
            return
        if self._settings is None:
            self._settings, config = Future(), self._config()
            self._admin = RenewedAdmin(config.admin_properties())
            arguments = (self._admin, config.input_topics, self._settings)
            Thread(target=_look, args=arguments, name="promise-check", daemon=True).start()
        elif self._settings.done():
            self._is_over = True
            try:
                self._observer.promise_at_risk(risks(self._settings.result()))
            except Exception as error:  # no right to read them, or brokers that do not tell them
                log.info("broker_settings_not_read", extra={"error": str(error)})

    def close(self) -> None:
        """End what is under way; it is told no more."""
        self._is_over = True
        if self._admin is not None:
            self._admin.close()


def _look(admin: RenewedAdmin, topics: Iterable[str], settings: Future[BrokerSettings]) -> None:
    try:
        found = read_broker_settings(admin, topics)
    except BaseException as error:  # whatever it is, the worker's thread raises it
        settings.set_exception(error)
    else:
        settings.set_result(found)
    admin.close()
