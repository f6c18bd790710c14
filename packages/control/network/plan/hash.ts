import { createHash } from 'node:crypto';
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import { compareText } from '@skein/mesh/network.ts';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import { byName, type Shape } from './shape.ts';

/**
 * Equal for two plans that make the same of the same: what the network will be, down to the accounts, and every change
 * on the way. What stays as it is does not count, nor what changes by itself: prices, quotas, who is connected.
 */
export function planHash(
  after: Shape,
  told: Pick<NetworkPlan, 'resources' | 'rules' | 'records'>,
  steps: readonly PlannedStep[],
): string {
  const { snapshot: _, clusters, ...network } = after;
  const whole = byName(clusters).map(({ state: _state, peers, ...cluster }) => ({
    ...cluster,
    peers: byName(peers).map(({ sendsFrom: _from, privateAddress: _address, seat: _seat, ...peer }) => peer),
  }));
  const work = [...steps]
    .sort((a, b) => compareText(a.key, b.key))
    .map((step) => ({ ...step, dependsOn: [...step.dependsOn].sort() }));
  const moved = <T extends { action: string }>(all: readonly T[]) =>
    all.filter((one) => one.action !== 'keep');
  const { resources, rules, records } = told;
  const changes = { resources: moved(resources), rules: moved(rules), records: moved(records) };
  const text = canonical({ network, clusters: whole, ...changes, steps: work });
  return createHash('sha256').update(text).digest('hex');
}

/** JSON with the keys of every object in order: Postgres and code put them down in orders of their own. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
