/** AWS's error codes in our words. The one place where they are told apart. */
import { CloudError, type CloudErrorCode } from '../provider.ts';

const NETWORK_FAULT =
  /^(ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|ETIMEDOUT|UND_ERR|ERR_TLS|CERT_|DEPTH_ZERO)/;

// The first line that matches decides: RequestLimitExceeded is throttling, though it ends like a quota.
const CODES: readonly (readonly [RegExp, CloudErrorCode])[] = [
  [
    /^(RequestLimitExceeded|Throttl\w*|TooManyRequests\w*|EC2ThrottledException|RequestThrottled\w*)$/,
    'throttled',
  ],
  [
    /^(AuthFailure|InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException|ExpiredToken\w*|IncompleteSignature|MissingAuthenticationToken|RequestExpired|InvalidSignature\w*|InvalidAccessKeyId)$/,
    'unauthenticated',
  ],
  [/^(UnauthorizedOperation|AccessDenied\w*|OptInRequired|Blocked|PendingVerification)$/, 'forbidden'],
  [/(\.NotFound|^ParameterNotFound|^NoSuchEntity)$/, 'not-found'],
  [/(LimitExceeded|QuotaExceeded)$/, 'quota'],
  [
    /^(DependencyViolation|InvalidAddress\.InUse|InvalidIPAddress\.InUse|InvalidGroup\.InUse|ResourceInUse\w*)$/,
    'in-use',
  ],
  [
    /(\.Duplicate|AlreadyExists|Conflict|AlreadyAssociated|IdempotentParameterMismatch|IncorrectState|IncorrectInstanceState)$/,
    'conflict',
  ],
  [/^(Insufficient\w*Capacity|InternalError|InternalFailure|Unavailable|ServiceUnavailable)$/, 'unavailable'],
  [/^(TimeoutError|RequestTimeout\w*)$/, 'timeout'],
];

const REMEDY: Partial<Record<CloudErrorCode, string>> = {
  unauthenticated: 'Check the access key of the cloud account: it may be mistyped, disabled or deleted.',
  forbidden: 'Give the account’s IAM user or role the permission that is missing.',
  quota: 'Ask AWS for a higher quota in Service Quotas, or remove what is no longer needed.',
};

/** What is kept of an SDK error: AWS's code and request id. Never the request, which is signed. */
interface AwsCause {
  awsCode: string;
  requestId: string | null;
}

/** AWS's own code of a mapped error, or null. */
export function awsCodeOf(error: unknown): string | null {
  if (!(error instanceof CloudError)) return null;
  return (error.cause as Partial<AwsCause> | undefined)?.awsCode ?? null;
}

export function codeFor(awsCode: string, httpStatus: number | undefined): CloudErrorCode {
  const known = CODES.find(([pattern]) => pattern.test(awsCode));
  if (known) return known[1];
  if (httpStatus === undefined || httpStatus >= 500) return 'unavailable';
  return httpStatus === 429 ? 'throttled' : 'invalid';
}

/**
 * An SDK failure as a CloudError; anything else (a fault of our own) is thrown on as it is.
 * @param what was tried, as a noun phrase: “creating the VPC”.
 */
export function cloudErrorFrom(what: string, error: unknown): CloudError {
  if (error instanceof CloudError) return error;
  if (!(error instanceof Error)) throw error;
  const { $metadata, code } = error as {
    $metadata?: { httpStatusCode?: number; requestId?: string };
    code?: string;
  };
  const status = $metadata?.httpStatusCode;
  const offline = status === undefined && (NETWORK_FAULT.test(code ?? '') || error.name === 'TimeoutError');
  if (!offline && status === undefined) throw error;
  const awsCode = offline ? (code ?? error.name) : error.name;
  const kind = offline
    ? /TIMEDOUT|TimeoutError/.test(awsCode)
      ? 'timeout'
      : 'unavailable'
    : codeFor(awsCode, status);
  // AWS repeats parts of the signed request when it refuses a key, and appends an encoded policy when it refuses a call.
  const said =
    kind === 'unauthenticated'
      ? 'AWS refused the access key'
      : error.message.replace(/\s*Encoded authorization failure message:.*/s, '');
  const cause: AwsCause = { awsCode, requestId: $metadata?.requestId ?? null };
  const remedy = REMEDY[kind];
  return new CloudError(kind, `AWS, ${what}: ${said} (${awsCode})`, remedy ? { remedy, cause } : { cause });
}
