{{/* Refuses values that do not fit together, with one line each. What is wrong by itself: values.schema.json. */}}
{{- define "chorus.validate" -}}
{{- $root := . -}}
{{- $scaling := .Values.autoscaling -}}

{{- range $name, $stop := dict "api" "SHUTDOWN_TIMEOUT_MS" "gateway" "DRAIN_MS" -}}
{{- $config := include "chorus.config" (list $root $name) | fromYaml -}}
{{- $defaults := include "chorus.defaults" (list $root $name) | fromYaml -}}
{{- $delay := $config.DRAIN_DELAY_MS | default $defaults.DRAIN_DELAY_MS | int64 -}}
{{- $last := get $config $stop | default (get $defaults $stop) | int64 -}}
{{- $hold := $config.DRAIN_HOLD_MS | default $defaults.DRAIN_HOLD_MS | default 0 | int64 -}}
{{- $needed := add (div (add $delay $hold $last 999) 1000) 5 -}}
{{- $grace := (get $root.Values $name).terminationGracePeriodSeconds | int64 -}}
{{- if le $grace $needed -}}
{{- fail (printf "%s.terminationGracePeriodSeconds is %d: it must be above %d, for DRAIN_DELAY_MS, %s%s and 5 s" $name $grace $needed (eq $name "gateway" | ternary "DRAIN_HOLD_MS, " "") $stop) -}}
{{- end -}}
{{- end -}}

{{- if ne $scaling.kind "none" -}}
{{- range $name := list "api" "gateway" -}}
{{- $own := get $scaling $name -}}
{{- if gt ($own.minReplicas | int64) ($own.maxReplicas | int64) -}}
{{- fail (printf "autoscaling.%s: minReplicas (%v) is above maxReplicas (%v)" $name $own.minReplicas $own.maxReplicas) -}}
{{- end -}}
{{- end -}}
{{- $gateway := list $root "gateway" -}}
{{- $default := (include "chorus.defaults" $gateway | fromYaml).MAX_CONNECTIONS -}}
{{- $limit := (include "chorus.config" $gateway | fromYaml).MAX_CONNECTIONS | default $default | int64 -}}
{{- if gt (mul 2 ($scaling.gateway.connections | int64)) $limit -}}
{{- fail (printf "autoscaling.gateway.connections is %d: it must be at most half of MAX_CONNECTIONS (%d)" ($scaling.gateway.connections | int64) $limit) -}}
{{- end -}}
{{- end -}}

{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is missing: the host name of the chat" -}}
{{- end -}}
{{- with .Values.gatewayApi -}}
{{- if and .enabled (not .hostnames) -}}
{{- fail "gatewayApi.hostnames is empty: give the host name of the chat" -}}
{{- end -}}
{{- if and .enabled (not .parentRefs) -}}
{{- fail "gatewayApi.parentRefs is empty: name your Gateway" -}}
{{- end -}}
{{- end -}}

{{- with .Values.secrets -}}
{{- if and .create .existing -}}
{{- fail "secrets.create and secrets.existing exclude each other" -}}
{{- end -}}
{{- if and .values (not .create) -}}
{{- fail "secrets.values is for secrets.create only: put them into the Secret that secrets.existing names" -}}
{{- end -}}
{{- if .create -}}
{{- range $variable, $server := dict "DATABASE_URL" "postgresql" "REDIS_URL" "redis" -}}
{{- if not (or (get $root.Values $server).bundled.enabled (hasKey $root.Values.secrets.values $variable) (hasKey $root.Values.secrets.refs $variable)) -}}
{{- fail (printf "secrets.values.%s is missing: with secrets.create, give it or enable %s.bundled" $variable $server) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{- range $name, $ca := dict "postgresql.tls.ca" .Values.postgresql.tls.ca "redis.tls.ca" .Values.redis.tls.ca "trustedCa" .Values.trustedCa -}}
{{- if and $ca.configMap $ca.secret -}}
{{- fail (printf "%s: give a configMap or a secret, not both" $name) -}}
{{- end -}}
{{- end -}}

{{- range $name := append (include "chorus.services" . | fromYamlArray) "migrate" -}}
{{- $program := get (include "chorus.programs" $root | fromYaml) $name | default (dict "secrets" (list "DATABASE_URL") "optional" list) -}}
{{- $taken := concat (list "NODE_ID" "REVISION" "PORT" "OPERATOR_PORT") $program.secrets $program.optional -}}
{{- range (get $root.Values $name).env -}}
{{- if has .name $taken -}}
{{- fail (printf "%s.env: %s is set by the chart%s" $name .name (has .name (concat $program.secrets $program.optional) | ternary "; secrets.refs takes it from another Secret" "")) -}}
{{- end -}}
{{- end -}}
{{- if and (eq $root.Values.image.tag "latest") (not (get $root.Values $name).image) -}}
{{- fail "image.tag is latest: name a version, so that all five images are of one" -}}
{{- end -}}
{{- end -}}
{{- end -}}
