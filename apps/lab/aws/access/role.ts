/** STS AssumeRole: passing credentials of a role for whom its trust names. */
import { randomBytes } from 'node:crypto';
import type { Section } from '../../store/store.ts';
import { AwsError } from '../wire/error.ts';
import type { Params } from '../wire/query.ts';
import type { Xml } from '../wire/xml.ts';
import type { Caller } from './caller.ts';
import { type AwsAccess, newKeys, type Role, type Session } from './state.ts';

const LEAST_SECONDS = 900;
/** A role's MaxSessionDuration unless it was made longer. */
const MOST_SECONDS = 3600;
const KEPT_EXPIRED_MILLISECONDS = 3_600_000;

export function assumeRole(
  section: Section<AwsAccess>,
  caller: Caller,
  params: Params,
  now: Date,
): { [name: string]: Xml } {
  const arn = valid(params, 'RoleArn', /^arn:aws:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/);
  const name = valid(params, 'RoleSessionName', /^[\w+=,.@-]{2,64}$/);
  const externalId = params.text('ExternalId') ?? null;
  const seconds = params.integer('DurationSeconds') ?? MOST_SECONDS;
  const [unknown] = params.unread();
  if (unknown)
    throw new AwsError('ValidationError', `This lab does not know the parameter ${unknown} of AssumeRole.`);
  if (seconds < LEAST_SECONDS)
    throw validation(
      `Value '${seconds}' at 'durationSeconds' failed to satisfy constraint: Member must have value greater than or equal to ${LEAST_SECONDS}`,
    );
  const role = section.read().roles[arn];
  // Whether it does not exist or does not trust is not told.
  if (!role || !trusts(role, caller, externalId))
    throw new AwsError(
      'AccessDenied',
      `User: ${caller.arn} is not authorized to perform: sts:AssumeRole on resource: ${arn}`,
      403,
    );
  if (seconds > MOST_SECONDS)
    throw new AwsError(
      'ValidationError',
      'The requested DurationSeconds exceeds the MaxSessionDuration set for this role.',
    );
  const session: Session = {
    ...newKeys('ASIA'),
    sessionToken: randomBytes(96).toString('base64'),
    role: arn,
    name,
    expiresAt: Math.floor(now.getTime() / 1000 + seconds) * 1000,
  };
  section.change((access) => {
    access.sessions = access.sessions.filter(
      (each) => each.expiresAt > now.getTime() - KEPT_EXPIRED_MILLISECONDS,
    );
    access.sessions.push(session);
  });
  return {
    Credentials: {
      AccessKeyId: session.accessKeyId,
      SecretAccessKey: session.secretAccessKey,
      SessionToken: session.sessionToken,
      Expiration: new Date(session.expiresAt).toISOString(),
    },
    AssumedRoleUser: { AssumedRoleId: `${role.id}:${name}`, Arn: assumedArn(role, name) },
  };
}

export const assumedArn = (role: Role, sessionName: string) =>
  `arn:aws:sts::${role.accountId}:assumed-role/${role.name}/${sessionName}`;

function trusts(role: Role, caller: Caller, externalId: string | null): boolean {
  const { principal, externalId: wanted } = role.trust;
  const { accountId } = caller.account;
  const named = [caller.principal, `arn:aws:iam::${accountId}:root`, accountId].includes(principal);
  return named && (wanted === null || wanted === externalId);
}

function valid(params: Params, name: string, form: RegExp): string {
  const value = params.text(name);
  const field = name.charAt(0).toLowerCase() + name.slice(1);
  if (value === undefined)
    throw validation(`Value null at '${field}' failed to satisfy constraint: Member must not be null`);
  if (!form.test(value))
    throw validation(
      `Value '${value}' at '${field}' failed to satisfy constraint: Member must satisfy regular expression pattern`,
    );
  return value;
}

const validation = (what: string) => new AwsError('ValidationError', `1 validation error detected: ${what}`);
