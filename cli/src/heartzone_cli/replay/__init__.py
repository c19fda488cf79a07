"""`heartzone replay`: recorded workouts through the web API, and what came out of the output topic."""
