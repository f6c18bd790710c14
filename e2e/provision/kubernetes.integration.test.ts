/** Clusters with Kubernetes through their whole life, on clouds of paper. What real ones say is tested in e2e/kubernetes. */
import type { NewNetwork } from '@skein/contract/rest/network.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import { kubernetesState } from '@skein/control/kubernetes/state.ts';
import { upgradeKubernetes } from '@skein/control/kubernetes/upgrade.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { retryStep } from '@skein/control/operation/retry-step.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type PaperKubernetes, paperKubernetes } from './paper-cluster.ts';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let paper: PaperKubernetes;
let worker: { close(): Promise<void> };
let networkId = '';
const logged: string[] = [];

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  paper = paperKubernetes(practice.fresh.database, practice.context.sealer);
  practice.agents.finds = paper.finds;
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: { ...practice.context.platform, k3sInstaller: 'https://installer.test/k3s' },
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 300,
    },
    {
      handlers: HANDLERS,
      timing: { ...TIMING, sweepSeconds: 0.5 },
      log: (level, message, details) => logged.push(JSON.stringify({ level, message, ...details })),
    },
  );
});
afterAll(async () => {
  await worker?.close();
  await paper?.close();
  await practice?.close();
});

const k3s = {
  distribution: 'k3s',
  version: 'v1.34.4+k3s1',
  cni: 'flannel',
  flannelBackend: 'vxlan',
} as const;
const wanted = (): NewNetwork => ({
  ...practice.wanted,
  clusters: [
    { name: 'east', cloudAccountId: practice.accounts.aws, region: 'us-east-1', nodes: 2, kubernetes: k3s },
    { name: 'west', cloudAccountId: practice.accounts.gcp, region: 'us-central1', nodes: 1, kubernetes: k3s },
  ],
});
const clusterNamed = async (name: string) => {
  const found = (await listClusters(practice.context, { networkId })).find((one) => one.name === name);
  if (!found) throw new Error(`no cluster ${name}`);
  return found;
};
const peerNamed = async (name: string) => {
  const { id } = await clusterNamed('east');
  const { items } = await listPeers(practice.context, { networkId, limit: 100 });
  const found = items.find((one) => one.name === name && one.clusterId === id);
  if (!found) throw new Error(`no peer ${name}`);
  return found;
};
const paperOf = (name: string) => {
  const machine = practice.paper
    .ground()
    .machines.find(
      (one) =>
        one.userData?.includes('--cluster-cidr') &&
        paper.clusters.has(one.privateAddress) &&
        one.userData.includes(name),
    );
  const cluster = paper.clusters.get(machine?.privateAddress ?? '');
  if (!cluster) throw new Error(`no cluster of paper with ${name}`);
  return cluster;
};

test('a plan tells of ranges, of ports inside the cluster alone, and of the steps', async () => {
  const plan = await planNetwork(practice.context, wanted());
  expect(plan.clusters.map(({ kubernetes }) => [kubernetes?.podCidr, kubernetes?.serviceCidr])).toEqual([
    ['10.128.0.0/18', '10.192.0.0/20'],
    ['10.128.64.0/18', '10.192.16.0/20'],
  ]);
  const inside = plan.rules.filter((rule) => [6443, 10250, 8472].includes(rule.fromPort));
  const vpcs = plan.clusters.map(({ vpcCidr }) => vpcCidr);
  expect(inside).toHaveLength(2 * 5);
  for (const rule of inside) expect(vpcs).toContain(rule.source);
  expect(inside.filter((rule) => rule.fromPort === 6443).map((rule) => rule.group)).toEqual([
    'gateway',
    'gateway',
  ]);
  expect(plan.cost.lines.map((line) => line.what)).toContain('2 × t3.small');
  const keys = plan.steps.map((step) => step.key).filter((key) => key.startsWith('east/'));
  expect(keys).toEqual(
    [
      'network',
      'addresses',
      'firewall',
      'server',
      'server-join',
      'kubernetes',
      'instances',
      'join',
      'nodes',
      'cni',
      'cni-probe',
    ].map((key) => `east/${key}`),
  );
});

test('what does not fit together is refused with its field', async () => {
  const { accounts, context } = practice;
  const refusing = async (cluster: object) => {
    const one = { name: 'one', cloudAccountId: accounts.aws, region: 'us-east-1', nodes: 2, ...cluster };
    const error = await planNetwork(context, { ...wanted(), clusters: [one] as never }).catch(
      (thrown) => thrown,
    );
    return (error.errors as { path: string }[] | undefined)?.map(({ path }) => path);
  };
  expect(await refusing({ kubernetes: { ...k3s, flannelBackend: 'host-gw' } })).toEqual([
    'clusters.0.kubernetes.flannelBackend',
  ]);
  expect(await refusing({ kubernetes: { ...k3s, podCidr: '10.64.0.0/16' } })).toEqual([
    'clusters.0.kubernetes.podCidr',
  ]);
  expect(await refusing({ kubernetes: { ...k3s, podCidr: '10.130.0.0/24' } })).toEqual([
    'clusters.0.kubernetes.podCidr',
  ]);
  expect(await refusing({ kubernetes: { distribution: 'existing' } })).toEqual([
    'clusters.0.kubernetes.distribution',
  ]);
  expect(await refusing({ cloudAccountId: null, kubernetes: k3s })).toEqual([
    'clusters.0.kubernetes.distribution',
  ]);
});

test('a check that fails says which one, and the step is retried from there', async () => {
  paper.withoutVxlan.add('node-1');
  const { network, operation } = await createNetwork(practice.context, wanted());
  networkId = network.id;
  const failed = await eventually(
    async () => {
      const now = await getOperation(practice.context, { id: operation.id });
      return now.finishedAt ? now : undefined;
    },
    'the failed operation',
    100,
  );
  const step = failed.steps.find((one) => one.key === 'east/cni');
  expect(step?.error).toMatchObject({
    code: 'cni-check-kernel',
    message: expect.stringContaining('vxlan, which the kernel of node-1 lacks'),
  });
  expect((await clusterNamed('east')).state).toBe('failed');
  expect((await clusterNamed('west')).state).toBe('ready');
  paper.withoutVxlan.clear();
  await eventually(
    async () => {
      const state = await kubernetesState(practice.context, { id: (await clusterNamed('east')).id });
      return state.nodes.every((node) => node.facts?.kernel.includes('vxlan')) ? true : undefined;
    },
    'the kernels to be told anew',
    20,
  );
  await retryStep(practice.context, { operationId: operation.id, stepId: step?.id ?? '' });
  await practice.succeeded(operation);
  expect((await clusterNamed('east')).state).toBe('ready');
  expect(paper.wrong).toEqual([]);
});

test('the server is told no token, nodes join by one that is wiped, and nothing of it is kept', async () => {
  const [server, node] = ['gw-1', 'node-1'].map(
    (name) =>
      practice.paper.ground().machines.find((one) => one.userData?.includes(`--node-name ${name}`))
        ?.userData ?? '',
  );
  expect(server).not.toMatch(/K10|K3S_TOKEN=/);
  const token = /skein\w\.(\w{16})/.exec(node ?? '')?.[1] ?? '';
  expect(token).toHaveLength(16);
  expect(node).toContain("'https://installer.test/k3s'");
  const { objects } = paperOf('10.128.0.0/18');
  expect([...objects.keys()].filter((path) => path.includes('bootstrap-token'))).toEqual([]);
  expect([...objects.keys()].filter((path) => path.includes('skein-probe'))).toEqual([]);
  expect(await practice.fresh.database.kubernetesQuestion.count()).toBe(0);
  expect(logged.join()).not.toContain(token);
  const steps = await practice.fresh.database.step.findMany({
    select: { input: true, result: true, error: true },
  });
  expect(JSON.stringify(steps)).not.toContain(token);
});

test('what is found stands beside what was asked for', async () => {
  const { id } = await clusterNamed('east');
  const state = await eventually(
    async () => {
      const now = await kubernetesState(practice.context, { id });
      return now.nodes.every((one) => one.facts?.ready) ? now : undefined;
    },
    'ready nodes',
    20,
  );
  expect(state).toMatchObject({
    wanted: { cni: 'flannel', version: 'v1.34.4+k3s1', server: 'gw-1', podCidr: '10.128.0.0/18' },
    problems: [],
  });
  expect(state.nodes.map(({ facts }) => facts?.podCidrs)).toEqual([['10.128.0.0/24'], ['10.128.1.0/24']]);
});

test('a node more joins, and applying the network again changes nothing', async () => {
  const { id } = await clusterNamed('east');
  const before = new Map([...paperOf('10.128.0.0/18').objects].map(([path, { version }]) => [path, version]));
  const operation = await addNodes(practice.context, { id, count: 1 });
  const done = await practice.succeeded(operation);
  expect(done.steps.map((step) => step.key)).toContain('east/cni-probe');
  const after = paperOf('10.128.0.0/18');
  expect([...after.nodes.keys()]).toEqual(['gw-1', 'node-1', 'node-2']);
  const versions = new Map([...after.objects].map(([path, { version }]) => [path, version]));
  expect(versions).toEqual(before);
  expect(paper.wrong).toEqual([]);
});

test('an upgrade goes node by node, the server first, each drained before', async () => {
  const { id } = await clusterNamed('east');
  const cluster = paperOf('10.128.0.0/18');
  cluster.pods.set('shop-1', 'node-1');
  paper.asked.length = 0;
  await expect(upgradeKubernetes(practice.context, { id, version: 'v1.36.0+k3s1' })).rejects.toThrow(
    'one minor',
  );
  await expect(upgradeKubernetes(practice.context, { id, version: 'v1.33.9+k3s1' })).rejects.toThrow(
    'never back',
  );
  await practice.succeeded(await upgradeKubernetes(practice.context, { id, version: 'v1.35.1+k3s1' }));
  expect(paper.asked.filter((one) => one.startsWith('upgrade'))).toEqual([
    'upgrade gw-1',
    'upgrade node-1',
    'upgrade node-2',
  ]);
  expect(cluster.pods.size).toBe(0);
  expect([...cluster.nodes.values()].map(({ version, schedulable }) => [version, schedulable])).toEqual(
    Array.from({ length: 3 }, () => ['v1.35.1+k3s1', true]),
  );
  expect((await clusterNamed('east')).kubernetes?.version).toBe('v1.35.1+k3s1');
  expect(paper.wrong).toEqual([]);
});

test('a node that is removed is drained and forgotten; the server is not removed', async () => {
  const server = await peerNamed('gw-1');
  await expect(removePeer(practice.context, { id: server.id })).rejects.toThrow(
    /only gateway|Kubernetes API/,
  );
  const cluster = paperOf('10.128.0.0/18');
  cluster.pods.set('shop-2', 'node-2');
  const node = await peerNamed('node-2');
  await practice.succeeded(await removePeer(practice.context, { id: node.id }));
  expect([...cluster.nodes.keys()]).toEqual(['gw-1', 'node-1']);
  expect(cluster.pods.size).toBe(0);
});

test('the network is deleted with its clusters, and their ranges are free again', async () => {
  await practice.succeeded(await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' }));
  expect(practice.paper.ground().machines).toEqual([]);
  const plan = await planNetwork(practice.context, wanted());
  expect(plan.clusters[0]?.kubernetes?.podCidr).toBe('10.128.0.0/18');
});
