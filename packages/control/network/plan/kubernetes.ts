/** Drafting a cluster's Kubernetes, purely: its ranges, and whether what is wished fits together. */
import type { ClusterKubernetes, NewKubernetes } from '@skein/contract/rest/kubernetes.ts';
import { allocateCidr } from '@skein/mesh/ipam/allocate.ts';
import { overlaps, parseCidr } from '@skein/mesh/ipam/cidr.ts';
import { podCidrProblems } from '@skein/mesh/pods/accept.ts';
import type { Problem, WantedCluster } from './draft.ts';

export const POD_POOL = '10.128.0.0/10';
export const SERVICE_POOL = '10.192.0.0/12';
/** 64 nodes, each with a /24. */
const POD_PREFIX = 18;
const SERVICE_PREFIX = 20;
const NODE_PREFIX = 24;

/** Ranges in use: those of pods and ClusterIPs in the organization, and those of what a cluster stands beside. */
interface InUse {
  taken: readonly string[];
  beside: readonly string[];
}
type Drafted = { ok: true; kubernetes: ClusterKubernetes } | { ok: false; problems: Problem[] };

/** Null where plain nodes are wished. Problems name the fields of the request. */
export function draftKubernetes(wanted: WantedCluster, inUse: InUse): Drafted | null {
  const { kubernetes: wish } = wanted;
  if (!wish) return null;
  const problems: Problem[] = [];
  const refuse = (field: string, message: string) => problems.push({ path: `kubernetes.${field}`, message });
  const podCidr = rangeFor('podCidr', wish, inUse, [], refuse);
  const serviceCidr = rangeFor('serviceCidr', wish, inUse, podCidr === null ? [] : [podCidr], refuse);
  if (wish.distribution === 'existing') {
    if (wanted.cloudAccountId !== null)
      refuse(
        'distribution',
        'a cluster that is there already is joined by its agents: it has no cloud account',
      );
    if (problems.length > 0) return { ok: false, problems };
    const theirs = { version: null, cni: 'existing', flannelBackend: null, server: null } as const;
    return { ok: true, kubernetes: { distribution: 'existing', ...theirs, podCidr, serviceCidr } };
  }
  if (wanted.cloudAccountId === null)
    refuse('distribution', 'k3s is put on nodes that Skein makes: name a cloud account');
  if (wanted.nodes < 1) refuse('distribution', 'k3s needs a node for its server');
  const flannel = wish.cni === 'flannel' || wish.cni === 'k3s-flannel';
  if (flannel && wish.flannelBackend === 'host-gw')
    refuse('flannelBackend', 'no cloud passes packets of pods as they are: choose vxlan or wireguard');
  if (wish.cni === 'k3s-flannel' && wish.flannelBackend === 'wireguard')
    refuse('flannelBackend', 'k3s’s own flannel would take the overlay’s port: choose flannel, or vxlan');
  if (wanted.nodes > mostNodes(podCidr))
    refuse('podCidr', `${podCidr} has no room for ${wanted.nodes} nodes, each with a /${NODE_PREFIX}`);
  if (problems.length > 0) return { ok: false, problems };
  return {
    ok: true,
    kubernetes: {
      distribution: 'k3s',
      version: wish.version,
      cni: wish.cni,
      flannelBackend: flannel ? wish.flannelBackend : null,
      podCidr,
      serviceCidr,
      // The first of a new cluster's nodes.
      server: 'gw-1',
    },
  };
}

/** How many nodes a range of pods has room for; any number where it is not known. */
export function mostNodes(podCidr: string | null): number {
  if (podCidr === null) return Number.POSITIVE_INFINITY;
  return Math.floor(2 ** (NODE_PREFIX - parseCidr(podCidr).prefixLength));
}

/** A cluster's ranges of pods and of ClusterIPs, as far as they are known. */
export function rangesOf({ kubernetes }: { kubernetes: ClusterKubernetes | null }): string[] {
  return [kubernetes?.podCidr ?? [], kubernetes?.serviceCidr ?? []].flat();
}

/** The range that is wished, or one given out; null where none is known of a cluster that is there already. */
function rangeFor(
  field: 'podCidr' | 'serviceCidr',
  wish: NewKubernetes,
  { taken, beside }: InUse,
  own: readonly string[],
  refuse: (field: string, message: string) => void,
): string | null {
  const inUse = [...taken, ...beside, ...own];
  const wished = wish[field];
  if (wished !== undefined) {
    const clash = inUse.find((range) => overlaps(range, wished));
    const instead =
      wish.distribution === 'existing' ? '; leave it out, and reach it by translated addresses (ranges)' : '';
    if (clash !== undefined) refuse(field, `${wished} overlaps ${clash}, which is in use${instead}`);
    if (field === 'podCidr') for (const message of podCidrProblems(wished, [])) refuse(field, message);
    return wished;
  }
  if (wish.distribution === 'existing') return null;
  const [pool, prefix] = field === 'podCidr' ? [POD_POOL, POD_PREFIX] : [SERVICE_POOL, SERVICE_PREFIX];
  const grant = allocateCidr(pool, prefix, inUse);
  if (!grant.ok) refuse(field, `no range of ${pool} is left`);
  return grant.ok ? grant.cidr : null;
}
