{{/* Parts that pods share. */}}

{{/* What a container may do: nothing besides running. */}}
{{- define "chorus.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities:
    drop: [ALL]
{{- end -}}

{{/* Head of a pod's spec. [root, program or test] */}}
{{- define "chorus.podHead" -}}
{{- $root := index . 0 -}}
{{- if ne (index . 1) "test" }}
serviceAccountName: {{ include "chorus.fullname" $root }}-{{ index . 1 }}
{{- end }}
automountServiceAccountToken: false
# Otherwise every Service of the namespace adds variables, which could be mistaken for settings.
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  seccompProfile:
    type: RuntimeDefault
{{- include "chorus.pullSecrets" $root }}
{{- range $key := list "nodeSelector" "tolerations" "affinity" "priorityClassName" }}
{{- with include "chorus.podValue" (list $root (index $ 1) $key) }}
{{ $key }}: {{ . }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "chorus.pullSecrets" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* A value of `pods`, or what the program has instead, in JSON; nothing if it is empty. [root, program, key] */}}
{{- define "chorus.podValue" -}}
{{- $root := index . 0 -}}
{{- $own := get $root.Values (index . 1) | default dict -}}
{{- $key := index . 2 -}}
{{- $value := get (ternary $own $root.Values.pods (hasKey $own $key)) $key -}}
{{- if not (empty $value) }}{{ toJson $value }}{{ end -}}
{{- end -}}

{{/* Labels and annotations of the pods of a program, besides those that select them. [root, program, kind] */}}
{{- define "chorus.podExtras" -}}
{{- with include "chorus.podValue" . }}{{ fromJson . | toYaml }}{{ end -}}
{{- end -}}

{{/* Certificates as environment; mounts and volumes of certificates, and a program's own. [root, servers, own] */}}
{{- define "chorus.certificateEnv" -}}
{{- range (include "chorus.certificates" . | fromYamlArray) }}
{{- range $name, $file := .env }}
- name: {{ $name }}
  value: {{ $file }}
{{- end }}
{{- end }}
{{- end -}}

{{- define "chorus.mounts" -}}
{{- $own := index . 2 -}}
{{- $certificates := include "chorus.certificates" . | fromYamlArray -}}
{{- if or $own $certificates }}
volumeMounts:
  {{- range $certificates }}
  - name: {{ .volume }}
    mountPath: {{ .path }}
    readOnly: true
  {{- end }}
  {{- with $own }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{- define "chorus.volumes" -}}
{{- $own := index . 2 -}}
{{- $certificates := include "chorus.certificates" . | fromYamlArray -}}
{{- if or $own $certificates }}
volumes:
  {{- range $certificates }}
  - name: {{ .volume }}
    {{- if .source.configMap }}
    configMap:
      name: {{ .source.configMap }}
    {{- else }}
    secret:
      secretName: {{ .source.secret }}
    {{- end }}
  {{- end }}
  {{- with $own }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end }}
{{- end -}}

{{/* The container that migrates, or waits for it. {root, name, command} */}}
{{- define "chorus.migrateContainer" -}}
{{- $certificates := list .root (list "postgresql") -}}
- name: {{ .name }}
  image: {{ include "chorus.image" (list .root "migrate") }}
  {{- with .root.Values.image.pullPolicy }}
  imagePullPolicy: {{ . }}
  {{- end }}
  {{- with .command }}
  command: {{ toJson . }}
  {{- end }}
  env:
    {{- include "chorus.secretVariable" (list .root "DATABASE_URL" false) | nindent 4 }}
    {{- with include "chorus.certificateEnv" $certificates | trim }}
    {{- . | nindent 4 }}
    {{- end }}
    {{- with .root.Values.migrate.env }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  resources: {{- toYaml .root.Values.migrate.resources | nindent 4 }}
  {{- include "chorus.containerSecurity" . | nindent 2 }}
  {{- with include "chorus.mounts" (append $certificates list) | trim }}
  {{- . | nindent 2 }}
  {{- end }}
{{- end -}}

{{/* Spread over zones and machines. [root, program] */}}
{{- define "chorus.spread" -}}
topologySpreadConstraints:
{{- range $key := list "topology.kubernetes.io/zone" "kubernetes.io/hostname" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels: {{- include "chorus.selector" $ | nindent 8 }}
    matchLabelKeys: [pod-template-hash]
{{- end }}
{{- end -}}

{{/* Probes of a program. */}}
{{- define "chorus.probes" -}}
# Up to a minute to start; other probes begin afterwards.
startupProbe:
  httpGet:
    path: /livez
    port: http
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 60
# 503 only while a process starts or ends, and of a gateway that alone is cut off from Redis. The answer can take 3 s
# (DATABASE_TIMEOUT_MS, REDIS_TIMEOUT_MS), so the probe's timeout is longer.
readinessProbe:
  httpGet:
    path: /readyz
    port: http
  periodSeconds: 3
  timeoutSeconds: 8
  failureThreshold: 2
# Only a process that does not answer for a minute is restarted. Redis and PostgreSQL do not matter here.
livenessProbe:
  httpGet:
    path: /livez
    port: http
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}
