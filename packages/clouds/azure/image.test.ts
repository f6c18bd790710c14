import { expect, it } from 'vitest';
import { architectureOf, imageFor } from './image.ts';
import { throwawayPublicKey } from './throwaway-key.ts';

it.each([
  ['Standard_B2s', 'amd64'],
  ['Standard_B2ls_v2', 'amd64'],
  ['Standard_B2pts_v2', 'arm64'],
  ['Standard_D4ps_v5', 'arm64'],
  ['Standard_D4pds_v6', 'arm64'],
  ['Standard_DS1_v2', 'amd64'],
  ['Standard_E96-24ads_v5', 'amd64'],
])('%s has an %s processor', (size, architecture) => {
  expect(architectureOf(size)).toBe(architecture);
  expect(imageFor(size).sku).toBe(architecture === 'arm64' ? 'server-arm64' : 'server');
});

it('gives out a key of the form that machines take, another each time', () => {
  const [type, blob = ''] = throwawayPublicKey().split(' ');
  const bytes = Buffer.from(blob, 'base64');
  expect(type).toBe('ssh-ed25519');
  expect(bytes.length).toBe(4 + 11 + 4 + 32);
  expect(bytes.subarray(4, 15).toString()).toBe('ssh-ed25519');
  expect(throwawayPublicKey()).not.toContain(blob);
});
