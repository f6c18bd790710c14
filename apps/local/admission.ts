/** The first ways into a stand: an API token for this command, and the one-time link for a person. */
import { join } from 'node:path';
import { z } from 'zod';
import { callSocket } from './socket.ts';

export const Admission = z.object({
  /** Secret of the one-time set-up link; only the newest works. Null once somebody has set Skein up. */
  setupLink: z.string().nullable(),
  /** API token of this command, for the demo and the prover; good for a day. */
  token: z.string(),
});
export type Admission = z.infer<typeof Admission>;

/** Only the socket's owner gets in. */
export const admissionSocket = (directory: string) => join(directory, 'admission.sock');

/** Asks a ready stand for a new token and a new link. */
export async function askAdmission(directory: string): Promise<Admission> {
  return Admission.parse(await callSocket(admissionSocket(directory), 'POST', '/', 20));
}
