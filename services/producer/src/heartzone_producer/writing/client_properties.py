"""The properties of the web API's librdkafka clients, and why each has its value."""

from collections.abc import Mapping

REQUIRED_PROPERTIES: Mapping[str, str | int] = {
    "enable.idempotence": "true",
    "acks": "all",
    # librdkafka must give up no record by itself. When it does, it raises its epoch and sends under the new one, as if
    # they were new, what other brokers have stored and could not acknowledge yet (rd_kafka_idemp_drain_epoch_bump):
    # one request becomes two records. So records end acknowledged, or all together with their producer.
    "message.timeout.ms": 0,
    # The same for a record that a broker rejects for good.
    "enable.gapless.guarantee": "true",
}
"""The properties by which an acknowledgement means what the API says; settings cannot change them."""

STATISTICS_INTERVAL_MS = 5_000
"""How soon a connection is noticed that has come back; settings cannot change it."""

DEFAULTS: Mapping[str, str | int] = {
    "client.id": "heartzone-producer",
    "linger.ms": 1,
    # A broker rejects a batch as a whole. A small one is never larger than a topic accepts unless its one record is.
    "batch.size": 65536,
    "queue.buffering.max.messages": 20_000,
    "queue.buffering.max.kbytes": 65_536,
    # A leader that is frozen has its successor after ten seconds (broker.session.timeout.ms), which the client learns
    # when its request to the old one has timed out.
    "socket.timeout.ms": 10_000,
    # A broker that was restarted leads partitions soon.
    "reconnect.backoff.max.ms": 1000,
    # Errors come through error_cb, where equal ones are logged once; librdkafka's own log would repeat them.
    "log_level": 2,
}
"""Settings may change these."""
