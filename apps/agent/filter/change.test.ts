import { spawnSync } from 'node:child_process';
import type { MapRule, NetworkMap } from '@skein/contract/agent/map.ts';
import { twinsOf } from '@skein/mesh/ipam/twin.ts';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayMap, memberMap } from '../fixture/map.ts';
import type { Run } from '../host/command.ts';
import { newFilter } from './apply.ts';
import { renderFilterChange } from './change.ts';
import { markOf, renderFilter, renderReplacement } from './render.ts';

const WEB = 'label:tier=web';
const rule = (port: number, action: MapRule['action'] = 'allow'): MapRule => ({
  action,
  from: WEB,
  to: WEB,
  protocol: 'tcp',
  ports: [[port, port]],
});
const mapOf = (rules: readonly MapRule[], cidrs: readonly string[], base = gatewayMap): NetworkMap => ({
  ...base,
  self: {
    ...base.self,
    passing: base.self.forwards ? [...rules] : [],
    rules: rules.map((one) => ({ ...one, to: null })),
  },
  addressSets: [{ id: WEB, cidrs: [...cidrs] }],
});
const many = Array.from({ length: 200 }, (_, at) => rule(1000 + at));
const peers = (count: number) => Array.from({ length: count }, (_, at) => `100.64.1.${20 + at}/32`);
const changeOf = (before: NetworkMap, after: NetworkMap) =>
  renderFilterChange(renderFilter(before), renderFilter(after));

test('a peer that a label is given to is one element of each family, whatever the rules', () => {
  const [before, after] = [mapOf(many, peers(3)), mapOf(many, peers(4))];
  expect(changeOf(before, after)?.split('\n')).toEqual([
    `add chain inet skein ${markOf(renderFilter(after))}`,
    `delete chain inet skein ${markOf(renderFilter(before))}`,
    'add element inet skein set_0 { 100.64.1.23/32 }',
    `add element inet skein set_six_0 { ${twinsOf('net_test').ofCidr('100.64.1.23/32')} }`,
    '',
  ]);
});

test('a rule more fills the chains it stands in anew, and no other', () => {
  const text = changeOf(mapOf([rule(80)], peers(2)), mapOf([rule(80), rule(443)], peers(2))) ?? '';
  expect(text.match(/^flush .*$/gm)).toEqual(
    ['begun_here', 'answered_here', 'begun_through', 'answered_through'].map(
      (chain) => `flush chain inet skein ${chain}`,
    ),
  );
  expect(text).not.toMatch(/element|set_0 \{|to_node|chain input/);
});

test('a filter of other hooks is replaced', () => {
  const other = '  chain input {\n    type filter hook input priority 0; policy accept;\n  }';
  expect(renderFilterChange(renderFilter(gatewayMap), other)).toBeNull();
  expect(renderFilterChange(other, renderFilter(gatewayMap))).toBeNull();
  expect(renderFilterChange(other, '  map m {\n  }')).toBeNull();
});

const canRun = spawnSync('nft', ['--version']).status === 0 && process.getuid?.() === 0;
/** What a namespace holds after these transactions, without counters. */
const heldAfter = (...transactions: readonly string[]) => {
  const steps = transactions.map((text) => `nft -f - << 'END' || exit 1\n${text}END`);
  const ran = spawnSync('unshare', ['--net', 'sh', '-c', [...steps, 'nft list ruleset'].join('\n')], {
    encoding: 'utf8',
  });
  expect(ran.stderr).toBe('');
  // Chains are listed in the order in which they were made.
  return ran.stdout
    .replace(/\n}\n$/, '')
    .split(/\n+(?=\t(?:chain|set) )/)
    .sort();
};

test.skipIf(!canRun)('whatever changes, nftables ends with what a replacement would have made', () => {
  const anyMap = fc
    .record({
      ports: fc.uniqueArray(fc.integer({ min: 1, max: 6 }), { maxLength: 4 }),
      denied: fc.integer({ min: 0, max: 6 }),
      peers: fc.uniqueArray(fc.integer({ min: 20, max: 25 }), { minLength: 1, maxLength: 4 }),
      gateway: fc.boolean(),
    })
    .map(({ ports, denied, peers, gateway }) =>
      mapOf(
        ports.map((port) => rule(port, port === denied ? 'deny' : 'allow')),
        peers.sort().map((host) => `100.64.1.${host}/32`),
        gateway ? gatewayMap : memberMap,
      ),
    );
  fc.assert(
    fc.property(anyMap, anyMap, (one, other) => {
      const [before, after] = [renderFilter(one), renderFilter(other)];
      fc.pre(before !== after);
      const change = renderFilterChange(before, after);
      expect(change).not.toBeNull();
      expect(heldAfter(renderReplacement(before), change ?? '')).toEqual(heldAfter(renderReplacement(after)));
    }),
    { numRuns: 25 },
  );
});

test('what was flushed by somebody is put in place whole', async () => {
  const asked: string[] = [];
  let there = '';
  const run: Run = async (_, args, input) => {
    if (args[0] === 'list')
      return args.includes(there) ? { ok: true, output: '' } : { ok: false, message: '' };
    asked.push(input ?? '');
    const isChange = !input?.includes('delete table');
    if (isChange && there === '') return { ok: false, message: 'no such table' };
    there = /applied_[0-9a-f]+/.exec(input ?? '')?.[0] ?? '';
    return { ok: true, output: '' };
  };
  const filter = newFilter(run);
  const [first, second, third] = [mapOf([], peers(2)), mapOf([], peers(3)), mapOf([], peers(4))];
  expect(await filter.apply(first)).toBe(true);
  expect(await filter.apply(first)).toBe(false);
  expect(await filter.apply(second)).toBe(true);
  there = '';
  expect(await filter.apply(third)).toBe(true);
  expect(asked.map((text) => text.includes('delete table'))).toEqual([true, false, false, true]);
  // The next daemon finds it there.
  const next = newFilter(run);
  expect(await next.apply(third)).toBe(false);
  expect(await next.apply(second)).toBe(true);
  expect(asked.at(-1)).toContain('add chain');
});
