/** Peered VPCs and VPCs of somebody else's, through the whole product on the lab of paper. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DescribeRouteTablesCommand, EC2Client } from '@aws-sdk/client-ec2';
import { listClusters } from '@skein/control/cluster/list.ts';
import { removeCluster } from '@skein/control/cluster/remove.ts';
import { loadNewer, loadSnapshot } from '@skein/control/map/snapshot.ts';
import { changeNetwork } from '@skein/control/network/change.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { makeNetwork } from '@skein/lab/aws/fixture.ts';
import { answer } from '@skein/lab/ground/answer.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { changeSnapshot } from '@skein/mesh/network.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 3600,
      platform: { publicUrl: null, aws: null },
    },
    { handlers: HANDLERS, timing: { ...TIMING, sweepSeconds: 0.5 }, log: () => {} },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

const LONG = { timeout: 120_000 };
const snapshotOf = async (networkId: string) => {
  const snapshot = await loadSnapshot(practice.fresh.database, networkId);
  if (!snapshot) throw new Error('there is no such network');
  return snapshot;
};
/** The gateway of each cluster by the cluster's name. */
const gateways = async (networkId: string) =>
  new Map(
    [...(await snapshotOf(networkId)).parts.values()].flatMap((part) =>
      part.peers
        .filter((peer) => peer.role === 'gateway')
        .map((peer) => [part.cluster.name, { ...peer, vpcCidr: part.cluster.vpcCidr }] as const),
    ),
  );
/** Where a cluster's gateway calls the other cluster's, nearest first. */
async function ways(networkId: string, from: string, to: string): Promise<string[] | undefined> {
  const all = await gateways(networkId);
  const [near, far] = [all.get(from), all.get(to)];
  const map = near && buildMap(await snapshotOf(networkId), near.clusterId, near.id);
  return map?.peers.find((peer) => peer.id === far?.id)?.endpoints.map((one) => one.address);
}
/** Sources that the gateway with this private address lets in. */
const letIn = (privateAddress: string | null | undefined) =>
  practice.paper
    .ground()
    .machines.filter((machine) => machine.privateAddress === privateAddress)
    .flatMap((machine) => machine.ingress.flatMap((rule) => rule.cidrs));
/** What a name answers to the machines of a cluster that ask their VPC's resolver. */
const inVpcOf = (cluster: { privateAddress: string | null } | undefined, name: string) => {
  const { zones, machines } = practice.paper.ground();
  const home = machines.find((machine) => machine.privateAddress === cluster?.privateAddress);
  const { answers } = answer(zones, home?.realmId ?? '', { name, type: 'A' });
  return answers.map((one) => ('data' in one ? one.data : undefined));
};
const ec2 = (region: string) =>
  new EC2Client({
    region,
    endpoint: practice.lab.awsUrl,
    credentials: { ...practice.lab.accounts.aws },
    maxAttempts: 1,
  });
const peeringRoutes = async (region: string) => {
  const { RouteTables } = await ec2(region).send(new DescribeRouteTablesCommand({}));
  return (RouteTables ?? [])
    .flatMap((table) => table.Routes ?? [])
    .filter((route) => route.VpcPeeringConnectionId)
    .map((route) => `${route.DestinationCidrBlock} ${route.State}`);
};
const peeringRows = async (networkId: string) =>
  (await listResources(practice.context, { id: networkId }))
    .filter((one) => one.kind === 'peering')
    .map((one) => one.status);
/** EC2's state in the lab, of one VPC and all that is in it. */
async function labStateOf(vpcId: string): Promise<unknown> {
  const text = await readFile(join(practice.directory, 'lab', 'state', 'aws-ec2.json'), 'utf8');
  const state = JSON.parse(text) as {
    regions: Record<
      string,
      Record<
        'vpcs' | 'subnets' | 'routeTables' | 'gateways' | 'groups',
        Record<string, { id: string; vpcId?: string }>
      >
    >;
  };
  const region = Object.values(state.regions).find((one) => one.vpcs[vpcId]);
  return ['vpcs', 'subnets', 'routeTables', 'gateways', 'groups'].map((kind) =>
    Object.values(region?.[kind as 'vpcs'] ?? {}).filter((one) => one.id === vpcId || one.vpcId === vpcId),
  );
}

describe('two peered clusters', LONG, () => {
  let networkId = '';
  const wanted = () => ({
    ...practice.wanted,
    peering: 'same-provider' as const,
    clusters: practice.wanted.clusters.filter((cluster) => cluster.name !== 'dev'),
  });
  const peered = async () => {
    const all = await gateways(networkId);
    const [prod, recovery] = [all.get('prod'), all.get('recovery')];
    if (!prod || !recovery) throw new Error('a cluster has no gateway');
    expect(await peeringRows(networkId)).toContain('present');
    const ranges = practice.paper.ground().peerings.flatMap((one) => one.ends.flatMap((end) => end.routes));
    expect(ranges.sort()).toEqual([prod.vpcCidr, recovery.vpcCidr].sort());
    expect(await peeringRoutes('us-east-1')).toEqual([`${recovery.vpcCidr} active`]);
    expect(await peeringRoutes('us-west-2')).toEqual([`${prod.vpcCidr} active`]);
    // The private way first, the public one where that is silent.
    expect(await ways(networkId, 'prod', 'recovery')).toEqual([
      recovery.privateAddress,
      recovery.publicAddress,
    ]);
    expect(await ways(networkId, 'recovery', 'prod')).toEqual([prod.privateAddress, prod.publicAddress]);
    expect(letIn(prod.privateAddress).sort()).toEqual(
      [prod.vpcCidr, `${recovery.privateAddress}/32`, `${recovery.publicAddress}/32`].sort(),
    );
    // Each answers privately in both VPCs.
    for (const cluster of [prod, recovery]) {
      expect(inVpcOf(cluster, 'prod.shop.skein.test')).toEqual([prod.privateAddress]);
      expect(inVpcOf(cluster, 'gw-1.recovery.shop.skein.test')).toEqual([recovery.privateAddress]);
    }
    return { prod, recovery };
  };
  const apart = async () => {
    const { prod, recovery } = Object.fromEntries(await gateways(networkId));
    expect(practice.paper.ground().peerings).toEqual([]);
    expect(await peeringRoutes('us-east-1')).toEqual([]);
    expect(await peeringRoutes('us-west-2')).toEqual([]);
    expect(await ways(networkId, 'prod', 'recovery')).toEqual([recovery?.publicAddress]);
    expect(letIn(prod?.privateAddress).sort()).toEqual(
      [prod?.vpcCidr, `${recovery?.publicAddress}/32`].sort(),
    );
    expect(inVpcOf(prod, 'prod.shop.skein.test')).toEqual([prod?.privateAddress]);
    expect(inVpcOf(recovery, 'prod.shop.skein.test')).toEqual([prod?.publicAddress]);
  };

  it('call each other over it, are named by it and let in by it', async () => {
    const { network, operation } = await createNetwork(practice.context, wanted());
    networkId = network.id;
    await practice.succeeded(operation);
    await peered();
  });

  it('are as without it when it is switched off, and as with it when on again', async () => {
    const before = await snapshotOf(networkId);
    await practice.succeeded(await changeNetwork(practice.context, { id: networkId, peering: 'none' }));
    expect(new Set(await peeringRows(networkId))).toEqual(new Set(['gone']));
    await apart();
    // Coordinators that load only what changed come to the same.
    const newer = await loadNewer(practice.fresh.database, networkId, before.number);
    if (newer.kind !== 'change') throw new Error(newer.kind);
    const { after } = changeSnapshot(before, newer.change);
    expect([...after.parts]).toEqual([...(await snapshotOf(networkId)).parts]);

    await practice.succeeded(
      await changeNetwork(practice.context, { id: networkId, peering: 'same-provider' }),
    );
    await peered();
  });

  it('leave nothing behind when one goes, or all', async () => {
    const recovery = (await listClusters(practice.context, { networkId })).find(
      (one) => one.name === 'recovery',
    );
    await practice.succeeded(
      await removeCluster(practice.context, { id: recovery?.id ?? '', confirm: 'recovery' }),
    );
    expect(practice.paper.ground().peerings).toEqual([]);
    expect(await peeringRoutes('us-east-1')).toEqual([]);
    expect(new Set(await peeringRows(networkId))).toEqual(new Set(['gone']));
    await practice.succeeded(await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' }));
    expect(practice.paper.ground().realms).toEqual([]);
  });
});

describe('two peered clusters of Google Cloud', LONG, () => {
  it('call each other over it, and leave nothing behind', async () => {
    const dev = practice.wanted.clusters.find((cluster) => cluster.name === 'dev');
    if (!dev) throw new Error('no cluster');
    const { network, operation } = await createNetwork(practice.context, {
      ...practice.wanted,
      name: 'google',
      zone: 'google.skein.test',
      peering: 'same-provider',
      clusters: [dev, { ...dev, name: 'test', region: 'europe-west1', nodes: 1 }],
    });
    await practice.succeeded(operation);
    const { dev: one, test: two } = Object.fromEntries(await gateways(network.id));
    const ranges = practice.paper
      .ground()
      .peerings.flatMap((peering) => peering.ends.flatMap((end) => end.routes));
    expect(ranges.sort()).toEqual([one?.vpcCidr, two?.vpcCidr].sort());
    expect(await ways(network.id, 'dev', 'test')).toEqual([two?.privateAddress, two?.publicAddress]);
    expect(letIn(two?.privateAddress).sort()).toEqual(
      [two?.vpcCidr, `${one?.privateAddress}/32`, `${one?.publicAddress}/32`].sort(),
    );
    await practice.succeeded(await deleteNetwork(practice.context, { id: network.id, confirm: 'google' }));
    expect(practice.paper.ground().realms).toEqual([]);
  });
});

describe('a cluster in an existing VPC', LONG, () => {
  it('comes, is peered and goes, and the VPC is as it was', async () => {
    const made = await makeNetwork(ec2('us-east-1'), '172.20.0.0/16', '172.20.16.0/20');
    const before = await labStateOf(made.vpcId);
    expect(JSON.stringify(before)).toContain(made.subnetId);
    const [first, second] = practice.wanted.clusters;
    if (!first || !second) throw new Error('no clusters');
    const { network, operation } = await createNetwork(practice.context, {
      ...practice.wanted,
      name: 'own',
      zone: 'own.skein.test',
      peering: 'same-provider',
      clusters: [
        {
          ...first,
          existingNetwork: { networkId: made.vpcId, subnetId: made.subnetId },
          nodeIdentity: 'shop-node',
        },
        second,
      ],
    });
    await practice.succeeded(operation);
    const { prod, recovery } = Object.fromEntries(await gateways(network.id));
    expect(prod?.vpcCidr).toBe('172.20.16.0/20');
    expect(prod?.privateAddress).toMatch(/^172\.20\.(1[6-9]|2\d|3[01])\./);
    expect(await ways(network.id, 'recovery', 'prod')).toEqual([prod?.privateAddress, prod?.publicAddress]);
    expect(letIn(prod?.privateAddress).sort()).toEqual(
      ['172.20.16.0/20', `${recovery?.privateAddress}/32`, `${recovery?.publicAddress}/32`].sort(),
    );
    const there = JSON.stringify(await labStateOf(made.vpcId));
    expect(there).toContain('firewall/gateway');
    // Of what stood before, one route is new, and nothing bears our tags but what we made.
    const tagged = (JSON.parse(there) as { id: string; tags: Record<string, string> }[][])
      .flat()
      .filter((one) => Object.keys(one.tags).some((tag) => tag.startsWith('skein-')));
    expect(new Set(tagged.map((one) => one.id.split('-')[0]))).toEqual(new Set(['sg']));

    await practice.succeeded(await deleteNetwork(practice.context, { id: network.id, confirm: 'own' }));
    expect(await labStateOf(made.vpcId)).toEqual(before);
    const rows = await listResources(practice.context, { id: network.id });
    expect(new Set(rows.map((one) => one.status))).toEqual(new Set(['gone']));
    expect(practice.paper.ground().realms.map((realm) => realm.id)).toEqual([made.vpcId]);
    expect(practice.agents.refused).toEqual([]);
  });
});
