import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PAUSE_IMAGE } from '../prepare/images.js';

export const MACHINES = 2;
export const SERVER = 'https://10.222.0.1:6443';

/**
 * Writes the configuration of the cluster's programs into the folder of the run, and returns the path of a kubeconfig. All
 * programs have the rights of an administrator: who may do what in the cluster itself is no subject of the rehearsal.
 */
export async function writeSettings(run: string, cgroup: string): Promise<string> {
  const token = randomBytes(16).toString('hex');
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const kubeconfig = join(run, 'kubeconfig');
  const files: Record<string, string> = {
    'tokens.csv': `${token},admin,admin,system:masters\n`,
    'accounts.key': privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    kubeconfig: JSON.stringify(kubeconfigOf(token)),
  };
  for (let number = 1; number <= MACHINES; number++) {
    const at = `machine${number}`;
    files[`${at}/containerd.toml`] = containerd(number);
    files[`${at}/cni/pods.conflist`] = JSON.stringify(podNetwork(number));
    files[`${at}/kubelet.json`] = JSON.stringify(kubelet(at, `/${cgroup}-${number}`));
    files[`${at}/proxy.json`] = JSON.stringify(proxy(at));
    await mkdir(join(run, at, 'cni'), { recursive: true });
  }
  await mkdir(join(run, 'log'), { recursive: true });
  for (const [name, text] of Object.entries(files)) await writeFile(join(run, name), text, { mode: 0o600 });
  return kubeconfig;
}

function kubeconfigOf(token: string) {
  return {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'rehearsal',
    // The server makes a certificate of its own at each start.
    clusters: [{ name: 'rehearsal', cluster: { server: SERVER, 'insecure-skip-tls-verify': true } }],
    users: [{ name: 'admin', user: { token } }],
    contexts: [{ name: 'rehearsal', context: { cluster: 'rehearsal', user: 'admin' } }],
  };
}

function containerd(number: number): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  return `version = 2
root = "/store"
state = "/run/containerd"
[grpc]
  address = "/run/containerd.sock"
[${cri}]
  sandbox_image = "${PAUSE_IMAGE}"
  # Where this machine does not permit it, a pod could not start otherwise.
  restrict_oom_score_adj = true
  [${cri}.cni]
    bin_dir = "/usr/lib/cni"
    conf_dir = "/rehearsal/machine${number}/cni"
  [${cri}.containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
`;
}

function podNetwork(number: number) {
  return {
    cniVersion: '0.4.0',
    name: 'pods',
    plugins: [
      {
        type: 'bridge',
        bridge: 'cni0',
        isGateway: true,
        hairpinMode: true,
        // Policies must see the addresses of pods.
        ipMasq: false,
        ipam: {
          type: 'host-local',
          dataDir: '/run/cni',
          ranges: [[{ subnet: `10.244.${number}.0/24` }]],
          routes: [{ dst: '0.0.0.0/0' }],
        },
      },
      { type: 'portmap', capabilities: { portMappings: true } },
    ],
  };
}

function kubelet(machine: string, cgroup: string) {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    authentication: { anonymous: { enabled: true }, webhook: { enabled: false } },
    authorization: { mode: 'AlwaysAllow' },
    cgroupDriver: 'cgroupfs',
    cgroupRoot: cgroup,
    failCgroupV1: false,
    failSwapOn: false,
    containerRuntimeEndpoint: 'unix:///run/containerd.sock',
    clusterDNS: ['10.96.0.10'],
    clusterDomain: 'cluster.local',
    resolvConf: '/dev/null',
    podLogsDir: `/rehearsal/log/pods-of-${machine}`,
    evictionHard: { 'memory.available': '100Mi' },
    // Images come from the archive and can be loaded from nowhere else.
    imageGCHighThresholdPercent: 100,
  };
}

function proxy(machine: string) {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    clientConnection: { kubeconfig: '/rehearsal/kubeconfig' },
    mode: 'iptables',
    clusterCIDR: '10.244.0.0/16',
    hostnameOverride: machine,
    // These are settings of the whole kernel.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  };
}
