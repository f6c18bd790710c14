/** A cluster that is there already joins by the manifest that the coordinator serves: every node, gateways by label. */
import { randomBytes } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listClusters } from '@skein/control/cluster/list.ts';
import type { Context } from '@skein/control/context.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { kubernetesState } from '@skein/control/kubernetes/state.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { type Coordinator, startCoordinator } from '@skein/coordinator/coordinator.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { SERVICES } from '@skein/lab/ground/ground.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { openSite, type TestCluster, type TestSite } from './cluster.ts';
import { AGENT_IMAGE, writeAgentImage } from './images/agent.ts';

const PORTS = { coordinator: 7401, image: 7499 };
const coordinatorUrl = `http://${SERVICES.controlPlane}:${PORTS.coordinator}`;
const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
const IMAGES = '/var/lib/rancher/k3s/agent/images';

let directory: string;
let site: TestSite;
let images: Server;
let coordinator: Coordinator;
let fresh: FreshDatabase;
let context: Context;
let cluster: TestCluster;
let networkId = '';
let clusterId = '';

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'skein-joined-'));
  const archive = await writeAgentImage(join(directory, 'image'));
  site = await openSite();
  images = createServer((_, response) => createReadStream(archive).pipe(response));
  await new Promise<void>((done) => images.listen(PORTS.image, '0.0.0.0', done));
  fresh = await freshDatabase(inject('databaseUrl'));
  const masterKey = randomBytes(32);
  coordinator = await startCoordinator({
    databaseUrl: fresh.url,
    masterKey,
    coordinatorUrl,
    agentDistribution: directory,
    agentImage: AGENT_IMAGE,
    host: '0.0.0.0',
    port: PORTS.coordinator,
    tls: null,
  });
  context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_joined', organizationId: await makeOrganization(fresh.database) },
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform: { publicUrl: null, aws: null },
    coordinatorUrl,
    wake: async () => {},
  };
  cluster = await site.openCluster({
    name: 'theirs',
    nodes: 2,
    subnet: '172.20.0.0/24',
    publicAddresses: ['198.18.64.31', '198.18.64.32'],
    podCidr: '10.244.0.0/16',
    serviceCidr: '10.96.0.0/16',
    flannelBackend: 'vxlan',
    // Where k3s looks for images that no registry has.
    before: `mkdir -p ${IMAGES}; curl -sSf -o ${IMAGES}/agent.tar http://${SERVICES.controlPlane}:${PORTS.image}/`,
  });
  const { network } = await createNetwork(context, {
    name: 'office',
    topology: 'hybrid',
    zone: 'office.skein.test',
    allowedPorts: [],
    peering: 'none',
    driftPolicy: 'report',
    clusters: [
      {
        name: 'theirs',
        cloudAccountId: null,
        region: 'office',
        nodes: 0,
        kubernetes: { distribution: 'existing', podCidr: '10.244.0.0/16' },
      },
    ],
  });
  networkId = network.id;
  clusterId = (await listClusters(context, { networkId }))[0]?.id ?? '';
}, 600_000);

afterAll(async () => {
  await coordinator?.close();
  images?.close();
  await site?.close();
  await fresh?.drop();
  if (directory) await rm(directory, { recursive: true, force: true });
});

const peers = async () => (await listPeers(context, { networkId, limit: 100 })).items;
const agents = (...words: string[]) => cluster.kubectl(['--namespace', 'skein-system', ...words]);
async function explained<T>(work: Promise<T>): Promise<T> {
  return work.catch(async (error) => {
    const pods = await agents('describe', 'pods').catch(String);
    const logs = await agents('logs', '--selector', 'app=skein-agent', '--tail', '30').catch(String);
    throw new Error(`${error.message}\n${pods.slice(-3000)}\n${logs.slice(-3000)}`);
  });
}

test('every node joins, and the one with the label is a gateway', async () => {
  await cluster.kubectl(['label', 'node', 'theirs-2', 'skein.dev/gateway=true']);
  const minted = await mintJoinToken(context, { clusterId, uses: 10, expiresInSeconds: 3600 });
  const url = /-f (\S+)$/.exec(minted.command)?.[1] ?? '';
  const manifest = await fetch(url.replace(SERVICES.controlPlane, '127.0.0.1'));
  expect(manifest.status).toBe(200);
  const file = join(directory, 'agent.yaml');
  await writeFile(file, await manifest.text());
  await cluster.kubectl(['apply', '-f', file]);
  const joined = await explained(
    eventually(
      async () => {
        const all = await peers();
        return all.length === 2 && all.every((peer) => peer.state === 'connected') ? all : undefined;
      },
      'both nodes to be connected',
      150,
    ),
  );
  expect(joined.map(({ name }) => name).sort()).toEqual(['theirs-1', 'theirs-2']);
  expect(joined.find(({ name }) => name === 'theirs-2')?.role).toBe('gateway');
  const state = await eventually(
    async () => {
      const now = await kubernetesState(context, { id: clusterId });
      return now.nodes.every(({ facts }) => facts?.answers) ? now : undefined;
    },
    'what agents find',
    60,
  );
  expect(state.problems).toEqual([]);
  for (const { peer, facts } of state.nodes) {
    expect(facts).toMatchObject({ node: peer, distribution: 'existing', cni: 'flannel', ready: true });
    expect(facts?.podCidrs[0]).toMatch(/^10\.244\.\d+\.0\/24$/);
  }
}, 300_000);

test('applying the manifest again changes nothing, and another pod on a node is the same peer', async () => {
  const before = await peers();
  expect(await cluster.kubectl(['apply', '-f', join(directory, 'agent.yaml')])).not.toMatch(
    /configured|created/,
  );
  await agents('delete', 'pods', '--selector', 'app=skein-agent', '--wait=true');
  await explained(
    eventually(
      async () => {
        const logs = await agents('logs', '--selector', 'app=skein-agent', '--tail', '50').catch(() => '');
        return logs.match(/connected to the coordinator/g)?.length === 2 ? true : undefined;
      },
      'both new pods to be connected',
      90,
    ),
  );
  expect((await peers()).map(({ id }) => id).sort()).toEqual(before.map(({ id }) => id).sort());
}, 300_000);
