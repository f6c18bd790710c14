/**
 * Jobs carry ids and nothing else: Postgres owns the truth, the queue only wakes.
 */
import { z } from 'zod';

export const WAKE_QUEUE = 'wake';
export const WakeJob = z.object({ organizationId: z.string(), operationId: z.string() });
export type WakeJob = z.infer<typeof WakeJob>;
