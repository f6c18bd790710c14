/** STS and IAM (the query protocol), and the public parameters of SSM (JSON 1.1): who one is, what one may, which image. */
import { createHash } from 'node:crypto';
import type { AwsAccount } from '../store/accounts.ts';
import { imagesOf } from './ec2/catalog.ts';
import { AwsError } from './wire/error.ts';
import type { Params } from './wire/query.ts';
import { document, type Xml } from './wire/xml.ts';

export const arnOf = (account: AwsAccount) => `arn:aws:iam::${account.accountId}:user/${account.userName}`;

const userIdOf = (account: AwsAccount) =>
  `AIDA${createHash('sha256').update(account.accountId).digest('hex').toUpperCase().slice(0, 16)}`;

export function callSts(account: AwsAccount, action: string, params: Params, requestId: string): string {
  params.text('Version');
  if (action !== 'GetCallerIdentity') throw unknownAction(action, '2011-06-15');
  return answer(action, 'https://sts.amazonaws.com/doc/2011-06-15/', requestId, {
    Arn: arnOf(account),
    UserId: userIdOf(account),
    Account: account.accountId,
  });
}

export function callIam(account: AwsAccount, action: string, params: Params, requestId: string): string {
  params.text('Version');
  const namespace = 'https://iam.amazonaws.com/doc/2010-05-08/';
  if (action === 'GetUser') {
    const name = params.text('UserName') ?? account.userName;
    if (name !== account.userName)
      throw new AwsError('NoSuchEntity', `The user with name ${name} cannot be found.`, 404);
    return answer(action, namespace, requestId, {
      User: {
        Path: '/',
        UserName: account.userName,
        UserId: userIdOf(account),
        Arn: arnOf(account),
        CreateDate: '2026-01-01T00:00:00Z',
      },
    });
  }
  if (action === 'SimulatePrincipalPolicy') return simulate(account, params, namespace, requestId);
  throw unknownAction(action, '2010-05-08');
}

/** A lab account's user may do everything in it. */
function simulate(account: AwsAccount, params: Params, namespace: string, requestId: string): string {
  const source = params.text('PolicySourceArn');
  if (!source)
    throw new AwsError(
      'ValidationError',
      `1 validation error detected: Value null at 'policySourceArn' failed to satisfy constraint: Member must not be null`,
    );
  if (source !== arnOf(account))
    throw new AwsError(
      'NoSuchEntity',
      `The user with name ${source.split('/').at(-1)} cannot be found.`,
      404,
    );
  const actions = params.list('ActionNames.member');
  const resources = params.list('ResourceArns.member');
  return answer('SimulatePrincipalPolicy', namespace, requestId, {
    IsTruncated: false,
    EvaluationResults: {
      member: actions.flatMap((action) =>
        (resources.length > 0 ? resources : ['*']).map((resource) => ({
          EvalActionName: action,
          EvalResourceName: resource,
          EvalDecision: 'allowed',
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
