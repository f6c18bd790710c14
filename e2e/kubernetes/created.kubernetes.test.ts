/**
 * Clusters that Skein creates, whole: machines of two lab clouds boot k3s by our user-data, real agents join, make their
 * accounts and answer, flannel is applied and probed, a node is added, upgraded and removed, and all of it goes.
 */
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildAgent } from '@skein/agent/build.ts';
import { Policy } from '@skein/contract/rest/policy.ts';
import { createAccount } from '@skein/control/account/create.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import type { Context } from '@skein/control/context.ts';
import { kubernetesState } from '@skein/control/kubernetes/state.ts';
import { upgradeKubernetes } from '@skein/control/kubernetes/upgrade.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { getOperation } from '@skein/control/operation/get.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import type { Operation } from '@skein/control/operation/view.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { getPolicy } from '@skein/control/policy/get.ts';
import { savePolicy } from '@skein/control/policy/save.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { type Coordinator, startCoordinator } from '@skein/coordinator/coordinator.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { type Realiser, SERVICES } from '@skein/lab/ground/ground.ts';
import { kernelRealiser } from '@skein/lab/ground/realise.ts';
import { type RunningLab, startLab } from '@skein/lab/start.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type Distribution, INSTALLER, prepareDistribution } from './distribution.ts';
import { IMAGES } from './images/images.ts';

const PORT = 7401;
const coordinatorUrl = `http://${SERVICES.controlPlane}:${PORT}`;
const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);

let directory: string;
let distribution: Distribution;
let realiser: Realiser;
let lab: RunningLab;
let fresh: FreshDatabase;
let coordinator: Coordinator;
let worker: { close(): Promise<void> };
let context: Context;
let accounts: { aws: string; gcp: string };
let networkId = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-created-'));
  distribution = await prepareDistribution((line) => console.log(line));
  const agentDistribution = join(directory, 'agent');
  await buildAgent({ outDirectory: agentDistribution });
  realiser = await kernelRealiser({
    directory: join(directory, 'ground'),
    log: () => undefined,
    programs: distribution.directory,
  });
  lab = await startLab({ directory: join(directory, 'lab'), realiser });
  fresh = await freshDatabase(inject('databaseUrl'));
  const masterKey = randomBytes(32);
  const settings = { databaseUrl: fresh.url, masterKey, coordinatorUrl };
  coordinator = await startCoordinator({
    ...settings,
    agentDistribution,
    agentImage: null,
    host: '0.0.0.0',
    port: PORT,
    tls: null,
  });
  const platform = { publicUrl: null, aws: null, k3sInstaller: INSTALLER };
  worker = await startWorker(
    { ...settings, redisUrl: undefined, platform, driftSeconds: 3600 },
    { handlers: HANDLERS, timing: { ...TIMING, sweepSeconds: 0.5 }, log: () => undefined },
  );
  const organizationId = await makeOrganization(fresh.database);
  context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_created', organizationId },
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform,
    coordinatorUrl,
    wake: async () => {},
  };
  const aws = await createAccount(context, {
    provider: 'aws',
    name: 'AWS',
    endpoint: lab.awsUrl,
    credentials: lab.accounts.aws,
  });
  const { project_id = '', client_email = '', private_key = '', token_uri = '' } = lab.accounts.gcp;
  const gcp = await createAccount(context, {
    provider: 'gcp',
    name: 'Google',
    endpoint: lab.gcpUrl,
    credentials: { project_id, client_email, private_key, token_uri },
  });
  accounts = { aws: aws.id, gcp: gcp.id };
});

afterAll(async () => {
  await worker?.close();
  await coordinator?.close();
  await lab?.close();
  await realiser?.close();
  await fresh?.drop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

async function succeeded(operation: { id: string }): Promise<Operation> {
  const end = await eventually(
    async () => {
      const now = await getOperation(context, { id: operation.id });
      return now.finishedAt ? now : undefined;
    },
    'the end of an operation',
    400,
  );
  if (end.state === 'succeeded') return end;
  const words = end.steps.map((step) => `${step.key} ${step.state} ${step.error?.message ?? ''}`);
  throw new Error(`“${end.title}” ${end.state}:\n${words.join('\n')}\n${await consoles()}`);
}

/** What the first boots said, for who looks why something failed. */
async function consoles(): Promise<string> {
  const { body } = await lab.control('GET', '/machines');
  return (body as { id: string; console: string }[])
    .map(({ id, console: said }) => `${id}:\n${said.slice(-1500)}`)
    .join('\n');
}

const clusterNamed = async (name: string) => {
  const found = (await listClusters(context, { networkId })).find((one) => one.name === name);
  if (!found) throw new Error(`no cluster ${name}`);
  return found;
};
const peersOf = async (name: string) => {
  const { id } = await clusterNamed(name);
  const { items } = await listPeers(context, { networkId, limit: 100 });
  return items.filter((peer) => peer.clusterId === id);
};
const machineOf = async (privateAddress: string) => {
  const { body } = await lab.control('GET', '/machines');
  const found = (body as { id: string; privateAddress: string }[]).find(
    (machine) => machine.privateAddress === privateAddress,
  );
  if (!found) throw new Error(`no machine at ${privateAddress}`);
  return found.id;
};
/** As an administrator, on the server's own machine. */
async function kubectl(cluster: string, ...words: string[]): Promise<string> {
  const server = (await peersOf(cluster)).find((peer) => peer.name === 'gw-1');
  const id = await machineOf(server?.privateAddress ?? '');
  const ran = await realiser.run(id, ['k3s', 'kubectl', ...words], { timeoutSeconds: 60 });
  if (ran.exit !== 0) throw new Error(`kubectl ${words.join(' ')}: ${ran.stderr}`);
  return ran.stdout;
}
async function apply(cluster: string, text: string): Promise<string> {
  const server = (await peersOf(cluster)).find((peer) => peer.name === 'gw-1');
  const id = await machineOf(server?.privateAddress ?? '');
  const words = ['k3s', 'kubectl', 'apply', '--filename', '-'];
  const ran = await realiser.run(id, words, { timeoutSeconds: 60, input: text });
  if (ran.exit !== 0) throw new Error(`kubectl apply: ${ran.stderr}`);
  return ran.stdout;
}
const versionsOf = async (cluster: string) =>
  (
    await kubectl(
      cluster,
      ...['--namespace', 'kube-flannel', 'get', 'serviceaccount,configmap,daemonset', '--output'],
      'jsonpath={range .items[*]}{.kind}/{.metadata.name}={.metadata.generation} {end}',
    )
  ).trim();

test('two clusters on two clouds, with flannel applied and probed', async () => {
  const [release = ''] = distribution.releases;
  const kubernetes = {
    distribution: 'k3s',
    version: release,
    cni: 'flannel',
    flannelBackend: 'vxlan',
  } as const;
  const started = performance.now();
  const { network, operation } = await createNetwork(context, {
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.skein.test',
    allowedPorts: [],
    peering: 'none',
    driftPolicy: 'heal',
    clusters: [
      { name: 'east', cloudAccountId: accounts.aws, region: 'us-east-1', nodes: 2, kubernetes },
      { name: 'west', cloudAccountId: accounts.gcp, region: 'us-central1', nodes: 1, kubernetes },
    ],
  });
  networkId = network.id;
  await succeeded(operation);
  console.log(`created in ${Math.round((performance.now() - started) / 1000)} s`);
  const nodes = await kubectl('east', 'get', 'nodes', '--output', 'name');
  expect(nodes.trim().split('\n').sort()).toEqual(['node/gw-1', 'node/node-1']);
  const secrets = await kubectl('east', '--namespace', 'kube-system', 'get', 'secrets', '--output', 'name');
  expect(secrets).not.toContain('bootstrap-token-skein');
  const state = await eventually(
    async () => {
      const now = await kubernetesState(context, { id: (await clusterNamed('east')).id });
      return now.nodes.every(({ facts }) => facts?.ready && facts.cni === 'flannel') ? now : undefined;
    },
    'what agents tell of ready nodes',
    60,
  );
  expect(state.problems).toEqual([]);
  expect(state.nodes.map(({ facts }) => [facts?.node, facts?.version, facts?.answers])).toEqual([
    ['gw-1', release, true],
    ['node-1', release, false],
  ]);
  for (const { facts } of state.nodes) expect(facts?.podCidrs[0]).toMatch(/^10\.128\.\d+\.0\/24$/);
}, 500_000);

/** A pod on each node that says where it is, and tools to ask with. */
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
      containers:
      - name: server
        image: ${IMAGES.server}
        env: [{name: NAME, value: CLUSTER}]
        readinessProbe: {httpGet: {path: /ready, port: 8080}, periodSeconds: 1}
      - name: tools
        image: ${IMAGES.toolbox}
        command: [sleep, infinity]
---
apiVersion: v1
kind: Service
metadata: {name: cart}
spec:
  selector: {app: server}
  ports: [{name: http, port: 80, targetPort: 8080}]
`;
const EXPORT = `
apiVersion: multicluster.x-k8s.io/v1beta1
kind: ServiceExport
metadata: {name: cart}
`;

test('a service of one cluster answers pods of the other by its name, and by the nearer one once there is one', async () => {
  const { number } = await getPolicy(context, { id: networkId });
  await savePolicy(context, {
    id: networkId,
    policy: Policy.parse({ default: 'allow', rules: [] }),
    seen: number,
  });
  for (const cluster of ['east', 'west']) await apply(cluster, SERVER.replace('CLUSTER', cluster));
  for (const cluster of ['east', 'west'])
    await kubectl(cluster, 'rollout', 'status', 'daemonset/server', '--timeout=50s');
  const pods = (await kubectl('west', 'get', 'pods', '--selector=app=server', '--output=name'))
    .trim()
    .split('\n');
  const asks = (...words: string[]) =>
    kubectl('west', 'exec', pods[0] ?? '', '--container=tools', '--', ...words).catch(() => '');
  const NAME = 'cart.default.svc.clusterset.local';
  const answers = async () => {
    const told = await asks('curl', '-sS', '--max-time', '2', `http://${NAME}/`);
    return told === '' ? undefined : (JSON.parse(told) as { name: string }).name;
  };
  await eventually(
    async () => (await apply('east', EXPORT).catch(() => undefined)) ?? undefined,
    'the kinds',
    60,
  );
  const far = await eventually(answers, 'an answer of the other cluster by name', 150);
  expect(far).toBe('east');
  await apply('west', EXPORT);
  await eventually(async () => ((await answers()) === 'west' ? true : undefined), 'the nearer one', 20);
  // Without a ready endpoint at home it is the other's again, by the same address.
  const began = performance.now();
  await kubectl('west', 'patch', 'service', 'cart', '--patch', '{"spec":{"selector":{"app":"nobody"}}}');
  await eventually(async () => ((await answers()) === 'east' ? true : undefined), 'failover', 20);
  console.log(`failover seen by a pod after ${Math.round(performance.now() - began)} ms, kubectl included`);
}, 400_000);

test('a node more: nothing that was applied changes', async () => {
  const before = await versionsOf('east');
  const { id } = await clusterNamed('east');
  await succeeded(await addNodes(context, { id, count: 1 }));
  expect(await versionsOf('east')).toBe(before);
  const ready = await kubectl(
    'east',
    ...['get', 'nodes', '--output'],
    'jsonpath={range .items[*]}{.metadata.name}={.status.conditions[?(@.type=="Ready")].status} {end}',
  );
  expect(ready.trim().split(' ').sort()).toEqual(['gw-1=True', 'node-1=True', 'node-2=True']);
}, 500_000);

test('another release, node by node', async () => {
  const [, newer] = distribution.releases;
  // A real k3s is one release alone.
  if (newer === undefined) return;
  const { id } = await clusterNamed('east');
  await succeeded(await upgradeKubernetes(context, { id, version: newer }));
  const versions = await kubectl(
    'east',
    ...['get', 'nodes', '--output'],
    'jsonpath={range .items[*]}{.status.nodeInfo.kubeletVersion} {.spec.unschedulable}{"\\n"}{end}',
  );
  expect(
    versions
      .trim()
      .split('\n')
      .map((line) => line.trim()),
  ).toEqual([newer, newer, newer]);
}, 500_000);

test('a node less is drained and forgotten', async () => {
  const node = (await peersOf('east')).find((peer) => peer.name === 'node-2');
  await succeeded(await removePeer(context, { id: node?.id ?? '' }));
  const nodes = await kubectl('east', 'get', 'nodes', '--output', 'name');
  expect(nodes.trim().split('\n').sort()).toEqual(['node/gw-1', 'node/node-1']);
}, 300_000);

test('nothing is left', async () => {
  await succeeded(await deleteNetwork(context, { id: networkId, confirm: 'shop' }));
  expect((await lab.control('GET', '/machines')).body).toEqual([]);
}, 300_000);
