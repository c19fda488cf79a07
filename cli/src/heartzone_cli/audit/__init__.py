"""`heartzone audit`: the proof that each reading has become its zone event exactly once, recomputed from the logs.

Independent of the engine: it imports neither `exactly_once` nor the zone worker, and knows the published rules only.
"""
