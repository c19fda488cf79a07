{{/*
How the pods reach Kafka and the registry: what is no secret as variables in a ConfigMap, Secrets as files.

The folder /etc/heartzone of each container:
  kafka/ca.crt, kafka/user.crt, kafka/user.key, schema-registry/ca.crt
  settings/HEARTZONE_…   one setting a file, where HEARTZONE_SECRETS_DIR points
*/}}

{{/* Variables that all components share. */}}
{{- define "heartzone.settings" -}}
{{- $kafka := .Values.kafka }}
{{- $sasl := has $kafka.auth.type (list "scram-sha-512" "plain") }}
HEARTZONE_KAFKA_BOOTSTRAP_SERVERS: {{ $kafka.bootstrapServers | quote }}
HEARTZONE_KAFKA_SECURITY_PROTOCOL: {{ ternary "sasl_" "" $sasl }}{{ ternary "ssl" "plaintext" $kafka.tls.enabled }}
{{- if $sasl }}
HEARTZONE_KAFKA_SASL_MECHANISM: {{ upper $kafka.auth.type }}
{{- end }}
{{- if $kafka.tls.existingSecret }}
HEARTZONE_KAFKA_SSL_CA_LOCATION: /etc/heartzone/kafka/ca.crt
{{- end }}
{{- if eq $kafka.auth.type "tls" }}
HEARTZONE_KAFKA_SSL_CERTIFICATE_LOCATION: /etc/heartzone/kafka/user.crt
HEARTZONE_KAFKA_SSL_KEY_LOCATION: /etc/heartzone/kafka/user.key
{{- end }}
{{- range $property, $value := $kafka.config }}
{{ printf "HEARTZONE_KAFKA_%s" ($property | upper | replace "." "_") }}: {{ include "heartzone.text" $value | quote }}
{{- end }}
HEARTZONE_SCHEMA_REGISTRY_URL: {{ .Values.schemaRegistry.url | quote }}
{{- if .Values.schemaRegistry.tls.existingSecret }}
HEARTZONE_SCHEMA_REGISTRY_SSL_CA_LOCATION: /etc/heartzone/schema-registry/ca.crt
{{- end }}
{{- range $property, $value := .Values.schemaRegistry.config }}
{{ printf "HEARTZONE_SCHEMA_REGISTRY_%s" ($property | upper | replace "." "_") }}: {{ include "heartzone.text" $value | quote }}
{{- end }}
{{- range include "heartzone.topics" . | fromYamlArray }}
{{ include "heartzone.topicSetting" .key }}: {{ (get $.Values.topics .key).name | quote }}
{{- end }}
HEARTZONE_LOG_LEVEL: {{ .Values.log.level }}
HEARTZONE_LOG_FORMAT: {{ .Values.log.format }}
{{- with .Values.tracing.endpoint }}
OTEL_EXPORTER_OTLP_ENDPOINT: {{ . | quote }}
{{- end }}
{{- end }}

{{/* The Secret of a component's Kafka user. Takes root and values (the component's). */}}
{{- define "heartzone.kafkaSecret" -}}
{{- default .root.Values.kafka.auth.existingSecret .values.kafka.existingSecret }}
{{- end }}

{{/* The Secret of a component's registry user, if it has one. Takes root and values. */}}
{{- define "heartzone.registrySecret" -}}
{{- with .values.schemaRegistry }}
{{- default $.root.Values.schemaRegistry.auth.existingSecret .existingSecret }}
{{- end }}
{{- end }}

{{/* Keys of user and password in the Secret of a Kafka user, as JSON: {"username": "" when it has none, "password"}. */}}
{{- define "heartzone.saslKeys" -}}
{{- $auth := .Values.kafka.auth }}
{{- if eq $auth.type "plain" }}
{{- dict "username" (default "key" $auth.usernameKey) "password" (default "secret" $auth.passwordKey) | toJson }}
{{- else }}
{{- dict "username" $auth.usernameKey "password" (default "password" $auth.passwordKey) | toJson }}
{{- end }}
{{- end }}

{{/* The sources of the folder /etc/heartzone, as a list; empty without Secrets. Takes root and values. */}}
{{- define "heartzone.secretSources" -}}
{{- $kafka := .root.Values.kafka }}
{{- $registry := .root.Values.schemaRegistry }}
{{- with $kafka.tls.existingSecret }}
- secret:
    name: {{ . }}
    items:
      - {key: {{ $kafka.tls.key | quote }}, path: kafka/ca.crt}
{{- end }}
{{- if eq $kafka.auth.type "tls" }}
- secret:
    name: {{ include "heartzone.kafkaSecret" . }}
    items:
      - {key: {{ $kafka.auth.certificateKey | quote }}, path: kafka/user.crt}
      - {key: {{ $kafka.auth.privateKeyKey | quote }}, path: kafka/user.key}
{{- else if ne $kafka.auth.type "none" }}
{{- $keys := include "heartzone.saslKeys" .root | fromJson }}
- secret:
    name: {{ include "heartzone.kafkaSecret" . }}
    items:
      {{- with $keys.username }}
      - {key: {{ . | quote }}, path: settings/HEARTZONE_KAFKA_SASL_USERNAME}
      {{- end }}
      - {key: {{ $keys.password | quote }}, path: settings/HEARTZONE_KAFKA_SASL_PASSWORD}
{{- end }}
{{- if and $registry.tls.existingSecret .values.schemaRegistry }}
- secret:
    name: {{ $registry.tls.existingSecret }}
    items:
      - {key: {{ $registry.tls.key | quote }}, path: schema-registry/ca.crt}
{{- end }}
{{- end }}

{{/* Variables of one component that say who it is to Kafka and the registry, as a list. Takes root and values. */}}
{{- define "heartzone.connectionEnv" -}}
{{- $auth := .root.Values.kafka.auth }}
{{- if has $auth.type (list "scram-sha-512" "plain") }}
- name: HEARTZONE_SECRETS_DIR
  value: /etc/heartzone/settings
{{- if not (include "heartzone.saslKeys" .root | fromJson).username }}
- name: HEARTZONE_KAFKA_SASL_USERNAME
  value: {{ include "heartzone.kafkaSecret" . | quote }}
{{- end }}
{{- end }}
{{- with include "heartzone.registrySecret" . }}
# user:password in one value, which no Secret of two keys could give as a file.
- name: SCHEMA_REGISTRY_USER
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $.root.Values.schemaRegistry.auth.usernameKey | quote }}}
- name: SCHEMA_REGISTRY_PASSWORD
  valueFrom:
    secretKeyRef: {name: {{ . }}, key: {{ $.root.Values.schemaRegistry.auth.passwordKey | quote }}}
- name: HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO
  value: $(SCHEMA_REGISTRY_USER):$(SCHEMA_REGISTRY_PASSWORD)
{{- end }}
{{- end }}

{{/*
A checksum of every Secret that a component reads, so that an upgrade restarts its pods after a rotation: clients read
certificates and passwords at their start. Only `helm install` and `helm upgrade` see Secrets; rendered without a
cluster it is the checksum of their names. Takes root and values.
*/}}
{{- define "heartzone.secretsChecksum" -}}
{{- $auth := .root.Values.kafka.auth }}
{{- $names := list .root.Values.kafka.tls.existingSecret (include "heartzone.registrySecret" .) }}
{{- if ne $auth.type "none" }}
{{- $names = append $names (include "heartzone.kafkaSecret" .) }}
{{- end }}
{{- if .values.schemaRegistry }}
{{- $names = append $names .root.Values.schemaRegistry.tls.existingSecret }}
{{- end }}
{{- $contents := dict }}
{{- range $names | compact | uniq }}
{{- $_ := set $contents . (dig "data" dict (lookup "v1" "Secret" $.root.Release.Namespace . | default dict)) }}
{{- end }}
{{- if $contents }}
{{- $contents | toJson | sha256sum }}
{{- end }}
{{- end }}
