/** Filters, pages, ranges: the pure parts of listing and addressing. */
import { describe, expect, test } from 'vitest';
import { blocksOf, overlap, parseRange, type Range } from '../ground/ranges.ts';
import { parseFilter } from './wire/filter.ts';
import { pageOf } from './wire/page.ts';

const items = [
  { name: 'a', status: 'RUNNING', labels: { env: 'prod' }, tags: { items: ['x', 'y'] }, priority: 900 },
  { name: 'b', status: 'TERMINATED', labels: { env: 'dev' }, priority: 1000 },
  { name: 'skein-c', status: 'RUNNING', priority: 65534 },
];
const chosen = (filter: string) => items.filter(parseFilter(filter)).map((each) => each.name);

describe('filters', () => {
  test.each([
    ['name = a', ['a']],
    ['name != a', ['b', 'skein-c']],
    ['name="b"', ['b']],
    ['labels.env = prod', ['a']],
    ['labels.env:*', ['a', 'b']],
    ['name eq skein-.*', ['skein-c']],
    ["name ne 'a|b'", ['skein-c']],
    ['tags.items = y', ['a']],
    ['priority > 900', ['b', 'skein-c']],
    ['(status = RUNNING) (labels.env = prod)', ['a']],
    ['status = RUNNING AND NOT name = a', ['skein-c']],
    ['name = a OR name = b', ['a', 'b']],
  ])('%s', (filter, names) => {
    expect(chosen(filter)).toEqual(names);
  });

  test.each(['name', 'name =', '(name = a', 'name = a)', 'name eq "("'])('%s is none', (filter) => {
    expect(() => parseFilter(filter)).toThrow('Invalid list filter expression.');
  });
});

test('a page goes on where the last one ended, though its last item has gone', () => {
  const keys = ['a', 'b', 'c', 'd', 'e'];
  const first = pageOf(keys, new URLSearchParams({ maxResults: '2' }), (each) => each);
  expect(first.items).toEqual(['a', 'b']);
  const query = new URLSearchParams({ maxResults: '2', pageToken: first.nextPageToken ?? '' });
  expect(pageOf(['a', 'c', 'd', 'e'], query, (each) => each)).toMatchObject({ items: ['c', 'd'] });
  const all = pageOf(keys, new URLSearchParams(), (each) => each);
  expect(all).toEqual({ items: keys });
});

describe('ranges', () => {
  test.each(['10.0.0.0/8', '0.0.0.0/0', '255.255.255.255/32', '10.0.0.1'])('%s is one', (text) => {
    expect(parseRange(text)).toBeDefined();
  });
  test.each([
    '10.0.0.1/8',
    '10.0.0/8',
    '10.0.0.0/33',
    '256.0.0.0/8',
    '10.0.0.0/8/8',
    '',
    '::/0',
    '010.0.0.0/8',
  ])('%s is none', (text) => {
    expect(parseRange(text)).toBeUndefined();
  });
  test('blocks cover a run exactly', () => {
    expect(blocksOf(0, 2 ** 32 - 1)).toEqual(['0.0.0.0/0']);
    expect(blocksOf(1, 6)).toEqual(['0.0.0.1/32', '0.0.0.2/31', '0.0.0.4/31', '0.0.0.6/32']);
  });
  test('overlap', () => {
    const range = (text: string) => parseRange(text) as Range;
    expect(overlap(range('10.0.0.0/16'), range('10.0.255.0/24'))).toBe(true);
    expect(overlap(range('10.0.0.0/16'), range('10.1.0.0/16'))).toBe(false);
  });
});
