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
{{- else if eq $kafka.auth.type "oauthbearer" }}
- {parameter: username, name: {{ $secret }}, key: {{ $kafka.auth.oauth.clientIdKey | quote }}}
- {parameter: password, name: {{ $secret }}, key: {{ $kafka.auth.oauth.clientSecretKey | quote }}}
{{- else if ne $kafka.auth.type "none" }}
{{- $keys := include "heartzone.saslKeys" . | fromJson }}
{{- with $keys.username }}
- {parameter: username, name: {{ $secret }}, key: {{ . | quote }}}
{{- end }}
- {parameter: password, name: {{ $secret }}, key: {{ $keys.password | quote }}}
{{- end }}
{{- end }}

{{/* What it reads from the variables of the worker's container; a list, empty when it needs none. */}}
{{- define "heartzone.keda.env" -}}
{{- $auth := .Values.kafka.auth }}
{{- if and (has $auth.type (list "scram-sha-256" "scram-sha-512")) (not $auth.usernameKey) }}
- {parameter: username, name: HEARTZONE_KAFKA_SASL_USERNAME, containerName: zone-worker} # the Secret's name
{{- end }}
{{- if eq $auth.type "oauthbearer" }}
- {parameter: oauthTokenEndpointUri, name: HEARTZONE_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL, containerName: zone-worker}
{{- with $auth.oauth.scope }}
- {parameter: scopes, name: HEARTZONE_KAFKA_SASL_OAUTHBEARER_SCOPE, containerName: zone-worker}
{{- end }}
{{- with $auth.oauth.extensions }}
- {parameter: oauthExtensions, name: HEARTZONE_KAFKA_SASL_OAUTHBEARER_EXTENSIONS, containerName: zone-worker}
{{- end }}
{{- end }}
{{- end }}
