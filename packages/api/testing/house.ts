/** For tests: the API over a fresh database, with two organizations so that each route is asked by a stranger too. */
import { randomBytes } from 'node:crypto';
import { mintApiToken } from '@skein/control/api-token/mint.ts';
import type { Actor, Context } from '@skein/control/context.ts';
import { createSealer } from '@skein/control/secret/sealer.ts';
import { type FreshDatabase, freshDatabase, makeOrganization } from '@skein/database/testing/fresh.ts';
import type {} from '@skein/database/testing/provided.ts';
import { createApi } from '../app.ts';

export const PUBLIC_URL = 'http://skein.test:7400';

export interface Answer {
  status: number;
  // Tests look into bodies of many shapes; each says what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  body: any;
  headers: Headers;
}
export interface House {
  fresh: FreshDatabase;
  api: ReturnType<typeof createApi>;
  contextOf(organizationId: string): Context;
  ours: { organizationId: string; token: string };
  strangers: { organizationId: string; token: string };
  /** What the API logged of failures that it told nobody. */
  logged: { requestId: string; error: unknown }[];
  ask(method: string, path: string, options?: Ask): Promise<Answer>;
  close(): Promise<void>;
}
export interface Ask {
  token?: string | null;
  body?: unknown;
  headers?: Record<string, string>;
}

export async function openHouse(databaseUrl: string): Promise<House> {
  const fresh = await freshDatabase(databaseUrl);
  const masterKey = randomBytes(32);
  const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
  const logged: House['logged'] = [];
  const base = {
    database: fresh.database,
    now: () => new Date(),
    random,
    sealer: createSealer(masterKey, random),
    platform: { publicUrl: PUBLIC_URL, aws: null },
    coordinatorUrl: 'http://192.0.2.10:7401',
    wake: async () => {},
  };
  const api = createApi({ ...base, masterKey, publicUrl: PUBLIC_URL, log: (entry) => logged.push(entry) });
  const contextOf = (organizationId: string): Context => {
    const actor: Actor = { kind: 'user', id: 'usr_test', organizationId };
    return { ...base, actor };
  };
  const member = async (name: string) => {
    const organizationId = await makeOrganization(fresh.database, name);
    const { token } = await mintApiToken(contextOf(organizationId), { name: 'test', expiresInDays: 1 });
    return { organizationId, token };
  };
  const ours = await member('Ours');
  const strangers = await member('Strangers');
  return {
    fresh,
    api,
    contextOf,
    ours,
    strangers,
    logged,
    async ask(method, path, { token = ours.token, body, headers = {} } = {}) {
      const answer = await api.request(path.startsWith('/api/') ? path : `/api/v1${path}`, {
        method,
        headers: {
          ...(token !== null && { authorization: `Bearer ${token}` }),
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
      const text = await answer.text();
      return { status: answer.status, body: text === '' ? null : JSON.parse(text), headers: answer.headers };
    },
    close: () => fresh.drop(),
  };
}
