/** One PowerDNS server's HTTP API, and the one way of calling it. */
import type { PowerDnsCredentials } from '@skein/contract/rest/account.ts';
import { boundedCall } from '../bounded-call.ts';
import { type DnsAccount, type DnsContext, DnsError, type DnsErrorCode } from '../provider.ts';

const TRIES = 4;
const ANSWER_SECONDS = 30;

/** Sets of records as the API writes them. Names end with a dot. */
export interface PowerDnsSet {
  name: string;
  type: string;
  ttl?: number;
  changetype?: 'REPLACE' | 'DELETE';
  records?: { content: string; disabled?: boolean }[];
}
export interface PowerDnsZone {
  id: string;
  name: string;
  account?: string;
  rrsets?: PowerDnsSet[];
}

const REMEDY: Partial<Record<DnsErrorCode, string>> = {
  unauthenticated: 'Compare the API key with the server’s api-key setting.',
  forbidden: 'See that the server’s webserver-allow-from setting names this address.',
};

/** @param status HTTP status of a refusal. */
export function codeFor(status: number): DnsErrorCode {
  switch (status) {
    case 401:
      return 'unauthenticated';
    case 403:
      return 'forbidden';
    case 404:
      return 'not-found';
    case 408:
    case 504:
      return 'timeout';
    case 409:
      return 'conflict';
    case 429:
      return 'throttled';
    default:
      return status >= 500 ? 'unavailable' : 'invalid';
  }
}

/** What `fetch` itself threw. A fault of our own is thrown on as it is. */
function unsent(what: string, error: unknown): DnsError {
  if (error instanceof DnsError) return error;
  if (!(error instanceof Error)) throw error;
  if (error.name === 'TimeoutError')
    return new DnsError('timeout', `PowerDNS, ${what}: no answer within ${ANSWER_SECONDS} s.`);
  const code = (error.cause as { code?: string } | undefined)?.code;
  if (error instanceof TypeError && code)
    return new DnsError('unavailable', `PowerDNS, ${what}: no connection (${code}).`);
  if (error instanceof SyntaxError)
    return new DnsError('unavailable', `PowerDNS, ${what}: the answer is not PowerDNS’s.`, {
      remedy: 'Check the address of the API.',
    });
  throw error;
}

export class PowerDnsApi {
  readonly #base: string;
  readonly #key: string;

  constructor({ credentials, endpoint }: DnsAccount<PowerDnsCredentials>) {
    const root = (endpoint ?? credentials.url).replace(/\/+$/, '');
    this.#base = `${root}/api/v1/servers/${encodeURIComponent(credentials.serverId)}`;
    this.#key = credentials.apiKey;
  }

  /**
   * Calls, and repeats what may be repeated: every change says what is to stand there, so that a second time changes
   * nothing. @param what is tried, as a noun phrase. @param path below the server, with its slash.
   */
  call<T>(
    what: string,
    context: DnsContext,
    method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
  ): Promise<T> {
    const once = async (): Promise<T> => {
      const answer = await fetch(`${this.#base}${path}`, {
        method,
        headers: { 'x-api-key': this.#key, 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // An API key must not follow to another address.
        redirect: 'error',
        signal: AbortSignal.any([context.signal, AbortSignal.timeout(ANSWER_SECONDS * 1000)]),
      });
      const text = await answer.text();
      if (answer.ok) return (text === '' ? undefined : JSON.parse(text)) as T;
      const code = codeFor(answer.status);
      const remedy = REMEDY[code];
      throw new DnsError(code, `PowerDNS, ${what}: ${wordsOf(text, answer)}`, {
        ...(remedy ? { remedy } : {}),
        cause: { status: answer.status },
      });
    };
    return boundedCall(once, {
      signal: context.signal,
      tries: TRIES,
      mapped: (error) => unsent(what, error),
    });
  }
}

/** What the server says of a refusal. */
function wordsOf(text: string, { status, statusText }: Response): string {
  try {
    const { error, errors } = JSON.parse(text) as { error?: string; errors?: string[] };
    const said = [error, ...(errors ?? [])].filter((one) => one).join(' ');
    if (said) return said;
  } catch {
    // A proxy before the server answers in HTML: its status must do.
  }
  return `${status} ${statusText}`.trim();
}
