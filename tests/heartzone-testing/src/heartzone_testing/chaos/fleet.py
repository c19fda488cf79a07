"""The processes of a group's workers: started, started again after a kill, thawed after a freeze."""

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from signal import SIGKILL, SIGTERM

import msgspec
import psutil

from embedded_kafka.processes import ChildProcess
from heartzone_testing.chaos.points import Action, Point, Trigger
from heartzone_testing.chaos.worker import Settings

STOP_TIME = 60.0  # seconds
STOPPED = (0, -SIGTERM)
"""Exit codes of a worker that was stopped; the second one while Python was starting."""


@dataclass
class Member:
    """One replica: the same transactional id in all of its lives."""

    settings: Settings
    process: ChildProcess
    frozen_at: float | None = None
    was_frozen: bool = False
    asked_to_leave: bool = False


@dataclass
class Counts:
    """What happened so far."""

    kills: int = 0
    freezes: int = 0
    ended: list[str] = field(default_factory=list)
    """Workers that ended though nothing had killed them, with the ends of their logs."""


class Fleet:
    """Workers of one group; ``triggers`` are asked for at the start of each life, by the number of lives before it.

    A worker that was frozen goes on after ``frozen_for`` seconds.
    """

    def __init__(
        self, settings: Settings, triggers: Callable[[], list[Trigger]], *, folder: Path, frozen_for: float
    ) -> None:
        self.counts = Counts()
        self.settings = settings
        """Of those who are started from now on."""
        self._triggers = triggers
        self._folder = folder
        self._frozen_for = frozen_for
        self._members: dict[str, Member] = {}
        self._owed: list[Trigger] = []
        """Freezes that a kill came before: a point is reached more often than another one where transactions abort."""

    def start(self, name: str, *, triggers: Sequence[Trigger] | None = None) -> None:
        """Start a worker of that name."""
        due = list(triggers) if triggers is not None else self._next_life()
        transactional_id = self.transactional_id(name)
        # By the name it can be told apart, and cut off.
        connection = {**self.settings.connection, "client.id": name}
        settings = msgspec.structs.replace(
            self.settings, connection=connection, transactional_id=transactional_id, triggers=due
        )
        argv = [sys.executable, "-m", "heartzone_testing.chaos.worker", msgspec.json.encode(settings).decode()]
        process = ChildProcess.start(argv, log_file=self._folder / f"{name}.log")
        self._members[name] = Member(settings, process)

    def transactional_id(self, name: str) -> str:
        """That of all lives of a worker."""
        return f"{self.settings.transactional_id}-{name}"

    def look_after(self) -> None:
        """Start those again that were killed, and thaw those that were frozen for long enough; call it often."""
        for name, member in list(self._members.items()):
            code = member.process.poll()
            if code is not None:
                if code in STOPPED and member.asked_to_leave:  # before it had reached the point
                    self.start(name, triggers=member.settings.triggers)
                    continue
                if code == -SIGKILL and member.settings.triggers:
                    self._killed(member)
                else:
                    self.counts.ended.append(f"{name} ended with {code}:\n{member.process.tail()}")
                self.start(name)
            elif psutil.Process(member.process.pid).status() == psutil.STATUS_STOPPED:
                now = time.monotonic()
                member.frozen_at, member.was_frozen = member.frozen_at or now, True
                if now - member.frozen_at > self._frozen_for:
                    self.thaw(name)

    def _killed(self, member: Member) -> None:
        self.counts.kills += 1
        if not member.was_frozen:
            self._owed += [each for each in member.settings.triggers if each.action is Action.FREEZE]

    def _next_life(self) -> list[Trigger]:
        life = self._triggers()
        if self._owed and all(each.action is not Action.FREEZE for each in life):
            life = [msgspec.structs.replace(self._owed.pop(), nth=1), *life]
        return life

    def ask_to_leave(self, point: Point) -> None:
        """Ask those to stop that something is to happen to at a point which they may not reach otherwise."""
        for member in self._members.values():
            if any(trigger.point is point for trigger in member.settings.triggers):
                member.asked_to_leave = True
                member.process.request_stop()

    @property
    def frozen(self) -> list[str]:
        """Who is frozen, as far as `look_after` has seen."""
        return [name for name, member in self._members.items() if member.frozen_at is not None]

    def thaw(self, name: str) -> None:
        """Let a frozen worker go on."""
        member = self._members[name]
        member.process.resume()
        member.frozen_at = None
        self.counts.freezes += 1

    def stop(self, name: str) -> None:
        """Stop a worker by SIGTERM; one that does not end in time, or with another code, counts as ended."""
        member = self._members.pop(name, None)
        if member is None:
            return
        process = member.process
        process.resume()
        code = process.terminate(STOP_TIME)
        if code == -SIGKILL and member.settings.triggers:
            self._killed(member)
        elif code not in STOPPED:
            self.counts.ended.append(f"{name} was stopped, and ended with {code}:\n{process.tail()}")

    def stop_all(self) -> dict[str, list[Trigger]]:
        """Stop all; returns what was to happen to each and has not."""
        unmet = {}
        for name, member in list(self._members.items()):
            kills = self.counts.kills
            self.stop(name)
            if self.counts.kills == kills:
                unmet[name] = member.settings.triggers
        return unmet

    def say(self, event: str) -> bool:
        """Whether one of those who live has logged this."""
        return any(event in member.process.log() for member in self._members.values())

    def kill_all(self) -> None:
        """End all at once, however they are."""
        for member in self._members.values():
            member.process.kill()
        self._members.clear()
