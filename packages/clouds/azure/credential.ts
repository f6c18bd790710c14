/** How an account proves who it is: by a client secret, or by a token of Skein's own that the application trusts. */
import type { TokenCredential } from '@azure/core-auth';
import { ClientAssertionCredential, ClientSecretCredential } from '@azure/identity';
import type { OwnIdentity } from '../own-identity.ts';
import type { AzureAccount } from './connection.ts';

const AUDIENCE = 'api://AzureADTokenExchange';

export function credentialOf({ credentials, endpoint, identity }: AzureAccount): TokenCredential {
  const { tenantId, clientId } = credentials;
  const options =
    endpoint === null
      ? {}
      : // A place of its own: nobody at Microsoft can vouch for it.
        { authorityHost: endpoint, disableInstanceDiscovery: true };
  if ('clientSecret' in credentials)
    return new ClientSecretCredential(tenantId, clientId, credentials.clientSecret, options);
  return federated(
    identity,
    (assertion) => new ClientAssertionCredential(tenantId, clientId, assertion, options),
  );
}

/** The library drops what an assertion failed by, which says what is to be set: it is kept and thrown in its place. */
function federated(
  identity: OwnIdentity,
  open: (assertion: () => Promise<string>) => TokenCredential,
): TokenCredential {
  let failure: unknown;
  const credential = open(() =>
    identity.token(AUDIENCE).catch((error: unknown) => {
      failure = error;
      throw error;
    }),
  );
  return {
    async getToken(scopes, options) {
      failure = undefined;
      try {
        return await credential.getToken(scopes, options);
      } catch (error) {
        throw failure ?? error;
      }
    },
  };
}
