/** What the agent finds of Kubernetes on its node. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesFacts } from '@skein/contract/agent/kubernetes.ts';
import { Cidr } from '@skein/contract/primitive.ts';
import { HOST_CNI_DIRECTORY } from '@skein/kubernetes/agent-manifest.ts';
import { cniOf, type KernelNeed } from '@skein/kubernetes/cni.ts';
import { GATEWAY_LABEL } from '@skein/kubernetes/object.ts';
import { z } from 'zod';
import { wordsOf } from '../failure.ts';
import type { Run } from '../host/command.ts';
import type { OwnCluster } from './access.ts';
import { reasonOf } from './api.ts';

/** The node's own, as a pod sees it; the usual one; and k3s's for its own flannel. */
const CNI_DIRECTORIES = [HOST_CNI_DIRECTORY, '/etc/cni/net.d', '/var/lib/rancher/k3s/agent/etc/cni/net.d'];

const NodeObject = z.object({
  metadata: z.object({
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z
    .object({ podCIDR: z.string().optional(), podCIDRs: z.array(z.string()).default([]) })
    .default({ podCIDRs: [] }),
  status: z.object({
    conditions: z.array(z.object({ type: z.string(), status: z.string() })).default([]),
    nodeInfo: z.object({ kubeletVersion: z.string() }),
  }),
});

/** Never throws: what could not be found out is the facts' problem, in words. */
export async function gatherKubernetes(
  own: OwnCluster,
  kernel: readonly KernelNeed[],
): Promise<KubernetesFacts> {
  const { node, distribution, scoped, caHash } = own;
  const base = { node, distribution, caHash: scoped ? caHash : null, kernel: [...kernel] };
  const configured = await configuredCni();
  try {
    const { status, body } = await own.api.request('GET', `/api/v1/nodes/${encodeURIComponent(node)}`);
    if (status !== 200) throw new Error(`the Node ${node} is not shown (HTTP ${status}): ${reasonOf(body)}`);
    const found = NodeObject.parse(body);
    const { podCIDR, podCIDRs } = found.spec;
    // IPv6 ranges of pods are carried by nobody.
    const ranges = (podCIDRs.length > 0 ? podCIDRs : [podCIDR ?? '']).filter(
      (one) => Cidr.safeParse(one).success,
    );
    return {
      ...base,
      version: found.status.nodeInfo.kubeletVersion,
      podCidrs: ranges,
      cni: configured ?? annotatedCni(found.metadata.annotations),
      ready: found.status.conditions.some((one) => one.type === 'Ready' && one.status === 'True'),
      answers: scoped,
      gateway: found.metadata.labels[GATEWAY_LABEL] === 'true',
      problem: null,
    };
  } catch (error) {
    const unknown = { version: null, podCidrs: [], ready: false, answers: false, gateway: false };
    return { ...base, ...unknown, cni: configured, problem: wordsOf(error).slice(0, 500) };
  }
}

async function configuredCni(): Promise<string | null> {
  for (const directory of CNI_DIRECTORIES) {
    const names = await readdir(directory).catch(() => []);
    const files = await Promise.all(
      names.map(async (name) => ({
        name,
        text: await readFile(join(directory, name), 'utf8').catch(() => ''),
      })),
    );
    const found = cniOf(files);
    if (found !== null) return found;
  }
  return null;
}

/** What CNIs write at a node, where its directory is not to be seen. */
function annotatedCni(annotations: Readonly<Record<string, string>>): string | null {
  const has = (prefix: string) => Object.keys(annotations).some((key) => key.startsWith(prefix));
  if (has('flannel.alpha.coreos.com/')) return 'flannel';
  if (has('projectcalico.org/')) return 'calico';
  return has('network.cilium.io/') ? 'cilium' : null;
}

const PROBE = 'skein-kernel';

/** What the kernel can do, by trying: what is built in stands in no list that every node has. */
export async function kernelNeeds(run: Run): Promise<KernelNeed[]> {
  const makes = async (...type: string[]) => {
    const made = await run('ip', ['link', 'add', 'dev', PROBE, 'type', ...type]);
    if (made.ok) await run('ip', ['link', 'del', 'dev', PROBE]);
    return made.ok;
  };
  const found: KernelNeed[] = [];
  if (await makes('vxlan', 'id', '1', 'dstport', '4789')) found.push('vxlan');
  if (await makes('wireguard')) found.push('wireguard');
  const bridged = () =>
    readFile('/proc/sys/net/bridge/bridge-nf-call-iptables').then(
      () => true,
      () => false,
    );
  // A container's engine loads it too, but maybe later.
  if (!(await bridged())) await run('modprobe', ['br_netfilter']);
  if (await bridged()) found.push('bridge-netfilter');
  return found;
}
