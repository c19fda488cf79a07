"""The broker that rejects the credentials for long, by what librdkafka says and by its statistics."""

from exactly_once.core.rejected_credentials import LASTING, REPEATED, RejectedCredentials

FIRST = "sasl_ssl://kafka-1:9093/1: SASL authentication error: Authentication failed"


def test_a_rejection_is_lasting_after_a_while_although_another_broker_is_connected() -> None:
    rejections = RejectedCredentials()

    rejections.rejected(FIRST, 100.0)
    rejections.saw({"brokers": {"sasl_ssl://kafka-2:9093/2": {"state": "UP", "nodename": "kafka-2:9093"}}})

    assert rejections.lasting(101.0) is None
    assert rejections.lasting(100.1 + LASTING) == FIRST


def test_it_ends_when_that_broker_is_connected_under_whichever_name() -> None:
    rejections = RejectedCredentials()
    rejections.rejected("sasl_ssl://kafka-1:9093/bootstrap: SASL authentication error", 100.0)

    rejections.saw({"brokers": {"sasl_ssl://kafka-1:9093/1": {"state": "UP", "nodename": "kafka-1:9093"}}})

    assert rejections.lasting(100.1 + LASTING) is None


def test_a_coordinator_is_known_by_its_address_or_its_name() -> None:
    rejections = RejectedCredentials()
    rejections.rejected("TxnCoordinator: SASL authentication error", 100.0)

    rejections.saw({"brokers": {"TxnCoordinator": {"state": "UP", "nodename": "kafka-1:9093"}}})

    assert rejections.lasting(100.1 + LASTING) is None


def test_a_token_that_cannot_be_had_is_no_broker_s_rejection() -> None:
    rejections = RejectedCredentials()
    rejections.rejected("Failed to acquire SASL OAUTHBEARER token: Could not connect to server", 100.0)

    assert rejections.lasting(100.1 + LASTING) is None


def test_a_broker_that_is_not_tried_any_more_is_forgotten() -> None:
    rejections = RejectedCredentials()
    rejections.rejected(FIRST, 100.0)

    assert rejections.lasting(100.1 + REPEATED) is None
