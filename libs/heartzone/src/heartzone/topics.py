"""The topics' usual names; their definitions are in schemas/topics."""

RAW_BIOMETRICS_IMPORTED = "RawBiometricsImported"
BIOMETRICS_IMPORTED = "BiometricsImported"
HEART_RATE_ZONE_REACHED = "HeartRateZoneReached"
DEAD_LETTERS = "BiometricsImported.dlq"
