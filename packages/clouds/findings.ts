/** Preflight findings that are judged alike for every cloud. Pure. */
import type { PreflightFinding } from '@skein/contract/rest/account.ts';
import type { Permission, Quota } from './provider.ts';

export const found = (
  kind: PreflightFinding['kind'],
  subject: string,
  status: PreflightFinding['status'],
  detail: string | null = null,
): PreflightFinding => ({ kind, subject, status, detail });

/** Whether a permission is there; `null` where the cloud does not tell. */
export function permissionFinding(permission: Permission, allowed: boolean | null): PreflightFinding {
  if (allowed === true) return found('permission', permission.action, 'ok');
  return allowed === null
    ? found(
        'permission',
        permission.action,
        'unknown',
        `The cloud does not tell. Needed to ${permission.why}.`,
      )
    : found('permission', permission.action, 'missing', `Needed to ${permission.why}.`);
}

const WORDS: Readonly<Record<Quota['what'], string>> = {
  instances: 'instances',
  vcpus: 'vCPUs',
  addresses: 'reserved addresses',
  networks: 'networks',
  firewalls: 'firewalls',
};

/** Whether each quota has room for what is needed of it. */
export function quotaFindings(
  quotas: readonly Quota[],
  needs: Readonly<Partial<Record<Quota['what'], number>>>,
): PreflightFinding[] {
  return quotas.map(({ what, limit, used }) => {
    const need = needs[what] ?? 0;
    const standing = `${used} of ${limit} ${WORDS[what]} are in use`;
    return used + need <= limit
      ? found('quota', what, 'ok', `${standing}.`)
      : found('quota', what, 'missing', `${standing}, and ${need} more are needed. Ask for a higher quota.`);
  });
}
