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

{{/* In the namespace of the lease. */}}
{{- define "heartzone.operator.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases] # leader election; a right to create cannot name what is created
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [heartzone-operator]
  verbs: [get, update]
- apiGroups: [""]
  resources: [configmaps] # the record of topics that resources have made or adopted
  verbs: [create]
- apiGroups: [""]
  resources: [configmaps]
  resourceNames:
    - heartzone-operator-topics-0
    - heartzone-operator-topics-1
    - heartzone-operator-topics-2
    - heartzone-operator-topics-3
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
