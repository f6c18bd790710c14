/** Who signed a request. Each service has its own words for a signature it does not accept. */
import { createHash } from 'node:crypto';
import type { Accounts, AwsAccount } from '../store/accounts.ts';
import type { Caller } from './access/caller.ts';
import { assumedArn } from './access/role.ts';
import { type AwsAccess, userArn } from './access/state.ts';
import { REGIONS } from './region.ts';
import { AwsError } from './wire/error.ts';
import { type Credential, type SignedRequest, verify } from './wire/sigv4.ts';

export type Service = 'ec2' | 'sts' | 'iam' | 'ssm' | 'route53' | 'servicequotas' | 'cloudtrail';
export const SERVICES: readonly string[] = [
  'ec2',
  'sts',
  'iam',
  'ssm',
  'route53',
  'servicequotas',
  'cloudtrail',
] satisfies Service[];
/** Services without regions sign for this one. */
const GLOBAL: readonly Service[] = ['iam', 'route53'];

/** Services that speak JSON 1.1. */
export const JSON_SERVICES: readonly Service[] = ['ssm', 'servicequotas', 'cloudtrail'];

type Trouble = 'unknown key' | 'wrong signature' | 'expired' | 'wrong region' | 'ended session';

/** Where a visitor may look. */
const OPEN_TO_VISITORS: readonly Service[] = ['ec2', 'route53'];

/** Whom an access key belongs to, with the token that must come with it. */
interface Holder {
  caller: Caller;
  sessionToken: string | null;
  /** Milliseconds since the epoch; null for keys that do not end. */
  expiresAt: number | null;
}

function holderOf(accounts: Accounts, access: AwsAccess, accessKeyId: string): Holder | undefined {
  const user = [...accounts.aws, ...access.users].find((each) => each.accessKeyId === accessKeyId);
  if (user) return { caller: callerOf(user, access), sessionToken: null, expiresAt: null };
  const session = access.sessions.find((each) => each.accessKeyId === accessKeyId);
  const role = session && access.roles[session.role];
  if (!session || !role) return undefined;
  const { accessKeyId: key, secretAccessKey, sessionToken, expiresAt } = session;
  const caller: Caller = {
    account: { accountId: role.accountId, userName: session.name, accessKeyId: key, secretAccessKey },
    arn: assumedArn(role, session.name),
    userId: `${role.id}:${session.name}`,
    principal: session.role,
    policy: access.policies[session.role] ?? null,
  };
  return { caller, sessionToken, expiresAt };
}

function callerOf(user: AwsAccount, access: AwsAccess): Caller {
  const arn = userArn(user);
  return { account: user, arn, userId: userIdOf(user), principal: arn, policy: access.policies[arn] ?? null };
}

export const userIdOf = (user: AwsAccount) =>
  `AIDA${createHash('sha256').update(`${user.accountId} ${user.userName}`).digest('hex').toUpperCase().slice(0, 16)}`;

/**
 * Whose secret signed the request; throws AwsError when it is nobody's.
 *
 * A kindness of the lab's alone, as its Google side grants to calls without a token: with a key that is nobody's one
 * may read what the first account holds, so that `aws --endpoint-url …` shows it with any credentials at hand.
 */
export function authenticate(
  accounts: Accounts,
  access: AwsAccess,
  request: SignedRequest,
  credential: Credential,
  service: Service,
  mutating: boolean,
  now: Date,
): Caller {
  const holder = holderOf(accounts, access, credential.accessKeyId);
  if (!holder) {
    const [host] = accounts.aws;
    // As the host itself, whatever was granted to it: a visitor looks and no more.
    if (host && !mutating && OPEN_TO_VISITORS.includes(service))
      return { ...callerOf(host, access), policy: null };
    throw refusal(service, 'unknown key');
  }
  const { caller, sessionToken, expiresAt } = holder;
  const sent = request.header('x-amz-security-token') ?? null;
  if (sent !== sessionToken) throw refusal(service, 'unknown key');
  if (sent !== null && !credential.signedHeaders.includes('x-amz-security-token'))
    throw refusal(service, 'wrong signature');
  const verdict = verify(request, credential, caller.account.secretAccessKey, now);
  if (verdict !== 'valid') throw refusal(service, verdict === 'expired' ? 'expired' : 'wrong signature');
  if (expiresAt !== null && expiresAt <= now.getTime()) throw refusal(service, 'ended session');
  const known = GLOBAL.includes(service)
    ? credential.region === 'us-east-1'
    : Object.hasOwn(REGIONS, credential.region);
  if (!known) throw refusal(service, 'wrong region');
  return caller;
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function refusal(service: Service, trouble: Trouble): AwsError {
  if (service === 'ec2') {
    if (trouble === 'expired' || trouble === 'ended session')
      return new AwsError('RequestExpired', 'Request has expired.');
    return new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  const [status, unknown, mismatch] = JSON_SERVICES.includes(service)
    ? ([400, 'UnrecognizedClientException', 'InvalidSignatureException'] as const)
    : ([403, 'InvalidClientTokenId', 'SignatureDoesNotMatch'] as const);
  if (trouble === 'ended session')
    return new AwsError(
      JSON_SERVICES.includes(service) ? 'ExpiredTokenException' : 'ExpiredToken',
      'The security token included in the request is expired',
      status,
    );
  if (trouble === 'unknown key')
    return new AwsError(unknown, 'The security token included in the request is invalid.', status);
  if (trouble === 'wrong region')
    return new AwsError(mismatch, 'Credential should be scoped to a valid region.', status);
  if (trouble === 'expired') return new AwsError(mismatch, 'Signature expired', status);
  return new AwsError(mismatch, MISMATCH, status);
}
