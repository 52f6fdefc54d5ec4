{{/* Parts of the servers of `bundled`. */}}

{{/* [root, postgres or redis] */}}
{{- define "chorus.bundledSelector" -}}
app.kubernetes.io/name: chorus-{{ index . 1 }}
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
{{- end -}}

{{/* Everything of the StatefulSet before its containers, and the Service. {root, short, port} */}}
{{- define "chorus.bundledHead" -}}
{{- $name := printf "%s-%s" (include "chorus.fullname" .root) .short -}}
{{- $selector := include "chorus.bundledSelector" (list .root .short) -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ $name }}
  labels:
    app.kubernetes.io/name: chorus-{{ .short }}
    {{- include "chorus.objectLabels" .root | nindent 4 }}
spec:
  clusterIP: None
  selector: {{- $selector | nindent 4 }}
  ports:
    - name: {{ .short }}
      port: {{ .port }}
      targetPort: {{ .short }}
---
apiVersion: apps/v1
kind: StatefulSet
metadata:
  name: {{ $name }}
  labels:
    app.kubernetes.io/name: chorus-{{ .short }}
    {{- include "chorus.objectLabels" .root | nindent 4 }}
spec:
  serviceName: {{ $name }}
  replicas: 1
  selector:
    matchLabels: {{- $selector | nindent 6 }}
  template:
    metadata:
      labels: {{- $selector | nindent 8 }}
    spec:
      automountServiceAccountToken: false
      enableServiceLinks: false
      {{- with include "chorus.pullSecrets" .root | trim }}
      {{- . | nindent 6 }}
      {{- end }}
      terminationGracePeriodSeconds: 60
      securityContext:
        runAsNonRoot: true
        runAsUser: 999
        runAsGroup: 999
        fsGroup: 999
        # Without it each start changes the owner of every file, which delays it as the data grows.
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
{{- end -}}

{{- define "chorus.bundledVolume" -}}
volumeClaimTemplates:
  - metadata:
      name: data
    spec:
      accessModes: [ReadWriteOnce]
      {{- with .storageClass }}
      storageClassName: {{ . }}
      {{- end }}
      resources:
        requests:
          storage: {{ .storage }}
{{- end -}}

{{/* Only a server whose port is closed for two minutes is restarted. */}}
{{- define "chorus.bundledLiveness" -}}
livenessProbe:
  tcpSocket:
    port: {{ . }}
  periodSeconds: 20
  timeoutSeconds: 5
  failureThreshold: 6
{{- end -}}
