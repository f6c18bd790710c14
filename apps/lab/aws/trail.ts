/** CloudTrail's LookupEvents: who changed what, from the lab's own request log. Told at once, where AWS takes minutes. */
import type { LoggedRequest } from '../store/requests.ts';
import { AwsError } from './wire/error.ts';

const MOST = 50;
const KINDS: Readonly<Record<string, string>> = {
  vpc: 'AWS::EC2::VPC',
  subnet: 'AWS::EC2::Subnet',
  igw: 'AWS::EC2::InternetGateway',
  rtb: 'AWS::EC2::RouteTable',
  sg: 'AWS::EC2::SecurityGroup',
  eipalloc: 'AWS::EC2::EIP',
  i: 'AWS::EC2::Instance',
  eni: 'AWS::EC2::NetworkInterface',
  pcx: 'AWS::EC2::VPCPeeringConnection',
};

/** Ids of EC2 resources in a text, once each. */
export const resourcesIn = (text: string): string[] => [
  ...new Set(
    text.match(/\b(?:vpc|subnet|igw|rtb|sg|sgr|eipalloc|eipassoc|i|eni|pcx)-0[0-9a-f]{16}\b/g) ?? [],
  ),
];

/** @param log all requests, oldest first; events are answered newest first */
export function lookupEvents(
  at: { accountId: string; region: string; log: readonly LoggedRequest[] },
  input: Record<string, unknown>,
): object {
  const attributes = (input.LookupAttributes ?? []) as { AttributeKey?: string; AttributeValue?: string }[];
  const known = ['ResourceName', 'EventName', 'Username', 'ReadOnly', 'EventSource', 'EventId'];
  if (
    !Array.isArray(attributes) ||
    attributes.length > 1 ||
    attributes.some((each) => !known.includes(each.AttributeKey ?? ''))
  )
    throw new AwsError(
      'InvalidLookupAttributesException',
      'You can specify only one lookup attribute, of those that exist.',
    );
  const most = Number(input.MaxResults ?? MOST);
  if (!Number.isInteger(most) || most < 1 || most > MOST)
    throw new AwsError('InvalidMaxResultsException', `A maximum of ${MOST} results may be asked for.`);
  const [from, to] = [secondsOf(input.StartTime, 0), secondsOf(input.EndTime, Number.POSITIVE_INFINITY)];
  const before = tokenOf(input.NextToken);

  const region = (each: LoggedRequest) => (each.region === 'global' ? 'us-east-1' : each.region);
  const found = at.log
    .filter((each) => each.cloud === 'aws' && each.account === at.accountId && region(each) === at.region)
    .filter((each) => each.status > 0 && each.user !== null && each.number < before)
    .filter((each) => Date.parse(each.at) / 1000 >= from && Date.parse(each.at) / 1000 <= to)
    .filter((each) =>
      attributes.every((one) => matches(each, one.AttributeKey ?? '', one.AttributeValue ?? '')),
    )
    .reverse();
  const page = found.slice(0, most);
  const last = page.at(-1);
  return {
    Events: page.map((each) => view(each, at.accountId, region(each))),
    ...(found.length > most && last ? { NextToken: String(last.number) } : {}),
  };
}

function matches(each: LoggedRequest, key: string, value: string): boolean {
  if (key === 'ResourceName') return each.resources.includes(value);
  if (key === 'EventName') return each.action === value;
  if (key === 'Username') return nameOf(each.user ?? '') === value;
  if (key === 'ReadOnly') return String(!each.mutating) === value;
  if (key === 'EventSource') return `${each.service}.amazonaws.com` === value;
  return idOf(each) === value;
}

const idOf = (each: LoggedRequest) => `00000000-0000-4000-8000-${String(each.number).padStart(12, '0')}`;

/** The user's name, or the session's of a role. */
const nameOf = (arn: string) => arn.split('/').at(-1) ?? arn;

function view(each: LoggedRequest, accountId: string, region: string): object {
  const source = `${each.service}.amazonaws.com`;
  const assumed = each.user?.includes(':assumed-role/') ?? false;
  const time = Math.floor(Date.parse(each.at) / 1000);
  return {
    EventId: idOf(each),
    EventName: each.action,
    ReadOnly: String(!each.mutating),
    EventTime: time,
    EventSource: source,
    Username: nameOf(each.user ?? ''),
    Resources: each.resources.map((name) => ({
      ResourceName: name,
      ...(KINDS[name.replace(/-.*/, '')] ? { ResourceType: KINDS[name.replace(/-.*/, '')] } : {}),
    })),
    CloudTrailEvent: JSON.stringify({
      eventVersion: '1.11',
      userIdentity: { type: assumed ? 'AssumedRole' : 'IAMUser', arn: each.user, accountId },
      eventTime: new Date(time * 1000).toISOString(),
      eventSource: source,
      eventName: each.action,
      awsRegion: region,
      ...(each.error ? { errorCode: each.error } : {}),
      eventID: idOf(each),
      readOnly: !each.mutating,
      eventType: 'AwsApiCall',
      recipientAccountId: accountId,
    }),
  };
}

function secondsOf(value: unknown, otherwise: number): number {
  if (value === undefined) return otherwise;
  if (typeof value === 'number') return value;
  throw new AwsError('InvalidTimeRangeException', 'The time range is no time range.');
}

function tokenOf(value: unknown): number {
  if (value === undefined) return Number.POSITIVE_INFINITY;
  if (typeof value === 'string' && /^\d+$/.test(value)) return Number(value);
  throw new AwsError('InvalidNextTokenException', 'The token is invalid.');
}
