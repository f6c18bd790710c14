/**
 * Whether UDP gets out of where this node is, told from questions to peers and relays outside its own network that
 * should be heard there. Where all of these are down, they are taken for unreachable: then ways over TLS are tried in
 * vain for a while, and the first who answers takes it back. Pure; times are milliseconds on one monotonic clock.
 */
import type { Tried } from './choose.ts';

export type Udp = 'unknown' | 'open' | 'blocked';

export interface Outside {
  readonly udp: Udp;
  /** The first question since the last answer, and how many there were; null where none is open. */
  readonly silence: { readonly since: number; readonly asked: number } | null;
  /** Since when answers have come again to one that was blocked, and when the last came. */
  readonly answers: { readonly since: number; readonly last: number } | null;
}

export const NOTHING_KNOWN: Outside = { udp: 'unknown', silence: null, answers: null };

/** A peer that has just joined needs a moment until it answers. */
const SILENT_MILLISECONDS = 4000;
/** Where tunnels stood a moment ago it may be the other agents that are silent, as while they are upgraded. */
const SILENT_THOUGH_FRESH_MILLISECONDS = 10_000;
const LEAST_ASKED = 5;
/** Answers to one that was blocked must last, unless nothing goes over TLS any more. */
const LASTING_MILLISECONDS = 60_000;
/** Better ways are asked every 20 s. */
const STALE_MILLISECONDS = 50_000;

/** Whether silence on a way says anything: what is behind somebody's NAT may be silent for that reason. */
export function isWitness({ kind }: Pick<Tried, 'kind'>): boolean {
  return kind === 'public' || kind === 'relayed';
}

/** Whether an answer by a way shows that UDP gets out. */
export function isOutside({ kind }: Pick<Tried, 'kind'>): boolean {
  return isWitness({ kind }) || kind === 'observed';
}

/** A witness was asked. */
export function afterQuestion(outside: Outside, now: number): Outside {
  const { since, asked } = outside.silence ?? { since: now, asked: 0 };
  return { ...outside, silence: { since, asked: asked + 1 } };
}

/** Somebody outside answered. */
export function afterAnswer(outside: Outside, now: number): Outside {
  if (outside.udp !== 'blocked') return { udp: 'open', silence: null, answers: null };
  const lasting = outside.answers && now - outside.answers.last < STALE_MILLISECONDS;
  const since = lasting ? outside.answers.since : now;
  return { udp: 'blocked', silence: null, answers: { since, last: now } };
}

/**
 * What is to be said of UDP at `now`.
 * @param seen `onlineSince`: since when the coordinator is reached by TCP, or null; without that all may be cut off.
 * `fresh`: some tunnel to outside has a recent handshake. `usesTls`: some tunnel goes over TLS
 */
export function judge(
  outside: Outside,
  seen: { onlineSince: number | null; fresh: boolean; usesTls: boolean },
  now: number,
): Outside {
  const { udp, silence, answers } = outside;
  if (udp === 'blocked') {
    if (!answers || now - answers.last >= STALE_MILLISECONDS) return outside;
    if (seen.usesTls && now - answers.since < LASTING_MILLISECONDS) return outside;
    return { udp: 'open', silence: null, answers: null };
  }
  if (!silence || seen.onlineSince === null || silence.asked < LEAST_ASKED) return outside;
  const silent = now - Math.max(silence.since, seen.onlineSince);
  const enough = seen.fresh ? SILENT_THOUGH_FRESH_MILLISECONDS : SILENT_MILLISECONDS;
  return silent < enough ? outside : { udp: 'blocked', silence, answers: null };
}
