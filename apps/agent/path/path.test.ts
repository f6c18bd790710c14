import { describe, expect, test } from 'vitest';
import { newSeed, wireguardPublicKey } from '../state/keys.ts';
import { chooseWay, dueWays, isAlive, natOf, newWay, rankOf, type Tried, UNANSWERED } from './choose.ts';
import { decodePath, encodePath, pathKey, pathTag } from './message.ts';

const [a, b] = [newSeed('x25519'), newSeed('x25519')];
const way = (endpoint: string, kind: Tried['kind'], tried: Partial<Tried> = {}): Tried => ({
  ...newWay(endpoint, kind),
  ...tried,
});
const ANSWERED = { askedAt: 1000, answeredAt: 1010, rttMilliseconds: 10 };

describe('messages', () => {
  const key = pathKey(a, wireguardPublicKey(b));
  const tag = pathTag(wireguardPublicKey(a), wireguardPublicKey(b));
  const ask = { kind: 'ask', nonce: Buffer.alloc(8, 7), seen: null } as const;
  const keyOf = (said: string) => (said === tag ? key : undefined);

  test('both peers have the same key, and nobody else has it', () => {
    expect(pathKey(b, wireguardPublicKey(a))).toEqual(key);
    expect(pathKey(newSeed('x25519'), wireguardPublicKey(a))).not.toEqual(key);
  });

  test('come through as they were', () => {
    expect(decodePath(encodePath(ask, tag, key), keyOf)).toEqual(ask);
    const answer = { ...ask, kind: 'answer', seen: { address: '198.51.100.7', port: 40_000 } } as const;
    expect(decodePath(encodePath(answer, tag, key), keyOf)).toEqual(answer);
  });

  test('who sends is known to the receiver alone', () => {
    expect(tag).not.toBe(pathTag(wireguardPublicKey(b), wireguardPublicKey(a)));
    expect(tag).not.toBe(pathTag(wireguardPublicKey(a), wireguardPublicKey(newSeed('x25519'))));
  });

  test('a bit changed, another key, a stranger or another length is nothing', () => {
    const bytes = encodePath(ask, tag, key);
    for (let at = 0; at < bytes.length; at += 1) {
      const changed = Buffer.from(bytes);
      changed[at] = (changed[at] ?? 0) ^ 1;
      expect(decodePath(changed, () => key)).toBeUndefined();
    }
    expect(decodePath(bytes, () => Buffer.alloc(32))).toBeUndefined();
    expect(decodePath(bytes, () => undefined)).toBeUndefined();
    expect(decodePath(bytes.subarray(1), () => key)).toBeUndefined();
    expect(decodePath(Buffer.concat([bytes, Buffer.alloc(1)]), () => key)).toBeUndefined();
  });
});

describe('choosing', () => {
  const direct = way('198.51.100.12:40000', 'observed');
  const [slow, quick] = [
    way('203.0.113.1:20000', 'relayed', { ...ANSWERED, rttMilliseconds: 40 }),
    way('203.0.113.2:20000', 'relayed', { ...ANSWERED, rttMilliseconds: 10 }),
  ];

  test('the quicker relay until a direct way answers, and then that one', () => {
    expect(chooseWay([direct, slow, quick], null)).toBe(quick.endpoint);
    expect(chooseWay([{ ...direct, ...ANSWERED }, slow, quick], quick.endpoint)).toBe(direct.endpoint);
  });

  test('over TLS only where no relay is reached by UDP, however quick', () => {
    const tls = way('127.0.0.1:40001', 'tls', { ...ANSWERED, rttMilliseconds: 1 });
    expect(chooseWay([direct, tls], null)).toBe(tls.endpoint);
    expect(chooseWay([direct, slow, tls], tls.endpoint)).toBe(slow.endpoint);
    const dead = { ...slow, unanswered: UNANSWERED };
    expect(chooseWay([direct, dead, tls], dead.endpoint)).toBe(tls.endpoint);
    expect([direct, slow, tls].map(rankOf)).toEqual([0, 1, 2]);
  });

  test('a private way before a public one, however quick', () => {
    const [near, far] = [
      way('10.1.0.5:51820', 'private', { ...ANSWERED, rttMilliseconds: 9 }),
      way('203.0.113.5:51820', 'public', { ...ANSWERED, rttMilliseconds: 1 }),
    ];
    expect(chooseWay([near, far], far.endpoint)).toBe(near.endpoint);
  });

  test('a way that goes silent is left, and with none alive the last stays', () => {
    const dead = { ...direct, ...ANSWERED, unanswered: UNANSWERED };
    expect(isAlive(dead)).toBe(false);
    expect(chooseWay([dead, slow], dead.endpoint)).toBe(slow.endpoint);
    expect(chooseWay([dead], dead.endpoint)).toBe(dead.endpoint);
    expect(chooseWay([direct], null)).toBeNull();
  });

  test('relays that are nearly as quick as each other do not take turns', () => {
    const almost = { ...quick, rttMilliseconds: 36 };
    expect(chooseWay([slow, almost], slow.endpoint)).toBe(slow.endpoint);
  });
});

describe('trying', () => {
  const used = way('203.0.113.1:20000', 'relayed', { ...ANSWERED, askedAt: 60_000 });
  const direct = way('198.51.100.12:40000', 'observed', { askedAt: 60_000 });

  test('all at once at first, the used one twice a second, a better one now and then for ever', () => {
    expect(dueWays([newWay('a:1', 'observed'), newWay('b:1', 'relayed')], null, 0, 0)).toHaveLength(2);
    const due = (now: number) => dueWays([direct, used], used.endpoint, 0, now).map(({ kind }) => kind);
    expect(due(60_400)).toEqual([]);
    expect(due(60_500)).toEqual(['relayed']);
    expect(due(80_000)).toEqual(['observed', 'relayed']);
  });

  test('a used way in doubt has its relays tried at once: within two seconds the way is another', () => {
    const silent = { ...direct, ...ANSWERED, askedAt: 60_000, unanswered: 2 };
    const due = dueWays([silent, used], silent.endpoint, 0, 60_400);
    expect(due).toHaveLength(2);
  });
});

test('the NAT is known by what several see', () => {
  const own = { address: '192.168.1.2', port: 51820 };
  const by = (name: string, port: number, address = '198.51.100.1') => ({ by: name, address, port });
  expect(natOf([], own)).toBe('unknown');
  expect(natOf([by('r1', 40_000)], own)).toBe('unknown');
  expect(natOf([by('r1', 40_000), by('r2', 40_000)], own)).toBe('independent');
  expect(natOf([by('r1', 40_000), by('r2', 40_001)], own)).toBe('dependent');
  expect(natOf([by('r1', 51_820, own.address)], own)).toBe('none');
});
