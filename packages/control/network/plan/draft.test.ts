import type { NewNetwork } from '@skein/contract/rest/network.ts';
import { overlaps } from '@skein/mesh/ipam/cidr.ts';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { draftNetwork, draftPeers, type Known } from './draft.ts';

const known: Known = {
  accounts: new Map([
    ['acc_aws', { name: 'Production', provider: 'aws', keyless: true }],
    ['acc_gcp', { name: 'Development', provider: 'gcp', keyless: true }],
    ['acc_dns', { name: 'Names', provider: 'rfc2136', keyless: false }],
  ]),
  takenOverlay: [],
  takenVpc: [],
  takenKubernetes: [],
  existing: new Map(),
};
const shop: NewNetwork = {
  name: 'shop',
  topology: 'hybrid',
  zone: 'shop.skein.test',
  allowedPorts: [],
  peering: 'none',
  driftPolicy: 'heal',
  clusters: [
    { name: 'prod', cloudAccountId: 'acc_aws', region: 'us-east-1', nodes: 2 },
    { name: 'dev', cloudAccountId: 'acc_gcp', region: 'us-central1', nodes: 1 },
    { name: 'office', cloudAccountId: null, region: 'berlin', nodes: 2 },
  ],
};
const drafted = (request: NewNetwork, facts: Known = known) => {
  const result = draftNetwork(request, facts);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.draft;
};
const problems = (request: NewNetwork, facts: Known = known) => {
  const result = draftNetwork(request, facts);
  return result.ok ? [] : result.problems.map((one) => one.path);
};

describe('planning a network', () => {
  it('gives out ranges, peers and addresses', () => {
    const draft = drafted(shop);
    expect(draft.cidr).toBe('100.64.0.0/16');
    expect(draft.clusters.map(({ name, vpcCidr, overlayCidr }) => [name, vpcCidr, overlayCidr])).toEqual([
      ['prod', '10.64.0.0/20', '100.64.0.0/24'],
      ['dev', '10.64.16.0/20', '100.64.1.0/24'],
      ['office', null, '100.64.2.0/24'],
    ]);
    expect(draft.clusters.map((cluster) => cluster.peers)).toEqual([
      [
        { name: 'gw-1', role: 'gateway', overlayAddress: '100.64.0.1' },
        { name: 'node-1', role: 'member', overlayAddress: '100.64.0.2' },
      ],
      [{ name: 'gw-1', role: 'gateway', overlayAddress: '100.64.1.1' }],
      [],
    ]);
    expect(draft.dns).toEqual({ cloudAccountId: 'acc_aws', provider: 'aws' });
  });

  it('names each field that does not fit', () => {
    const [first] = shop.clusters;
    if (!first) throw new Error('no cluster');
    expect(problems({ ...shop, cidr: '100.64.0.0/24' })).toEqual(['cidr']);
    expect(problems({ ...shop, cidr: '10.64.0.0/16' })).toEqual(['cidr']);
    expect(
      problems({ ...shop, cidr: '100.64.0.0/18' }, { ...known, takenOverlay: ['100.64.0.0/16'] }),
    ).toEqual(['cidr']);
    expect(problems({ ...shop, clusters: [first, first] })).toEqual(['clusters.1.name']);
    expect(problems({ ...shop, clusters: [{ ...first, cloudAccountId: 'acc_other' }] })).toContain(
      'clusters.0.cloudAccountId',
    );
    expect(problems({ ...shop, dnsCloudAccountId: 'acc_other' })).toEqual(['dnsCloudAccountId']);
    const many = Array.from({ length: 17 }, (_, index) => ({ ...first, name: `c${index}` }));
    expect(problems({ ...shop, cidr: '100.80.0.0/20', clusters: many })).toEqual(['clusters.16.name']);
  });

  it('runs machines in clouds only, and keeps names wherever there is a name server', () => {
    const [first] = shop.clusters;
    if (!first) throw new Error('no cluster');
    expect(problems({ ...shop, clusters: [{ ...first, cloudAccountId: 'acc_dns' }] })).toContain(
      'clusters.0.cloudAccountId',
    );
    expect(drafted({ ...shop, dnsCloudAccountId: 'acc_dns' }).dns).toEqual({
      cloudAccountId: 'acc_dns',
      provider: 'rfc2136',
    });
  });

  it('puts a cluster into an existing VPC with its range, unless that is taken', () => {
    const [first, second] = shop.clusters;
    if (!first || !second) throw new Error('no cluster');
    const existingNetwork = { networkId: 'vpc-1', subnetId: 'subnet-1' };
    const own = { ...shop, clusters: [{ ...first, existingNetwork }, second] };
    const found = (cidr: string) => ({ ...known, existing: new Map([['prod', { cidr }]]) });
    expect(drafted(own, found('172.20.0.0/16')).clusters.map((one) => one.vpcCidr)).toEqual([
      '172.20.0.0/16',
      '10.64.0.0/20',
    ]);
    expect(drafted(own, found('10.64.0.0/18')).clusters[1]?.vpcCidr).toBe('10.64.64.0/20');
    expect(problems(own, { ...found('172.20.0.0/16'), takenVpc: ['172.20.8.0/24'] })).toEqual([
      'clusters.0.existingNetwork',
    ]);
    expect(problems({ ...own, cidr: '172.20.0.0/16' }, found('172.20.0.0/16'))).toEqual([
      'clusters.0.existingNetwork',
    ]);
    const office = { ...first, cloudAccountId: null, existingNetwork };
    expect(problems({ ...shop, clusters: [office] })).toEqual(['clusters.0.existingNetwork']);
  });

  it('never gives out a range twice', () => {
    const cluster = fc.record({
      account: fc.constantFrom('acc_aws', 'acc_gcp', null),
      nodes: fc.integer({ min: 0, max: 50 }),
    });
    fc.assert(
      fc.property(
        fc.array(fc.array(cluster, { minLength: 1, maxLength: 12 }), { minLength: 1, maxLength: 4 }),
        (networks) => {
          const facts = { ...known, takenOverlay: [] as string[], takenVpc: [] as string[] };
          const ranges: string[] = [];
          for (const clusters of networks) {
            const draft = drafted(
              {
                ...shop,
                clusters: clusters.map((one, index) => ({
                  name: `c${index}`,
                  cloudAccountId: one.account,
                  region: 'r',
                  nodes: one.nodes,
                })),
              },
              facts,
            );
            facts.takenOverlay.push(draft.cidr);
            facts.takenVpc.push(...draft.clusters.flatMap((one) => one.vpcCidr ?? []));
            ranges.push(
              ...draft.clusters.flatMap((one) => [one.overlayCidr, ...(one.vpcCidr ? [one.vpcCidr] : [])]),
            );
            const addresses = draft.clusters.flatMap((one) => one.peers.map((peer) => peer.overlayAddress));
            expect(new Set(addresses).size).toBe(addresses.length);
          }
          for (const [index, a] of ranges.entries())
            for (const b of ranges.slice(index + 1)) expect(overlaps(a, b)).toBe(false);
        },
      ),
      { numRuns: 50 },
    );
  });

  it('fills the gaps that removed peers left', () => {
    const living = [
      { name: 'gw-1', overlayAddress: '100.64.0.1' },
      { name: 'node-2', overlayAddress: '100.64.0.3' },
    ];
    expect(
      draftPeers(2, '100.64.0.0/24', living).map((peer) => [peer.name, peer.role, peer.overlayAddress]),
    ).toEqual([
      ['node-1', 'member', '100.64.0.2'],
      ['node-3', 'member', '100.64.0.4'],
    ]);
  });

  it('begins a cluster with as many gateways as asked for, and gives it no other later', () => {
    const begun = draftPeers(3, '100.64.0.0/24', [], [], 2);
    expect(begun.map((peer) => [peer.name, peer.role, peer.overlayAddress])).toEqual([
      ['gw-1', 'gateway', '100.64.0.1'],
      ['gw-2', 'gateway', '100.64.0.2'],
      ['node-1', 'member', '100.64.0.3'],
    ]);
    expect(draftPeers(1, '100.64.0.0/24', begun, [], 2).map((peer) => peer.name)).toEqual(['node-2']);
    expect(draftPeers(1, '100.64.0.0/24', [], [], 4).map((peer) => peer.name)).toEqual(['gw-1']);
  });

  it('gives nobody the name of an instance that still stands', () => {
    const living = [{ name: 'gw-1', overlayAddress: '100.64.0.1' }];
    expect(draftPeers(1, '100.64.0.0/24', living, ['gw-1', 'node-1']).map((peer) => peer.name)).toEqual([
      'node-2',
    ]);
  });
});
