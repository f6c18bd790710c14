/**
 * Pods of two real clusters over the mesh: flannel carries them within each, kube-proxy is there, and agents on the nodes,
 * installed by the one-liner, find which ranges their nodes have and carry pods between the two. Nothing in the pods or in
 * the clusters knows of it.
 */
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { buildAgent } from '@skein/agent/build.ts';
import type { Status } from '@skein/agent/daemon/control-socket.ts';
import type { Order } from '@skein/agent/fixture/coordinator.ts';
import { coordinatorFile, NODE, until } from '@skein/agent/fixture/field.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type ClusterNode, openSite, type TestCluster, type TestSite } from './cluster.ts';
import { IMAGES } from './images/images.ts';

const NAMES = ['east', 'west'] as const;
type Name = (typeof NAMES)[number];
const PODS: Record<Name, string> = { east: '10.128.0.0/18', west: '10.128.64.0/18' };
/** Of the nodes that there are or will be: the first of each cluster is its gateway. */
const NUMBERS = [1, 2, 3];
const COORDINATOR = `${SERVICES.controlPlane}:7401`;
const WIREGUARD = { protocol: 'udp', fromPort: 51820, toPort: 51823, cidrs: ['0.0.0.0/0'] } as const;

let site: TestSite;
let dist: string;
let order: (what: Order) => void;
let endCoordinator: () => void;
const clusters = new Map<Name, TestCluster>();
const clusterOf = (name: Name) => clusters.get(name) as TestCluster;
const tokenOf = (node: string) => `skj_${node.replace('-', '').padEnd(30, '0')}`;
const overlayOf = (name: Name, number: number) => `100.64.${NAMES.indexOf(name) + 1}.1${number}`;

/** The seats of all nodes that may come. */
const seats = NAMES.flatMap((name, at) =>
  NUMBERS.map((number) => ({
    token: tokenOf(`${name}-${number}`),
    id: `peer_${name}-${number}`,
    clusterId: `clu_${name}`,
    name: `${name}-${number}`,
    role: number === 1 ? 'gateway' : 'member',
    seat: number === 1 ? 0 : null,
    overlayAddress: overlayOf(name, number),
    privateAddress: `10.64.${at * 16}.1${number}`,
    publicAddress: number === 1 ? `198.18.64.${at + 1}1` : null,
  })),
);

async function sh(node: ClusterNode, line: string): Promise<string> {
  const { exit, stdout, stderr } = await node.run(['sh', '-c', line], { timeoutSeconds: 60 });
  if (exit !== 0) throw new Error(`${line} on ${node.name} ended with ${exit}: ${stderr}${stdout}`);
  return stdout;
}

const install = (node: ClusterNode) =>
  sh(node, `curl -fsSL http://${COORDINATOR}/install.sh | sh -s -- --token ${tokenOf(node.name)}`);

async function settled(): Promise<void> {
  await new Promise((done) => setTimeout(done, 500));
  for (const cluster of clusters.values())
    for (const node of cluster.nodes)
      await until(`${node.name} to apply its map`, 60, async () => {
        const status: Status = JSON.parse(await sh(node, 'skein-agent status -o json'));
        return status.appliedNumber === status.heldNumber && status.problem === null;
      });
}

/** Waits until every agent has found which range its node has, and has said so. */
async function podsKnown(name: Name): Promise<void> {
  const cluster = clusterOf(name);
  const told = await cluster.kubectl([
    'get',
    'nodes',
    '--output=jsonpath={range .items[*]}{.metadata.name} {.spec.podCIDR}{"\\n"}{end}',
  ]);
  const ranges = new Map(
    told
      .trim()
      .split('\n')
      .map((line) => line.split(' ') as [string, string]),
  );
  for (const node of cluster.nodes)
    await until(`the network to know the pods of ${node.name}`, 90, async () => {
      const status: Status = JSON.parse(await sh(node, 'skein-agent status -o json'));
      return status.pods.join() === ranges.get(node.name);
    });
}

async function setPolicy(policy: Partial<Policy>): Promise<void> {
  order({ order: 'policy', policy: Policy.parse({ default: 'deny', rules: [], ...policy }) });
  await settled();
}

interface Pod {
  cluster: Name;
  name: string;
  node: string;
  address: string;
}
async function podsOf(cluster: Name): Promise<Pod[]> {
  const { items } = JSON.parse(
    await clusterOf(cluster).kubectl(['get', 'pods', '--selector=app=server', '--output=json']),
  ) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
  };
  return items
    .map(({ metadata, spec, status }) => ({
      cluster,
      name: metadata.name,
      node: spec.nodeName,
      address: status.podIP,
    }))
    .sort((a, b) => (a.node < b.node ? -1 : 1));
}

/** Who answers, and as whom it sees the pod that asks; undefined where nothing answers. */
async function fetched(pod: Pod, url: string): Promise<{ name: string; caller: string } | undefined> {
  const words = ['exec', pod.name, '--container=tools', '--', 'curl', '-sS', '--max-time', '3', url];
  const told = await clusterOf(pod.cluster)
    .kubectl(words)
    .catch(() => undefined);
  return told === undefined ? undefined : JSON.parse(told);
}
const reached = (from: Pod, to: Pod) =>
  until(`${from.node}'s pod to reach ${to.node}'s`, 20, () => fetched(from, `http://${to.address}:8080/`));

const SERVER = `
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: server}
spec:
  selector: {matchLabels: {app: server}}
  template:
    metadata: {labels: {app: server}}
    spec:
      terminationGracePeriodSeconds: 1
      tolerations: [{operator: Exists}]
      containers:
      - name: server
        image: ${IMAGES.server}
        env: [{name: NAME, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
      - name: tools
        image: ${IMAGES.toolbox}
        command: [sleep, infinity]
---
apiVersion: v1
kind: Service
metadata: {name: server}
spec:
  selector: {app: server}
  ports: [{name: http, port: 80, targetPort: 8080}]
`;
/** A service whose endpoint is another cluster's pod, as multi-cluster services have them. */
const away = (address: string) => `
apiVersion: v1
kind: Service
metadata: {name: away}
spec:
  ports: [{name: http, port: 80, targetPort: 8080}]
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: away-1, labels: {kubernetes.io/service-name: away}}
addressType: IPv4
ports: [{name: http, port: 8080}]
endpoints: [{addresses: ["${address}"]}]
`;

beforeAll(async () => {
  site = await openSite(console.log);
  dist = await mkdtemp(join(tmpdir(), 'skein-agent-pods-'));
  await buildAgent({ outDirectory: dist });
  await Promise.all(
    NAMES.map(async (name, at) => {
      const cluster = await site.openCluster({
        name,
        nodes: 2,
        subnet: `10.64.${at * 16}.0/24`,
        publicAddresses: [`198.18.64.${at + 1}1`, `198.18.64.${at + 1}2`],
        podCidr: PODS[name],
        serviceCidr: `10.192.${at * 16}.0/20`,
        flannelBackend: 'vxlan',
        ingress: [WIREGUARD],
      });
      clusters.set(name, cluster);
      await cluster.kubectl(['wait', '--for=condition=Ready', 'node', '--all', '--timeout=60s']);
      await cluster.kubectl(['apply', '--filename=-'], { input: SERVER });
      await cluster.kubectl(['rollout', 'status', 'daemonset/server', '--timeout=90s']);
    }),
  );
  const child = spawn(NODE, [coordinatorFile, JSON.stringify(seats), '7401', SERVICES.controlPlane, dist], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let heard = false;
  createInterface({ input: child.stdout }).on('line', () => {
    heard = true;
  });
  await until('the coordinator', 20, () => heard);
  order = (what) => child.stdin.write(`${JSON.stringify(what)}\n`);
  endCoordinator = () => child.stdin.end();
  for (const cluster of clusters.values()) for (const node of cluster.nodes) await install(node);
  for (const name of NAMES) order({ order: 'pods', clusterId: `clu_${name}`, podCidr: PODS[name] });
  await setPolicy({ default: 'allow' });
  for (const name of NAMES) await podsKnown(name);
}, 300_000);
afterAll(async () => {
  endCoordinator?.();
  await site?.close();
  await rm(dist, { recursive: true, force: true });
}, 60_000);

test('pods of two clusters reach each other and see each other, wherever they are', async () => {
  const [east, west] = [await podsOf('east'), await podsOf('west')];
  for (const [from, to] of [
    ...east.flatMap((one) => west.map((other) => [one, other] as const)),
    ...west.flatMap((one) => east.map((other) => [one, other] as const)),
  ])
    expect(await reached(from, to)).toMatchObject({ name: to.node, caller: from.address });
}, 120_000);

test('within a cluster nothing has changed: flannel carries, services answer', async () => {
  for (const name of NAMES) {
    const [one, other] = (await podsOf(name)) as [Pod, Pod];
    expect(await reached(one, other)).toMatchObject({ name: other.node, caller: one.address });
    const names = new Set<string>();
    for (let tries = 0; tries < 20 && names.size < 2; tries += 1)
      names.add((await fetched(one, 'http://server.default.svc.cluster.local/'))?.name ?? '');
    expect([...names].sort()).toEqual([`${name}-1`, `${name}-2`]);
  }
}, 60_000);

test('a service that leads to another cluster’s pod answers pods and nodes', async () => {
  const [, from] = (await podsOf('east')) as [Pod, Pod];
  const [, to] = (await podsOf('west')) as [Pod, Pod];
  const east = clusterOf('east');
  await east.kubectl(['apply', '--filename=-'], { input: away(to.address) });
  const answered = await until('the service', 20, () =>
    fetched(from, 'http://away.default.svc.cluster.local/'),
  );
  expect(answered).toMatchObject({ name: to.node, caller: from.address });
  const ip = await east.kubectl(['get', 'service', 'away', '--output=jsonpath={.spec.clusterIP}']);
  const node = east.nodes[1] as ClusterNode;
  expect(JSON.parse(await sh(node, `curl -sS --max-time 5 http://${ip}/`))).toMatchObject({
    name: to.node,
    caller: overlayOf('east', 2),
  });
}, 60_000);

test('what the policy denies is denied', async () => {
  const [, from] = (await podsOf('east')) as [Pod, Pod];
  const [, to] = (await podsOf('west')) as [Pod, Pod];
  await setPolicy({});
  expect(await fetched(from, `http://${to.address}:8080/`)).toBeUndefined();
  await setPolicy({
    rules: [{ action: 'allow', from: ['pods:east'], to: ['pods:west'], protocol: 'tcp', ports: [8080] }],
  });
  expect(await reached(from, to)).toMatchObject({ caller: from.address });
  expect(await fetched(to, `http://${from.address}:8080/`)).toBeUndefined();
  await setPolicy({ default: 'allow' });
}, 90_000);

test('a node is added, and its pods are reached; it goes, and they are not', async () => {
  const east = clusterOf('east');
  const node = await east.addNode('198.18.64.13');
  const ready = ['wait', '--for=condition=Ready', `node/${node.name}`, '--timeout=60s'];
  await until(`${node.name} to be ready`, 60, () => east.kubectl(ready).catch(() => undefined));
  await east.kubectl(['rollout', 'status', 'daemonset/server', '--timeout=60s']);
  await install(node);
  await podsKnown('east');
  await settled();
  const [, west] = (await podsOf('west')) as [Pod, Pod];
  const added = (await podsOf('east')).find((pod) => pod.node === node.name) as Pod;
  expect(await reached(west, added)).toMatchObject({ name: node.name, caller: west.address });
  expect(await reached(added, west)).toMatchObject({ caller: added.address });
  order({ order: 'remove', peerId: `peer_${node.name}` });
  await until('its agent to clean up', 30, async () => !(await sh(node, 'ip rule show')).includes('51883'));
  expect(await fetched(west, `http://${added.address}:8080/`)).toBeUndefined();
  // Its cluster keeps it.
  const [mate] = (await podsOf('east')) as [Pod];
  expect(await reached(mate, added)).toMatchObject({ name: node.name, caller: mate.address });
  await east.kubectl(['delete', 'node', node.name]);
  await east.removeNode(node.name);
}, 180_000);
