/** Route 53's error codes in our words. */
import { DnsError, type DnsErrorCode } from '../provider.ts';

const NETWORK_FAULT = /^(ECONN|ENOTFOUND|EAI_AGAIN|EPIPE|EHOST|ENET|ETIMEDOUT|UND_ERR)/;

const CODES: readonly (readonly [RegExp, DnsErrorCode])[] = [
  [/^(Throttl\w*|PriorRequestNotComplete|RequestLimitExceeded|TooManyRequests\w*)$/, 'throttled'],
  [
    /^(InvalidClientTokenId|SignatureDoesNotMatch|UnrecognizedClientException|ExpiredToken\w*|IncompleteSignature|MissingAuthenticationToken|InvalidSignature\w*|AuthFailure|RequestExpired)$/,
    'unauthenticated',
  ],
  [/^(AccessDenied\w*|NotAuthorizedException|UnauthorizedOperation|OptInRequired)$/, 'forbidden'],
  [/^(NoSuch\w*|InvalidVPCId|VPCAssociationNotFound)$/, 'not-found'],
  [/^(HostedZoneNotEmpty|LastVPCAssociation)$/, 'in-use'],
  [/^(TooMany\w*|LimitsExceeded|DelegationSetNotAvailable)$/, 'quota'],
  [
    /^(HostedZoneAlreadyExists|ConflictingDomainExists|ConflictingTypes|ConcurrentModification|InvalidChangeBatch)$/,
    'conflict',
  ],
];

const REMEDY: Partial<Record<DnsErrorCode, string>> = {
  unauthenticated: 'Check the access key of the cloud account: it may be mistyped, disabled or deleted.',
  forbidden: 'Give the account’s IAM user or role the Route 53 permission that is missing.',
  quota: 'Ask AWS for a higher Route 53 quota, or remove what is no longer needed.',
};

/** What is kept of an SDK error. Never the request, which is signed. */
interface AwsCause {
  awsCode: string;
  requestId: string | null;
}

export const awsCodeOf = (error: unknown) =>
  error instanceof DnsError ? ((error.cause as Partial<AwsCause> | undefined)?.awsCode ?? null) : null;

export function codeFor(awsCode: string, status: number): DnsErrorCode {
  const known = CODES.find(([pattern]) => pattern.test(awsCode));
  if (known) return known[1];
  if (status >= 500) return 'unavailable';
  return status === 429 ? 'throttled' : 'invalid';
}

/**
 * An SDK failure as a DnsError; a fault of our own is thrown on as it is.
 * @param what was tried, as a noun phrase.
 */
export function dnsErrorFrom(what: string, error: unknown): DnsError {
  if (error instanceof DnsError) return error;
  if (!(error instanceof Error)) throw error;
  const { $metadata, code } = error as {
    $metadata?: { httpStatusCode?: number; requestId?: string };
    code?: string;
  };
  const status = $metadata?.httpStatusCode;
  if (status === undefined) {
    if (error.name === 'TimeoutError')
      return new DnsError('timeout', `Route 53, ${what}: no answer in time.`);
    if (code && NETWORK_FAULT.test(code))
      return new DnsError('unavailable', `Route 53, ${what}: no connection (${code}).`);
    throw error;
  }
  const kind = codeFor(error.name, status);
  const messages = (error as { messages?: string[] }).messages;
  // AWS repeats parts of the signed request when it refuses a key.
  const said =
    kind === 'unauthenticated' ? 'AWS refused the access key' : messages?.join(' ') || error.message;
  const cause: AwsCause = { awsCode: error.name, requestId: $metadata?.requestId ?? null };
  const remedy = REMEDY[kind];
  return new DnsError(
    kind,
    `Route 53, ${what}: ${said} (${error.name})`,
    remedy ? { remedy, cause } : { cause },
  );
}
