/** Who calls, as AWS names them, and whether they may. */
import type { Passage } from '../../fault/passage.ts';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Service } from '../authenticate.ts';
import { AwsError } from '../wire/error.ts';
import { type Decision, judge, type Policy, type Request } from './policy.ts';

export interface Caller {
  /** The account worked in, with the user's or the session's name and keys. */
  account: AwsAccount;
  /** As GetCallerIdentity answers: of a user, or of a role as assumed. */
  arn: string;
  userId: string;
  /** ARN of the user or role whose policy holds. */
  principal: string;
  /** Null for everything in the account. */
  policy: Policy | null;
}

/** What a principal may, with what a fault takes from everybody. */
export function decideFor(
  policy: Policy | null,
  request: Request,
  passage: Pick<Passage, 'denies'>,
): Decision {
  const decision = policy === null ? 'allowed' : judge(policy, request);
  return decision === 'allowed' && passage.denies(request.action) ? 'implicitDeny' : decision;
}

/** Refuses a call in its service's words unless all that it needs is allowed. */
export function authorize(
  service: Service,
  caller: Caller,
  requests: readonly Request[],
  passage: Pick<Passage, 'denies'>,
): void {
  for (const request of requests) {
    const decision = decideFor(caller.policy, request, passage);
    if (decision !== 'allowed') throw refusal(service, caller, request, decision);
  }
}

const STATUS: Readonly<Record<Service, readonly [code: string, status: number]>> = {
  ec2: ['UnauthorizedOperation', 403],
  sts: ['AccessDenied', 403],
  iam: ['AccessDenied', 403],
  route53: ['AccessDenied', 403],
  ssm: ['AccessDeniedException', 400],
  servicequotas: ['AccessDeniedException', 400],
  cloudtrail: ['AccessDeniedException', 400],
};

export function refusal(service: Service, caller: Caller, request: Request, decision: Decision): AwsError {
  const [code, status] = STATUS[service];
  const why =
    decision === 'explicitDeny'
      ? 'with an explicit deny in an identity-based policy'
      : `because no identity-based policy allows the ${request.action} action`;
  const said = `User: ${caller.arn} is not authorized to perform: ${request.action} on resource: ${request.resource} ${why}`;
  return new AwsError(
    code,
    service === 'ec2' ? `You are not authorized to perform this operation. ${said}` : said,
    status,
  );
}
