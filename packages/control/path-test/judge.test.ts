import type { PathAnswer, TunnelMeasure } from '@skein/contract/agent/path.ts';
import { expect, test } from 'vitest';
import { judgePath, type TestedPeer } from './judge.ts';

const peer = (name: string, address: string, connected = true): TestedPeer => ({
  id: `peer_${name}`,
  name,
  overlayAddress: address,
  connected,
});
const a1 = peer('a1', '100.64.1.11');
const a2 = peer('a2', '100.64.1.12');
const b1 = peer('b1', '100.64.2.11');
const b2 = peer('b2', '100.64.2.12');
const all = [a1, a2, b1, b2];
const tunnel = (to: TestedPeer, more: Partial<TunnelMeasure> = {}): TunnelMeasure => ({
  peerId: to.id,
  endpoint: '203.0.113.7:51820',
  endpointKind: 'public',
  handshakeAgeSeconds: 20,
  probes: 10,
  answered: 10,
  rttMilliseconds: 2,
  mtu: 1440,
  ...more,
});
const hop = (of: TestedPeer, answered = 10) => ({
  address: of.overlayAddress,
  sent: 10,
  answered,
  rttMilliseconds: answered > 0 ? 3 : null,
});
const dead = { answered: 0, rttMilliseconds: null, handshakeAgeSeconds: 300 };
const answer = (tunnels: TunnelMeasure[], more: Partial<PathAnswer> = {}): PathAnswer => ({
  hops: null,
  tunnels,
  port: null,
  ...more,
});
const whole = new Map([
  [a2.id, answer([tunnel(a1)], { hops: [hop(a1), hop(b1), hop(b2)] })],
  [a1.id, answer([tunnel(b1)])],
  [b1.id, answer([tunnel(b2)])],
  [b2.id, answer([tunnel(b1)])],
]);
const judged = (changes: [TestedPeer, PathAnswer][] = [], port?: number) =>
  judgePath(a2, b2, all, new Map([...whole, ...changes.map(([of, told]) => [of.id, told] as const)]), port);

test('a way that works, with each tunnel as its sender measured it', () => {
  const result = judged();
  expect(result).toMatchObject({ ok: true, verdict: 'b2 is reached in 3.0 ms, by a1 and b1.', remedy: null });
  expect(result.hops.map((one) => [one.from, one.to, one.tunnel?.mtu, one.ping?.lossPercent])).toEqual([
    ['a2', 'a1', 1440, 0],
    ['a1', 'b1', 1440, 0],
    ['b1', 'b2', 1440, 0],
  ]);
});

test('a tunnel in the middle that carries nothing', () => {
  const { ok, verdict, remedy, hops } = judged([
    [a2, answer([tunnel(a1)], { hops: [hop(a1), hop(b2, 0)] })],
    [a1, answer([tunnel(b1, dead)])],
  ]);
  expect(ok).toBe(false);
  expect(verdict).toBe(
    'The tunnel from a1 to b1 carries nothing: the last handshake was 300 s ago (203.0.113.7:51820).',
  );
  expect(remedy).toContain('UDP 51820');
  expect(hops.at(-1)).toMatchObject({ from: 'a1', to: 'b1' });
});

test('loss is put down to the tunnel that loses', () => {
  const { verdict } = judged([
    [a2, answer([tunnel(a1)], { hops: [hop(a1), hop(b1, 5), hop(b2, 5)] })],
    [a1, answer([tunnel(b1, { answered: 5 })])],
  ]);
  expect(verdict).toBe('50% of packets to b2 are lost, between a1 and b1.');
});

test('a port', () => {
  const hops = [hop(a1), hop(b1), hop(b2)];
  const open = answer([tunnel(a1)], { hops, port: { open: true, words: 'it opened' } });
  expect(judged([[a2, open]], 443)).toMatchObject({
    ok: true,
    verdict: 'b2 is reached in 3.0 ms, by a1 and b1; TCP port 443 is open.',
    port: { number: 443, open: true },
  });
  const shut = answer([tunnel(a1)], { hops, port: { open: false, words: 'no answer in 2 s' } });
  expect(judged([[a2, shut]], 443)).toMatchObject({
    ok: false,
    verdict: 'b2 is reached, but TCP port 443 is not: no answer in 2 s.',
  });
});

test('what cannot be asked is said', () => {
  expect(judgePath({ ...a2, connected: false }, b2, all, whole, undefined).verdict).toMatch(
    /a2 is not connected/,
  );
  expect(judgePath(a2, b2, all, new Map(), undefined).verdict).toMatch(/a2 did not answer in time/);
  expect(judged([[a2, answer([tunnel(a1)])]]).verdict).toMatch(/no ping/);
});

test('a target that is down, and one that only does not answer', () => {
  const hops = [hop(a1), hop(b1), hop(b2, 0)];
  const gone = new Map([...whole, [a2.id, answer([tunnel(a1)], { hops })] as const]);
  expect(judged([[a2, answer([tunnel(a1)], { hops })]]).verdict).toMatch(/b2 does not answer behind b1/);
  gone.delete(b2.id);
  expect(judgePath(a2, { ...b2, connected: false }, all, gone, undefined).verdict).toMatch(/down or cut off/);
});
