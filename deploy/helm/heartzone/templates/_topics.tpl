{{/*
The topics: their key in the values, the name of their EventTopic after the release's, and the message whose schema
their values have. The service's setting is HEARTZONE_TOPIC_ and the key.
*/}}
{{- define "heartzone.topics" -}}
- {key: raw, resource: raw-biometrics-imported}
- {key: biometrics, resource: biometrics-imported, message: Biometrics}
- {key: zones, resource: heart-rate-zone-reached, message: HeartRateZoneReached}
- {key: deadLetters, resource: biometrics-imported-dlq}
{{- end }}

{{/* The setting of a topic's name, by its key in the values. */}}
{{- define "heartzone.topicSetting" -}}
HEARTZONE_TOPIC_{{ . | snakecase | upper }}
{{- end }}
