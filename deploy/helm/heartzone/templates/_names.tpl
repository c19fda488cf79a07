{{/* Names, labels and references that more than one object has. */}}

{{- define "heartzone.name" -}}
{{- include "heartzone.cut" (default .Chart.Name .Values.nameOverride) }}
{{- end }}

{{/* A name, cut at 40 characters. A mark of the whole name tells two apart that begin alike. */}}
{{- define "heartzone.cut" -}}
{{- if gt (len .) 40 }}
{{- printf "%s-%s" (trunc 31 . | trimSuffix "-") (sha256sum . | trunc 8) }}
{{- else }}
{{- . }}
{{- end }}
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
{{- include "heartzone.cut" $name }}
{{- end }}

{{/* What selectors select by: never changes for a release. Takes root, and component unless it is all of them. */}}
{{- define "heartzone.selectorLabels" -}}
app.kubernetes.io/name: {{ include "heartzone.name" .root }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
{{- with .component }}
app.kubernetes.io/component: {{ . }}
{{- end }}
{{- end }}

{{/*
Maps as one, in YAML; of a key that several have, the first one's value. The chart's own come first: a key twice would
be no valid YAML, and another value of theirs would lead selectors astray. Takes a list of maps, of which any may be null.
*/}}
{{- define "heartzone.merged" -}}
{{- $merged := dict }}
{{- range compact . }}
{{- range $key, $value := . }}
{{- if not (hasKey $merged $key) }}
{{- $_ := set $merged $key $value }}
{{- end }}
{{- end }}
{{- end }}
{{- with $merged }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/*
Labels of an object. Takes root, component when the object belongs to one, and where it has them: own (a map, more of the
chart's), additional (a map of users, which wins over commonLabels).
*/}}
{{- define "heartzone.labels" -}}
{{- $own := include "heartzone.selectorLabels" . | fromYaml }}
{{- $chart := dict
  "app.kubernetes.io/version" .root.Chart.AppVersion
  "app.kubernetes.io/managed-by" .root.Release.Service
  "app.kubernetes.io/part-of" "heartzone"
  "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-") }}
{{- include "heartzone.merged" (list $own .own $chart .additional .root.Values.commonLabels) }}
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

{{/*
Takes root and image. With a digest there is no tag but the image's own, which is then there for people and for programs
that compare names: skaffold knows what it has pushed as repository:tag@digest.
*/}}
{{- define "heartzone.image" -}}
{{- $repository := .image.repository }}
{{- with coalesce (default dict .root.Values.global).imageRegistry .root.Values.image.registry }}
{{- $repository = printf "%s/%s" (trimSuffix "/" .) $repository }}
{{- end }}
{{- if and .image.digest .image.tag }}
{{- printf "%s:%s@%s" $repository .image.tag .image.digest }}
{{- else if .image.digest }}
{{- printf "%s@%s" $repository .image.digest }}
{{- else }}
{{- printf "%s:%s" $repository (coalesce .image.tag .root.Values.image.tag .root.Chart.AppVersion) }}
{{- end }}
{{- end }}

{{/* Secrets with credentials of registries, of this chart and of one that it is part of, as a list of {name}. Takes the root. */}}
{{- define "heartzone.imagePullSecrets" -}}
{{- $names := list }}
{{- range concat (default list (default dict .Values.global).imagePullSecrets) .Values.image.pullSecrets }}
{{- $names = append $names (ternary (dict "name" .) . (kindIs "string" .)) }}
{{- end }}
{{- with uniq $names }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* A number, boolean or text as text: Go would write a million as 1e+06. */}}
{{- define "heartzone.text" -}}
{{- if kindIs "string" . }}{{ . }}{{ else }}{{ toJson . }}{{ end }}
{{- end }}
