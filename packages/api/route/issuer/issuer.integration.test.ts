/** What a cloud sees of Skein: who it is, its keys, and a token that these keys confirm. */
import { createPublicKey, verify } from 'node:crypto';
import { ownIdentity } from '@skein/control/identity/own-identity.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type House, openHouse, PUBLIC_URL } from '../../testing/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse(inject('databaseUrl'));
});
afterAll(() => house?.close());

const read = async (path: string) => {
  const answer = await house.api.request(path);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('cache-control')).toBe('public, max-age=300');
  // biome-ignore lint/suspicious/noExplicitAny: two documents, of which each test says what it expects
  return (await answer.json()) as any;
};
const partOf = (text: string | undefined) => JSON.parse(Buffer.from(text ?? '', 'base64url').toString());

test('the document names this installation and where its keys are', async () => {
  expect(await read('/.well-known/openid-configuration')).toMatchObject({
    issuer: PUBLIC_URL,
    jwks_uri: `${PUBLIC_URL}/.well-known/jwks.json`,
    subject_types_supported: ['public'],
    response_types_supported: ['id_token'],
    id_token_signing_alg_values_supported: ['RS256'],
  });
});

test('many who need the first key at once make one', async () => {
  const answers = await Promise.all(Array.from({ length: 8 }, () => read('/.well-known/jwks.json')));
  expect(answers[0].keys).toHaveLength(1);
  expect(answers[0].keys[0]).toMatchObject({ kty: 'RSA', alg: 'RS256', use: 'sig', e: 'AQAB' });
  expect(Object.keys(answers[0].keys[0]).sort()).toEqual(['alg', 'e', 'kid', 'kty', 'n', 'use']);
  for (const one of answers) expect(one).toEqual(answers[0]);
});

test('a token names the organization for ten minutes, and the published key confirms it', async () => {
  const { organizationId } = house.ours;
  const before = Math.floor(Date.now() / 1000);
  const token = await ownIdentity(house.contextOf(organizationId), organizationId).token(
    'https://cloud.test',
  );
  const [head, claims, signature] = token.split('.');
  const { keys } = await read('/.well-known/jwks.json');
  const { kid, ...header } = partOf(head);
  expect(header).toEqual({ alg: 'RS256', typ: 'JWT' });
  const key = createPublicKey({ key: keys.find((one: { kid: string }) => one.kid === kid), format: 'jwk' });
  const signed = Buffer.from(`${head}.${claims}`);
  expect(verify('sha256', signed, key, Buffer.from(signature ?? '', 'base64url'))).toBe(true);
  const { iat, exp, ...rest } = partOf(claims);
  expect(rest).toEqual({
    iss: PUBLIC_URL,
    sub: `organization:${organizationId}`,
    aud: 'https://cloud.test',
  });
  expect(iat).toBeLessThanOrEqual(before);
  expect(exp - before).toBeGreaterThanOrEqual(600);
  expect(exp - before).toBeLessThanOrEqual(605);
});

test('the newest key signs, and older ones are still published', async () => {
  const identity = ownIdentity(house.contextOf(house.ours.organizationId), house.ours.organizationId);
  const kidOf = async () => partOf((await identity.token('https://cloud.test')).split('.')[0]).kid;
  const first = await kidOf();
  const row = await house.fresh.database.identityKey.findUniqueOrThrow({ where: { id: first } });
  expect(Buffer.from(row.privateKeySealed).toString('latin1')).not.toContain('PRIVATE KEY');
  await house.fresh.database.identityKey.update({
    where: { id: first },
    data: { createdAt: new Date(Date.now() - 60_000) },
  });
  // A row as another process of this installation would make it cannot be sealed here; the order alone is looked at.
  await house.fresh.database.identityKey.create({
    data: {
      id: 'newer',
      publicKey: { ...(row.publicKey as object), kid: 'newer' },
      privateKeySealed: row.privateKeySealed,
    },
  });
  await expect(kidOf()).rejects.toMatchObject({ code: 'seal-broken' });
  const { keys } = await read('/.well-known/jwks.json');
  expect(keys.map((one: { kid: string }) => one.kid)).toEqual(['newer', first]);
});
