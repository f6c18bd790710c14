/** Set-up links, sessions and the guard against other sites. */
import { mintSetupLink } from '@skein/control/setup/mint-link.ts';
import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { type House, openHouse, PUBLIC_URL } from '../testing/house.ts';

let house: House;
beforeAll(async () => {
  house = await openHouse(inject('databaseUrl'));
});
afterAll(() => house.close());

const person = (link: string) => ({
  link,
  organization: 'Haberdashery',
  name: 'Ada',
  email: `Ada+${link.slice(-8)}@Example.com`,
  password: 'threads that never tangle',
});
const cookieOf = (headers: Headers) =>
  headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0])
    .join('; ');

async function setUp() {
  const { secret } = await mintSetupLink(house.contextOf(''), { organizationId: null });
  const answer = await house.ask('POST', '/setup', { token: null, body: person(secret) });
  return { secret, answer, cookie: cookieOf(answer.headers) };
}

test('the link makes a person who is signed in, once', async () => {
  const { secret, answer, cookie } = await setUp();
  expect(answer.status).toBe(201);
  expect(answer.headers.getSetCookie().join()).toMatch(/HttpOnly/i);
  const me = await house.ask('GET', '/me', { token: null, headers: { cookie } });
  expect(me.body).toMatchObject({ user: { name: 'Ada' }, organization: { name: 'Haberdashery' } });

  const again = await house.ask('POST', '/setup', { token: null, body: person(secret) });
  expect([again.status, again.body.code]).toEqual([409, 'conflict']);
  expect(again.body.detail).toMatch(/used already/);
});

test('two people with one link: one gets in', async () => {
  const { secret } = await mintSetupLink(house.contextOf(''), { organizationId: null });
  const both = await Promise.all(
    ['one', 'two'].map((name) =>
      house.ask('POST', '/setup', { token: null, body: { ...person(secret), email: `${name}@example.com` } }),
    ),
  );
  expect(both.map((answer) => answer.status).sort()).toEqual([201, 409]);
});

test('an expired and an unknown link are refused, and make nobody', async () => {
  const before = await house.fresh.database.user.count();
  const { secret } = await mintSetupLink(
    { ...house.contextOf(''), now: () => new Date(Date.now() - 25 * 3_600_000) },
    { organizationId: null },
  );
  for (const link of [secret, 'sks_unknown']) {
    const answer = await house.ask('POST', '/setup', { token: null, body: person(link) });
    expect([answer.status, answer.body.code]).toEqual([403, 'forbidden']);
  }
  expect(await house.fresh.database.user.count()).toBe(before);
});

test('a short password is named by its path', async () => {
  const { secret } = await mintSetupLink(house.contextOf(''), { organizationId: null });
  const answer = await house.ask('POST', '/setup', {
    token: null,
    body: { ...person(secret), password: 'short' },
  });
  expect(answer.status).toBe(400);
  expect(answer.body.errors[0].path).toBe('password');
});

test('a cookie changes something only from our own origin', async () => {
  const { cookie } = await setUp();
  const mint = (headers: Record<string, string>) =>
    house.ask('POST', '/api-tokens', {
      token: null,
      headers: { cookie, ...headers },
      body: { name: 'mine' },
    });
  expect((await mint({})).status).toBe(403);
  expect((await mint({ origin: 'https://evil.example' })).status).toBe(403);
  expect((await mint({ origin: 'null' })).status).toBe(403);
  const minted = await mint({ origin: PUBLIC_URL });
  expect(minted.status).toBe(201);
  const me = await house.ask('GET', '/me', { token: minted.body.token });
  expect(me.body).toMatchObject({ user: null, organization: { name: 'Haberdashery' } });
});

test('nobody can sign up, and no other part of better-auth is served', async () => {
  for (const path of ['sign-up/email', 'organization/create', 'update-user', 'delete-user']) {
    const answer = await house.ask('POST', `/api/auth/${path}`, {
      token: null,
      headers: { origin: PUBLIC_URL },
      body: { email: 'eve@example.com', password: 'threads that never tangle', name: 'Eve' },
    });
    expect(answer.status).toBe(404);
  }
});

test('signing in and out', async () => {
  const { secret } = await setUp();
  const { email, password } = person(secret);
  const signIn = (given: string) =>
    house.ask('POST', '/api/auth/sign-in/email', {
      token: null,
      headers: { origin: PUBLIC_URL },
      body: { email, password: given },
    });
  expect((await signIn('threads that do tangle')).status).toBe(401);
  const signedIn = await signIn(password);
  expect(signedIn.status).toBe(200);
  const cookie = cookieOf(signedIn.headers);
  expect((await house.ask('GET', '/me', { token: null, headers: { cookie } })).status).toBe(200);
  await house.ask('POST', '/api/auth/sign-out', {
    token: null,
    headers: { cookie, origin: PUBLIC_URL },
    body: {},
  });
  expect((await house.ask('GET', '/me', { token: null, headers: { cookie } })).status).toBe(401);
});

test('who belongs to no organization may do nothing', async () => {
  const { answer, cookie } = await setUp();
  await house.fresh.database.member.deleteMany({ where: { userId: answer.body.userId } });
  const me = await house.ask('GET', '/me', { token: null, headers: { cookie } });
  expect([me.status, me.body.code]).toEqual([403, 'forbidden']);
});

test('a token ends when it is revoked or expires', async () => {
  const { ask, ours, fresh } = house;
  const minted = await ask('POST', '/api-tokens', { body: { name: 'short-lived', expiresInDays: 1 } });
  const { token, id } = minted.body;
  expect((await ask('GET', '/me', { token })).body.organization.id).toBe(ours.organizationId);
  await fresh.database.apiToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() - 1000) } });
  expect((await ask('GET', '/me', { token })).status).toBe(401);
  await fresh.database.apiToken.update({ where: { id }, data: { expiresAt: new Date(Date.now() + 60_000) } });
  expect((await ask('GET', '/me', { token })).status).toBe(200);
  expect((await ask('DELETE', `/api-tokens/${id}`)).status).toBe(204);
  expect((await ask('GET', '/me', { token })).status).toBe(401);
  expect((await ask('DELETE', `/api-tokens/${id}`)).status).toBe(404);
});
