import { expect, test } from 'vitest';
import { needsOf, quotaWarnings } from './needs.ts';
import { planOf } from './plan-of.ts';
import { emptied } from './shape.ts';
import { KNOWN, making, SHOP } from './testing/applied.ts';

const change = making(SHOP);
const plan = planOf({ shape: emptied(change.after), rows: [], accounts: KNOWN.accounts }, change, []);
const needs = needsOf(change.after, plan.resources);

test('needs are counted by account and region', () => {
  expect(needs.map(({ cloudAccountId, region, counts }) => [cloudAccountId, region, counts])).toEqual([
    ['acc_aws', 'us-east-1', { instances: 2, vcpus: 4, addresses: 1, networks: 1, firewalls: 2 }],
    ['acc_aws', 'us-west-2', { instances: 2, vcpus: 4, addresses: 1, networks: 1, firewalls: 2 }],
    ['acc_gcp', 'us-central1', { instances: 1, vcpus: 2, addresses: 1, networks: 1, firewalls: 2 }],
  ]);
});

test('limits gone past and limits come near are told, others are not', () => {
  const [need] = needs;
  if (!need) throw new Error('no need');
  const told = quotaWarnings('Production in us-east-1', need, [
    { what: 'vcpus', limit: 32, used: 30 },
    { what: 'addresses', limit: 5, used: 4 },
    { what: 'networks', limit: 5, used: 1 },
  ]);
  expect(told.map((one) => one.message)).toEqual([
    'Production in us-east-1 allows 32 vCPUs, 30 are in use and this makes 4: ask the cloud for a higher limit first.',
    'Production in us-east-1 allows 5 addresses, 4 are in use and this makes 1: 0 are left after that.',
  ]);
});
