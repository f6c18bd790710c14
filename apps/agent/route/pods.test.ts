import { expect, test } from 'vitest';
import { gatewayMap } from '../fixture/map.ts';
import type { Run } from '../host/command.ts';
import { applyPodWays, parseRules, podRules } from './pods.ts';

const self = {
  ...gatewayMap.self,
  planes: 2,
  pods: { own: ['10.128.0.0/24'], cluster: '10.128.0.0/18', elsewhere: [] },
};
const ways = [{ destination: '10.128.1.0/24', planes: [1], mtu: 1380 }];
const LISTED = JSON.stringify([
  { priority: 0, src: 'all', table: 'local' },
  { priority: 5188, src: 'all', ipproto: 'udp', sport: 51881, table: '51881' },
  { priority: 5189, src: 'all', dst: '10.128.0.0', dstlen: 18, iif: 'skein0', table: '51883' },
  { priority: 5190, src: 'all', dst: '10.128.0.0', dstlen: 18, table: 'main', suppress_prefixlen: 0 },
  { priority: 32766, src: 'all', table: 'main' },
]);

test('rules are read as they are written', () => {
  expect(podRules(self, ways)).toEqual([
    'pref 5189 to 10.128.0.0/18 iif skein0 lookup 51883',
    'pref 5189 to 10.128.0.0/18 iif skein1 lookup 51883',
    'pref 5190 to 10.128.0.0/18 lookup main suppress_prefixlength 0',
    'pref 5191 to 10.128.0.0/18 lookup 51883',
  ]);
  expect(parseRules(LISTED)).toEqual([podRules(self, ways)[0], podRules(self, ways)[2]]);
  expect(podRules(self, [])).toEqual([]);
  expect(podRules({ ...self, pods: { ...self.pods, cluster: null } }, ways)).toEqual([]);
});

test('what is there stays, what is missing comes, what is of nobody any more goes', async () => {
  const asked: string[] = [];
  const answering: Run = async (_, args, input) => {
    if (input !== undefined) asked.push(...input.trim().split('\n'));
    if (args.includes('rule')) return { ok: true, output: LISTED };
    const old = { dst: '10.128.9.0/24', dev: 'skein0', prefsrc: '100.64.1.11', metrics: [{ mtu: 1380 }] };
    return { ok: true, output: args.includes('table') ? JSON.stringify([old]) : '' };
  };
  await applyPodWays(answering, self, ways);
  expect(asked).toEqual([
    'route add 10.128.1.0/24 dev skein1 src 100.64.1.11 mtu 1380 table 51883',
    'route del 10.128.9.0/24 dev skein0 table 51883',
    'rule add pref 5189 to 10.128.0.0/18 iif skein1 lookup 51883',
    'rule add pref 5191 to 10.128.0.0/18 lookup 51883',
  ]);
});
