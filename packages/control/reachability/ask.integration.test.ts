import { randomBytes } from 'node:crypto';
import { Policy } from '@skein/contract/rest/policy.ts';
import { NewRange } from '@skein/contract/rest/range.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { afterAll, expect, inject, it } from 'vitest';
import { setClusterPods } from '../cluster/set-pods.ts';
import { setPeerPods } from '../peer/set-pods.ts';
import { addRange } from '../range/add.ts';
import { createSealer } from '../secret/sealer.ts';
import { testContext } from '../testing/context.ts';
import { makeMesh } from '../testing/mesh-rows.ts';
import { askReachability } from './ask.ts';

let fresh: FreshDatabase;
afterAll(() => fresh?.drop());

it('walks the network as it is in the books, and as it would be', async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  const context = testContext(fresh.database, await makeOrganization(fresh.database));
  const sealer = createSealer(randomBytes(32), (bytes) => crypto.getRandomValues(bytes));
  const { networkId, clusterIds, peers } = await makeMesh(
    fresh.database,
    sealer,
    context.actor.organizationId,
    { clusters: 2, peersPerCluster: 2 },
  );
  const idOf = (cluster: number, role: string) =>
    peers.find((peer) => peer.clusterId === clusterIds[cluster] && peer.role === role)?.id ?? '';
  const question = {
    id: networkId,
    from: idOf(0, 'member'),
    to: idOf(1, 'member'),
    protocol: 'icmp' as const,
  };

  expect(await askReachability(context, question)).toMatchObject({
    verdict: 'reached',
    hops: ['node-1.cluster-1', 'gw-1.cluster-1', 'gw-1.cluster-2', 'node-1.cluster-2'].map((name) => ({
      name,
    })),
    decidedBy: { hop: { peerId: question.to }, layer: 'policy' },
  });
  const lost = idOf(1, 'gateway');
  expect(await askReachability(context, { ...question, whatIf: { lost: [lost] } })).toMatchObject({
    verdict: 'blocked',
    decidedBy: { hop: { peerId: lost, name: 'gw-1.cluster-2' }, layer: 'tunnel' },
  });
  const policy = Policy.parse({ default: 'deny', rules: [] });
  expect(await askReachability(context, { ...question, whatIf: { lost: [], policy } })).toMatchObject({
    verdict: 'blocked',
    decidedBy: { layer: 'policy', words: 'denied by the default' },
  });
  const wish = NewRange.parse({ name: 'office', cidr: '10.0.0.0/16' });
  const office = await addRange(context, { clusterId: clusterIds[1] ?? '', ...wish });
  expect(await askReachability(context, { ...question, to: office.id })).toMatchObject({
    verdict: 'reached',
    hops: ['node-1.cluster-1', 'gw-1.cluster-1', 'gw-1.cluster-2'].map((name) => ({ name })),
  });
  const nobody = { ...question, to: office.id, whatIf: { lost: [idOf(1, 'gateway')] } };
  expect(await askReachability(context, nobody)).toMatchObject({
    verdict: 'blocked',
    decidedBy: { hop: { peerId: office.id, name: 'range:office.cluster-2' }, layer: 'no-such-peer' },
  });
  // Pods of a node: in the other cluster by their own address, and nowhere when it is lost.
  await setClusterPods(context, { id: clusterIds[1] ?? '', podCidr: '10.128.0.0/18' });
  await setPeerPods(context, { id: question.to, podCidrs: ['10.128.1.0/24'] });
  const pods = { ...question, to: `${question.to}/pods` };
  expect(await askReachability(context, pods)).toMatchObject({
    verdict: 'reached',
    hops: ['node-1.cluster-1', 'gw-1.cluster-1', 'gw-1.cluster-2', 'node-1.cluster-2'].map((name) => ({
      name,
    })),
  });
  expect(await askReachability(context, { ...pods, whatIf: { lost: [question.to] } })).toMatchObject({
    verdict: 'blocked',
    decidedBy: { hop: { name: 'pods of node-1.cluster-2' }, layer: 'no-such-peer' },
  });
  await expect(askReachability(context, { ...question, whatIf: { lost: ['moon'] } })).rejects.toMatchObject({
    code: 'invalid-request',
  });
});
