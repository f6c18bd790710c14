/** What this node learnt when it joined: who it is, of which network, and whose signature to believe. */
import { EnrolAnswer } from '@skein/contract/agent/channel.ts';
import { z } from 'zod';
import { STATE_DIRECTORY } from '../config.ts';
import { AgentFailure } from '../failure.ts';
import { readIfThere, writeSafely } from './files.ts';

export const Enrolment = EnrolAnswer.extend({ coordinatorUrl: z.url() });
export type Enrolment = z.infer<typeof Enrolment>;

const ENROLMENT_FILE = `${STATE_DIRECTORY}/enrolment.json`;

/** The enrolment held, or undefined where the node has not joined. Throws `config-invalid` where it is unreadable. */
export async function readEnrolment(): Promise<Enrolment | undefined> {
  const text = await readIfThere(ENROLMENT_FILE);
  if (text === undefined) return undefined;
  try {
    return Enrolment.parse(JSON.parse(text));
  } catch {
    throw new AgentFailure(
      'config-invalid',
      `${ENROLMENT_FILE} is damaged; run install.sh --uninstall and join again`,
    );
  }
}

export async function writeEnrolment(enrolment: Enrolment): Promise<void> {
  await writeSafely(ENROLMENT_FILE, `${JSON.stringify(enrolment, null, 2)}\n`);
}
