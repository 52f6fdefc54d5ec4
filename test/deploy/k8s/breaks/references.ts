import type { Break } from './pods.js';

const NAMES = 'names only what is there';
const NETWORK = 'closes everything except what is named';
const GATEWAY = ['Deployment', 'chorus-gateway'] as const;

/** By the rule that has to notice. */
export const REFERENCE_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  [NAMES]: [
    [
      'a Service without pods',
      ['Service', 'chorus-gateway'],
      /"selector":\{[^}]*\}/,
      '"selector":{"app":"gateway"}',
      /Service chorus-gateway: selects the pods of 0/,
    ],
    [
      'a Service with a port that pods do not have',
      ['Service', 'chorus-gateway'],
      /"targetPort":"http"/,
      '"targetPort":"web"',
      /have no port web/,
    ],
    [
      'a route to a Service that is not there',
      ['Ingress', 'chorus-gateway'],
      /"name":"chorus-gateway","port"/,
      '"name":"gateway","port"',
      /no Service gateway/,
    ],
    [
      'a route to a port that is not there',
      ['Ingress', 'chorus-api'],
      /"port":\{"name":"http"\}/,
      '"port":{"name":"operators"}',
      /with a port operators/,
    ],
    [
      'a Deployment that does not select its pods',
      GATEWAY,
      /"matchLabels":\{/,
      '"matchLabels":{"a":"b",',
      /selector does not select its pods/,
    ],
    [
      'pods that are spread by the labels of others',
      GATEWAY,
      /("topologySpreadConstraints":.*?"app.kubernetes.io\/component":)"gateway"/,
      '$1"api"',
      /spread by labels/,
    ],
    [
      'a budget for no pod',
      ['PodDisruptionBudget', 'chorus-gateway'],
      /"app.kubernetes.io\/component":"gateway"/,
      '"app.kubernetes.io/component":"gateways"',
      /chorus-gateway: has no PodDisruptionBudget/,
    ],
    [
      'a budget for the wrong ones',
      ['PodDisruptionBudget', 'chorus-gateway'],
      /"app.kubernetes.io\/component":"gateway",/,
      '',
      /is about chorus-api,/,
    ],
    [
      'a monitor that asks a port that is not there',
      ['ServiceMonitor', 'chorus'],
      /"port":"operator"/,
      '"port":"metrics"',
      /ServiceMonitor chorus: Service chorus-api has no such port/,
    ],
    [
      'a monitor without a target',
      ['ServiceMonitor', 'chorus'],
      /"app.kubernetes.io\/name":"chorus"/,
      '"app.kubernetes.io/name":"choir"',
      /does not ask Service chorus-gateway/,
    ],
    [
      'an autoscaler of nothing',
      ['HorizontalPodAutoscaler', 'chorus-gateway'],
      /"name":"chorus-gateway"\}/,
      '"name":"gateway"}',
      /nothing called gateway/,
    ],
    [
      'replicas beside an autoscaler',
      GATEWAY,
      /"minReadySeconds"/,
      '"replicas":3,"minReadySeconds"',
      /both an autoscaler and a number/,
    ],
    [
      'a service account that is not there',
      GATEWAY,
      /"serviceAccountName":"chorus-gateway"/,
      '"serviceAccountName":"gateway"',
      /no such service account/,
    ],
    [
      'a probe of a port that is not there',
      GATEWAY,
      /("livenessProbe":.*?"port":)"http"/,
      '$1"web"',
      /asks a port web/,
    ],
    [
      'a mount of a volume that is not there',
      GATEWAY,
      /"name":"gateway",(?="ports")/,
      '"name":"gateway","volumeMounts":[{"name":"ca","mountPath":"/ca"}],',
      /mounts ca, which is no volume of it/,
    ],
  ],
  [NETWORK]: [
    [
      'a namespace that is open',
      ['NetworkPolicy', 'default-deny'],
      /\["Ingress","Egress"\]/,
      '["Ingress"]',
      /not denied/,
    ],
    [
      'a way in to a port that is not there',
      ['NetworkPolicy', 'chorus-from-balancer'],
      /"port":"http"/,
      '"port":8080',
      /chorus-gateway has no port 8080/,
    ],
    [
      'egress to an unknown port',
      ['NetworkPolicy', 'chorus-to-redis'],
      /"port":6379/,
      '"port":6380',
      /nothing outside has port 6380/,
    ],
    [
      'a way in for everybody',
      ['NetworkPolicy', 'chorus-from-balancer'],
      /"from":\[.*?\](?=,"ports")/,
      '"from":[]',
      /open to everybody/,
    ],
    [
      'a way in to every port',
      ['NetworkPolicy', 'chorus-from-prometheus'],
      /,"ports":\[.*?\]/,
      '',
      /opens every port/,
    ],
    [
      'a policy for no pod',
      ['NetworkPolicy', 'chorus-to-postgres'],
      /"values":\["chorus"\]/,
      '"values":["choir"]',
      /is about no pod/,
    ],
  ],
};
