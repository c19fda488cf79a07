"""A new operator finds EventTopics that another one has made ready."""

from typing import Any

from heartzone_testing.release.release import Release, uid_of
from heartzone_testing.waiting import eventually


def test_a_new_operator_changes_nothing_and_says_nothing_where_all_is_well(release: Release) -> None:
    release.kubectl("wait", "--for=condition=Ready", "--timeout=60s", "eventtopic", "--all", timeout=70)
    [former] = release.pods("operator")
    before = state(release)

    release.deploy({"operator": {"podAnnotations": {"example.org/revision": "new"}}})
    release.await_ready("operator", 1, without=uid_of(former))

    eventually(
        lambda: release.metric("operator", "heartzone_reconciles_total") >= 4, "every EventTopic to be reconciled"
    )
    assert state(release) == before


def state(release: Release) -> dict[str, Any]:
    """Each EventTopic with the version that any write raises, and each event about one."""
    topics = release.kubectl.get("eventtopics")["items"]
    events = release.kubectl.get("events", "--field-selector=involvedObject.kind=EventTopic")["items"]
    return {
        "topics": {each["metadata"]["name"]: each["metadata"]["resourceVersion"] for each in topics},
        "events": sorted(each["metadata"]["name"] for each in events),
    }
