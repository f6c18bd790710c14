import { randomBytes } from 'node:crypto';
import type { Facts } from '@skein/contract/agent/channel.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { changeSnapshot } from '@skein/mesh/network.ts';
import { afterAll, beforeEach, expect, inject, test } from 'vitest';
import { setClusterPods } from '../cluster/set-pods.ts';
import type { Context } from '../context.ts';
import { loadNewer, loadSnapshot } from '../map/snapshot.ts';
import { createSealer } from '../secret/sealer.ts';
import { testContext } from '../testing/context.ts';
import { makeMesh, type SeededMesh } from '../testing/mesh-rows.ts';
import { removePeer } from './remove.ts';
import { recordReports } from './report.ts';
import { setPeerPods } from './set-pods.ts';

let fresh: FreshDatabase;
let context: Context;
let mesh: SeededMesh;
let [one, other] = ['', ''];
beforeEach(async () => {
  fresh ??= await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
  const sealer = createSealer(randomBytes(32), (bytes) => crypto.getRandomValues(bytes));
  mesh = await makeMesh(fresh.database, sealer, context.actor.organizationId, {
    clusters: 2,
    peersPerCluster: 2,
  });
  [one = '', other = ''] = mesh.clusterIds;
});
afterAll(() => fresh?.drop());

const peerOf = (clusterId: string, role: 'gateway' | 'member') =>
  mesh.peers.find((peer) => peer.clusterId === clusterId && peer.role === role)?.id ?? '';
const snapshotNow = async () => {
  const snapshot = await loadSnapshot(fresh.database, mesh.networkId);
  if (!snapshot) throw new Error('no network');
  return snapshot;
};
const podsIn = async (clusterId: string, peerId: string) =>
  buildMap(await snapshotNow(), clusterId, peerId)?.self.pods;

const kubernetes = (podCidrs: string[]): NonNullable<Facts['kubernetes']> => ({
  node: 'node-1',
  distribution: 'existing',
  version: 'v1.34.2',
  podCidrs,
  cni: 'flannel',
  ready: true,
  answers: false,
  caHash: null,
  kernel: [],
  gateway: false,
  problem: null,
});

/** What an agent says of its node's pods; without any it is in no Kubernetes cluster. */
async function say(peerId: string, podCidrs?: string[]): Promise<void> {
  const facts: Facts = {
    hostname: 'node',
    os: 'Debian',
    kernel: '6.1',
    architecture: 'x64',
    agentVersion: '0.1.0',
    wireguard: 'kernel',
    privateAddress: null,
    ...(podCidrs ? { kubernetes: kubernetes(podCidrs) } : {}),
  };
  const report = {
    type: 'report',
    facts,
    endpoints: [],
    appliedNumber: 1,
    problem: null,
    links: [],
  } as const;
  await recordReports(context, mesh.networkId, [
    { peerId, observedAddress: null, report: { ...report, endpoints: [], links: [] } },
  ]);
}

test('what an agent says of its node’s pods comes into the maps, as far as it can be', async () => {
  await setClusterPods(context, { id: one, podCidr: '10.128.0.0/18' });
  const [gateway, member] = [peerOf(one, 'gateway'), peerOf(one, 'member')];
  await say(member, ['10.128.1.0/24']);
  const before = await snapshotNow();
  // A mate's, and what is not the cluster's.
  await say(gateway, ['10.128.2.0/24', '10.128.1.128/25', '10.9.0.0/24']);
  const row = await fresh.database.peer.findUniqueOrThrow({ where: { id: gateway } });
  expect(row.podCidrs).toEqual(['10.128.2.0/24']);
  expect(row.problem).toContain('10.9.0.0/24 is not in the cluster’s pod range 10.128.0.0/18');
  expect(row.problem).toContain('10.128.1.128/25 overlaps 10.128.1.0/24');
  // What a coordinator that follows revision by revision holds is what one that starts anew loads.
  const newer = await loadNewer(fresh.database, mesh.networkId, before.number);
  if (newer.kind !== 'change') throw new Error(newer.kind);
  const after = await snapshotNow();
  expect(changeSnapshot(before, newer.change).after).toEqual(after);
  expect(await podsIn(one, gateway)).toEqual({
    own: ['10.128.2.0/24'],
    cluster: '10.128.0.0/18',
    elsewhere: [],
  });
  expect(await podsIn(other, peerOf(other, 'member'))).toEqual({
    own: [],
    cluster: null,
    elsewhere: ['10.128.0.0/18'],
  });
  // Said again, nothing changes.
  await say(gateway, ['10.128.2.0/24']);
  expect((await snapshotNow()).number).toBe(after.number);
  // Another range, and then no Kubernetes any more.
  await say(gateway, ['10.128.3.0/24']);
  expect((await podsIn(one, gateway))?.own).toEqual(['10.128.3.0/24']);
  await say(gateway);
  expect((await podsIn(one, gateway))?.own).toEqual([]);
  // A node that is gone leaves its range to the next.
  await removePeer(context, { id: member });
  await say(gateway, ['10.128.1.0/24']);
  expect((await podsIn(one, gateway))?.own).toEqual(['10.128.1.0/24']);
});

test('ranges are set by hand where nobody says them, and never over what an agent said', async () => {
  const member = peerOf(one, 'member');
  await expect(setPeerPods(context, { id: member, podCidrs: ['10.128.1.0/24'] })).rejects.toMatchObject({
    code: 'invalid-request',
    errors: [{ path: 'podCidrs', message: '10.128.1.0/24: the cluster has no pod range' }],
  });
  await setClusterPods(context, { id: one, podCidr: '10.128.0.0/18' });
  expect((await setPeerPods(context, { id: member, podCidrs: ['10.128.1.0/24'] })).podCidrs).toEqual([
    '10.128.1.0/24',
  ]);
  await say(member);
  expect((await podsIn(one, member))?.own).toEqual(['10.128.1.0/24']);
  for (const podCidrs of [
    ['10.128.1.0/25'],
    ['10.128.64.0/24'],
    ['10.128.2.1/24'],
    ['10.128.2.0/24', '10.128.2.0/25'],
  ])
    await expect(
      setPeerPods(context, { id: peerOf(one, 'gateway'), podCidrs }),
      podCidrs.join(),
    ).rejects.toMatchObject({
      code: 'invalid-request',
    });
  await say(member, ['10.128.4.0/24']);
  await expect(setPeerPods(context, { id: member, podCidrs: [] })).rejects.toMatchObject({
    code: 'conflict',
  });
  const audited = await fresh.database.auditEvent.findMany({
    where: { action: { in: ['cluster.pods', 'peer.pods'] }, organizationId: context.actor.organizationId },
  });
  expect(audited.map(({ action }) => action).sort()).toEqual(['cluster.pods', 'peer.pods']);
});

test('no two clusters of an organization have the same pod range, whatever networks they are in', async () => {
  await setClusterPods(context, { id: one, podCidr: '10.128.0.0/18' });
  for (const podCidr of [
    '10.128.32.0/19',
    '10.64.0.0/18',
    '100.64.0.0/18',
    '242.1.0.0/18',
    '10.128.64.1/18',
    '10.0.0.0/9',
  ])
    await expect(setClusterPods(context, { id: other, podCidr }), podCidr).rejects.toMatchObject({
      code: 'invalid-request',
      errors: expect.arrayContaining([expect.objectContaining({ path: 'podCidr' })]),
    });
  await setClusterPods(context, { id: other, podCidr: '10.128.64.0/18' });
  await setClusterPods(context, { id: one, podCidr: null });
  await setClusterPods(context, { id: other, podCidr: '10.128.32.0/19' });
  const strangers = testContext(fresh.database, await makeOrganization(fresh.database));
  await expect(setClusterPods(strangers, { id: one, podCidr: null })).rejects.toMatchObject({
    code: 'not-found',
  });
  await expect(setPeerPods(strangers, { id: peerOf(one, 'member'), podCidrs: [] })).rejects.toMatchObject({
    code: 'not-found',
  });
});
