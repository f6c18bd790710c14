/** Cloud DNS's errors in our words: those of Google Cloud, in the form that this library throws them in. */
import { cloudErrorFrom } from '@skein/clouds/gcp/errors.ts';
import { DnsError, dnsErrorOf } from '../provider.ts';

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
  const status =
    typeof failure.code === 'number' || /^\d{3}$/.test(failure.code ?? '') ? Number(failure.code) : undefined;
  const task = `${what} in Cloud DNS`;
  if (status === undefined) return dnsErrorOf(cloudErrorFrom(task, networkFailure(failure)));
  // The library joins several messages into a list; the first says what matters.
  const [first] = failure.errors ?? [];
  const told = Object.assign(new Error(first?.message ?? error.message), {
    httpStatusCode: status,
    response: { status, data: { error: { errors: failure.errors ?? [] } } },
  });
  const mapped = cloudErrorFrom(task, told);
  return dnsErrorOf(mapped, first?.reason === 'containerNotEmpty' ? { code: 'in-use' } : {});
}

/** The request library has a name of its own for a socket that stays silent. */
const networkFailure = (error: Error & { code?: number | string }) =>
  error.code === 'ESOCKETTIMEDOUT' ? Object.assign(new Error(error.message), { code: 'ETIMEDOUT' }) : error;
