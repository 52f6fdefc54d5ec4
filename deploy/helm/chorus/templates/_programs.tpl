{{/*
What the programs are and need: their ports, how they are replaced, the servers that they use and their secrets.
`surge` of gateways: all new pods first, so that clients move to pods that stay.
*/}}
{{- define "chorus.programs" -}}
api:
  port: 3000
  minReadySeconds: 5
  surge: 1
  scaled: true
  servers: [postgresql, redis]
  secrets: [JWT_SECRET, DATABASE_URL, REDIS_URL]
  optional: [JWT_ACCEPTED_SECRETS, BEFORE_PUBLISH_SECRET, OPERATOR_TOKEN, WEBHOOK_SECRET_KEYS, SMTP_URL, REDIS_SENTINEL_PASSWORD]
gateway:
  port: 4000
  minReadySeconds: 10
  surge: 100%
  scaled: true
  servers: [redis]
  secrets: [JWT_SECRET, REDIS_URL]
  optional: [JWT_ACCEPTED_SECRETS, BEFORE_PUBLISH_SECRET, REDIS_SENTINEL_PASSWORD]
archiver:
  port: 4100
  minReadySeconds: 5
  surge: 1
  servers: [postgresql, redis]
  secrets: [DATABASE_URL, REDIS_URL]
  optional: [REDIS_SENTINEL_PASSWORD]
dispatcher:
  port: 4200
  minReadySeconds: 5
  surge: 1
  servers: [postgresql]
  secrets: [DATABASE_URL]
  optional: [WEBHOOK_SECRET_KEYS]
{{- end -}}

{{/* The programs that run all the time. */}}
{{- define "chorus.services" -}}
[api, gateway, archiver, dispatcher]
{{- end -}}

{{/* Settings of a program, as data of its ConfigMap: of `config` those that it reads, and its own. [root, program] */}}
{{- define "chorus.config" -}}
{{- $root := index . 0 -}}
{{- $known := include "chorus.defaults" . | fromYaml -}}
{{- $config := dict -}}
{{- range $name, $value := $root.Values.config -}}
{{- if hasKey $known $name }}{{ $_ := set $config $name $value }}{{ end -}}
{{- end -}}
{{- range $name, $value := (get $root.Values (index . 1)).config -}}
{{- $_ := set $config $name $value -}}
{{- end -}}
{{- range $name, $value := $config }}
{{- /* toJson, because YAML's large numbers would be written as 3e+07. */}}
{{ $name }}: {{ ternary $value (toJson $value) (kindIs "string" $value) | quote }}
{{- end }}
{{- end -}}

{{/* The settings that a program reads, with their defaults. [root, program] */}}
{{- define "chorus.defaults" -}}
{{- get ((index . 0).Files.Get "files/settings.yaml" | fromYaml) (index . 1) | toYaml -}}
{{- end -}}

{{/* A reference to the value of a variable in a Secret. [root, variable, optional] */}}
{{- define "chorus.secretVariable" -}}
{{- $root := index . 0 -}}
{{- $variable := index . 1 -}}
{{- $ref := get $root.Values.secrets.refs $variable | default dict -}}
- name: {{ $variable }}
  valueFrom:
    secretKeyRef:
      name: {{ $ref.name | default (include "chorus.secret" $root) }}
      key: {{ $ref.key | default $variable }}
      {{- if index . 2 }}
      optional: true
      {{- end }}
{{- end -}}

{{/*
Certificates: of each server that a program uses, and those that all trust, as {name, file, path, source}.
[root, servers]
*/}}
{{- define "chorus.certificates" -}}
{{- $root := index . 0 -}}
{{- range $server := index . 1 }}
{{- $tls := (get $root.Values $server).tls }}
{{- $prefix := ternary "DATABASE" "REDIS" (eq $server "postgresql") }}
{{- if or $tls.ca.configMap $tls.ca.secret }}
- volume: {{ $server }}-ca
  path: /etc/chorus/{{ $server }}-ca
  source: {{ toJson $tls.ca }}
  env: { {{ $prefix }}_CA_FILE: /etc/chorus/{{ $server }}-ca/{{ $tls.ca.key }} }
{{- end }}
{{- with $tls.clientCertificate }}
- volume: {{ $server }}-certificate
  path: /etc/chorus/{{ $server }}-certificate
  source: { secret: {{ . }} }
  env:
    {{ $prefix }}_CERT_FILE: /etc/chorus/{{ $server }}-certificate/tls.crt
    {{ $prefix }}_KEY_FILE: /etc/chorus/{{ $server }}-certificate/tls.key
{{- end }}
{{- end }}
{{- with $root.Values.trustedCa }}
{{- if or .configMap .secret }}
- volume: trusted-ca
  path: /etc/chorus/trusted-ca
  source: {{ toJson . }}
  env: { NODE_EXTRA_CA_CERTS: /etc/chorus/trusted-ca/{{ .key }} }
{{- end }}
{{- end }}
{{- end -}}
