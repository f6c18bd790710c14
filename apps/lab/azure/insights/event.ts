/** The activity log: who changed what. */
import type { AzureAccount } from '../entra/account.ts';
import { type ActivityEvent, type AzureState, nextGuid, type Subscription } from '../state.ts';

/** Events kept. */
const KEPT = 500;

export function noteEvent(
  state: AzureState,
  subscription: Subscription,
  it: {
    account: AzureAccount;
    action: string;
    resourceId: string;
    group: string | null;
    httpStatus: number;
    now: Date;
  },
): void {
  const event: ActivityEvent = {
    id: nextGuid(state),
    at: it.now.toISOString(),
    caller: it.account.objectId,
    clientId: it.account.clientId,
    action: it.action,
    resourceId: it.resourceId,
    group: it.group,
    status: 'Succeeded',
    httpStatus: it.httpStatus,
  };
  subscription.events.push(event);
  if (subscription.events.length > KEPT) subscription.events.splice(0, subscription.events.length - KEPT);
}
