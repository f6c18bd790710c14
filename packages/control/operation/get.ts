import type { Context } from '../context.ts';
import { loadOperation, type Operation } from './view.ts';

/** One operation with its steps. */
export function getOperation(context: Context, input: { id: string }): Promise<Operation> {
  return loadOperation(context.database, context.actor.organizationId, input.id);
}
