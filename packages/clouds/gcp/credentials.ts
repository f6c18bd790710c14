/**
 * What requests to Google carry: a token signed with a service account's own key, or the token of a service account that
 * Skein may become because a workload identity pool trusts the tokens that Skein signs. Cloud DNS uses the same.
 */
import type { GcpCredentials, GcpFederation } from '@skein/contract/rest/account.ts';
import { type AuthClient, IdentityPoolClient, JWT } from 'google-auth-library';
import type { OwnIdentity } from '../own-identity.ts';
import { keyOf, passingCredentials } from '../passing-credentials.ts';

const SCOPES = ['https://www.googleapis.com/auth/cloud-platform'];

export interface GcpAccount {
  credentials: GcpCredentials;
  endpoint: string | null;
  identity: OwnIdentity;
}

/** The project that everything is made in, and the service account that makes it. Asks nobody. */
export function projectOf(credentials: GcpCredentials): { project: string; email: string } {
  return 'private_key' in credentials
    ? { project: credentials.project_id, email: credentials.client_email }
    : { project: credentials.projectId, email: credentials.serviceAccount };
}

/** Signs requests. Opens no connection. */
export function authClientFor(account: GcpAccount): AuthClient {
  const { credentials } = account;
  if (!('private_key' in credentials)) return federated(account, credentials);
  const token = new JWT({ email: credentials.client_email, key: credentials.private_key, scopes: SCOPES });
  // Each request carries a token signed here with the key, as Google's libraries do by default (AIP-4111): no token
  // service is asked, so nothing is ever sent to an address that a key file names.
  token.useJWTAccessWithScope = true;
  return token;
}

/** What the pool's provider expects as audience of our tokens, where it was made with none of its own. */
export const audienceOf = (workloadIdentityProvider: string) =>
  `//iam.googleapis.com/${workloadIdentityProvider}`;

const held = passingCredentials<{ access_token: string; expiry_date: number }>(Date.now);

function federated({ endpoint, identity }: GcpAccount, way: GcpFederation): AuthClient {
  const audience = audienceOf(way.workloadIdentityProvider);
  const at = (host: string, path: string) => new URL(path, endpoint ?? `https://${host}`).href;
  const client = new IdentityPoolClient({
    audience,
    subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
    // The audience of a token for Google is the same, with the scheme before it.
    subject_token_supplier: { getSubjectToken: () => identity.token(`https:${audience}`) },
    token_url: at('sts.googleapis.com', '/v1/token'),
    service_account_impersonation_url: at(
      'iamcredentials.googleapis.com',
      `/v1/projects/-/serviceAccounts/${way.serviceAccount}:generateAccessToken`,
    ),
    scopes: SCOPES,
  });
  const key = keyOf(endpoint, way.workloadIdentityProvider, way.serviceAccount, identity.organizationId);
  const found = held.get(key);
  if (found) client.setCredentials(found);
  client.on('tokens', ({ access_token, expiry_date }) => {
    if (access_token && expiry_date) held.keep(key, { access_token, expiry_date }, expiry_date);
  });
  return client;
}
