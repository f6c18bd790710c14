/** Google Cloud's errors in our words. The one place where they are told apart. */
import type { protos } from '@google-cloud/compute';
import { CloudError, type CloudErrorCode } from '../provider.ts';

const REMEDY: Partial<Record<CloudErrorCode, string>> = {
  unauthenticated: 'Check the service account’s key: it may be broken, disabled or deleted.',
  forbidden:
    'Give the service account the role that is missing (Compute Admin, DNS Administrator), and enable the API.',
  quota: 'Ask Google for a higher quota, or remove what is no longer needed.',
};

/** What is kept of a failure: never the request, which carries a token. */
interface GoogleCause {
  status: number | null;
  reason: string | null;
}

/**
 * @param status HTTP status. @param reason Google's own word (`rateLimitExceeded`), where it gave one.
 * 403 and 400 stand for several things each; then the reason or the text decides.
 */
export function codeFor(status: number, reason: string, text: string): CloudErrorCode {
  if (
    /rateLimitExceeded|RATE_LIMIT_EXCEEDED/i.test(reason) ||
    /\brate ?limit exceeded|\bper (minute|second|100 seconds)/i.test(text)
  )
    return 'throttled';
  if (/quota/i.test(reason) || /^limitExceeded$/i.test(reason) || /\bquota\b.*\bexceeded/i.test(text))
    return 'quota';
  if (/inUse|IN_USE/.test(reason) || /already being used by/.test(text)) return 'in-use';
  if (/notReady|NOT_READY|EXHAUSTED|STOCKOUT/i.test(reason)) return 'unavailable';
  switch (status) {
    case 401:
      return 'unauthenticated';
    case 403:
      return 'forbidden';
    case 404:
      // A project that is not there, or not ours to see, says nothing of what would be in it.
      return /'projects\/[^/']+' was not found|find project/i.test(text) ? 'forbidden' : 'not-found';
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

function made(what: string, code: CloudErrorCode, said: string, cause: GoogleCause): CloudError {
  const remedy = REMEDY[code];
  const message = `Google Cloud, ${what}: ${said}`;
  return new CloudError(code, message, remedy ? { remedy, cause } : { cause });
}

const RAW_PAYLOAD = Symbol.for('google-gax.rawHttpResponsePayload');
const RPC_DEADLINE_EXCEEDED = 4;
const RPC_UNAVAILABLE = 14;

/** Whether a refusal says that the API was never enabled in the project. */
export function isDisabled(error: CloudError): boolean {
  const { reason } = (error.cause ?? {}) as Partial<GoogleCause>;
  return /^(accessNotConfigured|SERVICE_DISABLED)$/.test(reason ?? '');
}

/** The `reason` of the first error in Google's JSON. */
function reasonIn(payload: unknown): string {
  try {
    const body = (typeof payload === 'string' ? JSON.parse(payload) : payload) as {
      error?: { errors?: { reason?: string }[]; details?: { reason?: string }[] };
    };
    return body.error?.errors?.[0]?.reason ?? body.error?.details?.[0]?.reason ?? '';
  } catch {
    return '';
  }
}

/**
 * A failure of the SDK or of its token as a CloudError; anything else (a fault of our own) is thrown on as it is.
 * @param what was tried, as a noun phrase.
 */
export function cloudErrorFrom(what: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  if (!(error instanceof Error)) throw error;
  // The SDK wraps what was thrown while a token was fetched.
  if (error.cause instanceof CloudError) return error.cause;
  const failure = error as Error & {
    code?: number | string;
    httpStatusCode?: number;
    status?: number;
    response?: { status?: number; data?: unknown };
    [RAW_PAYLOAD]?: unknown;
  };
  const status = failure.httpStatusCode ?? failure.response?.status ?? failure.status;
  if (typeof status === 'number') {
    const reason = reasonIn(failure[RAW_PAYLOAD] ?? failure.response?.data);
    const code = codeFor(status, reason, error.message);
    // Google's token service has an answer form of its own (RFC 6749).
    if (/^Error code (invalid_grant|invalid_target|invalid_client|unauthorized_client)\b/.test(error.message))
      return new CloudError(
        'unauthenticated',
        `Google Cloud, ${what}: it does not trust Skein’s token. ${error.message}`,
        {
          remedy:
            'Look at the workload identity provider: its issuer, its allowed audience and its condition must be those of the grant.',
          cause: { status, reason: reason || null } satisfies GoogleCause,
        },
      );
    const said = code === 'unauthenticated' ? 'Google refused the service account’s key.' : error.message;
    return made(what, code, said, { status, reason: reason || null });
  }
  const { code } = failure;
  const unsent: GoogleCause = { status: null, reason: null };
  // A key that is no PEM fails while the token is signed, before anything is sent.
  if (typeof code === 'string' && /^ERR_OSSL|^ERR_CRYPTO/.test(code)) {
    return made(what, 'unauthenticated', 'The private key cannot be read.', unsent);
  }
  if (code === RPC_DEADLINE_EXCEEDED || code === 'ETIMEDOUT' || error.name === 'TimeoutError') {
    return made(what, 'timeout', 'No answer in time.', unsent);
  }
  if (code === RPC_UNAVAILABLE || (typeof code === 'string' && /^(E[A-Z]+|UND_ERR\w*)$/.test(code))) {
    // The SDK wraps what the token's signing threw into the same code.
    const inner = (error.cause as { code?: unknown } | undefined)?.code;
    if (typeof inner === 'string' && /^ERR_OSSL|^ERR_CRYPTO/.test(inner)) {
      return made(what, 'unauthenticated', 'The private key cannot be read.', unsent);
    }
    return made(what, 'unavailable', `No connection (${typeof inner === 'string' ? inner : code}).`, unsent);
  }
  throw error;
}

/** The failure that a finished operation reports, or undefined. */
export function operationError(
  what: string,
  operation: protos.google.cloud.compute.v1.IOperation,
): CloudError | undefined {
  const first = operation.error?.errors?.[0];
  if (!first && !((operation.httpErrorStatusCode ?? 0) >= 400)) return undefined;
  const reason = first?.code ?? '';
  const status =
    operation.httpErrorStatusCode ??
    (/ALREADY_EXISTS/.test(reason) ? 409 : /NOT_FOUND/.test(reason) ? 404 : 400);
  const said = first?.message ?? operation.httpErrorMessage ?? 'The operation failed.';
  return made(what, codeFor(status, reason, said), said, { status, reason: reason || null });
}
