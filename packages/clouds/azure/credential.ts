/** How an account proves who it is: by a client secret, or by a token of Skein's own that the application trusts. */
import type { TokenCredential } from '@azure/core-auth';
import { ClientAssertionCredential, ClientSecretCredential } from '@azure/identity';
import type { AzureAccount } from './connection.ts';

const AUDIENCE = 'api://AzureADTokenExchange';

export function credentialOf({ credentials, endpoint, identity }: AzureAccount): TokenCredential {
  const { tenantId, clientId } = credentials;
  const options =
    endpoint === null
      ? {}
      : // A place of its own: nobody at Microsoft can vouch for it.
        { authorityHost: endpoint, disableInstanceDiscovery: true };
  return 'clientSecret' in credentials
    ? new ClientSecretCredential(tenantId, clientId, credentials.clientSecret, options)
    : new ClientAssertionCredential(tenantId, clientId, () => identity.token(AUDIENCE), options);
}
