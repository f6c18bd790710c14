import { z } from 'zod';

/** Binds what is done to the plan that was looked at. */
export const PlanSeen = z.object({
  planHash: z
    .string()
    .max(200)
    .optional()
    .describe('`hash` of the plan seen. Where the plan is another by now, nothing is done: `plan-changed`'),
});
