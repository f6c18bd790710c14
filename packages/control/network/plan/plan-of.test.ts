import { NetworkPlan, type NewNetwork } from '@skein/contract/rest/network.ts';
import { changeSnapshot } from '@skein/mesh/network.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { addedCluster } from './after/add-cluster.ts';
import { addedNodes } from './after/add-nodes.ts';
import type { Change } from './after/change.ts';
import { deleted, removedCluster, removedPeer } from './after/remove.ts';
import { changedSettings } from './after/settings.ts';
import { planOf } from './plan-of.ts';
import { type Book, emptied } from './shape.ts';
import { booksAfter, KNOWN, making, SHOP } from './testing/applied.ts';

const anew = (change: Change): NetworkPlan =>
  planOf({ shape: emptied(change.after), rows: [], accounts: KNOWN.accounts }, change, []);
const SIGN = { create: '+', change: '~', destroy: '-', keep: '=' };
const resources = (plan: NetworkPlan, keep = false) =>
  plan.resources
    .filter((one) => keep || one.action !== 'keep')
    .map((one) => `${SIGN[one.action]} ${one.cluster ?? '*'}/${one.key}`);
const rules = (plan: NetworkPlan) =>
  plan.rules
    .filter((one) => one.action !== 'keep')
    .map(
      (one) =>
        `${SIGN[one.action]} ${one.cluster}/${one.group} ${one.protocol} ${one.fromPort} ${one.source}`,
    );
const records = (plan: NetworkPlan, zone: string) =>
  plan.records
    .filter((one) => one.zone === zone && one.action !== 'keep')
    .map(
      (one) =>
        `${SIGN[one.action]} ${one.name.replace('.shop.skein.test', '')}: ${one.before} → ${one.after}`,
    );
const peers = ({ blastRadius }: NetworkPlan) =>
  blastRadius.peers.map((one) => `${one.cluster}/${one.name} ${one.effect}`);
const flows = ({ blastRadius }: NetworkPlan) =>
  blastRadius.flows.map((one) => `${one.from} ${one.to} ${one.effect}`);
const given = (kind: string, peer: string) => `the ${kind} address of ${peer}, given when it is made`;

const pair: NewNetwork = { ...SHOP, clusters: SHOP.clusters.filter((one) => one.name !== 'recovery') };
const shop = booksAfter(making(SHOP));
const { accounts } = KNOWN;
/** What is in use once the shop stands. */
const taken = { ...KNOWN, takenVpc: shop.shape.clusters.flatMap((one) => one.vpcCidr ?? []) };

describe('the plan of a new network', () => {
  const plan = anew(making(pair));

  it('is what the API promises', () => {
    expect(NetworkPlan.parse(plan)).toEqual(plan);
  });

  it('makes everything', () => {
    expect(resources(plan, true)).toEqual([
      '+ dev/network',
      '+ dev/address/gw-1',
      '+ dev/firewall/gateway',
      '+ dev/firewall/member',
      '+ dev/instance/gw-1',
      '+ dev/zone/private',
      '+ dev/records/private',
      '+ prod/network',
      '+ prod/address/gw-1',
      '+ prod/firewall/gateway',
      '+ prod/firewall/member',
      '+ prod/instance/gw-1',
      '+ prod/instance/node-1',
      '+ prod/zone/private',
      '+ prod/records/private',
      '+ */zone/public',
      '+ */records/public',
    ]);
    expect(plan.resources.find((one) => one.key === 'firewall/gateway')?.summary).toBe(
      'UDP 51820 from 10.64.16.0/20 and the gateways of 1 other cluster',
    );
  });

  it('opens each group to what it needs, with words for what nobody knows yet', () => {
    expect(rules(plan)).toEqual([
      '+ dev/gateway udp 51820 10.64.16.0/20',
      `+ dev/gateway udp 51820 ${given('public', 'prod/gw-1')}`,
      '+ dev/member udp 51820 10.64.16.0/20',
      '+ prod/gateway udp 51820 10.64.0.0/20',
      `+ prod/gateway udp 51820 ${given('public', 'dev/gw-1')}`,
      '+ prod/member udp 51820 10.64.0.0/20',
    ]);
  });

  it('answers each name in each zone', () => {
    expect(records(plan, 'public')).toEqual([
      `+ dev:  → ${given('public', 'dev/gw-1')}`,
      `+ gw-1.dev:  → ${given('public', 'dev/gw-1')}`,
      `+ gw-1.prod:  → ${given('public', 'prod/gw-1')}`,
      '+ node-1.prod:  → 100.64.0.2',
      `+ prod:  → ${given('public', 'prod/gw-1')}`,
    ]);
    expect(records(plan, 'prod')).toEqual([
      `+ gw-1.prod:  → ${given('private', 'prod/gw-1')}`,
      `+ node-1.prod:  → ${given('private', 'prod/node-1')}`,
      `+ prod:  → ${given('private', 'prod/gw-1')}`,
    ]);
  });

  it('says who comes and which flows begin', () => {
    expect(peers(plan)).toEqual(['dev/gw-1 added', 'prod/gw-1 added', 'prod/node-1 added']);
    expect(flows(plan)).toEqual(['dev prod opened']);
  });

  it('warns of what a person should know, and of nothing else', () => {
    expect(plan.warnings.map((one) => one.code)).toEqual(['single-gateway']);
    const careless: NewNetwork = {
      ...SHOP,
      dnsCloudAccountId: null,
      allowedPorts: [{ protocol: 'tcp', port: 22 }],
      clusters: [
        { name: 'sky', cloudAccountId: 'acc_azure', region: 'westeurope', nodes: 1 },
        { name: 'bare', cloudAccountId: 'acc_aws', region: 'us-east-1', nodes: 0 },
        { name: 'office', cloudAccountId: null, region: 'berlin', nodes: 0 },
      ],
    };
    expect(anew(making(careless)).warnings.map((one) => `${one.code}: ${one.message}`)).toEqual([
      'no-public-zone: No account holds a public zone: names answer inside the network only.',
      'no-nodes: bare has no nodes: only its VPC is made.',
      'no-nodes: office has no cloud account: add its nodes with the join command; the first becomes its gateway.',
      'world-open: TCP 22 (SSH) is open to every peer of every other cluster.',
      'static-key: Office cloud is opened by a static key, which is good until somebody revokes it. Keyless credentials are safer.',
    ]);
  });

  it('warns of a source that is as good as the world, and of ranges in two networks', () => {
    const existingNetwork = { networkId: 'vpc-1', subnetId: 'subnet-1' };
    const wide = {
      ...SHOP,
      cidr: '100.64.0.0/16',
      clusters: [
        { name: 'legacy', cloudAccountId: 'acc_aws', region: 'us-east-1', nodes: 1, existingNetwork },
      ],
    };
    const change = making(wide, { ...KNOWN, existing: new Map([['legacy', { cidr: '10.0.0.0/7' }]]) });
    const book = { shape: emptied(change.after), rows: [], accounts };
    const codes = planOf(book, change, ['10.80.0.0/16']).warnings.map((one) => one.code);
    expect(codes).toEqual(['overlap', 'world-open', 'world-open']);
  });
});

describe('the plan of a change', () => {
  it('of nothing keeps everything', () => {
    const plan = planOf(shop, changedSettings(shop, {}), []);
    expect(resources(plan, true).every((line) => line.startsWith('='))).toBe(true);
    expect(plan.resources).toHaveLength(25);
    expect([rules(plan), plan.records.filter((one) => one.action !== 'keep')]).toEqual([[], []]);
    expect([peers(plan), flows(plan), plan.steps, plan.warnings]).toEqual([[], [], [], []]);
    expect(plan.cost.afterUsd).toBe(plan.cost.beforeUsd);
  });

  it('of the same ports in another order is none', () => {
    const ports = [443, 80].map((port) => ({ protocol: 'tcp' as const, port }));
    const book = booksAfter(making({ ...SHOP, allowedPorts: ports }));
    const same = changedSettings(book, { allowedPorts: [...ports].reverse() });
    expect(planOf(book, same, []).hash).toBe(planOf(book, changedSettings(book, {}), []).hash);
    expect(same.newPorts).toBe(false);
  });

  it('of ports touches no cloud and every agent', () => {
    const change = changedSettings(shop, { allowedPorts: [{ protocol: 'tcp', port: 443 }] });
    const plan = planOf(shop, change, []);
    expect([resources(plan), rules(plan)]).toEqual([[], []]);
    expect(peers(plan)).toHaveLength(5);
    expect(flows(plan)).toEqual([
      'every cluster every other cluster, TCP 443 opened',
      'every cluster every other cluster, TCP 8080 cut',
    ]);
    expect(plan.steps.map((step) => step.key)).toEqual(['applied']);
  });

  it('of peering makes both halves, lets gateways in by private addresses and lends each other their names', () => {
    const change = changedSettings(shop, { peering: 'same-provider' });
    const plan = planOf(shop, change, []);
    expect(resources(plan)).toEqual([
      '+ prod/peering/recovery',
      '~ prod/firewall/gateway',
      '~ prod/zone/private',
      '+ recovery/peering/prod',
      '~ recovery/firewall/gateway',
      '~ recovery/zone/private',
    ]);
    const privateOf = (cluster: string) =>
      shop.shape.clusters.find((one) => one.name === cluster)?.peers.find((one) => one.name === 'gw-1')
        ?.privateAddress;
    expect(rules(plan)).toEqual([
      `+ prod/gateway udp 51820 ${privateOf('recovery')}/32`,
      `+ recovery/gateway udp 51820 ${privateOf('prod')}/32`,
    ]);
    expect(plan.resources.find((one) => one.key === 'zone/private' && one.cluster === 'prod')?.summary).toBe(
      'private zone prod.shop.skein.test for the VPCs of prod, recovery',
    );
    expect(records(plan, 'prod')).toEqual([]);
    expect(flows(plan)).toEqual(['prod recovery rerouted']);
    expect(peers(plan)).toEqual(
      ['prod/gw-1', 'prod/node-1', 'recovery/gw-1', 'recovery/node-1'].map((one) => `${one} new-map`),
    );

    const peered = booksAfter(change);
    const back = planOf(peered, changedSettings(peered, { peering: 'none' }), []);
    expect(resources(back)).toEqual(resources(plan).map((line) => line.replace('+', '-')));
    expect(flows(back)).toEqual(['prod recovery rerouted']);
  });

  it('of a cluster more changes the others’ rules, and no names of theirs', () => {
    const wanted = {
      name: 'legacy',
      cloudAccountId: 'acc_azure',
      region: 'westeurope',
      nodes: 1,
      existingNetwork: { networkId: 'vnet-1', subnetId: 'default' },
    };
    const change = addedCluster(shop.shape, wanted, taken);
    const plan = planOf(shop, change, []);
    expect(resources(plan)).toEqual([
      '~ dev/firewall/gateway',
      '+ legacy/address/gw-1',
      '+ legacy/firewall/gateway',
      '+ legacy/firewall/member',
      '+ legacy/instance/gw-1',
      '+ legacy/zone/private',
      '+ legacy/records/private',
      '~ prod/firewall/gateway',
      '~ recovery/firewall/gateway',
      '~ */records/public',
    ]);
    expect(plan.resources.find((one) => one.cluster === 'legacy' && one.kind === 'network')).toMatchObject({
      action: 'keep',
      summary: 'VPC vnet-1, subnet default (172.20.0.0/16): not Skein’s, used and neither tagged nor deleted',
    });
    expect(rules(plan).filter((line) => line.startsWith('+ prod'))).toEqual([
      `+ prod/gateway udp 51820 ${given('public', 'legacy/gw-1')}`,
    ]);
    expect(peers(plan)).toEqual([
      'dev/gw-1 new-map',
      'legacy/gw-1 added',
      'prod/gw-1 new-map',
      'recovery/gw-1 new-map',
    ]);

    const book = booksAfter(change);
    const gone = planOf(book, removedCluster(book, 'planned/legacy'), []);
    expect(resources(gone, true).find((line) => line.includes('legacy/network'))).toBe('= legacy/network');
    expect(resources(gone).filter((line) => line.includes('legacy/'))).toHaveLength(6);
  });

  it('of the topology opens ways, changes maps, then closes what is not taken any more', () => {
    const change = changedSettings(shop, { topology: 'hub', hubClusterId: 'planned/dev' });
    const plan = planOf(shop, change, []);
    expect(plan.steps.map((step) => [step.key, step.dependsOn.join()])).toEqual([
      ['prod/firewall-opened', ''],
      ['recovery/firewall-opened', ''],
      ['dev/firewall-opened', ''],
      ['topology', 'prod/firewall-opened,recovery/firewall-opened,dev/firewall-opened'],
      ['applied', 'topology'],
      ['prod/firewall-closed', 'applied'],
      ['recovery/firewall-closed', 'applied'],
      ['dev/firewall-closed', 'applied'],
      [
        'verify',
        plan.steps
          .slice(0, 8)
          .map((step) => step.key)
          .join(),
      ],
    ]);
    // Both sides of the one link that goes: prod and recovery.
    expect(rules(plan).map((line) => line.replace(/ 192.*/, ''))).toEqual([
      '- prod/gateway udp 51820',
      '- recovery/gateway udp 51820',
    ]);
    expect(resources(plan)).toEqual(['~ prod/firewall/gateway', '~ recovery/firewall/gateway']);
    expect(flows(plan)).toEqual(['prod recovery rerouted']);
    // Every map says the topology.
    expect(peers(plan)).toHaveLength(5);
    expect(change.newTopology).toEqual({ topology: 'hub', hubClusterId: 'planned/dev' });
    expect(() => changedSettings(shop, { topology: 'hub', hubClusterId: 'clu_gone' })).toThrow(
      'no such cluster',
    );
    expect(changedSettings(shop, { topology: 'hybrid', hubClusterId: 'planned/dev' }).newTopology).toBeNull();
  });

  it('to full topology lets every node in, and back only gateways', () => {
    const change = changedSettings(shop, { topology: 'full' });
    const plan = planOf(shop, change, []);
    const memberRules = rules(plan).filter((line) => line.includes('prod/member'));
    // The gateways of two other clusters; what their members send from is not known in these books.
    expect(memberRules).toHaveLength(2);
    const made = booksAfter(making({ ...SHOP, topology: 'full' }));
    const back = planOf(made, changedSettings(made, { topology: 'hybrid' }), []);
    expect(rules(back).filter((line) => line.startsWith('- prod/member'))).toHaveLength(3);
    expect(rules(back).filter((line) => line.startsWith('- prod/gateway'))).toHaveLength(1);
    expect(rules(back).filter((line) => line.startsWith('+'))).toEqual([]);
  });

  it('of nodes more in full topology lets them in everywhere, once their addresses are known', () => {
    const book = booksAfter(making({ ...SHOP, topology: 'full' }));
    const plan = planOf(book, addedNodes(book, 'planned/dev', 1), []);
    expect(rules(plan)).toEqual(
      ['prod', 'recovery'].flatMap((cluster) =>
        ['gateway', 'member'].map(
          (group) => `+ ${cluster}/${group} udp 51820 ${given('passing', 'dev/node-1')}`,
        ),
      ),
    );
    expect(plan.steps.find((step) => step.key === 'prod/firewall-members')?.dependsOn).toEqual([
      'dev/instances',
    ]);
  });

  it('of nodes more touches their cluster’s agents and the names', () => {
    const plan = planOf(shop, addedNodes(shop, 'planned/dev', 2), []);
    expect(resources(plan)).toEqual([
      '+ dev/instance/node-1',
      '+ dev/instance/node-2',
      '~ dev/records/private',
      '~ */records/public',
    ]);
    expect(rules(plan)).toEqual([]);
    expect(peers(plan)).toEqual(['dev/gw-1 new-map', 'dev/node-1 added', 'dev/node-2 added']);
  });

  it('of a peer less, a cluster less, and nothing left', () => {
    const peer = planOf(shop, removedPeer(shop, 'planned/prod/node-1'), []);
    expect(resources(peer)).toEqual([
      '- prod/instance/node-1',
      '~ prod/records/private',
      '~ */records/public',
    ]);
    expect(() => removedPeer(shop, 'planned/prod/gw-1')).toThrow('only gateway');

    const cluster = planOf(shop, removedCluster(shop, 'planned/dev'), []);
    expect(resources(cluster).filter((line) => line.startsWith('-'))).toHaveLength(7);
    expect(rules(cluster).filter((line) => line.includes('prod/gateway'))).toHaveLength(1);
    expect(flows(cluster)).toEqual(['dev prod cut', 'dev recovery cut']);

    const all = planOf(shop, deleted(shop), []);
    expect(resources(all, true)).toHaveLength(25);
    expect(resources(all).every((line) => line.startsWith('-'))).toBe(true);
    expect(all.records.every((one) => one.action === 'destroy' && one.after.length === 0)).toBe(true);
    expect([all.cost.afterUsd, all.warnings]).toEqual([0, []]);
  });

  it('says what an earlier operation left unmade, and does not promise to make it', () => {
    const rows = shop.rows.filter(
      (row) => !(row.key === 'instance/node-1' && row.clusterId === 'planned/prod'),
    );
    const half: Book = { ...shop, rows };
    const plan = planOf(half, addedNodes(half, 'planned/dev', 1), []);
    expect(resources(plan, true).some((line) => line.includes('prod/instance/node-1'))).toBe(false);
    const told = plan.warnings.filter((one) => one.code === 'unknown').map((one) => one.message);
    expect(told).toEqual([expect.stringContaining('prod/instance/node-1')]);
  });
});

describe('whatever the network', () => {
  const cluster = fc.record({
    cloudAccountId: fc.constantFrom('acc_aws', 'acc_gcp', 'acc_azure', null),
    nodes: fc.integer({ min: 0, max: 4 }),
    region: fc.constantFrom('us-east-1', 'us-central1', 'westeurope'),
  });
  const network = fc.record({
    clusters: fc.array(cluster, { minLength: 1, maxLength: 6 }),
    peering: fc.constantFrom('none' as const, 'same-provider' as const),
    dns: fc.constantFrom(undefined, null, 'acc_gcp'),
  });
  const asked = (one: typeof network extends fc.Arbitrary<infer T> ? T : never): NewNetwork => ({
    ...SHOP,
    peering: one.peering,
    ...(one.dns !== undefined && { dnsCloudAccountId: one.dns }),
    clusters: one.clusters.map((wanted, index) => ({ ...wanted, name: `c${index}` })),
  });

  it('once it is made, planning it again keeps everything', () => {
    fc.assert(
      fc.property(network, (one) => {
        const change = making(asked(one));
        const made = anew(change);
        const book = booksAfter(change);
        const again = planOf(book, changedSettings(book, {}), []);
        expect(again.resources.map((each) => each.action).filter((action) => action !== 'keep')).toEqual([]);
        expect([...again.rules, ...again.records].every((each) => each.action === 'keep')).toBe(true);
        expect([again.blastRadius, again.steps, again.warnings]).toEqual([{ peers: [], flows: [] }, [], []]);
        const keys = (plan: NetworkPlan) => plan.resources.map((each) => `${each.cluster} ${each.key}`);
        expect(keys(again)).toEqual(keys(made));
        expect(again.rules).toHaveLength(made.rules.length);
        expect(again.records).toHaveLength(made.records.length);
        expect(again.cost.afterUsd).toBe(made.cost.afterUsd);
      }),
      { numRuns: 60 },
    );
  });

  it('the order of what is read does not matter, and what will be made does', () => {
    fc.assert(
      fc.property(network, fc.integer(), (one, seed) => {
        const book = booksAfter(making(asked(one)));
        const turned = (items: readonly never[]) => {
          const at = items.length > 0 ? Math.abs(seed) % items.length : 0;
          return [...items.slice(at), ...items.slice(0, at)].reverse();
        };
        const { shape } = book;
        const other: Book = {
          ...book,
          rows: turned(book.rows as readonly never[]),
          shape: {
            ...shape,
            clusters: turned(shape.clusters as readonly never[]),
          },
        };
        const hash = (from: Book) => planOf(from, changedSettings(from, { driftPolicy: 'ask' }), []).hash;
        expect(hash(other)).toBe(hash(book));
        expect(planOf(book, changedSettings(book, {}), []).hash).not.toBe(hash(book));
      }),
      { numRuns: 40 },
    );
  });

  it('a node that enrols meanwhile makes no other plan of what does not concern it', () => {
    const joined = { ...shop, shape: { ...shop.shape, snapshot: withoutFirst(shop.shape.snapshot) } };
    const hash = (book: Book) => planOf(book, changedSettings(book, { driftPolicy: 'ask' }), []).hash;
    expect(hash(joined)).toBe(hash(shop));
  });

  it('the same request makes the same plan, another account another', () => {
    const hash = anew(making(pair)).hash;
    expect(anew(making(structuredClone(pair))).hash).toBe(hash);
    const [first, ...rest] = pair.clusters;
    if (!first) throw new Error('no cluster');
    const accounts_ = new Map([
      ...accounts,
      ['acc_other', { name: 'Other', provider: 'aws' as const, keyless: true }],
    ]);
    const elsewhere = { ...pair, clusters: [{ ...first, cloudAccountId: 'acc_other' }, ...rest] };
    expect(anew(making(elsewhere, { ...KNOWN, accounts: accounts_ })).hash).not.toBe(hash);
    expect(anew(making(pair, { ...KNOWN, takenVpc: ['10.64.0.0/20'] })).hash).not.toBe(hash);
    expect(anew(making({ ...pair, driftPolicy: 'report' })).hash).not.toBe(hash);
  });
});

/** As maps show a network one of whose nodes has not enrolled yet. */
function withoutFirst(snapshot: Book['shape']['snapshot']): Book['shape']['snapshot'] {
  const [first] = [...snapshot.parts.values()].flatMap((part) => part.peers);
  const { number } = snapshot;
  return changeSnapshot(snapshot, { number, peers: new Map([[first?.id ?? '', null]]) }).after;
}
