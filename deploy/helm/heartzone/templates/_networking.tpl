{{/* One egress rule, as an item of a list. Takes ports, to (empty: anywhere), protocols (TCP by default). */}}
{{- define "heartzone.egress" -}}
- ports:
    {{- range $protocol := default (list "TCP") .protocols }}
    {{- range $.ports }}
    - {protocol: {{ $protocol }}, port: {{ int . }}}
    {{- end }}
    {{- end }}
  {{- with .to }}
  to:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}

{{/* The ports of kafka.bootstrapServers, as JSON. */}}
{{- define "heartzone.kafkaPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.kafka.bootstrapServers }}
{{- $ports = append $ports (regexFind "[0-9]+$" . | int) }}
{{- end }}
{{- uniq $ports | toJson }}
{{- end }}

{{/* The ports of schemaRegistry.url, as JSON. */}}
{{- define "heartzone.registryPorts" -}}
{{- $ports := list }}
{{- range splitList "," .Values.schemaRegistry.url }}
{{- $address := trim . | urlParse }}
{{- $port := regexFind ":[0-9]+$" $address.host | trimPrefix ":" }}
{{- $ports = append $ports (default (ternary 443 80 (eq $address.scheme "https")) $port | int) }}
{{- end }}
{{- uniq $ports | toJson }}
{{- end }}
