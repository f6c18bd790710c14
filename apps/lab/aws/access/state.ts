/** Who there is in the lab's AWS beside its accounts, what they may do, and who became whom. */
import { randomBytes } from 'node:crypto';
import type { AwsAccount } from '../../store/accounts.ts';
import type { Lab } from '../../store/lab.ts';
import type { Section } from '../../store/store.ts';
import type { Policy } from './policy.ts';

export interface Role {
  accountId: string;
  name: string;
  /** RoleId, such as `AROA…`. */
  id: string;
  /** Who may become it, and under which ExternalId; null asks for none. */
  trust: { principal: string; externalId: string | null };
}

/** Passing credentials of a role. */
export interface Session {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken: string;
  /** ARN of the role. */
  role: string;
  name: string;
  /** Milliseconds since the epoch. */
  expiresAt: number;
}

export interface AwsAccess {
  /** Users beside the accounts' own. */
  users: AwsAccount[];
  /** By ARN of user or role. Who is not named may do everything in his account. */
  policies: Record<string, Policy>;
  /** By ARN. */
  roles: Record<string, Role>;
  sessions: Session[];
}

/** A user of the first account who may do nothing until his policy says so. */
export const LIMITED = 'limited';

export const userArn = (user: Pick<AwsAccount, 'accountId' | 'userName'>) =>
  `arn:aws:iam::${user.accountId}:user/${user.userName}`;
export const roleArn = (accountId: string, name: string) => `arn:aws:iam::${accountId}:role/${name}`;

export const NOTHING: Policy = { Version: '2012-10-17', Statement: [] };

export function openAwsAccess({ store, accounts }: Pick<Lab, 'store' | 'accounts'>): Section<AwsAccess> {
  return store.section<AwsAccess>('aws-access', () => {
    const accountId = accounts.aws[0]?.accountId ?? '';
    const limited: AwsAccount = { accountId, userName: LIMITED, ...newKeys('AKIA') };
    return { users: [limited], policies: { [userArn(limited)]: NOTHING }, roles: {}, sessions: [] };
  });
}

/** An access key: `AKIA…` for a user, `ASIA…` for a session. */
export function newKeys(prefix: 'AKIA' | 'ASIA'): { accessKeyId: string; secretAccessKey: string } {
  return { accessKeyId: newId(prefix), secretAccessKey: randomBytes(30).toString('base64') };
}

/** AWS's ids of principals and keys: the prefix and 16 of 32 letters. */
export const newId = (prefix: string) =>
  `${prefix}${[...randomBytes(16)].map((each) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[each & 31]).join('')}`;
