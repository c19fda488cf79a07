{{/*
The pod template of a component.

Takes root, component, values (the component's), and, where it has them: env, ports and sources (lists as text), lifecycle
(as text), token (whether the ServiceAccount's is mounted), spreadByRevision (whether a Deployment's revisions are spread
each on its own).
*/}}
{{- define "heartzone.podTemplate" -}}
{{- $values := .values }}
{{- $sources := list (include "heartzone.secretSources" . | trim) (default "" .sources | trim) | compact | join "\n" }}
metadata:
  labels: # not those that change with the chart's version: they would restart pods needlessly
    {{- include "heartzone.selectorLabels" . | nindent 4 }}
    {{- with .root.Values.commonLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
    {{- with $values.podLabels }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  annotations:
    kubectl.kubernetes.io/default-container: {{ .component }}
    checksum/settings: {{ include "heartzone.settings" .root | sha256sum }}
    {{- with $values.podAnnotations }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
spec:
  {{- with .root.Values.image.pullSecrets }}
  imagePullSecrets:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  serviceAccountName: {{ include "heartzone.serviceAccountName" . }}
  automountServiceAccountToken: {{ default false .token }}
  enableServiceLinks: false
  {{- with $values.priorityClassName }}
  priorityClassName: {{ . }}
  {{- end }}
  securityContext:
    {{- toYaml .root.Values.podSecurityContext | nindent 4 }}
  terminationGracePeriodSeconds: {{ int $values.terminationGracePeriodSeconds }}
  containers:
    - name: {{ .component }}
      image: {{ include "heartzone.image" (dict "root" .root "image" $values.image) | quote }}
      imagePullPolicy: {{ .root.Values.image.pullPolicy }}
      securityContext:
        {{- toYaml .root.Values.containerSecurityContext | nindent 8 }}
      envFrom:
        - configMapRef:
            name: {{ include "heartzone.fullname" .root }}-settings
      {{- $env := list (include "heartzone.connectionEnv" . | trim) (default "" .env | trim) }}
      {{- range $name, $value := $values.env }}
      {{- $env = append $env (printf "- name: %s\n  value: %s" $name (include "heartzone.text" $value | quote)) }}
      {{- end }}
      {{- with $env | compact | join "\n" }}
      env:
        {{- . | nindent 8 }}
      {{- end }}
      ports:
        {{- with .ports }}
        {{- . | nindent 8 }}
        {{- end }}
        - name: management
          containerPort: 9090
      startupProbe:
        httpGet: {path: /livez, port: management}
        periodSeconds: 1
        failureThreshold: 60
      livenessProbe:
        httpGet: {path: /livez, port: management}
        periodSeconds: 10
        timeoutSeconds: 5
        failureThreshold: 3
      readinessProbe:
        httpGet: {path: /readyz, port: management}
        periodSeconds: 5
        timeoutSeconds: 5
        failureThreshold: 2
      {{- with .lifecycle }}
      lifecycle:
        {{- . | nindent 8 }}
      {{- end }}
      {{- with $values.resources }}
      resources:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- if $sources }}
      volumeMounts:
        - name: secrets
          mountPath: /etc/heartzone
          readOnly: true
      {{- end }}
  {{- if $sources }}
  volumes:
    - name: secrets
      projected:
        defaultMode: 0440
        sources:
          {{- $sources | nindent 10 }}
  {{- end }}
  {{- with $values.nodeSelector }}
  nodeSelector:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.tolerations }}
  tolerations:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  {{- with $values.affinity }}
  affinity:
    {{- toYaml . | nindent 4 }}
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
