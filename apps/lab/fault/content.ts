import { createHash } from 'node:crypto';

/** User-data as each cloud's requests carry it. */
const USER_DATA = [/(?<=\bUserData=)[^&]*/g, /(?<="customData":)"[^"]*"/g, /(?<="value":)"(?:[^"\\]|\\.)*"/g];

/**
 * Equal for requests that ask for the same, so that a call which is sent again can be told from another of its kind.
 * User-data counts for nothing: whoever asks again puts another secret into it.
 */
export function contentOf(method: string, path: string, body: string): string {
  const told = USER_DATA.reduce((text, pattern) => text.replace(pattern, ''), body);
  return createHash('sha256').update(`${method} ${path}\n${told}`).digest('hex');
}
