import type { OperationEvent } from '@skein/contract/rest/operation.ts';
import { CHANNEL } from '@skein/database/notify.ts';
import type { Context } from '../context.ts';
import { changesOf } from '../follow/changes.ts';
import { listLog } from './log.ts';
import { OPEN_STATES } from './open.ts';
import { loadOperation } from './view.ts';

const LINES_AT_ONCE = 200;

/**
 * The operation as it is, then each change and each log line as they come, until it has ended or `signal` fires.
 * `afterLogId` leaves out lines seen before. Rejects with `Refusal` where there is no such operation.
 */
export async function* followOperation(
  context: Context,
  input: { id: string; afterLogId?: string | undefined; signal: AbortSignal },
): AsyncIterable<OperationEvent> {
  const { organizationId } = context.actor;
  let after = input.afterLogId;
  let shown = '';
  const concerns = (payload: string) => payload.includes(input.id);
  for await (const _ of changesOf(context.database, [CHANNEL.operation], concerns, input.signal)) {
    const operation = await loadOperation(context.database, organizationId, input.id);
    // Lines first: they tell what the change of state that follows is about.
    for (let more = true; more; ) {
      const lines = await listLog(context, { operationId: input.id, after, limit: LINES_AT_ONCE });
      for (const line of lines.items) yield { type: 'log', line };
      after = lines.items.at(-1)?.id ?? after;
      more = lines.next !== null;
    }
    const text = JSON.stringify(operation);
    if (text !== shown) yield { type: 'operation', operation };
    shown = text;
    if (!OPEN_STATES.some((state) => state === operation.state)) return;
  }
}
