/** Answers of other clusters' agents, kept a moment, and longer for the case that nobody answers. */
import type { Body } from './reply.ts';

const LONGEST_TTL_SECONDS = 30;
/** How long an answer may stand in for servers that are silent (serve-stale, RFC 8767). */
const STALE_SECONDS = 3600;
const LARGEST = 2000;

export interface AnswerCache {
  /** What is held, fresh or stale, at `now` (milliseconds). */
  get(name: string, type: string, now: number): { body: Body; fresh: boolean } | undefined;
  put(name: string, type: string, body: Body, now: number): void;
  clear(): void;
}

export function newAnswerCache(): AnswerCache {
  const held = new Map<string, { body: Body; at: number; ttlSeconds: number }>();
  const keyOf = (name: string, type: string) => `${name.toLowerCase()} ${type}`;
  return {
    get: (name, type, now) => {
      const entry = held.get(keyOf(name, type));
      if (!entry || now - entry.at > STALE_SECONDS * 1000) return undefined;
      return { body: entry.body, fresh: now - entry.at < entry.ttlSeconds * 1000 };
    },
    put: (name, type, body, now) => {
      const ttls = [...body.answers, ...body.authorities].map((one) => ('ttl' in one ? (one.ttl ?? 0) : 0));
      const ttlSeconds = Math.min(LONGEST_TTL_SECONDS, ...ttls);
      const key = keyOf(name, type);
      held.delete(key);
      held.set(key, { body, at: now, ttlSeconds: ttls.length > 0 ? ttlSeconds : 0 });
      // Maps keep the order of insertion: the first is the oldest.
      const oldest = held.keys().next().value;
      if (held.size > LARGEST && oldest !== undefined) held.delete(oldest);
    },
    clear: () => held.clear(),
  };
}
