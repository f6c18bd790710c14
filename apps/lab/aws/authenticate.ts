/** Who signed a request. Each service has its own words for a signature it does not accept. */
import type { Accounts, AwsAccount } from '../store/accounts.ts';
import { REGIONS } from './region.ts';
import { AwsError } from './wire/error.ts';
import { type Credential, type SignedRequest, verify } from './wire/sigv4.ts';

export type Service = 'ec2' | 'sts' | 'iam' | 'ssm' | 'route53';
export const SERVICES: readonly string[] = ['ec2', 'sts', 'iam', 'ssm', 'route53'] satisfies Service[];
/** Services without regions sign for this one. */
const GLOBAL: readonly Service[] = ['iam', 'route53'];

type Trouble = 'unknown key' | 'wrong signature' | 'expired' | 'wrong region';

/** Where a visitor may look. */
const OPEN_TO_VISITORS: readonly Service[] = ['ec2', 'route53'];

/**
 * The account whose secret signed the request; throws AwsError when there is none.
 *
 * A kindness of the lab's alone, as its Google side grants to calls without a token: with a key that is nobody's one
 * may read what the first account holds, so that `aws --endpoint-url …` shows it with any credentials at hand.
 */
export function authenticate(
  accounts: Accounts,
  request: SignedRequest,
  credential: Credential,
  service: Service,
  mutating: boolean,
  now: Date,
): AwsAccount {
  const account = accounts.aws.find((each) => each.accessKeyId === credential.accessKeyId);
  if (!account) {
    const [host] = accounts.aws;
    if (host && !mutating && OPEN_TO_VISITORS.includes(service)) return host;
    throw refusal(service, 'unknown key');
  }
  const verdict = verify(request, credential, account.secretAccessKey, now);
  if (verdict !== 'valid') throw refusal(service, verdict === 'expired' ? 'expired' : 'wrong signature');
  const known = GLOBAL.includes(service)
    ? credential.region === 'us-east-1'
    : Object.hasOwn(REGIONS, credential.region);
  if (!known) throw refusal(service, 'wrong region');
  return account;
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. Consult the service documentation for details.';

function refusal(service: Service, trouble: Trouble): AwsError {
  if (service === 'ec2') {
    if (trouble === 'expired') return new AwsError('RequestExpired', 'Request has expired.');
    return new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
  }
  const [status, unknown, mismatch] =
    service === 'ssm'
      ? ([400, 'UnrecognizedClientException', 'InvalidSignatureException'] as const)
      : ([403, 'InvalidClientTokenId', 'SignatureDoesNotMatch'] as const);
  if (trouble === 'unknown key')
    return new AwsError(unknown, 'The security token included in the request is invalid.', status);
  if (trouble === 'wrong region')
    return new AwsError(mismatch, 'Credential should be scoped to a valid region.', status);
  if (trouble === 'expired') return new AwsError(mismatch, 'Signature expired', status);
  return new AwsError(mismatch, MISMATCH, status);
}
