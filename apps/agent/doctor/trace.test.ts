import { expect, test } from 'vitest';
import { hopsOf, parsePing, silentBefore } from './trace.ts';

const exceeded = (from: string) =>
  `PING 100.64.2.12 (100.64.2.12) 56(84) bytes of data.\nFrom ${from} icmp_seq=1 Time to live exceeded\n`;
const reached = '64 bytes from 100.64.2.12: icmp_seq=1 ttl=62 time=1.11 ms\n';

test('hops end with the target', () => {
  const answers = [exceeded('100.64.1.11'), exceeded('100.64.2.11'), reached, reached];
  expect(hopsOf(answers, '100.64.2.12')).toEqual(['100.64.1.11', '100.64.2.11', '100.64.2.12']);
});

test('a hop that says nothing is left out; a target out of reach is still named', () => {
  expect(hopsOf(['', exceeded('100.64.2.11'), '', ''], '100.64.2.12')).toEqual([
    '100.64.2.11',
    '100.64.2.12',
  ]);
});

test('only hops before a target that answers are asked again', () => {
  const target = '100.64.2.12';
  expect(silentBefore(['', exceeded('100.64.1.11'), '', reached, reached], target)).toEqual([0, 2]);
  expect(silentBefore([exceeded('100.64.1.11'), reached], target)).toEqual([]);
  expect(silentBefore([exceeded('100.64.1.11'), '', ''], target)).toEqual([]);
});

test('counts of ping', () => {
  const text = `10 packets transmitted, 7 received, 30% packet loss, time 1803ms
rtt min/avg/max/mdev = 0.421/1.250/4.132/0.911 ms`;
  expect(parsePing(text)).toEqual({ sent: 10, answered: 7, rttMilliseconds: 1.25 });
  const none = '10 packets transmitted, 0 received, 100% packet loss, time 1803ms';
  expect(parsePing(none)).toEqual({ sent: 10, answered: 0, rttMilliseconds: null });
  expect(parsePing('')).toEqual({ sent: 10, answered: 0, rttMilliseconds: null });
});
