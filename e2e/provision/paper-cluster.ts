/**
 * Clusters of k3s without a node: what user-data says becomes nodes, objects that are applied stay as they are, and
 * DaemonSets run wherever nodes are. Questions are answered as agents answer them, by their very list.
 */
import { createHash } from 'node:crypto';
import type {
  KubernetesFacts,
  KubernetesQuestion,
  KubernetesReply,
} from '@skein/contract/agent/kubernetes.ts';
import { answerKubernetesQuestion, kubernetesQuestionFor } from '@skein/control/kubernetes/answer.ts';
import type { Sealer } from '@skein/control/secret/sealer.ts';
import type { Database } from '@skein/database/client.ts';
import { refusalOf } from '@skein/kubernetes/allowed.ts';
import type { KubernetesObject } from '@skein/kubernetes/object.ts';
import type { Machine } from '@skein/lab/ground/ground.ts';
import { formatAddress, formatCidr, parseCidr } from '@skein/mesh/ipam/cidr.ts';

interface PaperNode {
  name: string;
  podCidr: string;
  version: string;
  schedulable: boolean;
}
interface PaperCluster {
  server: string;
  caHash: string;
  podCidr: string;
  nodes: Map<string, PaperNode>;
  /** By path; `version` rises when an object changes. */
  objects: Map<string, { text: string; version: number; object: KubernetesObject }>;
  /** Pods that are not of a DaemonSet: name and node. */
  pods: Map<string, string>;
}

export interface PaperKubernetes {
  /** What an agent finds on a machine. */
  finds(machine: Machine): { kubernetes?: KubernetesFacts };
  /** By the server's private address. */
  clusters: Map<string, PaperCluster>;
  /** What went wrong that no test expects. */
  wrong: string[];
  /** Every request, as method and path. */
  asked: string[];
  /** Nodes whose kernel lacks VXLAN. */
  withoutVxlan: Set<string>;
  close(): Promise<void>;
}

export function paperKubernetes(database: Database, sealer: Sealer): PaperKubernetes {
  const clusters = new Map<string, PaperCluster>();
  const wrong: string[] = [];
  const asked: string[] = [];
  const withoutVxlan = new Set<string>();
  const registered = new Set<string>();
  let open = true;

  const finds = (machine: Machine) => {
    const text = machine.userData ?? '';
    const word = (name: string) => new RegExp(`--${name}[ =](\\S+)`).exec(text)?.[1];
    const name = word('node-name');
    if (name === undefined) return {};
    const version = /k3s\.sh (v\S+)/.exec(text)?.[1] ?? '';
    const calls = word('server')?.replace(/^https:\/\/|:6443$/g, '');
    if (calls === undefined && !clusters.has(machine.privateAddress))
      clusters.set(machine.privateAddress, {
        server: machine.privateAddress,
        caHash: createHash('sha256').update(machine.id).digest('hex'),
        podCidr: word('cluster-cidr') ?? '',
        nodes: new Map(),
        objects: new Map(),
        pods: new Map(),
      });
    const cluster = clusters.get(calls ?? machine.privateAddress);
    if (!cluster) return {};
    if (!registered.has(machine.id)) register(cluster, name, version, calls === undefined ? null : text);
    registered.add(machine.id);
    const node = cluster.nodes.get(name);
    if (!node) return {};
    const kubernetes: KubernetesFacts = {
      node: name,
      distribution: 'k3s',
      version: node.version,
      podCidrs: [node.podCidr],
      cni: hasNetwork(cluster) ? 'flannel' : null,
      ready: hasNetwork(cluster),
      answers: calls === undefined,
      caHash: calls === undefined ? cluster.caHash : null,
      kernel: ['bridge-netfilter', ...(withoutVxlan.has(name) ? [] : (['vxlan'] as const))],
      gateway: text.includes('skein.dev/gateway=true'),
      problem: null,
    };
    return { kubernetes };
  };

  /** A node gets in by a token that the cluster has at this moment, and that names this cluster. */
  const register = (cluster: PaperCluster, name: string, version: string, joins: string | null) => {
    if (joins !== null) {
      const [, hash, id, secret] = /K3S_TOKEN='K10([0-9a-f]{64})::(\w{6})\.(\w{16})'/.exec(joins) ?? [];
      const held = cluster.objects.get(`/api/v1/namespaces/kube-system/secrets/bootstrap-token-${id}`);
      const data = held?.object.stringData as Record<string, string> | undefined;
      const good = hash === cluster.caHash && data?.['token-secret'] === secret;
      if (!good || Date.parse(data?.expiration ?? '') < Date.now()) {
        wrong.push(`${name} came with a token that is not good`);
        return;
      }
    }
    const first = parseCidr(cluster.podCidr).first + cluster.nodes.size * 256;
    const podCidr = formatCidr({ first, prefixLength: 24 });
    cluster.nodes.set(name, { name, podCidr, version, schedulable: true });
  };

  const loop = async () => {
    while (open) {
      const rows = await database.kubernetesQuestion
        .findMany({ include: { peer: { select: { name: true, clusterId: true } } } })
        .catch(() => []);
      for (const row of rows) {
        if (row.reply !== null) continue;
        const question = await kubernetesQuestionFor(database, sealer, row.id, row.peerId);
        const mates = await database.peer.findMany({
          where: { clusterId: row.peer.clusterId },
          select: { privateAddress: true },
        });
        const cluster = mates.map((mate) => clusters.get(mate.privateAddress ?? '')).find((one) => one);
        if (!question || !cluster) continue;
        await answerKubernetesQuestion(
          database,
          row.id,
          row.peerId,
          replyTo(cluster, row.peer.name, question),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };

  const replyTo = (cluster: PaperCluster, node: string, question: KubernetesQuestion): KubernetesReply => {
    if (question.ask === 'ping') return { answer: 'pinged', answered: question.addresses };
    if (question.ask === 'upgrade') {
      const found = cluster.nodes.get(node);
      if (found?.schedulable !== false) wrong.push(`${node} was upgraded without being drained`);
      if (found) found.version = question.version;
      asked.push(`upgrade ${node}`);
      return { answer: 'upgraded' };
    }
    const { method, path, body } = question;
    asked.push(`${method} ${path.split('?')[0]}`);
    const reason = refusalOf({ method, path, body }, true);
    if (reason !== null) {
      wrong.push(reason);
      return { answer: 'refused', reason };
    }
    return { answer: 'response', ...served(cluster, method, path, body) };
  };

  const running = loop();
  return {
    finds,
    clusters,
    wrong,
    asked,
    withoutVxlan,
    close: async () => {
      open = false;
      await running;
    },
  };
}

const NODES = '/api/v1/nodes';

function served(
  cluster: PaperCluster,
  method: string,
  path: string,
  body: unknown,
): { status: number; body: unknown } {
  const [bare = '', query = ''] = path.split('?');
  const missing = { status: 404, body: { message: 'not found' } };
  if (bare === '/readyz') return { status: 200, body: 'ok' };
  const server = [...cluster.nodes.values()][0];
  if (bare === '/version') return { status: 200, body: { gitVersion: server?.version } };
  if (bare === NODES)
    return { status: 200, body: { items: [...cluster.nodes.values()].map((node) => nodeOf(cluster, node)) } };
  if (bare.startsWith(`${NODES}/`)) {
    const node = cluster.nodes.get(bare.slice(NODES.length + 1));
    if (!node) return missing;
    if (method === 'DELETE') cluster.nodes.delete(node.name);
    if (method === 'PATCH')
      node.schedulable = (body as { spec: { unschedulable: boolean | null } }).spec.unschedulable !== true;
    return { status: 200, body: nodeOf(cluster, node) };
  }
  const evicted = /\/pods\/([^/]+)\/eviction$/.exec(bare)?.[1];
  if (evicted !== undefined) {
    cluster.pods.delete(evicted);
    return { status: 201, body: {} };
  }
  if (bare.endsWith('/pods'))
    return { status: 200, body: { items: podsOf(cluster, bare, decodeURIComponent(query)) } };
  if (method === 'PATCH') {
    const text = JSON.stringify(body);
    const held = cluster.objects.get(bare);
    const version =
      held?.text === text
        ? held.version
        : Math.max(0, ...[...cluster.objects.values()].map((one) => one.version)) + 1;
    cluster.objects.set(bare, { text, version, object: body as KubernetesObject });
    return {
      status: held ? 200 : 201,
      body: {
        ...(body as object),
        metadata: { ...(body as KubernetesObject).metadata, resourceVersion: `${version}` },
      },
    };
  }
  const held = cluster.objects.get(bare);
  if (!held) return missing;
  if (method === 'DELETE') cluster.objects.delete(bare);
  const count = cluster.nodes.size;
  const status = {
    observedGeneration: 1,
    desiredNumberScheduled: count,
    updatedNumberScheduled: count,
    numberReady: count,
  };
  return {
    status: 200,
    body: { ...held.object, metadata: { ...held.object.metadata, generation: 1 }, status },
  };
}

const hasNetwork = (cluster: PaperCluster) =>
  [...cluster.objects.keys()].some((path) => path.endsWith('/daemonsets/kube-flannel-ds'));

function nodeOf(cluster: PaperCluster, { name, podCidr, version, schedulable }: PaperNode) {
  return {
    metadata: { name },
    spec: { podCIDR: podCidr, ...(schedulable ? {} : { unschedulable: true }) },
    status: {
      conditions: [
        {
          type: 'Ready',
          status: hasNetwork(cluster) ? 'True' : 'False',
          message: 'cni plugin not initialized',
        },
      ],
      nodeInfo: { kubeletVersion: version },
    },
  };
}

function podsOf(cluster: PaperCluster, path: string, query: string): object[] {
  const at = /spec\.nodeName=(\S+)/.exec(query)?.[1];
  if (at !== undefined)
    return [...cluster.pods]
      .filter(([, node]) => node === at)
      .map(([name, nodeName]) => ({ metadata: { name, namespace: 'default' }, spec: { nodeName } }));
  const namespace = path.split('/')[4];
  return [...cluster.nodes.values()].map(({ name, podCidr }) => ({
    metadata: { name: `pod-${name}`, namespace },
    spec: { nodeName: name },
    status: {
      phase: 'Running',
      podIP: formatAddress(parseCidr(podCidr).first + 2),
      conditions: [{ type: 'Ready', status: 'True' }],
    },
  }));
}
