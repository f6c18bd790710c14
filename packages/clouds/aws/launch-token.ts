/** The idempotency token of a launch. Pure. */
import { createHash } from 'node:crypto';
import type { Keyed } from '../provider.ts';

/**
 * At most 64 ASCII characters, as AWS asks for; the same for the same launch, so that a repeated call gives back the
 * same instance. The attempt is in it because AWS remembers failures too.
 */
export function launchToken(
  spec: Keyed & { instanceType: string },
  attempt: number,
  generation: number,
): string {
  const { organizationId, networkId, clusterId } = spec.owner;
  const subject = JSON.stringify([
    organizationId,
    networkId,
    clusterId,
    spec.key,
    spec.instanceType,
    attempt,
    generation,
  ]);
  return `skein-${createHash('sha256').update(subject).digest('hex').slice(0, 48)}`;
}
