/**
 * A network of hosts that are there already, with no cloud account anywhere: made through the API, joined by the printed
 * one-liner, deleted again. Agents are simulated; the real one joins so in the proof (`e2e/prove`).
 */
import { type House, openHouse } from '@skein/api/testing/house.ts';
import { loadSnapshot } from '@skein/control/map/snapshot.ts';
import type { ChannelContext } from '@skein/control/peer/enrol.ts';
import { leavePeer } from '@skein/control/peer/leave.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { enrol } from './agents.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse(inject('databaseUrl'));
});
afterAll(() => house?.close());

const network = {
  name: 'basement',
  zone: 'basement.skein.test',
  allowedPorts: [{ protocol: 'tcp', port: 8080 }],
  dnsCloudAccountId: null,
  clusters: [
    { name: 'office', cloudAccountId: null, region: 'office', nodes: 0 },
    { name: 'colo', cloudAccountId: null, region: 'rack 12', nodes: 0 },
  ],
};

it('is made, joined by the one-liner and deleted without any cloud account', async () => {
  expect((await house.ask('GET', '/cloud-accounts')).body.items).toEqual([]);
  const plan = await house.ask('POST', '/networks/plan', { body: network });
  expect(plan.status).toBe(200);
  expect([plan.body.resources, plan.body.rules, plan.body.steps]).toEqual([[], [], []]);
  expect(plan.body.cost.afterUsd).toBe(0);

  const made = await house.ask('POST', '/networks', { body: { ...network, planHash: plan.body.hash } });
  expect(made.status).toBe(202);
  expect(made.body.operation).toMatchObject({ kind: 'provision', state: 'succeeded', steps: [] });
  const { id } = made.body.network;
  const own = async () => (await house.ask('GET', `/networks/${id}`)).body;
  expect(await own()).toMatchObject({ state: 'ready', clusters: 2, peers: { expected: 0, connected: 0 } });
  const clusters = (await house.ask('GET', `/networks/${id}/clusters`)).body.items as {
    id: string;
    name: string;
  }[];

  const { database } = house.fresh;
  const channel: ChannelContext = {
    database,
    now: () => new Date(),
    random: (bytes) => crypto.getRandomValues(bytes),
  };
  const joined: { peerId: string; clusterId: string; name: string }[] = [];
  for (const [cluster, privateAddress] of [
    ['office', '192.168.7.10'],
    ['office', '192.168.7.11'],
    ['colo', '10.3.0.5'],
    ['colo', '10.3.0.6'],
  ] as const) {
    const clusterId = clusters.find((one) => one.name === cluster)?.id ?? '';
    const minted = await house.ask('POST', `/clusters/${clusterId}/join-tokens`, { body: {} });
    expect(minted.status).toBe(201);
    expect(minted.body.command).toMatch(/^curl -fsSL \S+\/install\.sh \| sh -s -- --token skj_\w+$/);
    const answer = await enrol(channel, { privateAddress }, minted.body.token);
    if (!answer.ok) throw new Error(answer.refusal.message);
    joined.push({ peerId: answer.answer.peerId, clusterId, name: answer.answer.name });
  }
  expect(joined.map((one) => one.name)).toEqual(['node', 'node-2', 'node', 'node-2']);
  const peers = (await house.ask('GET', `/networks/${id}/peers`)).body.items as {
    role: string;
    clusterId: string;
  }[];
  expect(peers.filter((one) => one.role === 'gateway')).toHaveLength(2);
  expect(new Set(peers.filter((one) => one.role === 'gateway').map((one) => one.clusterId)).size).toBe(2);

  // Each has a map in which the rest of the network can be reached.
  const snapshot = await loadSnapshot(database, id);
  for (const { peerId, clusterId } of joined) {
    const map = snapshot && buildMap(snapshot, clusterId, peerId);
    expect(map?.peers.length).toBeGreaterThan(0);
  }
  const records = (await house.ask('GET', `/networks/${id}/records`)).body.items as { name: string }[];
  expect(records.map((one) => one.name)).toContain('node-2.colo.basement.skein.test');

  // No cloud holds anything, so there is nothing to compare and nothing to find.
  const look = await house.ask('POST', `/networks/${id}/drift`);
  expect([look.status, look.body.findings, look.body.unseen]).toEqual([200, [], []]);

  // The gateway of the office goes; the other one carries on.
  const first = joined[0];
  if (!first) throw new Error('nobody joined');
  expect(await leavePeer(channel, first.peerId)).toBe(true);
  const heir = await database.peer.findUniqueOrThrow({ where: { id: joined[1]?.peerId ?? '' } });
  expect(heir.role).toBe('gateway');

  const teardown = await house.ask('DELETE', `/networks/${id}?confirm=basement`);
  expect(teardown.status).toBe(202);
  const keys = teardown.body.steps.map((step: { key: string }) => step.key).sort();
  expect(keys).toEqual(['colo/forget', 'forget', 'office/forget']);
});
