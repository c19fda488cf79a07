{{/*
The pod template of a component.

Takes root, component, values (the component's), and, where it has them: env, ports and sources (lists as text), lifecycle
(as text), token (whether the ServiceAccount's is mounted), spreadByRevision (whether a Deployment's revisions are spread
each on its own), args (a list), job (whether it ends by itself: then it has no management port).
*/}}
{{- define "heartzone.podTemplate" -}}
{{- $values := .values }}
{{- $sources := list (include "heartzone.secretSources" . | trim) (default "" .sources | trim) | compact | join "\n" }}
metadata:
  labels: # not those that change with the chart's version: they would restart pods needlessly
    {{- include "heartzone.merged" (list (include "heartzone.selectorLabels" . | fromYaml) $values.podLabels .root.Values.commonLabels) | nindent 4 }}
  annotations:
    {{- $annotations := dict
      "kubectl.kubernetes.io/default-container" .component
      "checksum/settings" (include "heartzone.settings" .root | sha256sum) }}
    {{- include "heartzone.merged" (list $annotations $values.podAnnotations) | nindent 4 }}
spec:
  {{- if .job }}
  restartPolicy: Never
  {{- end }}
  {{- with include "heartzone.imagePullSecrets" .root }}
  imagePullSecrets:
    {{- . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "heartzone.serviceAccountName" . }}
  automountServiceAccountToken: {{ default false .token }}
  enableServiceLinks: false
  securityContext:
    {{- toYaml .root.Values.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ int $values.terminationGracePeriodSeconds }}
  containers:
    - name: {{ .component }}
      image: {{ include "heartzone.image" (dict "root" .root "image" $values.image) | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      {{- with .args }}
      args: {{ toJson . }}
      {{- end }}
      securityContext:
        {{- toYaml .root.Values.containerSecurityContext | nindent 8 }}
      envFrom:
        - configMapRef:
            name: {{ include "heartzone.fullname" .root }}-settings
      {{- $own := list (include "heartzone.connectionEnv" . | trim) (default "" .env | trim) }}
      {{- with include "heartzone.env" (dict "root" .root "component" .component "values" $values "own" $own) }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      {{- if not .job }}
      ports:
        {{- with .ports }}
        {{- . | nindent 8 }}
        {{- end }}
        - name: management
          containerPort: 9090
      {{- range $kind, $path := dict "startup" "/livez" "liveness" "/livez" "readiness" "/readyz" }}
      {{ $kind }}Probe:
        httpGet: {path: {{ $path }}, port: management}
        {{- with get $values.probes $kind }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
      {{- end }}
      {{- with .lifecycle }}
      lifecycle:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with $values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if or $sources $values.extraVolumeMounts }}
      volumeMounts:
        {{- if $sources }}
        - name: secrets
          mountPath: /etc/heartzone
          readOnly: true
        {{- end }}
        {{- with $values.extraVolumeMounts }}
        {{- toYaml . | nindent 8 }}
        {{- end }}
      {{- end }}
  {{- if or $sources $values.extraVolumes }}
  volumes:
    {{- if $sources }}
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- $sources | nindent 10 }}
    {{- end }}
    {{- with $values.extraVolumes }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  {{- end }}
  {{- with include "heartzone.placement" $values }}
  {{- . | nindent 2 }}
  {{- end }}
  {{- with $values.topologySpreadConstraints }}
  topologySpreadConstraints:
    {{- range . }}
    {{- $selected := dict "labelSelector" (dict "matchLabels" (include "heartzone.selectorLabels" $ | fromYaml)) }}
    {{- if and $.spreadByRevision (not .labelSelector) }}
    {{- $_ := set $selected "matchLabelKeys" (list "pod-template-hash") }}
    {{- end }}
    - {{- toYaml (merge (deepCopy .) $selected) | nindent 6 }}
    {{- end }}
  {{- end }}
{{- end }}

{{/*
The variables of a container: the chart's own, and after them those of users, which may refer to them. A name twice would be
rejected by a server-side apply, or hide the first one; the sentence of heartzone.validate says what to use instead, where
there is something. Takes root, component, values (the component's), own (a list of lists as text).
*/}}
{{- define "heartzone.env" -}}
{{- $place := get (dict "zone-worker" "zoneWorker") .component | default .component }}
{{- $env := compact .own }}
{{- $taken := list }}
{{- range join "\n" $env | fromYamlArray }}
{{- $taken = append $taken .name }}
{{- end }}
{{- range $name, $value := .values.env }}
{{- if has $name $taken }}
{{- include "heartzone.validate" $.root }}
{{- fail (printf "%s.env.%s: the chart sets it itself; choose another name" $place $name) }}
{{- end }}
{{- $env = append $env (printf "- name: %s\n  value: %s" $name (include "heartzone.text" $value | quote)) }}
{{- end }}
{{- range .values.extraEnv }}
{{- if has .name $taken }}
{{- include "heartzone.validate" $.root }}
{{- fail (printf "%s.extraEnv: the chart sets %s itself; choose another name" $place .name) }}
{{- end }}
{{- end }}
{{- with .values.extraEnv }}
{{- $env = append $env (toYaml .) }}
{{- end }}
{{- join "\n" $env }}
{{- end }}

{{/*
The strategy of a workload's updates: of the default's parts, which Helm merges into that of users, only those that its type
has. Takes the strategy.
*/}}
{{- define "heartzone.strategy" -}}
{{- ternary . (omit . "rollingUpdate") (eq (default "RollingUpdate" .type) "RollingUpdate") | toYaml }}
{{- end }}

{{/* Where a pod runs, and what it knows of its surroundings: parts of its spec. Takes the component's values. */}}
{{- define "heartzone.placement" -}}
{{- $placement := dict }}
{{- range $key := list "affinity" "hostAliases" "nodeSelector" "priorityClassName" "tolerations" }}
{{- with get $ $key }}
{{- $_ := set $placement $key . }}
{{- end }}
{{- end }}
{{- with $placement }}
{{- toYaml . }}
{{- end }}
{{- end }}

{{/* Its ServiceAccount. Takes root, component, values. */}}
{{- define "heartzone.serviceAccount" -}}
{{- if .values.serviceAccount.create }}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include "heartzone.serviceAccountName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "heartzone.labels" . | nindent 4 }}
  {{- with .values.serviceAccount.annotations }}
  annotations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
automountServiceAccountToken: false
{{- end }}
{{- end }}

{{/* Its PodDisruptionBudget. Takes root, component, values, and replicas: how many pods there may be. */}}
{{- define "heartzone.podDisruptionBudget" -}}
{{- if and .values.podDisruptionBudget.enabled (gt (int .replicas) 1) }}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include "heartzone.componentName" . }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "heartzone.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ .values.podDisruptionBudget.maxUnavailable }}
  # A pod that is not ready does no work that a drain could interrupt.
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "heartzone.selectorLabels" . | nindent 6 }}
{{- end }}
{{- end }}
