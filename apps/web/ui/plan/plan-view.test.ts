import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { createElement } from 'react';
import { renderToStaticMarkup } from 'react-dom/server';
import { expect, test } from 'vitest';
import { PlanView } from './plan-view.tsx';

const plan: NetworkPlan = {
  cidr: '100.64.0.0/16',
  clusters: [{ name: 'prod', vpcCidr: '10.64.0.0/20', overlayCidr: '100.64.0.0/24', kubernetes: null }],
  resources: [
    {
      action: 'create',
      kind: 'instance',
      key: 'instance/node-2',
      cluster: 'prod',
      provider: 'aws',
      region: 'us-east-1',
      summary: 'member node-2 at 100.64.0.3',
    },
    {
      action: 'destroy',
      kind: 'zone',
      key: 'zone/public',
      cluster: null,
      provider: 'aws',
      region: 'global',
      summary: 'public zone shop.skein.test',
    },
  ],
  rules: [
    {
      action: 'create',
      cluster: 'prod',
      group: 'gateway',
      protocol: 'udp',
      fromPort: 51820,
      toPort: 51820,
      source: 'the public address of dev/gw-1, given when it is made',
    },
  ],
  records: [
    {
      action: 'change',
      zone: 'public',
      name: 'prod.shop.skein.test',
      before: ['192.0.2.1'],
      after: ['192.0.2.9'],
    },
  ],
  cost: {
    pricesOf: '2026-11-21',
    beforeUsd: 10,
    afterUsd: 25.18,
    lines: [
      {
        what: '1 × t3.small',
        provider: 'aws',
        region: 'us-east-1',
        quantity: 730,
        unit: 'hour',
        unitUsd: 0.0208,
        monthlyUsd: 15.18,
      },
    ],
    leftOut: ['Disks of the nodes.'],
  },
  blastRadius: {
    peers: [{ cluster: 'prod', name: 'gw-1', effect: 'new-map' }],
    flows: [{ from: 'dev', to: 'prod', effect: 'cut' }],
  },
  steps: [{ key: 'verify', title: 'Check every tunnel', dependsOn: [] }],
  warnings: [{ code: 'quota', message: 'Five addresses are allowed.' }],
  hash: 'a'.repeat(64),
};

test('a plan is told whole, warnings before what is made, and reads without colour', () => {
  const html = renderToStaticMarkup(createElement(PlanView, { plan }));
  const text = html.replaceAll(/<[^>]+>/g, ' ').replaceAll(/\s+/g, ' ');
  for (const words of [
    'member node-2 at 100.64.0.3',
    'public zone shop.skein.test',
    'UDP 51820 from the public address of dev/gw-1, given when it is made',
    '192.0.2.1 → 192.0.2.9',
    '$10.00 → $25.18 a month, an estimate by prices put down on 2026-11-21',
    '+$15.18, without traffic',
    '$0.0208 / hour',
    'Disks of the nodes.',
    'gw-1 of prod gets a new map',
    'Traffic between dev and prod ends',
  ])
    expect(text).toContain(words);
  expect(text.indexOf('Five addresses')).toBeLessThan(text.indexOf('member node-2'));
  for (const word of ['Create', 'Change', 'Destroy']) expect(html).toContain(`aria-label="${word}"`);
});
