"""Candidates of a batch: the resources for which something may have to be done, and what is wrong with others."""

from collections.abc import Collection, Sequence
from contextlib import suppress

from event_topics.model import InvalidEventTopicError, Observed
from heartzone_operator.kubernetes.api import RequestRejectedError
from heartzone_operator.kubernetes.census import Census
from heartzone_operator.kubernetes.config_maps import ConfigMapCache
from heartzone_operator.kubernetes.ledger import Ledger
from heartzone_operator.metrics import OperatorMetrics
from heartzone_operator.model.claims import objection
from heartzone_operator.model.conditions import Verdict
from heartzone_operator.model.index import Index
from heartzone_operator.model.reasons import ConditionReason
from heartzone_operator.model.resource import Resource
from heartzone_operator.model.rest import Rest
from heartzone_operator.model.topic_rules import TopicRules
from heartzone_operator.model.work import Work
from heartzone_operator.reconcile.desired_topics import DesiredTopics
from heartzone_operator.reconcile.set_aside import SetAside


class Candidates:
    """Each step leaves some out; those of which something is wrong are told so. Raises ApiServerUnavailableError."""

    def __init__(
        self,
        *,
        index: Index,
        config_maps: ConfigMapCache,
        ledger: Ledger,
        census: Census,
        rules: TopicRules,
        set_aside: SetAside,
        metrics: OperatorMetrics,
    ) -> None:
        self._index = index
        self._config_maps = config_maps
        self._ledger = ledger
        self._census = census
        self._rules = rules
        self._set_aside = set_aside
        self._metrics = metrics
        self._desired = DesiredTopics()
        self._rest = Rest()

    async def works(self, resources: Sequence[Resource]) -> dict[str, Work]:
        """Return the work on each valid resource by its name in plans; report what is wrong with the others."""
        texts = await self._config_maps.read(key for each in resources for key in each.config_maps())
        works: dict[str, Work] = {}
        invalid: list[tuple[Resource, Verdict]] = []
        for each in resources:
            if (forbidden := self._rules.objection(each)) is not None:
                invalid.append((each, forbidden))
                continue
            claim = self._ledger.get(each.topic)
            try:
                desired = self._desired.of(each, texts, claim if claim is not None and claim.is_of(each.key) else None)
            except InvalidEventTopicError as error:  # the API server accepted it, perhaps by an older definition
                invalid.append((each, Verdict(ConditionReason.INVALID_RESOURCE, f"{error}; correct it.")))
            else:
                works[desired.resource] = Work(each, desired)
        await self._set_aside.invalid(invalid)
        return works

    def restless(self, works: dict[str, Work], observed: Observed) -> dict[str, Work]:
        """Return the work on resources for which there may be something to do."""
        restless: dict[str, Work] = {}
        for name, work in works.items():
            if self._rest.includes(work, observed, self._ledger.get(work.desired.topic)):
                self._metrics.reconciled(work.outcome)
            else:
                restless[name] = work
        return restless

    async def owned(self, works: dict[str, Work], observed: Observed) -> dict[str, Work]:
        """Return the work on topics that are their resource's; report what is wrong with the others."""
        objections = {
            name: found
            for name, work in works.items()
            if (
                found := objection(
                    work,
                    observed.topics.get(work.desired.topic),
                    self._ledger.get(work.desired.topic),
                    adopts=self._rules.adopts(work.resource),
                )
            )
        }
        await self._set_aside.not_adopted((works[name].resource, found) for name, found in objections.items())
        return {name: work for name, work in works.items() if name not in objections}

    async def present(self, works: dict[str, Work]) -> dict[str, Work]:
        """Return the work on resources that still exist: of one whose deletion is not known yet, no topic comes back.

        Raises ApiServerUnavailableError.
        """
        for namespace in {work.resource.key.namespace for work in works.values()}:
            with suppress(RequestRejectedError):  # the next resync, which lists it, finds out
                await self._census.compare(namespace)
        return {name: work for name, work in works.items() if self._index.get(work.resource.key) is not None}

    def judged(self, work: Work, observed: Observed) -> None:
        """Note the result of the work."""
        self._rest.judged(work, observed, self._ledger.get(work.desired.topic))

    def keep_only(self, uids: Collection[str]) -> None:
        """Forget other resources."""
        self._desired.keep_only(uids)
        self._rest.keep_only(uids)
