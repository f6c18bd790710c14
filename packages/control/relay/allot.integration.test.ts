/** Relays from the setting of a peer to the maps of those who are relayed. */
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Context } from '../context.ts';
import { loadNewer, loadSnapshot } from '../map/snapshot.ts';
import { setRelay } from '../peer/relay.ts';
import { testBase, testContext } from '../testing/context.ts';
import { makeMesh } from '../testing/mesh-rows.ts';
import { allotRelays, type Looked } from './allot.ts';

let fresh: FreshDatabase;
let context: Context;
const DAY = 86_400_000;

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  context = testContext(fresh.database, await makeOrganization(fresh.database));
});
afterAll(() => fresh.drop());

it('two gateways behind NATs get the relays that are allowed, in their maps, until one is none any more', async () => {
  const { database } = fresh;
  const { organizationId } = context.actor;
  const base = testBase(database);
  const mesh = await makeMesh(database, base.sealer, organizationId, { clusters: 4, peersPerCluster: 1 });
  const { networkId, peers } = mesh;
  const [first, second, relay, other] = peers.map(({ id }) => id).sort();
  if (!first || !second || !relay || !other) throw new Error('four peers were made');
  for (const [at, id] of [first, second].entries())
    await database.peer.update({
      where: { id },
      data: {
        publicAddress: null,
        endpoints: [{ kind: 'observed', address: `198.51.100.${at + 1}`, port: 40_000 }],
      },
    });
  let now = Date.now();
  const looked: Looked = new Map();
  const allot = () => allotRelays({ database, now: () => new Date(now) }, looked);
  const mapOf = async (id: string) => {
    const snapshot = await loadSnapshot(database, networkId);
    const cluster = peers.find((peer) => peer.id === id)?.clusterId ?? '';
    return snapshot && buildMap(snapshot, cluster, id);
  };
  const relayedTo = async (id: string, peer: string) =>
    ((await mapOf(id))?.peers.find((one) => one.id === peer)?.endpoints ?? []).filter(
      ({ kind }) => kind === 'relayed',
    );

  await allot();
  expect(await database.relayAllocation.count({ where: { networkId } })).toBe(0);
  expect((await setRelay(context, { id: relay, relays: true })).relays).toBe(true);
  await setRelay(context, { id: other, relays: true });
  const { revision } = await database.network.findUniqueOrThrow({ where: { id: networkId } });
  await allot();
  const [mine, theirs] = [await relayedTo(first, second), await relayedTo(second, first)];
  expect(mine).toHaveLength(2);
  expect(theirs.map(({ port }) => port).sort()).toEqual(mine.map(({ port }) => port + 1).sort());
  const allocations = (await mapOf(relay))?.allocations ?? [];
  expect(allocations.map(({ addresses }) => addresses)).toEqual([[['198.51.100.1'], ['198.51.100.2']]]);
  // What a coordinator reads of the new revision alone is the same.
  const newer = await loadNewer(database, networkId, revision);
  expect(newer.kind === 'change' && newer.change.peers?.get(relay)?.relay?.allocations).toHaveLength(1);

  // Nothing changed: nothing is written, neither now nor when it is looked at anew.
  const settled = await database.network.findUniqueOrThrow({ where: { id: networkId } });
  await allot();
  looked.clear();
  await allot();
  const unchanged = await database.network.findUniqueOrThrow({ where: { id: networkId } });
  expect(unchanged.revision).toBe(settled.revision);

  now += 1.5 * DAY;
  await allot();
  const renewed = (await mapOf(relay))?.allocations[0];
  expect(Date.parse(renewed?.until ?? '')).toBe(now + 2 * DAY);
  expect(renewed?.port).toBe(allocations[0]?.port);

  await setRelay(context, { id: relay, relays: false });
  await allot();
  expect(await relayedTo(first, second)).toHaveLength(1);
  expect((await mapOf(relay))?.allocations).toEqual([]);
  await expect(
    setRelay(testContext(database, await makeOrganization(database)), { id: relay, relays: true }),
  ).rejects.toThrow('no such peer');
});
