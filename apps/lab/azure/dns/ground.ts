/** Azure's zones on the ground. Pure. */
import type { GroundZone } from '../../ground/ground.ts';
import type { Resource, Subscription } from '../state.ts';

export function zonesOf(_subscription: Subscription, _realmId: (network: Resource) => string): GroundZone[] {
  return [];
}
