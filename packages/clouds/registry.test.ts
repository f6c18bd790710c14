import { ProviderId } from '@skein/contract/primitive.ts';
import { describe, expect, it } from 'vitest';
import { connectCloud, isKeyless, providers, REGISTRY } from './registry.ts';

const uuid = '00000000-0000-4000-8000-000000000000';
const application = { tenantId: uuid, subscriptionId: uuid, clientId: uuid };
const identity = { organizationId: 'org_a', aws: null, token: async () => 'none' };

describe('the registry', () => {
  it('holds every provider under its own id, with regions and something to ask for', () => {
    expect(providers.map((one) => one.id).sort()).toEqual([...ProviderId.options].sort());
    for (const id of ProviderId.options) {
      const { provider, ways } = REGISTRY[id];
      expect(provider.id).toBe(id);
      expect(new Set(provider.regions.map((one) => one.id)).size).toBe(provider.regions.length);
      expect(provider.regions.length).toBeGreaterThan(0);
      expect(ways.map((one) => one.keyless)).toEqual([false, true]);
      for (const way of ways) expect(way.fields.length).toBeGreaterThan(0);
    }
  });

  it.each([
    ['aws', { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' }, false],
    ['aws', { roleArn: 'arn:aws:iam::123456789012:role/skein' }, true],
    ['gcp', { project_id: 'p', client_email: 'a@p.iam', private_key: 'k' }, false],
    [
      'gcp',
      {
        projectId: 'p',
        workloadIdentityProvider: 'projects/1/locations/global/workloadIdentityPools/skein/providers/skein',
        serviceAccount: 'skein@p.iam.gserviceaccount.com',
      },
      true,
    ],
    ['azure', { ...application, clientSecret: 'secret' }, false],
    ['azure', application, true],
  ] as const)('tells a static key of %s from a keyless way', (id, credentials, keyless) => {
    expect(isKeyless(id, credentials)).toBe(keyless);
  });

  it('connects without a connection', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
    const account = { credentials, endpoint: 'http://127.0.0.1:1', region: 'us-east-1', identity };
    expect(connectCloud('aws', account).networks).toBeDefined();
    expect(() => connectCloud('powerdns', account)).toThrowError(
      expect.objectContaining({ code: 'invalid' }),
    );
  });

  it('names what is missing from credentials and shows none of them', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: '' };
    const connect = () => connectCloud('aws', { credentials, endpoint: null, region: 'us-east-1', identity });
    expect(connect).toThrowError(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('secretAccessKey') }),
    );
    expect(connect).not.toThrowError(/AKIAEXAMPLE/);
  });
});
