import { randomBytes } from 'node:crypto';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import type { Context } from '../context.ts';
import { createSealer } from '../secret/sealer.ts';
import { makeMesh, type SeededMesh } from '../testing/mesh-rows.ts';
import { setRole } from './set-role.ts';

const random = (bytes: Uint8Array<ArrayBuffer>) => crypto.getRandomValues(bytes);
const sealer = createSealer(randomBytes(32), random);
let fresh: FreshDatabase;
let context: Context;
let mesh: SeededMesh;
let gateway: string;
let members: string[];

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
  const organizationId = await makeOrganization(fresh.database);
  mesh = await makeMesh(fresh.database, sealer, organizationId, { clusters: 1, peersPerCluster: 6 });
  context = {
    database: fresh.database,
    actor: { kind: 'user', id: 'usr_1', organizationId },
    now: () => new Date('2026-11-20T12:00:00Z'),
    random,
    sealer,
    platform: { publicUrl: null, aws: null },
    coordinatorUrl: 'http://192.0.2.10:7401',
    wake: async () => {},
  };
  await fresh.database.peer.updateMany({ data: { managed: false } });
  await fresh.database.peer.updateMany({ where: { role: 'gateway' }, data: { seat: 0 } });
  const ids = (role: string) => mesh.peers.filter((peer) => peer.role === role).map((peer) => peer.id);
  gateway = ids('gateway')[0] as string;
  members = ids('member');
});
afterAll(() => fresh.drop());

const rowOf = (id: string) => fresh.database.peer.findUniqueOrThrow({ where: { id } });
const revision = async () =>
  (await fresh.database.network.findUniqueOrThrow({ where: { id: mesh.networkId } })).revision;
const set = (id: string, role: 'gateway' | 'member') => setRole(context, { id, role });

test('several who become gateways at once get a seat each, and no more than there are', async () => {
  const before = await revision();
  const outcomes = await Promise.allSettled(members.map((id) => set(id, 'gateway')));
  expect(outcomes.filter((one) => one.status === 'fulfilled')).toHaveLength(3);
  for (const one of outcomes)
    if (one.status === 'rejected') expect(String(one.reason.message)).toContain('has 4 gateways');
  const seats = await fresh.database.peer.findMany({ where: { role: 'gateway' }, select: { seat: true } });
  expect(seats.map(({ seat }) => seat).sort()).toEqual([0, 1, 2, 3]);
  expect(await revision()).toBe(before + 3);
});

test('a gateway becomes a member again and frees its seat; the last one stays', async () => {
  const seat = (await rowOf(gateway)).seat;
  expect((await set(gateway, 'member')).role).toBe('member');
  expect((await rowOf(gateway)).seat).toBeNull();
  await set(gateway, 'gateway');
  expect((await rowOf(gateway)).seat).toBe(seat);
  const others = await fresh.database.peer.findMany({ where: { role: 'gateway', id: { not: gateway } } });
  for (const { id } of others) await set(id, 'member');
  await expect(set(gateway, 'member')).rejects.toThrow('only gateway');
  const before = await revision();
  await set(gateway, 'gateway');
  expect(await revision()).toBe(before);
});

test('what Skein made stays what it is; strangers see nothing', async () => {
  const id = members[0] as string;
  await fresh.database.peer.update({ where: { id }, data: { managed: true } });
  await expect(set(id, 'gateway')).rejects.toThrow('made by Skein');
  const organizationId = await makeOrganization(fresh.database, 'Others');
  const stranger = { ...context, actor: { ...context.actor, organizationId } };
  await expect(setRole(stranger, { id, role: 'gateway' })).rejects.toThrow('no such peer');
});
