{{/* The pod template of an audit. Takes root and args (a list). job: whether it ends by itself. */}}
{{- define "heartzone.auditPod" -}}
{{- $audit := .root.Values.audit }}
{{- $args := .args }}
{{- with $audit.from }}
{{- $args = append $args (printf "--from=%s" .) }}
{{- end }}
{{- $env := printf "- name: HEARTZONE_GROUP_ID\n  value: %s" (quote .root.Values.zoneWorker.groupId) }}
{{- /* What the workers do is judged by their own settings. */}}
{{- $named := keys $audit.env }}
{{- range $audit.extraEnv }}
{{- $named = append $named .name }}
{{- end }}
{{- range $name, $value := pick .root.Values.zoneWorker.env "HEARTZONE_DEDUPLICATION_WINDOW" "HEARTZONE_TRANSACTION_TIMEOUT" }}
{{- if not (has $name $named) }}
{{- $env = printf "%s\n- name: %s\n  value: %s" $env $name (include "heartzone.text" $value | quote) }}
{{- end }}
{{- end }}
{{- include "heartzone.podTemplate" (dict "root" .root "component" "audit" "values" $audit "env" $env "args" $args "job" .job) }}
{{- end }}
