import { expect, test } from 'vitest';
import {
  afterAnswer,
  afterQuestion,
  isOutside,
  isWitness,
  judge,
  NOTHING_KNOWN,
  type Outside,
} from './outside.ts';

const ONLINE = { onlineSince: 0, fresh: false, usesTls: false };

/** Questions every 400 ms from `from` to `to`, none answered. */
function silent(outside: Outside, from: number, to: number, seen = ONLINE): Outside {
  let next = outside;
  for (let now = from; now <= to; now += 400) next = judge(afterQuestion(next, now), seen, now);
  return next;
}

test('four seconds without an answer, while the coordinator is reached, and UDP is blocked', () => {
  expect(silent(NOTHING_KNOWN, 0, 3600).udp).toBe('unknown');
  expect(silent(NOTHING_KNOWN, 0, 4000).udp).toBe('blocked');
  expect(silent(NOTHING_KNOWN, 0, 60_000, { ...ONLINE, onlineSince: null as never }).udp).toBe('unknown');
  // What was silent while all was cut off says nothing: it counts from the return on.
  expect(silent(NOTHING_KNOWN, 0, 60_000, { ...ONLINE, onlineSince: 57_000 }).udp).toBe('unknown');
});

test('a single question, or an answer in between, is no sign of it', () => {
  expect(judge(afterQuestion(NOTHING_KNOWN, 0), ONLINE, 60_000).udp).toBe('unknown');
  const answered = afterAnswer(silent(NOTHING_KNOWN, 0, 3600), 3700);
  expect(answered.udp).toBe('open');
  expect(silent(answered, 4000, 7600).udp).toBe('open');
});

test('with tunnels that stood a moment ago it takes ten seconds, for agents may be away for a while', () => {
  const open = afterAnswer(NOTHING_KNOWN, 0);
  const fresh = { ...ONLINE, fresh: true };
  expect(silent(open, 100, 9700, fresh).udp).toBe('open');
  expect(silent(open, 100, 10_100, fresh).udp).toBe('blocked');
});

test('it is taken back once nothing goes over TLS, or answers last; one answer alone does not do', () => {
  const blocked = silent(NOTHING_KNOWN, 0, 4000);
  const one = afterAnswer(blocked, 10_000);
  const using = { ...ONLINE, usesTls: true };
  expect(judge(one, using, 10_000).udp).toBe('blocked');
  expect(judge(one, ONLINE, 10_000).udp).toBe('open');
  // 60 s later without another answer: nothing is known to be open.
  expect(judge(one, ONLINE, 70_000).udp).toBe('blocked');
  let lasting = one;
  for (let now = 30_000; now <= 70_000; now += 20_000) lasting = afterAnswer(lasting, now);
  expect(judge(lasting, using, 69_000).udp).toBe('blocked');
  expect(judge(lasting, using, 70_000).udp).toBe('open');
});

test('who has an address of the internet, and relays, are witnesses; a way over TLS shows nothing of UDP', () => {
  const kinds = ['private', 'public', 'observed', 'relayed', 'tls'] as const;
  expect(kinds.filter((kind) => isWitness({ kind }))).toEqual(['public', 'relayed']);
  expect(kinds.filter((kind) => isOutside({ kind }))).toEqual(['public', 'observed', 'relayed']);
});
