{{/* Contradictions between values, which a schema of single values cannot express, each with a sentence. */}}
{{- define "heartzone.validate" -}}
{{- include "heartzone.validate.connections" . }}
{{- include "heartzone.validate.credentials" . }}
{{- include "heartzone.validate.settings" . }}
{{- include "heartzone.validate.volumes" . }}
{{- include "heartzone.validate.topics" . }}
{{- include "heartzone.validate.producer" . }}
{{- include "heartzone.validate.access" . }}
{{- include "heartzone.validate.zoneWorker" . }}
{{- include "heartzone.validate.operator" . }}
{{- include "heartzone.validate.monitoring" . }}
{{- end }}

{{- define "heartzone.validate.connections" -}}
{{- if not .Values.kafka.bootstrapServers }}
{{- fail "kafka.bootstrapServers is empty; it takes addresses like heartzone-kafka-bootstrap.kafka:9093" }}
{{- end }}
{{- if not .Values.schemaRegistry.url }}
{{- fail "schemaRegistry.url is empty; it takes an address like http://registry:8081, or for Apicurio http://registry:8080/apis/ccompat/v7" }}
{{- end }}
{{- if and (not .Values.kafka.tls.enabled) .Values.kafka.tls.existingSecret }}
{{- fail (printf "kafka.tls.existingSecret is %q, but kafka.tls.enabled is false: without TLS no CA is used; remove one of them" .Values.kafka.tls.existingSecret) }}
{{- end }}
{{- if and (not .Values.kafka.tls.enabled) (has .Values.kafka.auth.type (list "tls" "plain" "oauthbearer")) }}
{{- fail (printf "kafka.auth.type is %s, but kafka.tls.enabled is false: %s" .Values.kafka.auth.type (ternary "a certificate takes TLS" (printf "the %s would go over the network as it is" (ternary "token" "password" (eq .Values.kafka.auth.type "oauthbearer"))) (eq .Values.kafka.auth.type "tls"))) }}
{{- end }}
{{- range $section := list "kafka" "schemaRegistry" }}
{{- $auth := (get $.Values $section).auth }}
{{- if and (eq $auth.type "oauthbearer") (not $auth.oauth.tokenEndpointUrl) (not $auth.oauth.azureImdsQuery) }}
{{- fail (printf "%s.auth.type is oauthbearer, but %s.auth.oauth.tokenEndpointUrl is empty; it takes the address of the provider's token endpoint" $section $section) }}
{{- end }}
{{- end }}
{{- if and (eq .Values.schemaRegistry.auth.type "oauthbearer") (not .Values.schemaRegistry.auth.oauth.scope) }}
{{- fail "schemaRegistry.auth.type is oauthbearer, but schemaRegistry.auth.oauth.scope is empty; the registry's client asks for one" }}
{{- end }}
{{- if and (eq .Values.schemaRegistry.auth.type "tls") (not (hasPrefix "https://" .Values.schemaRegistry.url)) }}
{{- fail "schemaRegistry.auth.type is tls, but schemaRegistry.url does not start with https://: a certificate takes TLS" }}
{{- end }}
{{- if and .Values.schemaRegistry.tls.existingSecret (not (hasPrefix "https://" .Values.schemaRegistry.url)) }}
{{- fail (printf "schemaRegistry.tls.existingSecret is %q, but schemaRegistry.url does not start with https://" .Values.schemaRegistry.tls.existingSecret) }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.credentials" -}}
{{- $type := .Values.kafka.auth.type }}
{{- $common := .Values.kafka.auth.existingSecret }}
{{- $unused := "" }}
{{- if eq $type "none" }}
{{- $unused = "kafka.auth.type is none; say which type its credentials are of" }}
{{- else if eq (include "heartzone.managedIdentity" .) "true" }}
{{- $unused = "kafka.auth.oauth.azureImdsQuery takes the identity of the pods; remove one of them" }}
{{- end }}
{{- if and $unused $common }}
{{- fail (printf "kafka.auth.existingSecret is %q, but %s" $common $unused) }}
{{- end }}
{{- $components := dict "producer" .Values.producer "zoneWorker" .Values.zoneWorker }}
{{- if .Values.operator.enabled }}
{{- $_ := set $components "operator" .Values.operator }}
{{- end }}
{{- if .Values.audit.enabled }}
{{- $_ := set $components "audit" .Values.audit }}
{{- end }}
{{- if .Values.test.enabled }}
{{- $_ := set $components "test" .Values.test }}
{{- end }}
{{- range $name, $component := $components }}
{{- $secret := $component.kafka.existingSecret }}
{{- if and $unused $secret }}
{{- fail (printf "%s.kafka.existingSecret is %q, but %s" $name $secret $unused) }}
{{- end }}
{{- if and (not $unused) (not $secret) (not $common) }}
{{- fail (printf "%s.kafka.existingSecret is empty, as is kafka.auth.existingSecret; kafka.auth.type %s takes a Secret%s" $name $type (ternary ", or test.enabled=false" "" (eq $name "test"))) }}
{{- end }}
{{- end }}
{{- end }}

{{/* Settings that a value of its own sets, or that cannot be set here. */}}
{{- define "heartzone.validate.settings" -}}
{{- $own := dict
  "HEARTZONE_KAFKA_BOOTSTRAP_SERVERS" "kafka.bootstrapServers"
  "HEARTZONE_KAFKA_SECURITY_PROTOCOL" "kafka.tls.enabled and kafka.auth.type"
  "HEARTZONE_KAFKA_SASL_MECHANISM" "kafka.auth.type"
  "HEARTZONE_KAFKA_SASL_MECHANISMS" "kafka.auth.type"
  "HEARTZONE_KAFKA_SASL_USERNAME" "a Secret"
  "HEARTZONE_KAFKA_SASL_PASSWORD" "a Secret"
  "HEARTZONE_KAFKA_SSL_CA_LOCATION" "kafka.tls.existingSecret"
  "HEARTZONE_KAFKA_SSL_CERTIFICATE_LOCATION" "a Secret and kafka.auth.type tls"
  "HEARTZONE_KAFKA_SSL_KEY_LOCATION" "a Secret and kafka.auth.type tls"
  "HEARTZONE_SCHEMA_REGISTRY_URL" "schemaRegistry.url"
  "HEARTZONE_KAFKA_HTTPS_CA_LOCATION" "kafka.auth.oauth.tls"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_CLIENT_ID" "a Secret and kafka.auth.type oauthbearer"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_CLIENT_SECRET" "a Secret and kafka.auth.type oauthbearer"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_TOKEN_ENDPOINT_URL" "kafka.auth.oauth.tokenEndpointUrl"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_SCOPE" "kafka.auth.oauth.scope"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_CONFIG" "kafka.auth.oauth.azureImdsQuery"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_METADATA_AUTHENTICATION_TYPE" "kafka.auth.oauth.azureImdsQuery"
  "HEARTZONE_KAFKA_SASL_OAUTHBEARER_EXTENSIONS" "kafka.auth.oauth.extensions"
  "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USER_INFO" "schemaRegistry.auth.existingSecret"
  "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_USERNAME" "schemaRegistry.auth.existingSecret"
  "HEARTZONE_SCHEMA_REGISTRY_BASIC_AUTH_PASSWORD" "schemaRegistry.auth.existingSecret"
  "HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_TOKEN" "schemaRegistry.auth.existingSecret and schemaRegistry.auth.type bearer"
  "HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_ID" "schemaRegistry.auth.existingSecret and schemaRegistry.auth.type oauthbearer"
  "HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_CLIENT_SECRET" "schemaRegistry.auth.existingSecret and schemaRegistry.auth.type oauthbearer"
  "HEARTZONE_SCHEMA_REGISTRY_BEARER_AUTH_ISSUER_ENDPOINT_URL" "schemaRegistry.auth.oauth.tokenEndpointUrl"
  "HEARTZONE_SCHEMA_REGISTRY_SSL_CERTIFICATE_LOCATION" "schemaRegistry.auth.existingSecret and schemaRegistry.auth.type tls"
  "HEARTZONE_SCHEMA_REGISTRY_SSL_KEY_LOCATION" "schemaRegistry.auth.existingSecret and schemaRegistry.auth.type tls"
  "HEARTZONE_SCHEMA_REGISTRY_SSL_CA_LOCATION" "schemaRegistry.tls.existingSecret"
  "HEARTZONE_AUTH_API_KEYS_FILE" "producer.auth.apiKeys"
  "HEARTZONE_AUTH_CLIENT_CA_FILE" "producer.auth.clientCertificates"
  "HEARTZONE_AUTH_DEVICES" "producer.auth.devices"
  "HEARTZONE_AUTH_JWT_ALGORITHMS" "producer.auth.jwt.algorithms"
  "HEARTZONE_AUTH_JWT_AUDIENCE" "producer.auth.jwt.audience"
  "HEARTZONE_AUTH_JWT_CA_FILE" "producer.auth.jwt.tls"
  "HEARTZONE_AUTH_JWT_DEVICES_CLAIM" "producer.auth.jwt.devicesClaim"
  "HEARTZONE_AUTH_JWT_ISSUER" "producer.auth.jwt.issuer"
  "HEARTZONE_AUTH_JWT_JWKS_URL" "producer.auth.jwt.jwksUrl"
  "HEARTZONE_AUTH_JWT_PRINCIPAL_CLAIM" "producer.auth.jwt.principalClaim"
  "HEARTZONE_TLS_CERTIFICATE_FILE" "producer.tls"
  "HEARTZONE_TLS_KEY_FILE" "producer.tls"
  "HEARTZONE_RATE_LIMIT_ADDRESS" "producer.rateLimit.address"
  "HEARTZONE_RATE_LIMIT_PRINCIPAL" "producer.rateLimit.principal"
  "HEARTZONE_RATE_LIMIT_TRUSTED_PROXIES" "producer.rateLimit.trustedProxies"
  "HEARTZONE_LOG_LEVEL" "log.level"
  "HEARTZONE_LOG_FORMAT" "log.format"
  "HEARTZONE_GROUP_ID" "zoneWorker.groupId"
  "HEARTZONE_HTTP_MAX_CONNECTIONS" "producer.http.maxConnections"
  "HEARTZONE_HTTP_KEEP_ALIVE" "producer.http.keepAliveSeconds"
  "HEARTZONE_HTTP_CORS_ORIGINS" "producer.http.corsOrigins"
  "HEARTZONE_WATCH_NAMESPACES" "operator.watchNamespaces"
  "HEARTZONE_LABEL_SELECTOR" "operator.labelSelector"
  "HEARTZONE_LEASE_NAMESPACE" "operator.leaseNamespace"
  "HEARTZONE_SECRETS_DIR" "a Secret" }}
{{- range include "heartzone.topics" . | fromYamlArray }}
{{- $_ := set $own (include "heartzone.topicSetting" .key) (printf "topics.%s.name" .key) }}
{{- end }}
{{- range $name, $component := dict "producer" .Values.producer "zoneWorker" .Values.zoneWorker "operator" .Values.operator "audit" .Values.audit "test" .Values.test }}
{{- $places := dict }}
{{- range $variable, $_ := $component.env }}
{{- $_ := set $places $variable (printf "%s.env.%s" $name $variable) }}
{{- end }}
{{- range $component.extraEnv }}
{{- $place := printf "%s.extraEnv: %s" $name .name }}
{{- with get $places .name }}
{{- fail (printf "%s is named twice, here and in %s; leave one of them" $place (splitList ":" . | first)) }}
{{- end }}
{{- $_ := set $places .name $place }}
{{- end }}
{{- range $variable, $place := $places }}
{{- with get $own $variable }}
{{- fail (printf "%s: use %s instead" $place .) }}
{{- end }}
{{- if has $variable (list "HEARTZONE_HTTP_PORT" "HEARTZONE_MANAGEMENT_PORT") }}
{{- fail (printf "%s: probes, Services and policies rely on the port; producer.service.port is the one that clients see" $place) }}
{{- end }}
{{- if eq $variable "HEARTZONE_TRANSACTIONAL_ID" }}
{{- fail (printf "%s: pods with the same one fence each other; the default is the pod's own name" $place) }}
{{- end }}
{{- end }}
{{- end }}
{{- range $section, $prefix := dict "kafka" "HEARTZONE_KAFKA_" "schemaRegistry" "HEARTZONE_SCHEMA_REGISTRY_" }}
{{- range $property, $_ := (get $.Values $section).config }}
{{- with get $own (printf "%s%s" $prefix ($property | upper | replace "." "_")) }}
{{- fail (printf "%s.config: %s has its own place: use %s instead" $section $property .) }}
{{- end }}
{{- if regexMatch "password|passphrase|secret|[.]pem$|user[.]info|auth[.]token|oauthbearer[.]config" $property }}
{{- fail (printf "%s.config: %s is a secret, which does not belong into values; see %s.auth" $section $property $section) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{/* Volumes and folders that the chart has itself, or that are there twice. */}}
{{- define "heartzone.validate.volumes" -}}
{{- range $name, $component := dict "producer" .Values.producer "zoneWorker" .Values.zoneWorker "operator" .Values.operator "audit" .Values.audit "test" .Values.test }}
{{- $volumes := list "secrets" }}
{{- $folders := list "/etc/heartzone" }}
{{- if eq $name "test" }}
{{- $volumes = append $volumes "script" }}
{{- $folders = append $folders "/opt/test" }}
{{- end }}
{{- $taken := concat $volumes }}
{{- range $component.extraVolumes }}
{{- if has .name $taken }}
{{- fail (printf "%s.extraVolumes: the name %s is taken; choose another one" $name .name) }}
{{- end }}
{{- $taken = append $taken .name }}
{{- end }}
{{- range $component.extraVolumeMounts }}
{{- if or (not (has .name $taken)) (has .name $volumes) }}
{{- fail (printf "%s.extraVolumeMounts: no volume in %s.extraVolumes is called %s" $name $name .name) }}
{{- end }}
{{- if has (trimSuffix "/" .mountPath) $folders }}
{{- fail (printf "%s.extraVolumeMounts: the folder %s is taken; choose another one" $name .mountPath) }}
{{- end }}
{{- if not .subPath }}
{{- $folders = append $folders (trimSuffix "/" .mountPath) }}
{{- end }}
{{- end }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.topics" -}}
{{- $taken := dict }}
{{- range include "heartzone.topics" . | fromYamlArray }}
{{- $key := .key }}
{{- $name := (get $.Values.topics $key).name }}
{{- with get $taken $name }}
{{- fail (printf "topics.%s.name and topics.%s.name are both %s; each takes a topic of its own" . $key $name) }}
{{- end }}
{{- $_ := set $taken $name $key }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.producer" -}}
{{- $producer := .Values.producer }}
{{- if lt (int $producer.terminationGracePeriodSeconds) (add (int $producer.preStopSleepSeconds) 12 | int) }}
{{- fail (printf "producer.terminationGracePeriodSeconds is %d; with producer.preStopSleepSeconds %d it takes at least %d, or requests in flight are lost" (int $producer.terminationGracePeriodSeconds) (int $producer.preStopSleepSeconds) (add (int $producer.preStopSleepSeconds) 12 | int)) }}
{{- end }}
{{- if $producer.autoscaling.enabled }}
{{- if gt (int $producer.autoscaling.minReplicas) (int $producer.autoscaling.maxReplicas) }}
{{- fail (printf "producer.autoscaling.minReplicas is %d, more than maxReplicas, which is %d" (int $producer.autoscaling.minReplicas) (int $producer.autoscaling.maxReplicas)) }}
{{- end }}
{{- if not (dig "requests" "cpu" "" $producer.resources) }}
{{- fail "producer.autoscaling.enabled is true, but producer.resources.requests.cpu is missing, of which its target is a percentage" }}
{{- end }}
{{- end }}
{{- if and $producer.ingress.enabled (not $producer.ingress.hosts) }}
{{- fail "producer.ingress.enabled is true, but producer.ingress.hosts is empty; it takes a list like [{host: api.example.org}]" }}
{{- end }}
{{- if and $producer.httpRoute.enabled (not $producer.httpRoute.parentRefs) }}
{{- fail "producer.httpRoute.enabled is true, but producer.httpRoute.parentRefs is empty; it takes a list of gateways like [{name: gateway, namespace: gateways}]" }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.zoneWorker" -}}
{{- $worker := .Values.zoneWorker }}
{{- $keda := $worker.keda }}
{{- $partitions := int .Values.topics.biometrics.partitions }}
{{- if $keda.enabled }}
{{- if not $keda.prometheus.serverAddress }}
{{- fail "zoneWorker.keda.enabled is true, but zoneWorker.keda.prometheus.serverAddress is empty; from 1 up the workers' own metric scales them, which a Prometheus has to hold" }}
{{- end }}
{{- if eq (include "heartzone.managedIdentity" .) "true" }}
{{- fail "zoneWorker.keda.enabled is true, but KEDA cannot ask Azure for tokens as kafka.auth.oauth.azureImdsQuery does; it takes a client's id and secret" }}
{{- end }}
{{- if gt (int $keda.minReplicas) (int $keda.maxReplicas) }}
{{- fail (printf "zoneWorker.keda.minReplicas is %d, more than maxReplicas, which is %d" (int $keda.minReplicas) (int $keda.maxReplicas)) }}
{{- end }}
{{- if gt (int $keda.maxReplicas) $partitions }}
{{- fail (printf "zoneWorker.keda.maxReplicas is %d, more than topics.biometrics.partitions, which is %d: the others would idle" (int $keda.maxReplicas) $partitions) }}
{{- end }}
{{- else if gt (int $worker.replicas) $partitions }}
{{- fail (printf "zoneWorker.replicas is %d, more than topics.biometrics.partitions, which is %d: the others would idle" (int $worker.replicas) $partitions) }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.operator" -}}
{{- if and (has "*" .Values.operator.watchNamespaces) (gt (len .Values.operator.watchNamespaces) 1) }}
{{- fail (printf "operator.watchNamespaces is %s; \"*\" is all namespaces and stands alone" (toJson .Values.operator.watchNamespaces)) }}
{{- end }}
{{- end }}

{{- define "heartzone.validate.monitoring" -}}
{{- if and .Values.monitoring.podMonitor.enabled .Values.monitoring.serviceMonitor.enabled }}
{{- fail "monitoring.podMonitor.enabled and monitoring.serviceMonitor.enabled are both true: every pod would be scraped twice; choose one" }}
{{- end }}
{{- end }}
