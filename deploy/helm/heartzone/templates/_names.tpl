{{/* Names, labels and references that more than one object has. */}}

{{- define "heartzone.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/*
At most 40 characters: a StatefulSet puts its name and a hash of 11 into a label of its pods, which takes 63, and
"-zone-worker" comes between. A host name that is cut would lose the ordinal, which is the transactional id.
*/}}
{{- define "heartzone.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride }}
{{- if .Values.fullnameOverride }}
{{- $name = .Values.fullnameOverride }}
{{- else if not (contains $name .Release.Name) }}
{{- $name = printf "%s-%s" .Release.Name $name }}
{{- else }}
{{- $name = .Release.Name }}
{{- end }}
{{- $name | trunc 40 | trimSuffix "-" }}
{{- end }}

{{/* What selectors select by: never changes for a release. Takes root, and component unless it is all of them. */}}
{{- define "heartzone.selectorLabels" -}}
app.kubernetes.io/name: {{ include "heartzone.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/* Labels of an object. Takes root, and component when the object belongs to one. */}}
{{- define "heartzone.labels" -}}
{{ include "heartzone.selectorLabels" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
app.kubernetes.io/part-of: heartzone
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- with .root.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* The name of a component's objects. Takes root and component. */}}
{{- define "heartzone.componentName" -}}
{{ include "heartzone.fullname" .root }}-{{ .component }}
{{- end }}

{{/* Takes root, component, values (the component's). */}}
{{- define "heartzone.serviceAccountName" -}}
{{- $account := .values.serviceAccount }}
{{- if $account.create }}
{{- default (include "heartzone.componentName" .) $account.name }}
{{- else }}
{{- default "default" $account.name }}
{{- end }}
{{- end }}

{{/* Takes root and image. */}}
{{- define "heartzone.image" -}}
{{- $repository := .image.repository }}
{{- with .root.Values.image.registry }}
{{- $repository = printf "%s/%s" . $repository }}
{{- end }}
{{- if .image.digest }}
{{- printf "%s@%s" $repository .image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (coalesce .image.tag .root.Values.image.tag .root.Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* A number, boolean or text as text: Go would write a million as 1e+06. */}}
{{- define "heartzone.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}
