/** For tests: a context over a fresh database, with rows that most suites need. */
import { randomBytes } from 'node:crypto';
import type { Database } from '@skein/database/client.ts';
import type { Context } from '../context.ts';
import { createSealer } from '../secret/sealer.ts';

export const TEST_KEY = randomBytes(32);

/** Everything of a context but who asks. Wake-ups go nowhere: the sweeper must do. */
export function testBase(database: Database): Omit<Context, 'actor'> {
  const random: Context['random'] = (bytes) => crypto.getRandomValues(bytes);
  return {
    database,
    now: () => new Date(),
    random,
    sealer: createSealer(TEST_KEY, random),
    platform: { publicUrl: 'https://skein.test', aws: null },
    coordinatorUrl: 'http://192.0.2.10:7401',
    wake: async () => {},
  };
}

/** A user of the organization asks. */
export function testContext(database: Database, organizationId: string): Context {
  return { ...testBase(database), actor: { kind: 'user', id: 'usr_test', organizationId } };
}

/** Waits until `look` answers something; rejects with what it saw last. */
export async function eventually<T>(
  look: () => Promise<T | undefined>,
  what: string,
  limitSeconds = 15,
): Promise<T> {
  const deadline = performance.now() + limitSeconds * 1000;
  while (performance.now() < deadline) {
    const found = await look();
    if (found !== undefined) return found;
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  throw new Error(`waited ${limitSeconds} s in vain for ${what}`);
}
