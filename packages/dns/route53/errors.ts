/** Route 53's error codes in our words, where they are not those of AWS at large. */
import { cloudErrorFrom } from '@skein/clouds/aws/errors.ts';
import { DnsError, type DnsErrorCode, dnsErrorOf } from '../provider.ts';

const CODES: readonly (readonly [RegExp, DnsErrorCode])[] = [
  [/^PriorRequestNotComplete$/, 'throttled'],
  [/^NotAuthorizedException$/, 'forbidden'],
  [/^(NoSuch\w*|InvalidVPCId|VPCAssociationNotFound)$/, 'not-found'],
  [/^(HostedZoneNotEmpty|LastVPCAssociation)$/, 'in-use'],
  [/^(TooMany(?!Requests)\w*|LimitsExceeded|DelegationSetNotAvailable)$/, 'quota'],
  [/^(ConflictingDomainExists|ConflictingTypes|ConcurrentModification)$/, 'conflict'],
];

/** AWS's own code of a mapped error, or null. */
export const awsCodeOf = (error: unknown): string | null =>
  error instanceof DnsError ? ((error.cause as { awsCode?: string } | undefined)?.awsCode ?? null) : null;

/**
 * An SDK failure as a DnsError; a fault of our own is thrown on as it is.
 * @param what was tried, as a noun phrase.
 */
export function dnsErrorFrom(what: string, error: unknown): DnsError {
  if (error instanceof DnsError) return error;
  const messages = (error as { messages?: string[] }).messages;
  // What is wrong with each change of a batch stands beside the message, which is empty then.
  const told =
    error instanceof Error && messages?.length
      ? Object.create(error, { message: { value: messages.join(' ') } })
      : error;
  const mapped = cloudErrorFrom(`${what} in Route 53`, told);
  const { awsCode } = mapped.cause as { awsCode: string };
  const own =
    awsCode === 'InvalidChangeBatch'
      ? batchCode(mapped.message)
      : CODES.find(([pattern]) => pattern.test(awsCode))?.[1];
  return dnsErrorOf(mapped, own ? { code: own } : {});
}

/** One code of Route 53's stands for a zone that is not as it was read, and for records that it never takes. */
const batchCode = (said: string): DnsErrorCode =>
  /already exists|was not found|values provided do not match/.test(said) ? 'conflict' : 'invalid';
