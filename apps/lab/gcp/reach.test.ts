/** Firewall rules with priorities, denials and tags come down to plain permissions. */
import { describe, expect, test } from 'vitest';
import type { GroundRule } from '../ground/ground.ts';
import { rulesOf } from './reach.ts';
import { emptyProject, type Firewall, type Instance, type Project } from './state.ts';

const instance = (name: string, privateAddress: string, tags: string[], network = 'net'): Instance => ({
  id: name,
  name,
  createdAt: '',
  description: '',
  zone: 'us-central1-a',
  machineType: 'e2-small',
  status: 'RUNNING',
  statusMessage: null,
  hostname: null,
  tags,
  labels: {},
  metadata: [],
  canIpForward: false,
  deletionProtection: false,
  network,
  subnetwork: 'sub',
  privateAddress,
  external: null,
  disk: { name, deviceName: '', sizeGb: '10', image: '', type: '', autoDelete: true },
  startedAt: '',
  stoppedAt: null,
  kept: {},
});
const rule = (name: string, more: Partial<Firewall>): Firewall => ({
  id: name,
  name,
  createdAt: '',
  description: '',
  network: 'net',
  direction: 'INGRESS',
  priority: 1000,
  disabled: false,
  allowed: [],
  denied: [],
  sourceRanges: [],
  destinationRanges: [],
  sourceTags: [],
  targetTags: [],
  kept: {},
  ...more,
});
const projectOf = (rules: Firewall[]): Project => ({
  ...emptyProject(),
  firewalls: Object.fromEntries(rules.map((each) => [each.name, each])),
  instances: Object.fromEntries(
    [
      instance('gw', '10.0.0.2', ['gateway']),
      instance('web', '10.0.0.3', ['web']),
      instance('far', '10.0.0.2', ['web'], 'other'),
    ].map((each) => [each.name, each]),
  ),
});
const reach = (rules: Firewall[], name = 'gw') => {
  const project = projectOf(rules);
  return rulesOf(project, project.instances[name] as Instance);
};
const EVERYTHING: GroundRule[] = [{ protocol: 'all', fromPort: 0, toPort: 65535, cidrs: ['0.0.0.0/0'] }];
const wg = rule('wg', {
  allowed: [{ IPProtocol: 'udp', ports: ['51820'] }],
  sourceRanges: ['198.18.64.1/32'],
  targetTags: ['gateway'],
});

describe('rules', () => {
  test('without any: nobody comes in, all may go out', () => {
    expect(reach([])).toEqual({ ingress: [], egress: EVERYTHING });
  });

  test('target tags choose the instances', () => {
    expect(reach([wg]).ingress).toEqual([
      { protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs: ['198.18.64.1/32'] },
    ]);
    expect(reach([wg], 'web').ingress).toEqual([]);
    expect(reach([wg], 'far').ingress).toEqual([]);
  });

  test('disabled rules and other networks’ rules do nothing', () => {
    expect(
      reach([
        { ...wg, disabled: true },
        { ...wg, name: 'b', network: 'other' },
      ]).ingress,
    ).toEqual([]);
  });

  test('source tags are the private addresses of the network’s members', () => {
    const icmp = rule('icmp', { allowed: [{ IPProtocol: 'icmp' }], sourceTags: ['web'] });
    expect(reach([icmp]).ingress).toEqual([
      { protocol: 'icmp', fromPort: 0, toPort: 65535, cidrs: ['10.0.0.3/32'] },
    ]);
  });

  test('a stronger denial takes ports away; a weaker one does not', () => {
    const open = rule('open', {
      allowed: [{ IPProtocol: 'tcp', ports: ['1-100'] }],
      sourceRanges: ['10.0.0.0/8'],
    });
    const shut = rule('shut', {
      denied: [{ IPProtocol: 'tcp', ports: ['22'] }],
      sourceRanges: ['0.0.0.0/0'],
      priority: 10,
    });
    expect(reach([open, shut]).ingress).toEqual([
      { protocol: 'tcp', fromPort: 1, toPort: 21, cidrs: ['10.0.0.0/8'] },
      { protocol: 'tcp', fromPort: 23, toPort: 100, cidrs: ['10.0.0.0/8'] },
    ]);
    expect(reach([open, { ...shut, priority: 2000 }]).ingress).toEqual([
      { protocol: 'tcp', fromPort: 1, toPort: 100, cidrs: ['10.0.0.0/8'] },
    ]);
  });

  test('of equal priority the denial wins, for its addresses only', () => {
    const open = rule('a-open', {
      allowed: [{ IPProtocol: 'udp', ports: ['53'] }],
      sourceRanges: ['10.0.0.0/30'],
    });
    const shut = rule('b-shut', { denied: [{ IPProtocol: 'all' }], sourceRanges: ['10.0.0.1/32'] });
    expect(reach([open, shut]).ingress).toEqual([
      { protocol: 'udp', fromPort: 53, toPort: 53, cidrs: ['10.0.0.0/32', '10.0.0.2/31'] },
    ]);
  });

  test('a stronger permission stands against a weaker denial', () => {
    const shut = rule('shut', {
      denied: [{ IPProtocol: 'all' }],
      sourceRanges: ['0.0.0.0/0'],
      priority: 65534,
    });
    expect(reach([wg, shut]).ingress).toEqual([
      { protocol: 'udp', fromPort: 51820, toPort: 51820, cidrs: ['198.18.64.1/32'] },
    ]);
  });

  test('egress loses what is denied', () => {
    const shut = rule('shut', {
      direction: 'EGRESS',
      denied: [{ IPProtocol: 'all' }],
      destinationRanges: ['0.0.0.0/0'],
      priority: 1000,
    });
    const web = rule('web', {
      direction: 'EGRESS',
      allowed: [{ IPProtocol: 'tcp', ports: ['443'] }],
      destinationRanges: ['192.0.2.0/24'],
      priority: 900,
    });
    expect(reach([shut]).egress).toEqual([]);
    expect(reach([shut, web]).egress).toEqual([
      { protocol: 'tcp', fromPort: 443, toPort: 443, cidrs: ['192.0.2.0/24'] },
    ]);
    const mail = rule('mail', {
      direction: 'EGRESS',
      denied: [{ IPProtocol: '6', ports: ['25'] }],
      destinationRanges: ['0.0.0.0/0'],
    });
    expect(reach([mail]).egress).toEqual([
      { protocol: 'icmp', fromPort: 0, toPort: 65535, cidrs: ['0.0.0.0/0'] },
      { protocol: 'tcp', fromPort: 0, toPort: 24, cidrs: ['0.0.0.0/0'] },
      { protocol: 'tcp', fromPort: 26, toPort: 65535, cidrs: ['0.0.0.0/0'] },
      { protocol: 'udp', fromPort: 0, toPort: 65535, cidrs: ['0.0.0.0/0'] },
    ]);
  });
});
