{{/* Names and labels. */}}

{{- define "chorus.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains "chorus" .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-chorus" .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* The Secret that all programs read. */}}
{{- define "chorus.secret" -}}
{{- .Values.secrets.existing | default (printf "%s-secrets" (include "chorus.fullname" .)) -}}
{{- end -}}

{{/*
Labels of an object. Versions are here only, and not in the templates of pods: a new version of the chart alone must
not replace gateways.
*/}}
{{- define "chorus.labels" -}}
app.kubernetes.io/name: chorus
{{ include "chorus.objectLabels" . }}
{{- end -}}

{{- define "chorus.objectLabels" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: chorus
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* Labels that select the pods of a program. [root, program] */}}
{{- define "chorus.selector" -}}
app.kubernetes.io/name: chorus
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* The selector of the pods of several programs. [root, program, …] */}}
{{- define "chorus.selectorOfSome" -}}
matchLabels:
  app.kubernetes.io/name: chorus
  app.kubernetes.io/instance: {{ (first .).Release.Name }}
matchExpressions:
  - key: app.kubernetes.io/component
    operator: In
    values: {{ rest . | toJson }}
{{- end -}}

{{/* The image of a program. [root, program] */}}
{{- define "chorus.image" -}}
{{- $root := index . 0 -}}
{{- $own := (get $root.Values (index . 1)).image -}}
{{- with $root.Values.image -}}
{{- $registry := ternary "" (printf "%s/" (trimSuffix "/" .registry)) (empty .registry) -}}
{{- $own | default (printf "%schorus-%s:%s" $registry (index $ 1) (.tag | default $root.Chart.AppVersion)) -}}
{{- end -}}
{{- end -}}

{{/* A namespace, and labels of its pods, as a peer of a NetworkPolicy. {namespace, podLabels} */}}
{{- define "chorus.peer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .namespace }}
{{- with .podLabels }}
  podSelector:
    matchLabels: {{- toYaml . | nindent 6 }}
{{- end }}
{{- end -}}
