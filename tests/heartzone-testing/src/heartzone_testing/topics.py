"""The product's topics, as their definitions say."""

from event_topics import DesiredTopic, load_event_topics
from heartzone_testing.checkout import TOPICS


def product_topics() -> tuple[DesiredTopic, ...]:
    """The topics with their schemas."""
    return load_event_topics([TOPICS]).desired()


TOPIC_NAMES = sorted(each.topic for each in product_topics())
