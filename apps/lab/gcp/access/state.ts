/** Who there is in the lab's Google Cloud beside its accounts, what they may do, and whose tokens are trusted. */
import { type GcpAccount, newGcpAccount } from '../../store/accounts.ts';
import type { Lab } from '../../store/lab.ts';
import type { Jwks } from '../../store/oidc.ts';
import type { Section } from '../../store/store.ts';

/** A provider of a workload identity pool, and the service account that its subject may become. */
export interface PoolProvider {
  projectId: string;
  issuer: string;
  jwks: Jwks;
  /** Audiences that a token may name; the provider's own name with `https:` before it where there are none. */
  audiences: string[];
  /** The attribute condition: this subject and no other. Null lets in everyone of the issuer. */
  subject: string | null;
  /** E-mail addresses of service accounts. */
  serviceAccounts: string[];
}

export interface GcpAccess {
  /** Service accounts beside the projects' own. */
  serviceAccounts: GcpAccount[];
  /** By e-mail address. Who is not named owns his project. */
  permissions: Record<string, string[]>;
  /** By `projects/NUMBER/locations/global/workloadIdentityPools/POOL/providers/PROVIDER`. */
  pools: Record<string, PoolProvider>;
}

/** A service account of the first project who may do nothing until his role says so. */
export const LIMITED = 'limited';

export function openGcpAccess({ store, accounts }: Pick<Lab, 'store' | 'accounts'>): Section<GcpAccess> {
  return store.section<GcpAccess>('gcp-access', () => {
    const [first] = accounts.gcp;
    if (!first) throw new Error('the lab has no Google Cloud account');
    const limited = newGcpAccount(first.projectId, LIMITED, first.projectNumber);
    return { serviceAccounts: [limited], permissions: { [limited.clientEmail]: [] }, pools: {} };
  });
}

/** All service accounts: of the projects, and those beside them. */
export const serviceAccountsOf = (lab: Pick<Lab, 'accounts'>, access: GcpAccess): GcpAccount[] => [
  ...lab.accounts.gcp,
  ...access.serviceAccounts,
];

/** What a service account may do; null for everything in its project. */
export const permissionsOf = (access: GcpAccess, email: string): readonly string[] | null =>
  access.permissions[email] ?? null;
