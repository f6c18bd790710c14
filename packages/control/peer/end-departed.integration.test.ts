import { newId } from '@skein/contract/primitive.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { createAccount } from '../account/create.ts';
import { addNodes } from '../cluster/add-nodes.ts';
import type { Context } from '../context.ts';
import { createNetwork } from '../network/create.ts';
import { cancelOperation } from '../operation/cancel.ts';
import { testBase, testContext } from '../testing/context.ts';
import { endDeparted } from './end-departed.ts';
import { leavePeer } from './leave.ts';

let fresh: FreshDatabase;
let context: Context;
let networkId = '';
let clusterId = '';
let peers: { id: string; name: string }[] = [];

beforeAll(async () => {
  fresh = await freshDatabase(inject('databaseUrl'));
});
afterAll(() => fresh.drop());

/** A network of two clusters of one cloud that was provisioned, as the rows say: nobody works on them here. */
beforeEach(async () => {
  const { database } = fresh;
  context = testContext(database, await makeOrganization(database));
  const { organizationId } = context.actor;
  const account = await createAccount(context, {
    provider: 'aws',
    name: 'Production',
    credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'nothing' },
  });
  const place = { cloudAccountId: account.id, region: 'us-east-1', nodes: 3 };
  const { network } = await createNetwork(context, {
    name: 'shop',
    topology: 'hybrid',
    zone: 'shop.skein.test',
    allowedPorts: [],
    peering: 'none',
    driftPolicy: 'heal',
    clusters: [
      { name: 'prod', ...place },
      { name: 'dev', ...place },
    ],
  });
  networkId = network.id;
  await ended('succeeded');
  await database.cluster.updateMany({ where: { networkId }, data: { state: 'ready' } });
  await database.network.update({ where: { id: networkId }, data: { state: 'ready' } });
  const prod = await database.cluster.findFirstOrThrow({ where: { networkId, name: 'prod' } });
  clusterId = prod.id;
  peers = await database.peer.findMany({ where: { clusterId }, orderBy: { name: 'asc' } });
  for (const key of ['address/gw-1', ...peers.map((peer) => `instance/${peer.name}`)])
    await database.cloudResource.create({
      data: {
        id: newId('cloudResource', context.random),
        organizationId,
        networkId,
        clusterId,
        cloudAccountId: account.id,
        key,
        kind: key.split('/')[0] ?? '',
        provider: 'aws',
        region: 'us-east-1',
        spec: {},
        status: 'present',
        summary: key,
      },
    });
});

const sweep = () => endDeparted(testBase(fresh.database));
const leave = (name: string) => leavePeer(context, peers.find((peer) => peer.name === name)?.id ?? '');
const ended = (state: 'succeeded' | 'failed', finishedAt = new Date()) =>
  fresh.database.operation.updateMany({
    where: { networkId, state: { in: ['queued', 'running'] } },
    data: { state, finishedAt },
  });
const made = async () => {
  const found = await fresh.database.operation.findMany({
    where: { networkId, kind: 'remove-peer' },
    orderBy: { createdAt: 'asc' },
    include: { steps: { orderBy: { position: 'asc' } } },
  });
  return found.map(({ id, title, steps }) => ({
    id,
    title,
    steps: steps.map(({ key, input }) => [key, (input as { keys?: string[] }).keys ?? []]),
  }));
};

describe('a node that left by itself', () => {
  it('is cleared up after by one operation', async () => {
    expect(await sweep()).toBe(0);
    await leave('node-1');
    expect([await sweep(), await sweep()]).toEqual([1, 0]);
    expect(await made()).toMatchObject([
      {
        title: 'Clear up after node-1, which left prod',
        steps: [
          ['records', []],
          ['prod/delete-node', ['instance/node-1']],
        ],
      },
    ]);
  });

  it('gives its address back and leaves the others’ rules where it was the gateway', async () => {
    await leave('gw-1');
    await sweep();
    expect((await made())[0]?.steps).toEqual([
      ['records', []],
      ['dev/firewall', []],
      ['prod/delete-node', ['instance/gw-1', 'address/gw-1']],
    ]);
  });

  it('waits its turn: one after the other, and none while something else is under way', async () => {
    await leave('node-1');
    await leave('node-2');
    const adding = await addNodes(context, { id: clusterId, count: 1 });
    // Nobody gets the name of an instance that still stands.
    expect(adding.title).toBe('Add node-3 to prod');
    expect(await sweep()).toBe(0);
    await ended('succeeded');
    expect([await sweep(), await sweep()]).toEqual([1, 0]);
    await fresh.database.cloudResource.updateMany({
      where: { clusterId, key: 'instance/node-1' },
      data: { status: 'gone' },
    });
    await ended('succeeded');
    expect([await sweep(), await sweep()]).toEqual([1, 0]);
    expect((await made()).map((one) => one.title)).toEqual([
      'Clear up after node-1, which left prod',
      'Clear up after node-2, which left prod',
    ]);
  });

  it('is tried anew an hour after a failure, and never after somebody cancelled it', async () => {
    await leave('node-1');
    await sweep();
    await ended('failed', new Date(Date.now() - 50 * 60_000));
    expect(await sweep()).toBe(0);
    await fresh.database.operation.updateMany({
      where: { networkId, kind: 'remove-peer' },
      data: { finishedAt: new Date(Date.now() - 70 * 60_000) },
    });
    expect(await sweep()).toBe(1);
    await cancelOperation(context, { id: (await made())[1]?.id ?? '' });
    expect(await sweep()).toBe(0);
  });

  it('leaves alone what stands under its name for somebody who is there, and clusters that are going', async () => {
    await leave('node-1');
    await fresh.database.cluster.update({ where: { id: clusterId }, data: { state: 'deleting' } });
    expect(await sweep()).toBe(0);
    await fresh.database.cluster.update({ where: { id: clusterId }, data: { state: 'ready' } });
    await fresh.database.peer.create({
      data: {
        id: newId('peer', context.random),
        organizationId: context.actor.organizationId,
        networkId,
        clusterId,
        name: 'node-1',
        managed: true,
        overlayAddress: '100.64.0.99',
      },
    });
    expect(await sweep()).toBe(0);
  });
});
