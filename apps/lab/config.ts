/** The lab's configuration: the only place in this app that reads the environment. */
import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { FaultPlan } from './fault/rule.ts';
import { withSystemPath } from './seal/path.ts';

const schema = z.object({
  SKEIN_STATE_DIRECTORY: z
    .string('is missing: the directory where Skein keeps its state')
    .refine(isAbsolute, 'must be an absolute path'),
  /** Shown to every machine as `/opt/lab`. */
  SKEIN_LAB_PROGRAMS: z.string().refine(isAbsolute, 'must be an absolute path').optional(),
  SKEIN_LAB_FAULTS: z
    .string()
    .transform((text, context) => {
      try {
        return JSON.parse(text) as unknown;
      } catch {
        context.addIssue('is no JSON');
        return z.NEVER;
      }
    })
    .pipe(FaultPlan)
    .optional(),
});

export interface LabConfig {
  stateDirectory: string;
  /** The faults to begin with. */
  faults: FaultPlan | null;
  /** A folder that every machine sees as `/opt/lab`. */
  programs: string | null;
}

/** Throws one error that names every problem. */
export function readConfig(environment: Record<string, string | undefined> = process.env): LabConfig {
  const parsed = schema.safeParse(environment);
  if (!parsed.success) {
    const problems = parsed.error.issues.map((issue) => `  ${issue.path.join('.')} ${issue.message}`);
    throw new Error(`The lab cannot start with this environment:\n${problems.join('\n')}`);
  }
  return {
    stateDirectory: parsed.data.SKEIN_STATE_DIRECTORY,
    faults: parsed.data.SKEIN_LAB_FAULTS ?? null,
    programs: parsed.data.SKEIN_LAB_PROGRAMS ?? null,
  };
}

/** Our own environment, with the directories of `ip`, `nft` and their like that a user's PATH often lacks. */
export const commandEnvironment = (): NodeJS.ProcessEnv => withSystemPath(process.env);
