/** What to paste into AWS so that Skein may do what it does there, and nothing more. Pure. */
import type { GrantDocument } from '@skein/contract/rest/account.ts';
import type { Grantee, Permission } from '../provider.ts';
import { policyFor } from './policy.ts';

const NAME = 'skein';

/** A policy, for a role who Skein's own principal may become, else for an IAM user; and the commands that make them. */
export function grant(permissions: readonly Permission[], grantee: Grantee): GrantDocument[] {
  const { organizationId, keyless } = grantee;
  const principal = keyless === null ? `user/${NAME}` : `role/${NAME}`;
  const policy = document(
    'Policy: save it as skein-policy.json',
    policyFor(permissions, { organizationId, principal }),
  );
  if (keyless === null) return [policy, commands(USER)];
  const trust = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: keyless.awsPrincipal ?? 'arn:aws:iam::ACCOUNT:user/SKEIN' },
        Action: 'sts:AssumeRole',
        // Skein serves many: without this it could be talked into using another organization's role.
        Condition: { StringEquals: { 'sts:ExternalId': organizationId } },
      },
    ],
  };
  return [document('Trust policy: save it as skein-trust.json', trust), policy, commands(ROLE)];
}

const POLICY = [
  `policy=$(aws iam create-policy --policy-name ${NAME} --policy-document file://skein-policy.json --query Policy.Arn --output text)`,
];
const ROLE = [
  ...POLICY,
  `aws iam create-role --role-name ${NAME} --assume-role-policy-document file://skein-trust.json --query Role.Arn --output text`,
  `aws iam attach-role-policy --role-name ${NAME} --policy-arn "$policy"`,
];
const USER = [
  ...POLICY,
  `aws iam create-user --user-name ${NAME}`,
  `aws iam attach-user-policy --user-name ${NAME} --policy-arn "$policy"`,
  `aws iam create-access-key --user-name ${NAME}`,
];

const document = (title: string, value: object): GrantDocument => ({
  title,
  language: 'json',
  text: JSON.stringify(value, null, 2),
});
const commands = (lines: readonly string[]): GrantDocument => ({
  title: 'Commands',
  language: 'shell',
  text: lines.join('\n'),
});
