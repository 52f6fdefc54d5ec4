#!/bin/bash
# First process of a machine of the cluster: its death ends all others. Called in mount, process and host name namespaces of its own.
#   machine.sh NUMBER ROOT PROGRAMS RUN STORE IMAGES CGROUP
# ROOT: files of the machine's Debian packages; PROGRAMS: Kubernetes; RUN: configuration and logs of this run;
# STORE: images that containerd keeps between runs; IMAGES: archive of those that it must have; CGROUP: its control groups' name.
set -eu
number=$1 root=$2 programs=$3 run=$4 store=$5 images=$6 cgroup=$7

# ---- The files of the machine are those of ROOT.
mount --make-rprivate /
mount --bind "$root" "$root"
cd "$root"
mkdir -p proc sys dev run tmp programs rehearsal store images old var/lib/cni var/lib/kubelet var/log/pods etc/cni/net.d
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
for folder in run tmp var/lib/cni var/log; do mount -t tmpfs tmpfs "$folder"; done
mount --bind "$programs" programs
mount --bind "$run" rehearsal
mkdir -p "$store" "$run/machine$number/kubelet" run/lock run/netns var/log/pods
mount --bind "$store" store
mount --bind "$run/machine$number/kubelet" var/lib/kubelet
mount --bind "$(dirname "$images")" images
pivot_root . old
cd /
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
umount -l /old
mount --make-rshared /
echo "machine$number" >/proc/sys/kernel/hostname

config=/rehearsal/machine$number
log() { local name=$1; shift; "$@" >>"/rehearsal/log/$name-$number.log" 2>&1; }
# What needs the API server ends when it does not answer yet.
keep() { (until log "$@"; do sleep 0.5; done) & }
kubernetes=/programs/kubernetes

# ---- The network: a bridge on the first machine, to which the others are connected from outside.
ip link set lo up
if [ "$number" = 1 ]; then
  ip link add lan0 type bridge
else
  until ip link show lan0 >/dev/null 2>&1; do sleep 0.1; done
fi
ip address add "10.222.0.$number/24" dev lan0
ip link set lan0 up
# Services are reached by rules that apply to packets which have a route.
ip route add default via 10.222.0.254 dev lan0
for other in 1 2; do
  [ "$other" = "$number" ] || ip route add "10.244.$other.0/24" via "10.222.0.$other"
done
sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.disable_ipv6=1
sysctl -qw net.bridge.bridge-nf-call-iptables=1 || true
ulimit -n "$(ulimit -Hn)"

# ---- The control plane.
if [ "$number" = 1 ]; then
  mkdir -p /tmp/etcd
  log etcd etcd --data-dir /tmp/etcd --log-level warn --logger zap &
  keep apiserver $kubernetes apiserver --etcd-servers=http://127.0.0.1:2379 --secure-port=6443 --cert-dir=/rehearsal/tls \
    --advertise-address=10.222.0.1 --service-cluster-ip-range=10.96.0.0/16 --authorization-mode=RBAC \
    --token-auth-file=/rehearsal/tokens.csv --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file=/rehearsal/accounts.key --service-account-signing-key-file=/rehearsal/accounts.key \
    --kubelet-preferred-address-types=InternalIP --enable-aggregator-routing --allow-privileged
  keep controllers $kubernetes controllers --kubeconfig=/rehearsal/kubeconfig --leader-elect=false --use-service-account-credentials \
    --service-account-private-key-file=/rehearsal/accounts.key --root-ca-file=/rehearsal/tls/apiserver.crt \
    --cluster-cidr=10.244.0.0/16 --horizontal-pod-autoscaler-sync-period=5s
  keep scheduler $kubernetes scheduler --kubeconfig=/rehearsal/kubeconfig --leader-elect=false
fi

# ---- The node.
log containerd containerd --config $config/containerd.toml &
until ctr --address /run/containerd.sock version >/dev/null 2>&1; do sleep 0.1; done
log import ctr --address /run/containerd.sock --namespace k8s.io images import "/images/$(basename "$images")"
for controller in /sys/fs/cgroup/*/; do
  # Version 1 has a hierarchy for each controller, and cpuset's groups start with no processors.
  [ -e "$controller/cgroup.procs" ] && [ ! -e /sys/fs/cgroup/cgroup.procs ] || continue
  mkdir -p "$controller/$cgroup"
  for file in cpuset.cpus cpuset.mems; do
    [ ! -e "$controller/$file" ] || cat "$controller/$file" >"$controller/$cgroup/$file"
  done
done
[ ! -e /sys/fs/cgroup/cgroup.procs ] || mkdir -p "/sys/fs/cgroup/$cgroup"
keep kubelet $kubernetes kubelet --config=$config/kubelet.json --kubeconfig=/rehearsal/kubeconfig --hostname-override="machine$number" \
  --node-ip="10.222.0.$number" --node-labels="topology.kubernetes.io/zone=zone$number"
keep proxy $kubernetes proxy --config=$config/proxy.json
keep policies $kubernetes policies -kubeconfig /rehearsal/kubeconfig -node "machine$number" -services 10.96.0.0/16
# Also reaps what containers leave.
wait
