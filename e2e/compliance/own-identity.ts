/** For accounts that are opened with keys of their own: nobody asks who Skein is. */
import type { OwnIdentity } from '@skein/clouds/own-identity.ts';

export const NO_IDENTITY: OwnIdentity = {
  organizationId: 'org_compliance',
  aws: null,
  token: async () => {
    throw new Error('a token was asked for');
  },
};
