/** STS and IAM (the query protocol), and the public parameters of SSM (JSON 1.1): who one is, what one may, which image. */
import type { Passage } from '../fault/passage.ts';
import type { Section } from '../store/store.ts';
import { type Caller, decideFor } from './access/caller.ts';
import type { Request } from './access/policy.ts';
import { assumeRole } from './access/role.ts';
import { type AwsAccess, userArn } from './access/state.ts';
import { imagesOf } from './ec2/catalog.ts';
import { AwsError } from './wire/error.ts';
import type { Params } from './wire/query.ts';
import { document, type Xml } from './wire/xml.ts';

const STS = 'https://sts.amazonaws.com/doc/2011-06-15/';
const IAM = 'https://iam.amazonaws.com/doc/2010-05-08/';

export function callSts(
  access: Section<AwsAccess>,
  caller: Caller,
  action: string,
  params: Params,
  at: { requestId: string; now: Date },
): string {
  params.text('Version');
  params.text('Action');
  if (action === 'GetCallerIdentity')
    return answer(action, STS, at.requestId, {
      Arn: caller.arn,
      UserId: caller.userId,
      Account: caller.account.accountId,
    });
  if (action === 'AssumeRole')
    return answer(action, STS, at.requestId, assumeRole(access, caller, params, at.now));
  throw unknownAction(action, '2011-06-15');
}

export function callIam(
  access: AwsAccess,
  caller: Caller,
  action: string,
  params: Params,
  requestId: string,
  passage: Pick<Passage, 'denies'>,
): string {
  params.text('Version');
  if (action === 'GetUser') {
    const { account } = caller;
    const name = params.text('UserName') ?? account.userName;
    if (caller.principal !== userArn(account))
      throw new AwsError('ValidationError', 'Must specify userName when calling with non-User credentials');
    if (name !== account.userName)
      throw new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404);
    return answer(action, IAM, requestId, {
      User: {
        Path: '/',
        UserName: account.userName,
        UserId: caller.userId,
        Arn: caller.arn,
        CreateDate: '2026-01-01T00:00:00Z',
      },
    });
  }
  if (action === 'SimulatePrincipalPolicy') return simulate(access, caller, params, requestId, passage);
  throw unknownAction(action, '2010-05-08');
}

/** What a call of IAM asks of the caller's policy. */
export function iamRequests(caller: Caller, action: string, params: Params): Request[] {
  const resource = params.text('PolicySourceArn') ?? userArn(caller.account);
  return [{ action: `iam:${action}`, resource, context: {} }];
}

/** What the policy of a user or role of the account says, with what a fault takes from everybody. */
function simulate(
  access: AwsAccess,
  caller: Caller,
  params: Params,
  requestId: string,
  passage: Pick<Passage, 'denies'>,
): string {
  const source = params.text('PolicySourceArn');
  if (!source)
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value null at 'policySourceArn' failed to satisfy constraint: Member must not be null`,
    );
  const users = access.users.filter((each) => each.accountId === caller.account.accountId).map(userArn);
  if (source !== caller.principal && !users.includes(source) && !Object.hasOwn(access.roles, source))
    throw new AwsError(
      'NoSuchEntity',
      `The user with name ${source.split('/').at(-1)} cannot be found.`,
      404,
    );
  const policy = source === caller.principal ? caller.policy : (access.policies[source] ?? null);
  const actions = params.list('ActionNames.member');
  const resources = params.list('ResourceArns.member');
  const context = Object.fromEntries(
    params
      .structs('ContextEntries.member')
      .map((each) => [each.text('ContextKeyName') ?? '', each.list('ContextKeyValues.member')] as const),
  );
  return answer('SimulatePrincipalPolicy', IAM, requestId, {
    IsTruncated: false,
    EvaluationResults: {
      member: actions.flatMap((action) =>
        (resources.length > 0 ? resources : ['*']).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: decideFor(policy, { action, resource, context }, passage),
          MatchedStatements: {},
          MissingContextValues: {},
        })),
      ),
    },
  });
}

const answer = (action: string, namespace: string, requestId: string, result: Xml) =>
  document(`${action}Response`, namespace, {
    [`${action}Result`]: result,
    ResponseMetadata: { RequestId: requestId },
  });

const unknownAction = (action: string, version: string) =>
  new AwsError('InvalidAction', `Could not find operation ${action} for version ${version}`);

/** GetParameter and GetParameters, for the public image parameters. Answers what becomes the JSON body. */
export function callSsm(region: string, action: string, input: Record<string, unknown>): object {
  const parameters = new Map(
    imagesOf(region).flatMap((image) => image.parameters.map((name) => [name, image.id] as const)),
  );
  const view = (name: string) => ({
    ARN: `arn:aws:ssm:${region}::parameter${name}`,
    Name: name,
    Type: 'String',
    Value: parameters.get(name),
    Version: 1,
    LastModifiedDate: 1793577600,
    DataType: 'aws:ec2:image',
  });
  if (action === 'GetParameter') {
    const name = input.Name;
    if (typeof name !== 'string')
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value null at 'name' failed to satisfy constraint: Member must not be null`,
      );
    if (!parameters.has(name)) throw new AwsError('ParameterNotFound', `Parameter ${name} not found.`);
    return { Parameter: view(name) };
  }
  if (action === 'GetParameters') {
    const names = input.Names;
    if (!Array.isArray(names) || names.length < 1 || names.length > 10)
      throw new AwsError(
        'ValidationException',
        `1 validation error detected: Value at 'names' failed to satisfy constraint: Member must have length between 1 and 10`,
      );
    return {
      Parameters: names.filter((name) => parameters.has(name)).map(view),
      InvalidParameters: names.filter((name) => !parameters.has(name)),
    };
  }
  throw new AwsError('UnknownOperationException', '');
}
