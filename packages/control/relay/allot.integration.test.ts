/** Relays from the setting of a peer to the maps of those who are relayed. */
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import type { Context } from '../context.ts';
import { loadNewer, loadSnapshot } from '../map/snapshot.ts';
import { loadCallers } from '../operation/step/callers.ts';
import { setRelay } from '../peer/relay.ts';
import { type Report, recordReports } from '../peer/report.ts';
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

it('a peer whose agent finds UDP blocked comes over TLS, to the port that was set and the key that the relay’s agent told', async () => {
  const { database } = fresh;
  const own = testContext(database, await makeOrganization(database));
  const { organizationId } = own.actor;
  const mesh = await makeMesh(database, testBase(database).sealer, organizationId, {
    clusters: 3,
    peersPerCluster: 1,
  });
  const { networkId, peers } = mesh;
  const [relay, blocked, other] = peers;
  if (!relay || !blocked || !other) throw new Error('three peers were made');
  const looked: Looked = new Map();
  const allot = () => allotRelays({ database, now: () => new Date() }, looked);
  const mapOf = async ({ id, clusterId }: { id: string; clusterId: string }) => {
    const snapshot = await loadSnapshot(database, networkId);
    return snapshot && buildMap(snapshot, clusterId, id);
  };
  const overTls = async (from: typeof relay, to: typeof relay) =>
    ((await mapOf(from))?.peers.find(({ id }) => id === to.id)?.endpoints ?? []).filter(
      ({ kind }) => kind === 'tls',
    );
  const report = async (peerId: string, said: Partial<Report>) => {
    const { endpoints, facts } = await database.peer.findUniqueOrThrow({ where: { id: peerId } });
    const whole: Report = {
      type: 'report',
      facts: { ...(facts as Report['facts']), privateAddress: null },
      endpoints: endpoints as Report['endpoints'],
      appliedNumber: null,
      problem: null,
      links: [],
      ...said,
    };
    await recordReports({ ...testBase(database), now: () => new Date() }, networkId, [
      { peerId, report: whole, observedAddress: null },
    ]);
  };
  const pin = Buffer.alloc(32, 7).toString('base64');
  await report(blocked.id, { udp: 'blocked' });
  await setRelay(own, { id: relay.id, relays: true });
  await allot();
  // Nobody goes there before its key is known.
  expect(await overTls(blocked, other)).toEqual([]);
  await report(relay.id, { relayPin: pin, udp: 'open' });
  await allot();
  const [way] = await overTls(blocked, other);
  expect(way?.tls).toMatchObject({ port: 443, pin });
  expect(await overTls(blocked, relay)).toHaveLength(1);
  expect(await overTls(relay, blocked)).toMatchObject([{ address: '127.0.0.1' }]);
  expect(await overTls(other, blocked)).toEqual([]);
  const given = (await mapOf(relay))?.allocations ?? [];
  expect(given.map(({ tls }) => tls?.ends.map(({ by }) => by).sort())).toEqual(
    expect.arrayContaining([
      ['self', 'tls'],
      ['tls', 'udp'],
    ]),
  );

  const callers = await loadCallers(database, organizationId, networkId);
  const called = callers.get(relay.clusterId)?.gateway.relayedOverTls;
  expect(called?.tcp.map(({ port }) => port)).toEqual([443]);
  expect((await setRelay(own, { id: relay.id, relays: true, tlsPort: 8443 })).relayTlsPort).toBe(8443);
  expect((await overTls(blocked, other))[0]?.tls?.port).toBe(8443);
  expect((await mapOf(relay))?.allocations[0]?.tls?.port).toBe(8443);
  // Left out it stays.
  expect((await setRelay(own, { id: relay.id, relays: true })).relayTlsPort).toBe(8443);

  // An agent that does not say it has not found anything else.
  const { revision } = await database.network.findUniqueOrThrow({ where: { id: networkId } });
  await report(blocked.id, {});
  const after = await database.network.findUniqueOrThrow({ where: { id: networkId } });
  expect(after.revision).toBe(revision);
  await report(blocked.id, { udp: 'open' });
  await allot();
  expect(await database.relayAllocation.count({ where: { networkId } })).toBe(0);
  expect(await overTls(blocked, other)).toEqual([]);
});
