import { ProviderId } from '@skein/contract/primitive.ts';
import { describe, expect, it } from 'vitest';
import { connectCloud, providers, REGISTRY } from './registry.ts';

describe('the registry', () => {
  it('holds every provider under its own id, with regions and something to ask for', () => {
    expect(providers.map((one) => one.id).sort()).toEqual([...ProviderId.options].sort());
    for (const id of ProviderId.options) {
      const { provider, fields } = REGISTRY[id];
      expect(provider.id).toBe(id);
      expect(new Set(provider.regions.map((one) => one.id)).size).toBe(provider.regions.length);
      expect(provider.regions.length).toBeGreaterThan(0);
      expect(fields.length).toBeGreaterThan(0);
    }
  });

  it('connects without a connection', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: 'secret' };
    expect(
      connectCloud('aws', { credentials, endpoint: 'http://127.0.0.1:1', region: 'us-east-1' }).networks,
    ).toBeDefined();
  });

  it('names what is missing from credentials and shows none of them', () => {
    const credentials = { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: '' };
    const connect = () => connectCloud('aws', { credentials, endpoint: null, region: 'us-east-1' });
    expect(connect).toThrowError(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining('secretAccessKey') }),
    );
    expect(connect).not.toThrowError(/AKIAEXAMPLE/);
  });
});
