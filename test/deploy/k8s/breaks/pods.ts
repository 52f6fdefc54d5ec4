/** Ways to break the overlay prod: what is broken, in which object, what is replaced in its JSON by what, and what is said about it. */
export type Break = readonly [
  what: string,
  of: readonly [kind: string, name: string],
  replace: RegExp,
  by: string,
  says: RegExp,
];

const PODS = 'asks every pod how it is, and gives it what it needs and no rights';
const SETTINGS = 'gives each program settings that it has and accepts';
const GRACE = 'leaves every pod the time that it takes to stop';
const ROLLOUT = 'replaces gateways all together, and never has fewer pods than before';
const SCALING = 'scales out long before a gateway is full';
const GATEWAY = ['Deployment', 'chorus-gateway'] as const;
const API = ['Deployment', 'chorus-api'] as const;

/** By the rule that has to notice. */
export const POD_BREAKS: Readonly<Record<string, readonly Break[]>> = {
  schema: [
    [
      'a field with a slip of the pen',
      GATEWAY,
      /"minReadySeconds"/,
      '"minReadySecond"',
      /must NOT have additional properties minReadySecond/,
    ],
    [
      'a number as text',
      GATEWAY,
      /"minReadySeconds":10/,
      '"minReadySeconds":"10"',
      /minReadySeconds: must be integer/,
    ],
    [
      'a kind that is not there',
      ['HorizontalPodAutoscaler', 'chorus-api'],
      /autoscaling\/v2/,
      'autoscaling/v2beta2',
      /is not in schema.json/,
    ],
  ],
  [PODS]: [
    [
      'no readiness probe',
      GATEWAY,
      /"readinessProbe":\{.*?\}[^{]*?\}(?=,")/,
      '"tty":false',
      /no readiness probe/,
    ],
    [
      'liveness by readiness',
      API,
      /"livenessProbe":(\{[^{}]*\{"path":")\/livez/,
      '"livenessProbe":$1/readyz',
      /liveness depends on others/,
    ],
    ['an impatient readiness probe', API, /"timeoutSeconds":8/, '"timeoutSeconds":1', /is not waited for/],
    [
      'a startup probe with the default timeout',
      GATEWAY,
      /("startupProbe":\{.*?),"timeoutSeconds":5\}/,
      '$1}',
      /default timeout of 1 s/,
    ],
    [
      'a group whose files are all changed at each start',
      GATEWAY,
      /"runAsUser":10001/,
      '"runAsUser":10001,"fsGroup":10001',
      /owner of every file/,
    ],
    [
      'no request of memory',
      GATEWAY,
      /("requests":\{"cpu":"500m"),"memory":"256Mi"/,
      '$1',
      /requests no memory/,
    ],
    ['root', GATEWAY, /"runAsUser":10001/, '"runAsUser":0', /may run as root/],
    [
      'an init container that may write',
      API,
      /"readOnlyRootFilesystem":true(?=.*"ports")?/g,
      '"readOnlyRootFilesystem":false',
      /wait-for-migrations: may write/,
    ],
    ['a privilege', GATEWAY, /"drop":\["ALL"\]/, '"drop":[]', /has capabilities/],
    [
      'whatever version is the latest',
      GATEWAY,
      /chorus-gateway:0\.1\.0/,
      'chorus-gateway:latest',
      /no version of its image/,
    ],
    [
      'an image without a version',
      GATEWAY,
      /chorus-gateway:0\.1\.0/,
      'chorus-gateway',
      /no version of its image/,
    ],
    [
      'a token of Kubernetes',
      GATEWAY,
      /"automountServiceAccountToken":false/,
      '"automountServiceAccountToken":true',
      /gets a token/,
    ],
  ],
  [SETTINGS]: [
    [
      'a setting that does not exist',
      ['ConfigMap', 'chorus-gateway-config'],
      /DRAIN_MS/,
      'DRAIN_MILLISECONDS',
      /DRAIN_MILLISECONDS is no setting/,
    ],
    [
      'a setting of another program',
      ['ConfigMap', 'chorus-config'],
      /LOG_LEVEL/,
      'DRAIN_MS',
      /DRAIN_MS is no setting of .*chorus-archiver/,
    ],
    [
      'a value that is not allowed',
      ['ConfigMap', 'chorus-gateway-config'],
      /"REBALANCE":"auto"/,
      '"REBALANCE":"automatic"',
      /REBALANCE="automatic" is not valid/,
    ],
    [
      'another port than the program is told',
      GATEWAY,
      /"containerPort":4000/,
      '"containerPort":4001',
      /PORT is 4000, and its container port 4001/,
    ],
    [
      'a secret by another name',
      GATEWAY,
      /"key":"REDIS_URL"/,
      '"key":"REDIS"',
      /REDIS_URL comes from nowhere/,
    ],
  ],
  [GRACE]: [
    [
      'a grace period as long as the drain',
      GATEWAY,
      /"terminationGracePeriodSeconds":390/,
      '"terminationGracePeriodSeconds":375',
      /375000 ms, and may need 375000 ms/,
    ],
    [
      'a longer drain',
      ['ConfigMap', 'chorus-gateway-config'],
      /"DRAIN_MS":"60000"/,
      '"DRAIN_MS":"120000"',
      /may need 435000 ms/,
    ],
  ],
  [ROLLOUT]: [
    [
      'gateways that are replaced one by one',
      GATEWAY,
      /"maxSurge":"100%"/,
      '"maxSurge":1',
      /replaced bit by bit/,
    ],
    [
      'gateways that do not know which rollout they belong to',
      GATEWAY,
      /pod-template-hash'\]/,
      "pod-name']",
      /moves clients twice/,
    ],
    ['a pod less for a while', API, /"maxUnavailable":0/, '"maxUnavailable":1', /fewer pods/],
  ],
  [SCALING]: [
    [
      'a target above what a gateway takes',
      ['HorizontalPodAutoscaler', 'chorus-gateway'],
      /"averageValue":"15k"/,
      '"averageValue":"29k"',
      /29000 of 30000 sockets is too late/,
    ],
    [
      'gateways that keep what they have',
      ['ConfigMap', 'chorus-gateway-config'],
      /"REBALANCE":"auto"/,
      '"REBALANCE":"off"',
      /stay empty/,
    ],
  ],
};
