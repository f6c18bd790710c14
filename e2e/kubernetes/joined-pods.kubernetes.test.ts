/**
 * Clusters that are there already join by `kubectl apply` of what the coordinator serves: agents run as pods of their
 * nodes, and pods of one cluster then reach those of the other as they are.
 */
import { randomBytes } from 'node:crypto';
import { listClusters } from '@skein/control/cluster/list.ts';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { kubernetesState } from '@skein/control/kubernetes/state.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { type Coordinator, startCoordinator } from '@skein/coordinator/coordinator.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { AGENT_DISTRIBUTION } from '@skein/local/install/build.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openSite, type TestCluster, type TestSite } from './cluster.ts';
import { IMAGES } from './images/images.ts';

const PORT = 7401;
const coordinatorUrl = `http://${SERVICES.controlPlane}:${PORT}`;
const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
const PODS = { east: '10.128.0.0/18', west: '10.128.64.0/18' } as const;
type Name = keyof typeof PODS;
const NAMES: readonly Name[] = ['east', 'west'];
const WIREGUARD = { protocol: 'udp', fromPort: 51820, toPort: 51823, cidrs: ['0.0.0.0/0'] } as const;

let site: TestSite;
let fresh: FreshDatabase;
let coordinator: Coordinator;
let worker: { close(): Promise<void> };
let context: Context;
let networkId = '';
const clusters = {} as Record<Name, TestCluster>;
const ids = {} as Record<Name, string>;

beforeAll(async () => {
  site = await openSite(console.log);
  fresh = await freshDatabase(inject('databaseUrl'));
  const masterKey = randomBytes(32);
  const settings = { databaseUrl: fresh.url, masterKey, coordinatorUrl };
  coordinator = await startCoordinator({
    ...settings,
    agentDistribution: AGENT_DISTRIBUTION,
    agentImage: IMAGES.agent,
    host: '0.0.0.0',
    port: PORT,
    tls: null,
  });
  const platform = { publicUrl: null, aws: null };
  worker = await startWorker(
    { ...settings, redisUrl: undefined, platform, driftSeconds: 3600 },
    { handlers: HANDLERS, timing: { ...TIMING, sweepSeconds: 0.5 }, log: () => undefined },
  );
  context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_joined', organizationId: await makeOrganization(fresh.database) },
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform,
    coordinatorUrl,
    wake: async () => {},
  };
  const opened = await Promise.all(
    NAMES.map((name, index) =>
      site.openCluster({
        name,
        nodes: 2,
        subnet: `10.64.${index * 16}.0/24`,
        publicAddresses: [1, 2].map((number) => `198.18.64.${index + 1}${number}`),
        podCidr: PODS[name],
        serviceCidr: `10.192.${index * 16}.0/20`,
        flannelBackend: 'vxlan',
        ingress: [WIREGUARD],
      }),
    ),
  );
  for (const cluster of opened) {
    clusters[cluster.name as Name] = cluster;
    await cluster.kubectl(['label', 'node', `${cluster.name}-1`, 'skein.dev/gateway=true']);
    await cluster.kubectl(['apply', '--filename=-'], { input: SERVER });
  }
  const { network } = await createNetwork(context, {
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.skein.test',
    allowedPorts: [{ protocol: 'tcp', port: 8080 }],
    peering: 'none',
    driftPolicy: 'heal',
    dnsCloudAccountId: null,
    clusters: NAMES.map((name) => ({
      name,
      cloudAccountId: null,
      region: name,
      nodes: 0,
      kubernetes: { distribution: 'existing' as const, podCidr: PODS[name] },
    })),
  } as Parameters<typeof createNetwork>[1]);
  networkId = network.id;
  for (const { id, name } of await listClusters(context, { networkId })) ids[name as Name] = id;
});

afterAll(async () => {
  await worker?.close();
  await coordinator?.close();
  await site?.close();
  await fresh?.drop();
});

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
`;

interface Pod {
  cluster: Name;
  name: string;
  node: string;
  address: string;
}
async function podsOf(cluster: Name): Promise<Pod[]> {
  const listed = await clusters[cluster].kubectl(['get', 'pods', '--selector=app=server', '--output=json']);
  const { items } = JSON.parse(listed) as {
    items: { metadata: { name: string }; spec: { nodeName: string }; status: { podIP: string } }[];
  };
  return items.map(({ metadata, spec, status }) => ({
    cluster,
    name: metadata.name,
    node: spec.nodeName,
    address: status.podIP,
  }));
}

/** What the agents' pods and their logs say, for who looks why something failed. */
async function told(cluster: Name): Promise<string> {
  const words = ['--namespace=skein-system', '--tail=15', '--prefix', '--selector=app=skein-agent'];
  return clusters[cluster].kubectl(['logs', ...words]).catch(String);
}

test('each node joins by the manifest, as what its labels say, and its agent finds the cluster', async () => {
  for (const name of NAMES) {
    const { token, command } = await mintJoinToken(context, {
      clusterId: ids[name],
      uses: 10,
      expiresInSeconds: 600,
    });
    expect(command).toContain(token);
    const manifest = await fetch(`${coordinatorUrl}/join/${token}/agent.yaml`);
    expect(manifest.status).toBe(200);
    await clusters[name].kubectl(['apply', '--filename=-'], { input: await manifest.text() });
  }
  for (const name of NAMES) {
    const state = () => kubernetesState(context, { id: ids[name] });
    await expect
      .poll(async () => (await state()).nodes.map(({ connected, facts }) => connected && facts?.ready), {
        timeout: 90_000,
        interval: 500,
      })
      .toEqual([true, true])
      .catch(async (error) => {
        throw new Error(`${error}\n${JSON.stringify(await state())}\n${await told(name)}`);
      });
    expect((await state()).problems).toEqual([]);
    const { items } = await listPeers(context, { networkId, limit: 100 });
    const peers = items.filter((peer) => peer.clusterId === ids[name]);
    expect(peers.map((peer) => [peer.name, peer.role]).sort()).toEqual([
      [`${name}-1`, 'gateway'],
      [`${name}-2`, 'member'],
    ]);
  }
});

test('a pod reaches every pod of the other cluster, which sees its own address', async () => {
  for (const name of NAMES)
    await clusters[name].kubectl(['rollout', 'status', 'daemonset/server', '--timeout=90s']);
  const pods = { east: await podsOf('east'), west: await podsOf('west') };
  for (const [from, to] of NAMES.flatMap((name) =>
    pods[name].flatMap((one) =>
      pods[name === 'east' ? 'west' : 'east'].map((other): [Pod, Pod] => [one, other]),
    ),
  )) {
    const words = ['exec', from.name, '--container=tools', '--', 'curl', '-sS', '--max-time', '3'];
    const ask = async () =>
      JSON.parse(
        await clusters[from.cluster].kubectl([...words, `http://${to.address}:8080/`]).catch(() => '{}'),
      ) as { name?: string; caller?: string };
    await expect
      .poll(ask, { timeout: 30_000, interval: 500 })
      .toMatchObject({ name: to.node, caller: from.address })
      .catch(async (error) => {
        throw new Error(
          `${from.node} to ${to.node}: ${error}\n${await told(from.cluster)}\n${await told(to.cluster)}`,
        );
      });
  }
});
