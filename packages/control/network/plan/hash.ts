import { createHash } from 'node:crypto';
import type { NetworkPlan } from '@skein/contract/rest/network.ts';
import type { PlannedStep } from '../../operation/steps/planned.ts';
import type { Shape } from './shape.ts';

/**
 * Equal for two plans that make the same of the same: what the network will be, down to the accounts, and every change
 * on the way. What changes by itself (prices, quotas, who is connected) does not count.
 */
export function planHash(
  after: Shape,
  plan: Pick<NetworkPlan, 'resources' | 'rules' | 'records'>,
  steps: readonly PlannedStep[],
): string {
  const { snapshot: _, clusters, allowedPorts, ...network } = after;
  const ports = allowedPorts.map((one) => `${one.protocol} ${one.port}`).sort();
  const whole = clusters.map(({ state: _state, peers, ...cluster }) => ({
    ...cluster,
    peers: peers.map(({ id, name, role, managed, overlayAddress }) => ({
      id,
      name,
      role,
      managed,
      overlayAddress,
    })),
  }));
  const { resources, rules, records } = plan;
  const text = canonical({ network, ports, clusters: whole, resources, rules, records, steps });
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
