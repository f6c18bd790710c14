import { ProviderId } from '@skein/contract/primitive.ts';
import { expect, it } from 'vitest';
import { connectDns } from './registry.ts';

const credentials = {
  aws: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' },
  gcp: { project_id: 'p', client_email: 'a@p.iam.gserviceaccount.com', private_key: 'no key yet' },
};

it.each(ProviderId.options)(
  'connects %s without a connection, and shows nothing of what is incomplete',
  (id) => {
    expect(connectDns(id, { credentials: credentials[id], endpoint: null }).listZones).toBeDefined();
    const [first] = Object.entries(credentials[id]);
    const connect = () =>
      connectDns(id, { credentials: Object.fromEntries(first ? [first] : []), endpoint: null });
    expect(connect).toThrowError(expect.objectContaining({ code: 'invalid' }));
    expect(connect).not.toThrowError(/AKIAEXAMPLE/);
  },
);
