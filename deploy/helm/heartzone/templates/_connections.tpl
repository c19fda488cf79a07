{{/*
How the pods reach Kafka and the registry: what is no secret as variables in a ConfigMap, Secrets as files.

The folder /etc/heartzone of each container:
  kafka/ca.crt, kafka/user.crt, kafka/user.key, kafka/issuer-ca.crt
  schema-registry/ca.crt, schema-registry/user.crt, schema-registry/user.key
  settings/HEARTZONE_…   one setting a file, where HEARTZONE_SECRETS_DIR points

The services follow these files, so that no Secret is a variable: those never change in a running container.
*/}}

{{/* Variables that all components share. */}}
{{- define "heartzone.settings" -}}
{{- $kafka := .Values.kafka }}
{{- $sasl := not (has $kafka.auth.type (list "none" "tls")) }}
HEARTZONE_KAFKA_BOOTSTRAP_SERVERS: {{ $kafka.bootstrapServers | quote }}
HEARTZONE_KAFKA_SECURITY_PROTOCOL: {{ ternary "sasl_" "" $sasl }}{{ ternary "ssl" "plaintext" $kafka.tls.enabled }}
{{- if $sasl }}
HEARTZONE_KAFKA_SASL_MECHANISM: {{ upper $kafka.auth.type }}
{{- end }}
{{- if $kafka.tls.existingSecret }}
HEARTZONE_KAFKA_SSL_CA_LOCATION: /etc/heartzone/kafka/ca.crt
{{- end }}
{{- if eq $kafka.auth.type "oauthbearer" }}
HEARTZONE_KAFKA_SASL_OAUTHBEARER_METHOD: oidc
{{- with $kafka.auth.oauth.tokenEndpointUrl }}
HEARTZONE_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL: {{ . | quote }}
{{- end }}
{{- with $kafka.auth.oauth.azureImdsQuery }}
HEARTZONE_KAFKA_SASL_OAUTHBEARER_METADATA_AUTHENTICATION_TYPE: azure_imds
HEARTZONE_KAFKA_SASL_OAUTHBEARER_CONFIG: {{ printf "query=%s" . | quote }}
{{- end }}
{{- with $kafka.auth.oauth.scope }}
HEARTZONE_KAFKA_SASL_OAUTHBEARER_SCOPE: {{ . | quote }}
{{- end }}
{{- with $kafka.auth.oauth.extensions }}
HEARTZONE_KAFKA_SASL_OAUTHBEARER_EXTENSIONS: {{ . | quote }}
{{- end }}
{{- if $kafka.auth.oauth.tls.existingSecret }}
HEARTZONE_KAFKA_HTTPS_CA_LOCATION: /etc/heartzone/kafka/issuer-ca.crt
{{- end }}
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

{{/* Whether Azure knows the pods without a Secret: "true" or "false". */}}
{{- define "heartzone.managedIdentity" -}}
{{- and (eq .Values.kafka.auth.type "oauthbearer") (ne .Values.kafka.auth.oauth.azureImdsQuery "") }}
{{- end }}

{{/* Files of credentials for Kafka as a dict of paths to keys of the Secret, as JSON. */}}
{{- define "heartzone.kafkaFiles" -}}
{{- $auth := .Values.kafka.auth }}
{{- if eq $auth.type "tls" }}
{{- dict "kafka/user.crt" $auth.certificateKey "kafka/user.key" $auth.privateKeyKey | toJson }}
{{- else if eq (include "heartzone.managedIdentity" .) "true" }}
{{- dict | toJson }}
{{- else if eq $auth.type "oauthbearer" }}
{{- dict "settings/HEARTZONE_KAFKA_SASL_OAUTHBEARER_CLIENT_ID" $auth.oauth.clientIdKey "settings/HEARTZONE_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET" $auth.oauth.clientSecretKey | toJson }}
{{- else if ne $auth.type "none" }}
{{- $keys := include "heartzone.saslKeys" . | fromJson }}
{{- $files := dict "settings/HEARTZONE_KAFKA_SASL_PASSWORD" $keys.password }}
{{- with $keys.username }}
{{- $_ := set $files "settings/HEARTZONE_KAFKA_SASL_USERNAME" . }}
{{- end }}
{{- $files | toJson }}
{{- else }}
{{- dict | toJson }}
{{- end }}
{{- end }}

{{/* The same for the registry. */}}
{{- define "heartzone.registryFiles" -}}
{{- $registryAuth := .Values.schemaRegistry.auth }}
{{- if eq $registryAuth.type "tls" }}
{{- dict "schema-registry/user.crt" $registryAuth.certificateKey "schema-registry/user.key" $registryAuth.privateKeyKey | toJson }}
{{- else if eq $registryAuth.type "bearer" }}
{{- dict "settings/HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN" $registryAuth.tokenKey | toJson }}
{{- else if eq $registryAuth.type "oauthbearer" }}
{{- dict "settings/HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID" $registryAuth.oauth.clientIdKey "settings/HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_SECRET" $registryAuth.oauth.clientSecretKey | toJson }}
{{- else }}
{{- dict "settings/HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USERNAME" $registryAuth.usernameKey "settings/HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_PASSWORD" $registryAuth.passwordKey | toJson }}
{{- end }}
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
{{- with include "heartzone.kafkaFiles" .root | fromJson }}
- secret:
    name: {{ include "heartzone.kafkaSecret" $ }}
    items:
      {{- range $path, $key := . }}
      - {key: {{ $key | quote }}, path: {{ $path }}}
      {{- end }}
{{- end }}
{{- if and (eq $kafka.auth.type "oauthbearer") $kafka.auth.oauth.tls.existingSecret }}
- secret:
    name: {{ $kafka.auth.oauth.tls.existingSecret }}
    items:
      - {key: {{ $kafka.auth.oauth.tls.key | quote }}, path: kafka/issuer-ca.crt}
{{- end }}
{{- if and $registry.tls.existingSecret .values.schemaRegistry }}
- secret:
    name: {{ $registry.tls.existingSecret }}
    items:
      - {key: {{ $registry.tls.key | quote }}, path: schema-registry/ca.crt}
{{- end }}
{{- with include "heartzone.registrySecret" . }}
- secret:
    name: {{ . }}
    items:
      {{- range $path, $key := include "heartzone.registryFiles" $.root | fromJson }}
      - {key: {{ $key | quote }}, path: {{ $path }}}
      {{- end }}
{{- end }}
{{- end }}

{{/* Variables of one component that say who it is to Kafka and the registry, as a list. Takes root and values. */}}
{{- define "heartzone.connectionEnv" -}}
{{- $auth := .root.Values.kafka.auth }}
{{- $registrySecret := include "heartzone.registrySecret" . }}
{{- if contains "path: settings/" (include "heartzone.secretSources" .) }}
- name: HEARTZONE_SECRETS_DIR
  value: /etc/heartzone/settings
{{- end }}
{{- if and (has $auth.type (list "scram-sha-256" "scram-sha-512")) (not $auth.usernameKey) }}
- name: HEARTZONE_KAFKA_SASL_USERNAME
  value: {{ include "heartzone.kafkaSecret" . | quote }}
{{- end }}
{{- $registry := .root.Values.schemaRegistry }}
{{- if and $registrySecret (eq $registry.auth.type "tls") }}
- name: HEARTZONE_SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION
  value: /etc/heartzone/schema-registry/user.crt
- name: HEARTZONE_SCHEMA_REGISTRY_SSL_KEY_LOCATION
  value: /etc/heartzone/schema-registry/user.key
{{- end }}
{{- if and $registrySecret (eq $registry.auth.type "oauthbearer") }}
- name: HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CREDENTIALS_SOURCE
  value: OAUTHBEARER
- name: HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL
  value: {{ $registry.auth.oauth.tokenEndpointUrl | quote }}
- name: HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_SCOPE
  value: {{ $registry.auth.oauth.scope | quote }}
{{- end }}
{{- end }}
