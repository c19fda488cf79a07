"""Java programs: the runtime they run on, their command lines, AOT caches, and why one did not start."""
