{{/* What KEDA reads from Secrets to query Kafka as the worker's user; a list, empty when it needs none. */}}
{{- define "heartzone.keda.secrets" -}}
{{- $kafka := .Values.kafka }}
{{- $secret := include "heartzone.kafkaSecret" (dict "root" . "values" .Values.zoneWorker) }}
{{- if and $kafka.tls.enabled $kafka.tls.existingSecret }}
- {parameter: ca, name: {{ $kafka.tls.existingSecret }}, key: {{ $kafka.tls.key | quote }}}
{{- end }}
{{- if eq $kafka.auth.type "tls" }}
- {parameter: cert, name: {{ $secret }}, key: {{ $kafka.auth.certificateKey | quote }}}
- {parameter: key, name: {{ $secret }}, key: {{ $kafka.auth.privateKeyKey | quote }}}
{{- else if ne $kafka.auth.type "none" }}
{{- $keys := include "heartzone.saslKeys" . | fromJson }}
{{- with $keys.username }}
- {parameter: username, name: {{ $secret }}, key: {{ . | quote }}}
{{- end }}
- {parameter: password, name: {{ $secret }}, key: {{ $keys.password | quote }}}
{{- end }}
{{- end }}
