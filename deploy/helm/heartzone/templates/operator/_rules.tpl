{{/* What the operator may do; deploy/operator/rbac.yaml has the same, and a test keeps them the same. */}}

{{/* In a namespace whose EventTopics it serves. */}}
{{- define "heartzone.operator.rules" -}}
- apiGroups: [heartzone.dev]
  resources: [eventtopics]
  verbs:
    - list # at the start, and to find what was deleted while a watch was interrupted
    - watch
    - patch # the finalizer of deletionPolicy Delete
- apiGroups: [heartzone.dev]
  resources: [eventtopics/status]
  verbs: [patch]
- apiGroups: [""]
  resources: [configmaps] # schemaFrom
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [events]
  verbs: [create]
{{- end }}

{{/* What leases and records end in, so that operators of one namespace have different ones. */}}
{{- define "heartzone.operator.suffix" -}}
{{- with trim .Values.operator.labelSelector }}{{ printf "-%s" (sha256sum . | trunc 8) }}{{ end }}
{{- end }}

{{/* In each namespace that it serves, or in its own when it serves all. Takes the name of the scope lease. */}}
{{- define "heartzone.operator.scopeRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases] # what this operator serves, and what others do; a right to create cannot name what is created
  verbs: [create, list]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ . }}]
  verbs: [update]
{{- end }}

{{/* In the namespace of the lease. Takes the suffix. */}}
{{- define "heartzone.operator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases] # leader election
  resourceNames: [heartzone-operator{{ . }}]
  verbs: [get, update]
- apiGroups: [""]
  resources: [configmaps] # the record of topics that resources have made or adopted
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames:
    - heartzone-operator-topics{{ . }}-0
    - heartzone-operator-topics{{ . }}-1
    - heartzone-operator-topics{{ . }}-2
    - heartzone-operator-topics{{ . }}-3
  verbs: [get, patch]
{{- end }}

{{/* Takes root, kind (Role or ClusterRole), name, namespace (of a Role), rules. */}}
{{- define "heartzone.operator.role" -}}
{{- $operator := dict "root" .root "component" "operator" "values" .root.Values.operator }}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "heartzone.labels" $operator | nindent 4 }}
rules:
  {{- .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ .kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "heartzone.labels" $operator | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ .kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include "heartzone.serviceAccountName" $operator }}
    namespace: {{ .root.Release.Namespace }}
{{- end }}
