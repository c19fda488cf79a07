"""Recorded workouts in the file formats that watches and training sites export."""

from heartzone_cli.replay.recordings.loading import Recording, load
from heartzone_cli.replay.recordings.samples import Sample, UnreadableRecordingError

__all__ = ["Recording", "Sample", "UnreadableRecordingError", "load"]
