{{/*
Who may send, how much, and TLS of the API's own port.

The folder /etc/heartzone of the producer: auth/api-keys, auth/issuer-ca.crt, auth/client-ca.crt, tls/tls.crt, tls/tls.key.
All of them are followed when they change, so that the checksum that restarts pods has none of their Secrets.
*/}}

{{/* Its variables, as a list. Takes the root. */}}
{{- define "heartzone.accessEnv" -}}
{{- $auth := .Values.producer.auth }}
{{- $limit := .Values.producer.rateLimit }}
{{- $found := dict }}
{{- with $auth.devices }}
{{- $_ := set $found "HEARTZONE_AUTH_DEVICES" . }}
{{- end }}
{{- if has "apiKeys" $auth.methods }}
{{- $_ := set $found "HEARTZONE_AUTH_API_KEYS_FILE" "/etc/heartzone/auth/api-keys" }}
{{- end }}
{{- if has "jwt" $auth.methods }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_ISSUER" $auth.jwt.issuer }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_AUDIENCE" $auth.jwt.audience }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_JWKS_URL" $auth.jwt.jwksUrl }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_ALGORITHMS" (join "," $auth.jwt.algorithms) }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_PRINCIPAL_CLAIM" $auth.jwt.principalClaim }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_DEVICES_CLAIM" $auth.jwt.devicesClaim }}
{{- if $auth.jwt.tls.existingSecret }}
{{- $_ := set $found "HEARTZONE_AUTH_JWT_CA_FILE" "/etc/heartzone/auth/issuer-ca.crt" }}
{{- end }}
{{- end }}
{{- if has "clientCertificates" $auth.methods }}
{{- $_ := set $found "HEARTZONE_AUTH_CLIENT_CA_FILE" "/etc/heartzone/auth/client-ca.crt" }}
{{- end }}
{{- if .Values.producer.tls.existingSecret }}
{{- $_ := set $found "HEARTZONE_TLS_CERTIFICATE_FILE" "/etc/heartzone/tls/tls.crt" }}
{{- $_ := set $found "HEARTZONE_TLS_KEY_FILE" "/etc/heartzone/tls/tls.key" }}
{{- end }}
{{- $_ := set $found "HEARTZONE_RATE_LIMIT_ADDRESS" $limit.address }}
{{- $_ := set $found "HEARTZONE_RATE_LIMIT_PRINCIPAL" $limit.principal }}
{{- $_ := set $found "HEARTZONE_RATE_LIMIT_TRUSTED_PROXIES" (join "," $limit.trustedProxies) }}
{{- range $name, $value := $found }}
{{- if $value }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Its Secrets, as sources of the folder /etc/heartzone. Takes the root. */}}
{{- define "heartzone.accessSources" -}}
{{- $auth := .Values.producer.auth }}
{{- $tls := .Values.producer.tls }}
{{- if has "apiKeys" $auth.methods }}
- secret:
    name: {{ $auth.apiKeys.existingSecret }}
    items:
      - {key: {{ $auth.apiKeys.key | quote }}, path: auth/api-keys}
{{- end }}
{{- if and (has "jwt" $auth.methods) $auth.jwt.tls.existingSecret }}
- secret:
    name: {{ $auth.jwt.tls.existingSecret }}
    items:
      - {key: {{ $auth.jwt.tls.key | quote }}, path: auth/issuer-ca.crt}
{{- end }}
{{- if has "clientCertificates" $auth.methods }}
- secret:
    name: {{ $auth.clientCertificates.existingSecret }}
    items:
      - {key: {{ $auth.clientCertificates.key | quote }}, path: auth/client-ca.crt}
{{- end }}
{{- with $tls.existingSecret }}
- secret:
    name: {{ . }}
    items:
      - {key: {{ $tls.certificateKey | quote }}, path: tls/tls.crt}
      - {key: {{ $tls.privateKeyKey | quote }}, path: tls/tls.key}
{{- end }}
{{- end }}

{{/* The scheme of its URLs. Takes the root. */}}
{{- define "heartzone.apiScheme" -}}
{{- ternary "https" "http" (not (empty .Values.producer.tls.existingSecret)) }}
{{- end }}

{{/* The ports that the issuer's keys are fetched from, as JSON. Takes the root. */}}
{{- define "heartzone.issuerPorts" -}}
{{- $jwt := .Values.producer.auth.jwt }}
{{- $port := regexFind ":[0-9]+$" (default $jwt.issuer $jwt.jwksUrl | urlParse).host | trimPrefix ":" }}
{{- list (default 443 $port | int) | toJson }}
{{- end }}

{{/* Contradictions between these values, each with a sentence. Takes the root. */}}
{{- define "heartzone.validate.access" -}}
{{- $producer := .Values.producer }}
{{- $auth := $producer.auth }}
{{- $test := .Values.test }}
{{- if not $auth.methods }}
{{- fail "producer.auth.methods is empty; it takes any of apiKeys, jwt and clientCertificates, or [none]: anyone who reaches the API may send" }}
{{- end }}
{{- $none := has "none" $auth.methods }}
{{- if and $none (gt (len $auth.methods) 1) }}
{{- fail (printf "producer.auth.methods is %s; none stands alone" (toJson $auth.methods)) }}
{{- end }}
{{- range $method, $secret := dict "apiKeys" $auth.apiKeys.existingSecret "clientCertificates" $auth.clientCertificates.existingSecret }}
{{- if and (has $method $auth.methods) (not $secret) }}
{{- fail (printf "producer.auth.%s.existingSecret is empty, but %s is one of producer.auth.methods" $method $method) }}
{{- end }}
{{- if and $secret (not (has $method $auth.methods)) }}
{{- fail (printf "producer.auth.%s.existingSecret is %q, but producer.auth.methods is %s; add %s" $method $secret (toJson $auth.methods) $method) }}
{{- end }}
{{- end }}
{{- range $name := list "issuer" "audience" }}
{{- $value := get $auth.jwt $name }}
{{- if and (has "jwt" $auth.methods) (not $value) }}
{{- fail (printf "producer.auth.jwt.%s is empty, but jwt is one of producer.auth.methods" $name) }}
{{- end }}
{{- if and $value (not (has "jwt" $auth.methods)) }}
{{- fail (printf "producer.auth.jwt.%s is %q, but producer.auth.methods is %s; add jwt" $name $value (toJson $auth.methods)) }}
{{- end }}
{{- end }}
{{- if and (has "jwt" $auth.methods) (not $auth.jwt.jwksUrl) (not (hasPrefix "https://" $auth.jwt.issuer)) }}
{{- fail (printf "producer.auth.jwt.issuer is %q, which does not start with https://; it takes that, or producer.auth.jwt.jwksUrl" $auth.jwt.issuer) }}
{{- end }}
{{- if and (has "clientCertificates" $auth.methods) (not $producer.tls.existingSecret) }}
{{- fail "clientCertificates is one of producer.auth.methods, but producer.tls.existingSecret is empty; clients show their certificates to the API's own TLS" }}
{{- end }}
{{- if and $none $auth.devices }}
{{- fail (printf "producer.auth.devices is %q, but producer.auth.methods is [none]: nobody has a name" $auth.devices) }}
{{- end }}
{{- if and $none $producer.rateLimit.principal }}
{{- fail (printf "producer.rateLimit.principal is %q, but producer.auth.methods is [none]; use producer.rateLimit.address instead" $producer.rateLimit.principal) }}
{{- end }}
{{- if and $producer.rateLimit.trustedProxies (not $producer.rateLimit.address) }}
{{- fail "producer.rateLimit.trustedProxies is set, but producer.rateLimit.address is empty" }}
{{- end }}
{{- if and $test.enabled (not $none) (not (has "apiKeys" $auth.methods)) }}
{{- fail (printf "test.enabled is true, but producer.auth.methods is %s, and `helm test` sends with an API key; add apiKeys, or set test.enabled to false" (toJson $auth.methods)) }}
{{- end }}
{{- if and $test.enabled (has "apiKeys" $auth.methods) (not $test.apiKey.existingSecret) }}
{{- fail "test.apiKey.existingSecret is empty, but producer.auth.methods has apiKeys; `helm test` takes a Secret with a key, or test.enabled=false" }}
{{- end }}
{{- if and $test.apiKey.existingSecret (not (has "apiKeys" $auth.methods)) }}
{{- fail (printf "test.apiKey.existingSecret is %q, but producer.auth.methods is %s; add apiKeys" $test.apiKey.existingSecret (toJson $auth.methods)) }}
{{- end }}
{{- if and $test.tls.existingSecret (not $producer.tls.existingSecret) }}
{{- fail (printf "test.tls.existingSecret is %q, but producer.tls.existingSecret is empty: the API speaks http" $test.tls.existingSecret) }}
{{- end }}
{{- end }}
