import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readConfig } from './config.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-config-'));
afterAll(() => rmSync(directory, { recursive: true }));
const keyFile = (name: string, bytes: number) => {
  const file = join(directory, name);
  writeFileSync(file, `${Buffer.alloc(bytes, 7).toString('base64')}\n`);
  return file;
};
const good = {
  DATABASE_URL: 'postgres://skein@127.0.0.1:5432/skein',
  SKEIN_MASTER_KEY_FILE: keyFile('good', 32),
  SKEIN_COORDINATOR_URL: 'https://skein.example/',
  SKEIN_AGENT_DISTRIBUTION: directory,
};

test('what is set is read, the rest has its default', () => {
  expect(readConfig(good)).toMatchObject({
    coordinatorUrl: 'https://skein.example',
    masterKey: Buffer.alloc(32, 7),
    host: '0.0.0.0',
    port: 7401,
    tls: null,
  });
});

test('every problem is named at once', () => {
  const read = () =>
    readConfig({ ...good, DATABASE_URL: 'mysql://x', SKEIN_COORDINATOR_URL: 'nowhere', PORT: '0' });
  for (const name of ['DATABASE_URL', 'SKEIN_COORDINATOR_URL', 'PORT']) expect(read).toThrow(name);
});

test.each([
  [
    'an address that would run as a command where the one-liner is pasted',
    { SKEIN_COORDINATOR_URL: "https://skein.example/';id;'" },
    'SKEIN_COORDINATOR_URL',
  ],
  ['a key that is too short', { SKEIN_MASTER_KEY_FILE: keyFile('short', 16) }, '32 bytes'],
  ['a key file that is not there', { SKEIN_MASTER_KEY_FILE: '/nonexistent' }, 'SKEIN_MASTER_KEY_FILE'],
  ['a certificate without its key', { SKEIN_TLS_CERTIFICATE_FILE: '/x' }, 'SKEIN_TLS_KEY_FILE'],
])('%s is refused', (_, change, words) => {
  expect(() => readConfig({ ...good, ...change })).toThrow(words);
});
