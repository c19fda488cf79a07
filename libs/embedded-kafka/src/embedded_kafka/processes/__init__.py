"""Child processes tied to this one: started, watched until ready, stopped; their ports and directories."""

from embedded_kafka.processes.child import ChildProcess, Tie

__all__ = ["ChildProcess", "Tie"]
