import { resumeInMemory } from '@skein/clouds/resume-in-memory.ts';
import { openCloud, openDns } from '@skein/control/cloud/open.ts';
import { addCluster } from '@skein/control/cluster/add.ts';
import { addNodes } from '@skein/control/cluster/add-nodes.ts';
import { listClusters } from '@skein/control/cluster/list.ts';
import { removeCluster } from '@skein/control/cluster/remove.ts';
import { mintJoinToken } from '@skein/control/join-token/mint.ts';
import { changeNetwork } from '@skein/control/network/change.ts';
import { createNetwork } from '@skein/control/network/create.ts';
import { deleteNetwork } from '@skein/control/network/delete.ts';
import { getNetwork } from '@skein/control/network/get.ts';
import { planNetwork } from '@skein/control/network/plan.ts';
import { listRecords } from '@skein/control/network/records.ts';
import { listResources } from '@skein/control/network/resources.ts';
import { TIMING } from '@skein/control/operation/engine/step-run.ts';
import { HANDLERS } from '@skein/control/operation/step/handlers.ts';
import { leavePeer } from '@skein/control/peer/leave.ts';
import { listPeers } from '@skein/control/peer/list.ts';
import { removePeer } from '@skein/control/peer/remove.ts';
import { recordReports } from '@skein/control/peer/report.ts';
import { eventually } from '@skein/control/testing/context.ts';
import { answer } from '@skein/lab/ground/answer.ts';
import { startWorker } from '@skein/worker/worker.ts';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { enrol, factsOf } from './agents.ts';
import { COORDINATOR_URL, type Practice, practise } from './practice.ts';

let practice: Practice;
let worker: { close(): Promise<void> };
let networkId = '';
const logged: string[] = [];

beforeAll(async () => {
  practice = await practise(inject('databaseUrl'));
  worker = await startWorker(
    {
      databaseUrl: practice.fresh.url,
      redisUrl: undefined,
      masterKey: practice.masterKey,
      platform: practice.context.platform,
      coordinatorUrl: COORDINATOR_URL,
      driftSeconds: 300,
    },
    {
      handlers: HANDLERS,
      timing: { ...TIMING, sweepSeconds: 0.5 },
      log: (level, message, details) => logged.push(JSON.stringify({ level, message, ...details })),
    },
  );
});
afterAll(async () => {
  await worker?.close();
  await practice?.close();
});

const call = () => ({
  signal: AbortSignal.timeout(30_000),
  waitingFor: () => {},
  attempt: 1,
  resume: resumeInMemory(),
});
const account = (id: string) => practice.fresh.database.cloudAccount.findUniqueOrThrow({ where: { id } });

/** What the clouds themselves say they hold with our tags, one line each. */
async function inClouds(): Promise<string[]> {
  const owner = { organizationId: practice.context.actor.organizationId };
  const lines: string[] = [];
  for (const [id, regions] of [
    [practice.accounts.aws, ['us-east-1', 'us-west-2']],
    [practice.accounts.gcp, ['us-central1']],
  ] as const) {
    const row = await account(id);
    for (const region of regions) {
      const cloud = openCloud(practice.context, row, region);
      for (const kind of ['networks', 'firewalls', 'addresses', 'instances'] as const)
        for (const one of await cloud[kind].list(owner, call())) lines.push(`${region} ${one.key}`);
    }
    for (const zone of await openDns(practice.context, row).listZones(owner, call()))
      lines.push(`${row.provider} zone ${zone.visibility}`);
  }
  return lines.sort();
}

/** How many zones answer the name. */
const holding = (name: string) =>
  practice.paper
    .ground()
    .zones.filter((zone) => zone.records.some((one) => one.name === name && one.type === 'A')).length;
/** How many machines let in what comes from there. */
const naming = (cidr: string) =>
  practice.paper
    .ground()
    .machines.filter((machine) => machine.ingress.some((rule) => rule.cidrs.includes(cidr))).length;

// Much slower than this only where the whole machine is at work on something else.
describe('a network over three regions of two clouds', { timeout: 120_000 }, () => {
  it('is made as it was planned', async () => {
    const plan = await planNetwork(practice.context, practice.wanted);
    await expect(
      createNetwork(practice.context, { ...practice.wanted, planHash: 'another' }),
    ).rejects.toMatchObject({ code: 'plan-changed' });
    const made = await createNetwork(practice.context, { ...practice.wanted, planHash: plan.hash });
    networkId = made.network.id;
    expect(made.operation.steps.map((step) => step.key)).toEqual(plan.steps.map((step) => step.key));
    expect(made.network.state).toBe('provisioning');
    const end = await practice.succeeded(made.operation);
    expect(end.steps.every((step) => step.attempt === 1)).toBe(true);

    const network = await getNetwork(practice.context, { id: networkId });
    expect(network).toMatchObject({ state: 'ready', clusters: 3, peers: { expected: 6, connected: 6 } });
    expect(network.cidr).toBe(plan.cidr);
    const clusters = await listClusters(practice.context, { networkId });
    const names = new Map(clusters.map((cluster) => [cluster.id, cluster.name]));
    const ranges = clusters.map(({ name, vpcCidr, overlayCidr, kubernetes }) => ({
      name,
      vpcCidr,
      overlayCidr,
      kubernetes,
    }));
    expect(ranges).toEqual([...plan.clusters].sort((a, b) => (a.name < b.name ? -1 : 1)));
    const resources = await listResources(practice.context, { id: networkId });
    const made_ = resources.map(
      (one) => `${one.clusterId ? names.get(one.clusterId) : null} ${one.key} ${one.status}`,
    );
    expect(made_.sort()).toEqual(plan.resources.map((one) => `${one.cluster} ${one.key} present`).sort());
    expect(practice.agents.refused).toEqual([]);
  });

  it('stands in the clouds, tagged, with no rule for the whole world', async () => {
    const each = (region: string) =>
      [
        'address/gw-1',
        'firewall/gateway',
        'firewall/member',
        'instance/gw-1',
        'instance/node-1',
        'network',
      ].map((key) => `${region} ${key}`);
    expect(await inClouds()).toEqual(
      [
        ...['us-east-1', 'us-west-2', 'us-central1'].flatMap(each),
        'aws zone private',
        'aws zone private',
        'aws zone public',
        'gcp zone private',
      ].sort(),
    );
    const { machines } = practice.paper.ground();
    expect(machines).toHaveLength(6);
    const ingress = machines.flatMap((machine) => machine.ingress);
    expect(ingress.flatMap((rule) => rule.cidrs)).not.toContain('0.0.0.0/0');
    expect(new Set(ingress.map((rule) => `${rule.protocol} ${rule.fromPort}-${rule.toPort}`))).toEqual(
      new Set(['udp 51820-51820']),
    );
  });

  it('answers names by split horizon in the hosted zones', async () => {
    const records = await listRecords(practice.context, { id: networkId });
    const gateway = records.find((record) => record.name === 'gw-1.prod.shop.skein.test');
    expect(records).toHaveLength(9);
    const { zones, machines } = practice.paper.ground();
    const answers = (realmId: string | null) =>
      answer(zones, realmId, { name: 'gw-1.prod.shop.skein.test', type: 'A' }).answers.map((one) =>
        'data' in one ? one.data : undefined,
      );
    const home = machines.find((one) => one.privateAddress === gateway?.inside[0])?.realmId;
    const realms = [...new Set(machines.map((one) => one.realmId))];
    expect(realms).toHaveLength(3);
    expect(answers(null)).toEqual(gateway?.public);
    for (const realm of realms)
      expect(answers(realm)).toEqual(realm === home ? gateway?.inside : gateway?.public);
  });

  it('gets a node more and a node less, and names follow', async () => {
    const clusters = await listClusters(practice.context, { networkId });
    const dev = clusters.find((cluster) => cluster.name === 'dev');
    const added = await addNodes(practice.context, { id: dev?.id ?? '', count: 1 });
    await expect(addNodes(practice.context, { id: dev?.id ?? '', count: 1 })).rejects.toMatchObject({
      code: 'conflict',
    });
    await practice.succeeded(added);
    const { items } = await listPeers(practice.context, { networkId, limit: 50 });
    const peer = items.find((one) => one.name === 'node-2');
    expect(peer).toMatchObject({ clusterId: dev?.id, state: 'connected', managed: true });
    expect(holding('node-2.dev.shop.skein.test')).toBe(2);
    expect(practice.paper.ground().machines).toHaveLength(7);

    await practice.succeeded(await removePeer(practice.context, { id: peer?.id ?? '' }));
    expect(holding('node-2.dev.shop.skein.test')).toBe(0);
    expect(practice.paper.ground().machines).toHaveLength(6);
  });

  it('lets names follow a node that leaves by itself, and ends its instance', async () => {
    const { items } = await listPeers(practice.context, { networkId, limit: 50 });
    const prod = (await listClusters(practice.context, { networkId })).find(
      (cluster) => cluster.name === 'prod',
    );
    const peer = items.find((one) => one.name === 'node-1' && one.clusterId === prod?.id);
    const name = 'node-1.prod.shop.skein.test';
    expect(holding(name)).toBe(2);
    await leavePeer({ ...practice.context }, peer?.id ?? '');
    await eventually(async () => (holding(name) === 0 ? true : undefined), 'the name to go', 20);
    await eventually(
      async () => {
        const resources = await listResources(practice.context, { id: networkId });
        const instance = resources.find((one) => one.clusterId === prod?.id && one.key === 'instance/node-1');
        return instance?.status === 'gone' ? true : undefined;
      },
      'the end of its instance',
      20,
    );
    expect(practice.paper.ground().machines).toHaveLength(5);
  });

  it('changes allowed ports on every agent', async () => {
    await eventually(async () => {
      const open = await practice.fresh.database.operation.count({ where: { networkId, finishedAt: null } });
      return open === 0 ? true : undefined;
    }, 'the end of what is under way');
    const operation = await changeNetwork(practice.context, {
      id: networkId,
      allowedPorts: [{ protocol: 'tcp', port: 443 }],
    });
    await practice.succeeded(operation);
    const network = await getNetwork(practice.context, { id: networkId });
    expect(network.allowedPorts).toEqual([{ protocol: 'tcp', port: 443 }]);
  });

  it('lets a cluster go without a trace, and the others’ rules forget it', async () => {
    const recovery = (await listClusters(practice.context, { networkId })).find(
      (one) => one.name === 'recovery',
    );
    const { items } = await listPeers(practice.context, { networkId, limit: 50 });
    const gateway = items.find((one) => one.clusterId === recovery?.id && one.role === 'gateway');
    const cidr = `${gateway?.publicAddress}/32`;
    expect(naming(cidr)).toBe(2);
    await practice.succeeded(
      await removeCluster(practice.context, { id: recovery?.id ?? '', confirm: 'recovery' }),
    );
    expect(naming(cidr)).toBe(0);
    expect((await inClouds()).filter((line) => line.startsWith('us-west-2'))).toEqual([]);
    expect(await getNetwork(practice.context, { id: networkId })).toMatchObject({
      state: 'ready',
      clusters: 2,
    });
  });

  it('gets a cluster more, with rules for its gateway in all the others', async () => {
    const wanted = practice.wanted.clusters.find((cluster) => cluster.name === 'recovery');
    if (!wanted) throw new Error('no such cluster in the practice');
    await practice.succeeded(await addCluster(practice.context, { networkId, ...wanted }));
    const { items } = await listPeers(practice.context, { networkId, limit: 50 });
    const recovery = (await listClusters(practice.context, { networkId })).find(
      (one) => one.name === 'recovery',
    );
    const gateway = items.find((one) => one.clusterId === recovery?.id && one.role === 'gateway');
    expect(naming(`${gateway?.publicAddress}/32`)).toBe(2);
    expect(recovery?.state).toBe('ready');
    expect(await getNetwork(practice.context, { id: networkId })).toMatchObject({
      state: 'ready',
      clusters: 3,
    });
  });

  it('lets rules and names follow a host that joins by the one-liner', async () => {
    const added = await addCluster(practice.context, {
      networkId,
      name: 'office',
      cloudAccountId: null,
      region: 'berlin',
      nodes: 0,
    });
    expect(added).toMatchObject({ state: 'succeeded', steps: [] });
    const office = (await listClusters(practice.context, { networkId })).find((one) => one.name === 'office');
    const { token } = await mintJoinToken(practice.context, {
      clusterId: office?.id ?? '',
      uses: 1,
      expiresInSeconds: 60,
    });
    const joined = await enrol(practice.context, { privateAddress: '192.168.7.2' }, token);
    if (!joined.ok) throw new Error(joined.refusal.message);
    const report = {
      type: 'report' as const,
      facts: factsOf('192.168.7.2'),
      endpoints: [{ kind: 'private' as const, address: '192.168.7.2', port: 51820 }],
      appliedNumber: null,
      problem: null,
      links: [],
    };
    const { peerId } = joined.answer;
    await recordReports(practice.context, networkId, [{ peerId, report, observedAddress: '203.0.113.7' }]);
    const name = `${joined.answer.name}.office.${practice.wanted.zone}`;
    await eventually(
      async () => (holding(name) === 1 && naming('203.0.113.7/32') === 3 ? true : undefined),
      'the name in the public zone and rules of 3 gateways',
      20,
    );
    expect(await getNetwork(practice.context, { id: networkId })).toMatchObject({ clusters: 4 });
  });

  it('is torn down to nothing', async () => {
    await expect(deleteNetwork(practice.context, { id: networkId, confirm: 'shp' })).rejects.toMatchObject({
      code: 'confirmation-needed',
    });
    await practice.succeeded(await deleteNetwork(practice.context, { id: networkId, confirm: 'shop' }));
    expect(await inClouds()).toEqual([]);
    expect(practice.paper.ground().machines).toEqual([]);
    const resources = await listResources(practice.context, { id: networkId });
    expect(resources.filter((one) => one.status !== 'gone')).toEqual([]);
    expect(await getNetwork(practice.context, { id: networkId })).toMatchObject({ state: 'deleted' });
    // The name and the ranges are free again.
    expect((await planNetwork(practice.context, practice.wanted)).clusters).toHaveLength(3);
  });

  it('never wrote a secret anywhere', async () => {
    const { secretAccessKey } = practice.lab.accounts.aws;
    const key = practice.lab.accounts.gcp.private_key ?? '';
    const body = key.split('\n')[2] ?? '';
    expect(body.length).toBeGreaterThan(30);
    const secrets = [secretAccessKey, body];
    const dump = await everything();
    expect(dump.length).toBeGreaterThan(10_000);
    const text = dump + logged.join('\n');
    for (const secret of secrets) expect(text.includes(secret)).toBe(false);
    expect(/skj_[0-9A-Za-z]{30}/.test(text)).toBe(false);
  });
});

/** Every row of every table, as text; bytes in hex and as they are. */
async function everything(): Promise<string> {
  const { database } = practice.fresh;
  const tables = await database.$queryRaw<{ name: string }[]>`
    SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) AS name FROM pg_tables
    WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`;
  const texts: string[] = [];
  for (const { name } of tables) {
    const rows = await database.$queryRawUnsafe<{ text: string }[]>(`SELECT t::text AS text FROM ${name} t`);
    texts.push(...rows.map((row) => row.text));
  }
  const sealed = await database.cloudAccount.findMany({ select: { credentialsSealed: true } });
  texts.push(...sealed.map((row) => Buffer.from(row.credentialsSealed).toString('latin1')));
  return texts.join('\n');
}
