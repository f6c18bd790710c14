import { describe, expect, it } from 'vitest';
import { type Ailing, healSteps } from './heal.ts';

const clusters = [
  {
    name: 'prod',
    peers: [
      { name: 'gw-1', role: 'gateway' as const },
      { name: 'node-1', role: 'member' as const },
    ],
  },
  { name: 'dev', peers: [{ name: 'gw-2', role: 'gateway' as const }] },
];
const ill = (
  kind: string,
  key: string,
  cluster: string | null,
  what: Ailing['what'] = 'changed',
): Ailing => ({
  kind,
  key,
  cluster,
  what,
});
/** “key(peers) after others”, for each step. */
const shown = (ailing: readonly Ailing[]) =>
  healSteps(ailing, clusters).map(
    (step) =>
      `${step.key}${step.input.peers ? `(${step.input.peers.join(' ')})` : ''}${
        step.dependsOn.length > 0 ? ` after ${step.dependsOn.join(' ')}` : ''
      }`,
  );

const CASES: [string, Ailing[], string[]][] = [
  ['nothing', [], []],
  ['a rule', [ill('firewall', 'firewall/member', 'prod')], ['prod/firewall']],
  [
    'a group that is gone: its machines get the new one',
    [ill('firewall', 'firewall/member', 'prod', 'missing')],
    ['prod/firewall', 'prod/instances(gw-1 node-1) after prod/firewall', 'records after prod/instances'],
  ],
  [
    'a stopped machine',
    [ill('instance', 'instance/node-1', 'prod')],
    ['prod/instances(node-1)', 'records after prod/instances'],
  ],
  [
    'a machine that is gone joins anew',
    [ill('instance', 'instance/node-1', 'prod', 'missing')],
    [
      'prod/instances(node-1)',
      'prod/join(node-1) after prod/instances',
      'records after prod/instances prod/join',
    ],
  ],
  [
    'an address that is gone: the new one is in the rules of all',
    [ill('address', 'address/gw-1', 'prod', 'missing')],
    [
      'prod/addresses',
      'prod/firewall after prod/addresses',
      'prod/instances(gw-1) after prod/addresses prod/firewall',
      'dev/firewall after prod/addresses',
      'records after prod/addresses prod/instances',
    ],
  ],
  [
    'a VPC and all in it',
    [
      ill('network', 'network', 'dev', 'missing'),
      ill('firewall', 'firewall/gateway', 'dev', 'missing'),
      ill('instance', 'instance/gw-2', 'dev', 'missing'),
      ill('zone', 'zone/private', 'dev', 'missing'),
    ],
    [
      'dev/network',
      'dev/firewall after dev/network',
      'dev/instances(gw-2) after dev/network dev/firewall',
      'dev/join(gw-2) after dev/instances',
      'zones after dev/network',
      'records after zones dev/instances dev/join',
    ],
  ],
  ['a record', [ill('record', 'records/public', null)], ['records']],
  ['a zone', [ill('zone', 'zone/public', null, 'missing')], ['zones', 'records after zones']],
  [
    'both halves of a peering: one step',
    [
      { ...ill('peering', 'peering/clu_b', 'prod'), peeredWith: 'dev' },
      { ...ill('peering', 'peering/clu_a', 'dev'), peeredWith: 'prod' },
    ],
    [
      'dev/peering-prod',
      'dev/firewall-peered after dev/peering-prod',
      'prod/firewall-peered after dev/peering-prod',
      'dev/use-peering-prod after dev/firewall-peered prod/firewall-peered',
    ],
  ],
];

describe('steps that mend', () => {
  it.each(CASES)('%s', (_, ailing, steps) => {
    expect(shown(ailing)).toEqual(steps);
  });

  it('depend on steps of the same operation only, each named once', () => {
    const all = CASES.flatMap(([, ailing]) => ailing);
    const steps = healSteps(all, clusters);
    const keys = steps.map((step) => step.key);
    expect(new Set(keys).size).toBe(keys.length);
    for (const step of steps) for (const key of step.dependsOn) expect(keys).toContain(key);
  });
});
