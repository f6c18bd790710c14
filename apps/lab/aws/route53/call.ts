/** One Route 53 call, and what its families share. */
import { randomInt } from 'node:crypto';
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { Passage } from '../../fault/passage.ts';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Ec2State } from '../ec2/state.ts';
import { AwsError } from '../wire/error.ts';
import type { Xml } from '../wire/xml.ts';
import type { Change, HostedZone, Route53State } from './state.ts';

export interface Route53Call {
  state: Route53State;
  ec2: Ec2State;
  account: AwsAccount;
  now: Date;
  /** What the path names: a zone's id, a change's id, … */
  path: Record<string, string>;
  query: URLSearchParams;
  /** The body under its root element. */
  body: Body;
  full: Passage['full'];
}

export interface Route53Answer {
  root: string;
  content: { [name: string]: Xml };
  status?: number;
  headers?: Record<string, string>;
}

/** An element's children; text as string. What may repeat is always a list. */
export type Body = { readonly [name: string]: Body | Body[] | string | string[] | undefined };

const LISTS =
  /\.(Changes\.Change|ResourceRecords\.ResourceRecord|AddTags\.Tag|RemoveTagKeys\.Key|ResourceIds\.ResourceId)$/;
const parser = new XMLParser({
  ignoreAttributes: true,
  parseTagValue: false,
  isArray: (_, path) => LISTS.test(String(path)),
});

/** The body's content under its one root element; throws InvalidInput when it is no XML or another root. */
export function parseBody(text: string, root: string): Body {
  if (XMLValidator.validate(text) === true) {
    const content: unknown = parser.parse(text)[root];
    if (content === '') return {};
    if (typeof content === 'object' && content !== null) return content as Body;
  }
  throw new AwsError('InvalidInput', 'Invalid XML ; the request body is not what this operation expects.');
}

export function textOf(body: Body, name: string): string | undefined {
  const value = body[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

export function childOf(body: Body, name: string): Body | undefined {
  const value = body[name];
  return typeof value === 'object' && !Array.isArray(value) ? value : undefined;
}

/** The children of a list element, such as `Changes` of `Change`. */
export function listOf(body: Body, name: string, each: string): Body[] {
  const value = childOf(body, name)?.[each];
  return Array.isArray(value) ? value.map((one) => (typeof one === 'string' ? { text: one } : one)) : [];
}

export function required(value: string | undefined, name: string): string {
  if (value === undefined)
    throw new AwsError(
      'InvalidInput',
      `1 validation error detected: Value null at '${name}' failed to satisfy constraint: Member must not be null`,
    );
  return value;
}

export function findZone(call: Pick<Route53Call, 'state' | 'account'>, id: string): HostedZone {
  const zone = Object.hasOwn(call.state.zones, id) ? call.state.zones[id] : undefined;
  if (!zone || zone.accountId !== call.account.accountId)
    throw new AwsError('NoSuchHostedZone', `No hosted zone found with ID: ${id}`, 404);
  return zone;
}

const MOST_CHANGES = 1000;

/** Notes a change. It is answered as pending, and found in sync a moment later: the lab serves it at once. */
export function noteChange(call: Route53Call, comment: string | null): Xml {
  const change: Change = {
    id: `C${newName(20)}`,
    accountId: call.account.accountId,
    submittedAt: call.now.toISOString(),
    comment,
  };
  call.state.changes = [...call.state.changes.slice(1 - MOST_CHANGES), change];
  return changeView(change, 'PENDING');
}

export const changeView = (change: Change, status: 'PENDING' | 'INSYNC'): Xml => ({
  Id: `/change/${change.id}`,
  Status: status,
  SubmittedAt: change.submittedAt,
  Comment: change.comment,
});

/** `MaxItems`, at most 100 or 300 by call. */
export function readMost(query: URLSearchParams, most: number): number {
  const text = query.get('maxitems');
  if (text === null) return most;
  if (!/^\d{1,6}$/.test(text) || Number(text) < 1)
    throw new AwsError('InvalidInput', `Invalid value for maxitems: ${text}`);
  return Math.min(Number(text), most);
}

export const newName = (length: number) =>
  Array.from({ length }, () => '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'[randomInt(36)]).join('');
