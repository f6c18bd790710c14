/**
 * Where a step remembers the long-running operations that its cloud has begun: in its own row, so that whoever takes
 * the step next waits for them. Writes only while this worker holds the step.
 */
import type { Resume } from '@skein/clouds/provider.ts';
import { LeaseLost, type StepRun } from '../engine/step-run.ts';

export function resumeOf({ step, context }: Pick<StepRun, 'step' | 'context'>): Resume {
  const { database } = context;
  return {
    async load(key) {
      const rows = await database.$queryRaw<{ token: string | null }[]>`
        SELECT "resumeTokens"->>${key}::text AS token FROM step WHERE id = ${step.id}`;
      return rows[0]?.token ?? undefined;
    },
    async save(key, token) {
      // One statement for one key: several calls of a step save at the same time.
      const count =
        token === null
          ? await database.$executeRaw`
              UPDATE step SET "resumeTokens" = "resumeTokens" - ${key}::text
              WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running'`
          : await database.$executeRaw`
              UPDATE step SET "resumeTokens" = "resumeTokens" || jsonb_build_object(${key}::text, ${token}::text)
              WHERE id = ${step.id} AND fence = ${step.fence} AND state = 'running'`;
      if (count === 0) throw new LeaseLost(step.key);
    },
  };
}
