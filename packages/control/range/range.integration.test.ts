import { randomBytes } from 'node:crypto';
import type { Container } from '@skein/contract/agent/channel.ts';
import { NewDockerNetwork, NewRange } from '@skein/contract/rest/range.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import { buildMap } from '@skein/mesh/map/build.ts';
import { changeSnapshot, compareText } from '@skein/mesh/network.ts';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { removeCluster } from '../cluster/remove.ts';
import type { Context } from '../context.ts';
import { loadNewer, loadSnapshot } from '../map/snapshot.ts';
import { deleteNetwork } from '../network/delete.ts';
import { listRecords } from '../network/records.ts';
import { leavePeer } from '../peer/leave.ts';
import { removePeer } from '../peer/remove.ts';
import { recordReports } from '../peer/report.ts';
import { createSealer } from '../secret/sealer.ts';
import { testContext } from '../testing/context.ts';
import { makeMesh, type SeededMesh } from '../testing/mesh-rows.ts';
import { addRange } from './add.ts';
import { addDockerNetwork } from './add-docker.ts';
import { listRanges } from './list.ts';
import { removeRange } from './remove.ts';

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

const add = (clusterId: string, wish: { name: string; cidr: string } & Partial<NewRange>) =>
  addRange(context, { clusterId, ...NewRange.parse(wish) });
const memberOf = (clusterId: string) =>
  mesh.peers.find((peer) => peer.clusterId === clusterId && peer.role === 'member')?.id ?? '';
const snapshotNow = async () => {
  const snapshot = await loadSnapshot(fresh.database, mesh.networkId);
  if (!snapshot) throw new Error('no network');
  return snapshot;
};
const strangers = async (): Promise<Context> =>
  testContext(fresh.database, await makeOrganization(fresh.database));

describe('adding', () => {
  it('gives two equal ranges addresses of their own, tells agents, and is written down', async () => {
    const before = await snapshotNow();
    const office = { name: 'office', cidr: '10.0.0.0/16', hosts: [{ name: 'printer', address: '10.0.7.9' }] };
    const first = await add(one, office);
    const second = await add(other, office);
    expect(first).toMatchObject({ overlayCidr: '242.0.0.0/16', replies: 'masqueraded', peerId: null });
    expect(second).toMatchObject({ overlayCidr: '242.1.0.0/16' });
    expect(second.hosts).toEqual([{ name: 'printer', address: '10.0.7.9', overlayAddress: '242.1.7.9' }]);
    const pods = await add(one, { name: 'pods', cidr: '10.42.1.0/24', peerId: memberOf(one) });
    expect(pods).toMatchObject({ overlayCidr: '242.2.0.0/24', replies: 'routed', peerId: memberOf(one) });
    expect(await listRanges(context, { clusterId: one })).toEqual([first, pods]);

    // What a coordinator that follows revision by revision holds is what one that starts anew loads.
    const newer = await loadNewer(fresh.database, mesh.networkId, before.number);
    if (newer.kind !== 'change') throw new Error(newer.kind);
    const after = await snapshotNow();
    expect(changeSnapshot(before, newer.change).after).toEqual(after);
    const map = buildMap(after, one, memberOf(one));
    expect(map?.self).toMatchObject({
      ranges: [{ cidr: '10.42.1.0/24', overlayCidr: '242.2.0.0/24', replies: 'routed', alone: true }],
      clusterRanges: ['242.0.0.0/16', '242.2.0.0/24'],
      rangesCidr: '242.0.0.0/8',
    });
    const records = await listRecords(context, { id: mesh.networkId });
    expect(
      records
        .filter(({ name }) => name.startsWith('printer.'))
        .sort((a, b) => compareText(a.name, b.name))
        .map(({ inside, outside }) => [inside, outside]),
    ).toEqual([
      [['10.0.7.9'], ['242.0.7.9']],
      [['10.0.7.9'], ['242.1.7.9']],
    ]);
    const audited = await fresh.database.auditEvent.findFirst({ where: { target: first.id } });
    expect(audited).toMatchObject({
      action: 'range.add',
      details: { name: 'office', overlayCidr: '242.0.0.0/16' },
    });
  });

  it('ten at once get ten different ones', async () => {
    const made = await Promise.all(
      Array.from({ length: 10 }, (_, at) =>
        add(at % 2 ? one : other, { name: `r${at}`, cidr: `10.${at}.0.0/16` }),
      ),
    );
    expect(new Set(made.map(({ overlayCidr }) => overlayCidr)).size).toBe(10);
  });

  it('refuses what cannot be with the field that it is about, and loses nothing', async () => {
    await add(one, {
      name: 'office',
      cidr: '10.0.0.0/16',
      hosts: [{ name: 'printer', address: '10.0.7.9' }],
    });
    const wrong: [Partial<NewRange> & { name: string; cidr: string }, string][] = [
      [{ name: 'office', cidr: '10.9.0.0/16' }, 'name'],
      [{ name: 'x', cidr: '10.0.9.0/24' }, 'cidr'],
      [{ name: 'x', cidr: '10.9.0.0/16', peerId: memberOf(other) }, 'peerId'],
      [{ name: 'x', cidr: '10.9.0.0/16', hosts: [{ name: 'gw-1', address: '10.9.0.1' }] }, 'hosts.0.name'],
      [{ name: 'x', cidr: '10.9.0.0/16', hosts: [{ name: 'printer', address: '10.9.0.1' }] }, 'hosts.0.name'],
      [{ name: 'x', cidr: '100.64.5.0/24' }, 'cidr'],
    ];
    const { number } = await snapshotNow();
    for (const [wish, path] of wrong)
      await expect(add(one, wish)).rejects.toMatchObject({
        code: 'invalid-request',
        errors: [expect.objectContaining({ path })],
      });
    expect(await listRanges(context, { clusterId: one })).toHaveLength(1);
    expect((await snapshotNow()).number).toBe(number);
  });

  it('says when the network has no addresses left', async () => {
    for (let at = 0; at < 16; at += 1)
      await add(at % 2 ? one : other, {
        name: `r${at}`,
        cidr: `${at < 8 ? 16 : 32}.${(at % 8) * 32}.0.0/12`,
      });
    await expect(add(one, { name: 'more', cidr: '10.0.0.0/24' })).rejects.toMatchObject({ code: 'conflict' });
  });

  it('finds no cluster and no range of another organization', async () => {
    const range = await add(one, { name: 'office', cidr: '10.0.0.0/16' });
    const others = await strangers();
    const wish = NewRange.parse({ name: 'mine', cidr: '10.9.0.0/16' });
    await expect(addRange(others, { clusterId: one, ...wish })).rejects.toMatchObject({ code: 'not-found' });
    await expect(listRanges(others, { clusterId: one })).rejects.toMatchObject({ code: 'not-found' });
    await expect(removeRange(others, { id: range.id })).rejects.toMatchObject({ code: 'not-found' });
    expect(await listRanges(context, { clusterId: one })).toEqual([range]);
  });
});

describe('Docker networks', () => {
  const docker = (wish: Partial<NewDockerNetwork> & { peerId: string }) =>
    addDockerNetwork(context, { clusterId: one, ...NewDockerNetwork.parse({ name: 'shop', ...wish }) });
  const report = (peerId: string, containers?: Container[]) =>
    recordReports(context, mesh.networkId, [
      {
        peerId,
        observedAddress: null,
        report: {
          type: 'report',
          facts: {
            hostname: 'host',
            os: 'Debian',
            kernel: '6.1',
            architecture: 'x64',
            agentVersion: '0.1.0',
            wireguard: 'kernel',
            privateAddress: null,
          },
          endpoints: [],
          appliedNumber: 1,
          problem: null,
          ...(containers ? { containers } : {}),
          links: [],
        },
      },
    ]);

  it('one that is made is the same inside and outside, one that is there is translated', async () => {
    const peerId = memberOf(one);
    const made = await docker({ peerId });
    expect(made).toMatchObject({
      cidr: '242.0.0.0/24',
      overlayCidr: '242.0.0.0/24',
      docker: 'shop',
      peerId,
      replies: 'routed',
    });
    const there = await docker({ peerId, name: 'old', network: 'compose_default', cidr: '172.18.0.0/16' });
    expect(there).toMatchObject({
      cidr: '172.18.0.0/16',
      overlayCidr: '242.1.0.0/16',
      docker: 'compose_default',
    });
    const map = buildMap(await snapshotNow(), one, peerId);
    expect(map?.self.ranges).toEqual([
      { cidr: '242.0.0.0/24', overlayCidr: '242.0.0.0/24', replies: 'routed', alone: true, docker: 'shop' },
      {
        cidr: '172.18.0.0/16',
        overlayCidr: '242.1.0.0/16',
        replies: 'routed',
        alone: true,
        docker: 'compose_default',
      },
    ]);
    for (const [wish, path] of [
      [{ peerId, name: 'again', network: 'shop' }, 'network'],
      [{ peerId, name: 'shop', network: 'x' }, 'name'],
      [{ peerId, name: 'x', cidr: '242.9.0.0/24' }, 'cidr'],
      [{ peerId: memberOf(other), name: 'x' }, 'peerId'],
    ] as const)
      await expect(docker(wish)).rejects.toMatchObject({
        code: 'invalid-request',
        errors: [expect.objectContaining({ path })],
      });
  });

  it('containers are named as the agent tells, and what it tells again changes nothing', async () => {
    const peerId = memberOf(one);
    const made = await docker({ peerId });
    await report(peerId);
    const before = await snapshotNow();
    const web = { network: 'shop', name: 'web', address: '242.0.0.2' };
    const told = [
      { ...web, name: 'zoo', address: '242.0.0.3' },
      web,
      { ...web, name: 'far', address: '242.9.0.1' },
      { ...web, network: 'x', name: 'other' },
    ];
    await report(peerId, told);
    expect((await listRanges(context, { clusterId: one }))[0]?.hosts).toEqual([
      { name: 'web', address: '242.0.0.2', overlayAddress: '242.0.0.2' },
      { name: 'zoo', address: '242.0.0.3', overlayAddress: '242.0.0.3' },
    ]);
    const after = await snapshotNow();
    const newer = await loadNewer(fresh.database, mesh.networkId, before.number);
    if (newer.kind !== 'change') throw new Error(newer.kind);
    expect(changeSnapshot(before, newer.change).after).toEqual(after);
    const peer = buildMap(after, one, peerId)?.self.name;
    const nameOf = (clusterId: string) =>
      buildMap(after, clusterId, memberOf(clusterId))?.names.filter(({ name }) => name.startsWith('web.'));
    expect(nameOf(one)).toEqual([
      {
        name: expect.stringMatching(`^web\\.${peer}\\.cluster-1\\.`),
        inside: ['242.0.0.2'],
        outside: ['242.0.0.2'],
        ipv4Only: true,
      },
    ]);
    // Others ask for it, and no hosted zone has it.
    expect(nameOf(other)).toEqual([]);
    expect(
      (await listRecords(context, { id: mesh.networkId })).filter(({ name }) => name.startsWith('web.')),
    ).toEqual([]);
    await report(peerId, told.reverse());
    await report(peerId);
    expect((await snapshotNow()).number).toBe(after.number);
    await report(peerId, []);
    expect((await listRanges(context, { clusterId: one }))[0]?.hosts).toEqual([]);
    // Nobody else speaks of it.
    await report(memberOf(other), [web]);
    expect((await listRanges(context, { clusterId: one }))[0]?.hosts).toEqual([]);
    await removeRange(context, { id: made.id });
  });
});

describe('going', () => {
  it('a range that is removed is gone from the maps, and its addresses are free again', async () => {
    const first = await add(one, { name: 'office', cidr: '10.0.0.0/16' });
    const before = await snapshotNow();
    await removeRange(context, { id: first.id });
    await expect(removeRange(context, { id: first.id })).rejects.toMatchObject({ code: 'not-found' });
    const newer = await loadNewer(fresh.database, mesh.networkId, before.number);
    expect(newer.kind === 'change' && newer.change.clusters?.get(one)?.ranges).toEqual([]);
    expect((await add(other, { name: 'office', cidr: '10.0.0.0/16' })).overlayCidr).toBe(first.overlayCidr);
  });

  it.each([
    ['is removed', async (id: string) => void (await removePeer(context, { id }))],
    ['leaves', async (id: string) => void (await leavePeer(context, id))],
  ])('what a peer carries goes when it %s', async (_, go) => {
    const peerId = memberOf(one);
    await add(one, { name: 'pods', cidr: '10.42.0.0/24', peerId });
    const office = await add(one, { name: 'office', cidr: '10.0.0.0/16' });
    const before = await snapshotNow();
    await go(peerId);
    expect(await listRanges(context, { clusterId: one })).toEqual([office]);
    const newer = await loadNewer(fresh.database, mesh.networkId, before.number);
    if (newer.kind !== 'change') throw new Error(newer.kind);
    expect(changeSnapshot(before, newer.change).after).toEqual(await snapshotNow());
  });

  it('a cluster and a network take theirs with them', async () => {
    await add(one, { name: 'office', cidr: '10.0.0.0/16' });
    await add(other, { name: 'office', cidr: '10.0.0.0/16' });
    await removeCluster(context, { id: one, confirm: 'cluster-1' });
    expect(await listRanges(context, { clusterId: one })).toEqual([]);
    await expect(add(one, { name: 'late', cidr: '10.9.0.0/16' })).rejects.toMatchObject({ code: 'conflict' });
    expect(await listRanges(context, { clusterId: other })).toHaveLength(1);
    const { name } = await fresh.database.network.findUniqueOrThrow({ where: { id: mesh.networkId } });
    await deleteNetwork(context, { id: mesh.networkId, confirm: name });
    expect(await listRanges(context, { clusterId: other })).toEqual([]);
  });
});
