/** Cloud DNS's errors in our words. */
import { DnsError, type DnsErrorCode } from '../provider.ts';

const REMEDY: Partial<Record<DnsErrorCode, string>> = {
  unauthenticated: 'Check the service account’s key: it may be broken, disabled or deleted.',
  forbidden: 'Give the service account the role DNS Administrator, and enable the Cloud DNS API.',
  quota: 'Ask Google for a higher Cloud DNS quota, or remove what is no longer needed.',
};

/** @param status HTTP status. @param reason Google's own word. 403 and 400 stand for several things each. */
export function codeFor(status: number, reason: string, text: string): DnsErrorCode {
  if (/rateLimitExceeded/i.test(reason) || /\brate ?limit exceeded|per (minute|second)/i.test(text))
    return 'throttled';
  if (/quota|^limitExceeded$/i.test(reason)) return 'quota';
  if (/inUse|containerNotEmpty/.test(reason)) return 'in-use';
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
    case 412:
      return 'conflict';
    case 429:
      return 'throttled';
    default:
      return status >= 500 ? 'unavailable' : 'invalid';
  }
}

/**
 * An SDK failure as a DnsError; a fault of our own is thrown on as it is. Nothing of the request is kept: it carries a
 * token.
 * @param what was tried, as a noun phrase.
 */
export function dnsErrorFrom(what: string, error: unknown): DnsError {
  if (error instanceof DnsError) return error;
  if (!(error instanceof Error)) throw error;
  const failure = error as Error & {
    code?: number | string;
    errors?: { reason?: string; message?: string }[];
  };
  const code =
    typeof failure.code === 'string' && /^\d{3}$/.test(failure.code) ? Number(failure.code) : failure.code;
  const made = (kind: DnsErrorCode, said: string, reason: string | null) => {
    const remedy = REMEDY[kind];
    const cause = { status: typeof code === 'number' ? code : null, reason };
    return new DnsError(kind, `Cloud DNS, ${what}: ${said}`, remedy ? { remedy, cause } : { cause });
  };
  if (typeof code === 'number') {
    const first = failure.errors?.[0];
    const kind = codeFor(code, first?.reason ?? '', error.message);
    // The library joins several messages into a list; the first says what matters.
    const said =
      kind === 'unauthenticated'
        ? 'Google refused the service account’s key.'
        : (first?.message ?? error.message);
    return made(kind, said, first?.reason ?? null);
  }
  // A key that is no PEM fails while the token is signed, before anything is sent.
  if (/^ERR_OSSL|^ERR_CRYPTO/.test(code ?? ''))
    return made('unauthenticated', 'The private key cannot be read.', null);
  if (code === 'ETIMEDOUT' || code === 'ESOCKETTIMEDOUT' || error.name === 'TimeoutError')
    return made('timeout', 'No answer in time.', null);
  if (/^(E[A-Z]+|UND_ERR\w*)$/.test(code ?? '')) return made('unavailable', `No connection (${code}).`, null);
  throw error;
}
