/** When the account's token is replaced, and by whom. What a real API server grants is tested in e2e/kubernetes. */
import { generateKeyPairSync } from 'node:crypto';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { expect, test } from 'vitest';
import { certify } from '../relay/tls/certificate.ts';
import { scopedAccess } from './account.ts';

const HOUR = 3600e3;

async function serve(start: number) {
  const { key, certificate } = certify(generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey);
  const world = { now: start, issued: 0, by: [] as string[], refusing: new Set<string>() };
  const server = createServer({ key, cert: certificate }, (request, response) => {
    const who = request.headers.authorization ?? '';
    const refused = world.refusing.has(who);
    const token = request.url?.endsWith('/token');
    if (token) world.by.push(who);
    if (token && !refused) world.issued += 1;
    const status = {
      token: `token-${world.issued}`,
      expirationTimestamp: new Date(world.now + 24 * HOUR).toISOString(),
    };
    response.writeHead(refused ? 401 : 201, { 'content-type': 'application/json' });
    response.end(JSON.stringify(refused ? { message: 'Unauthorized' } : { status }));
  });
  await new Promise<void>((done) => server.listen(0, 'localhost', done));
  const { port } = server.address() as AddressInfo;
  const admin = async () => ({
    server: `https://localhost:${port}`,
    ca: certificate,
    credential: async () => ({ token: 'admin' }),
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { world, admin, close };
}

test('the token is replaced by the account itself at half of its time, once for all who ask', async () => {
  const { world, admin, close } = await serve(0);
  const access = await scopedAccess(admin, () => world.now);
  expect(await access.credential()).toEqual({ token: 'token-1' });
  world.now = 11 * HOUR;
  expect(await access.credential()).toEqual({ token: 'token-1' });
  world.now = 13 * HOUR;
  const both = await Promise.all([access.credential(), access.credential()]);
  expect(both).toEqual([{ token: 'token-2' }, { token: 'token-2' }]);
  expect(world.by).toEqual(['Bearer admin', 'Bearer token-1']);
  close();
});

test('an account that is refused is made good by the administrator; meanwhile what still counts is used', async () => {
  const { world, admin, close } = await serve(0);
  const access = await scopedAccess(admin, () => world.now);
  world.now = 13 * HOUR;
  world.refusing.add('Bearer token-1');
  expect(await access.credential()).toEqual({ token: 'token-2' });
  expect(world.by.at(-1)).toBe('Bearer admin');
  world.now = 26 * HOUR;
  world.refusing.add('Bearer token-2').add('Bearer admin');
  expect(await access.credential()).toEqual({ token: 'token-2' });
  world.now = 40 * HOUR;
  await expect(access.credential()).rejects.toMatchObject({ code: 'kubernetes-refused' });
  close();
});
