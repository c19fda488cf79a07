"""`heartzone group`: the position of the zone workers' consumer group, and the move of one partition of it."""
