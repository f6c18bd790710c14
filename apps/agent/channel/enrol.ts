/** Joining: the node shows a token, proves its key, and learns who it is. */

import { setTimeout as wait } from 'node:timers/promises';
import { ENROL_PATH, EnrolAnswer, EnrolRefusal, type EnrolRequest } from '@skein/contract/agent/channel.ts';
import { enrolText, signText } from '@skein/mesh/map/sign.ts';
import { AgentFailure, wordsOf } from '../failure.ts';
import type { Keys } from '../state/keys.ts';
import { backoffSeconds } from './backoff.ts';

export type Enrolled =
  | { kind: 'enrolled'; answer: EnrolAnswer }
  | { kind: 'refused'; code: EnrolRefusal['code']; message: string };

const ANSWER_SECONDS = 20;
const MOST_ATTEMPTS = 6;

/**
 * Enrols. Asks again (the same keys get the same answer) while the coordinator is busy or out of reach, for about a
 * minute at most. Throws `unreachable` after that.
 */
export async function enrol(
  coordinatorUrl: string,
  token: string,
  keys: Keys,
  facts: EnrolRequest['facts'],
  name: string | undefined,
): Promise<Enrolled> {
  const request: EnrolRequest = {
    token,
    identityKey: keys.identityKey,
    wireguardKey: keys.wireguardKey,
    proof: signText('enrol', enrolText(token, keys.wireguardKey), keys.identity),
    facts,
    ...(name === undefined ? {} : { name }),
  };
  let trouble = '';
  for (let failures = 0; failures < MOST_ATTEMPTS; failures += 1) {
    if (failures > 0) await wait(1000 * backoffSeconds(failures + 1, Math.random()));
    try {
      const response = await fetch(`${coordinatorUrl.replace(/\/$/, '')}${ENROL_PATH}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(request),
        signal: AbortSignal.timeout(ANSWER_SECONDS * 1000),
      });
      const body: unknown = await response.json();
      if (response.ok) return { kind: 'enrolled', answer: EnrolAnswer.parse(body) };
      const refusal = EnrolRefusal.safeParse(body);
      if (refusal.success && refusal.data.code !== 'busy') return { kind: 'refused', ...refusal.data };
      trouble = refusal.success ? refusal.data.message : `it answered ${response.status}`;
    } catch (error) {
      const cause = error instanceof Error && error.cause !== undefined ? `: ${wordsOf(error.cause)}` : '';
      trouble = `${wordsOf(error)}${cause}`;
    }
  }
  throw new AgentFailure('unreachable', `${coordinatorUrl} did not let this node in: ${trouble}`);
}
