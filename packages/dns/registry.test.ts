import { AccountProvider } from '@skein/contract/primitive.ts';
import { expect, it } from 'vitest';
import { connectDns } from './registry.ts';

const application = '7c0f8a52-3b5e-4a55-9f5b-1f0c2d3e4f50';
const credentials = {
  aws: { accessKeyId: 'SECRETPART', secretAccessKey: 'secret' },
  gcp: {
    client_email: 'SECRETPART@p.iam.gserviceaccount.com',
    project_id: 'p',
    private_key: 'no key yet',
  },
  azure: {
    clientSecret: 'SECRETPART',
    tenantId: application,
    subscriptionId: application,
    clientId: application,
  },
  rfc2136: { secret: 'SECRETPARTzz', server: '127.0.0.1', keyName: 'skein' },
  powerdns: { apiKey: 'SECRETPART', url: 'http://127.0.0.1:8081' },
};
const identity = { organizationId: 'org_x', aws: null, token: async () => 'none' };

it.each(AccountProvider.options)(
  'connects %s without a connection, and shows nothing of what is incomplete',
  (id) => {
    const account = { credentials: credentials[id], endpoint: null, identity };
    expect(connectDns(id, account).listZones).toBeDefined();
    const [first] = Object.entries(credentials[id]);
    const connect = () =>
      connectDns(id, { ...account, credentials: Object.fromEntries(first ? [first] : []) });
    expect(connect).toThrowError(expect.objectContaining({ code: 'invalid' }));
    expect(connect).not.toThrowError(/SECRETPART/);
  },
);
