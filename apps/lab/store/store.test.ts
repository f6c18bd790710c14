import { appendFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openRequestLog } from './requests.ts';
import { openStore } from './store.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'skein-store-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

describe('a section', () => {
  const open = () => openStore(directory).section('things', () => ({ list: ['first'] }));

  test('is there again after a new start, for its owner only', () => {
    const section = open();
    expect(section.change((state) => state.list.push('second'))).toBe(2);
    expect(open().read()).toEqual({ list: ['first', 'second'] });
    expect(statSync(join(directory, 'things.json')).mode & 0o777).toBe(0o600);
  });

  test('is as before when a change is refused halfway', () => {
    const section = open();
    const refused = () =>
      section.change((state) => {
        state.list.push('half');
        throw new Error('refused');
      });
    expect(refused).toThrow('refused');
    expect(section.read()).toEqual({ list: ['first'] });
    expect(open().read()).toEqual({ list: ['first'] });
  });

  test('says that it changed, until nobody listens', () => {
    const store = openStore(directory);
    const section = store.section('things', () => ({ count: 0 }));
    const heard: string[] = [];
    const stop = store.onChange((name) => heard.push(`${name} ${section.read().count}`));
    section.change((state) => {
      state.count = 1;
    });
    stop();
    section.change((state) => {
      state.count = 2;
    });
    expect(heard).toEqual(['things 1']);
  });
});

describe('the request log', () => {
  const now = () => new Date('2026-11-20T12:00:00Z');
  const request = (action: string) => ({
    cloud: 'aws' as const,
    service: 'ec2',
    action,
    region: 'us-east-1',
    account: '1',
    status: 200,
    error: null,
    mutating: true,
  });

  test('keeps the newest, numbered on over starts', () => {
    let log = openRequestLog(directory, now, 3);
    for (let index = 1; index <= 7; index++) log.record(request(`call ${index}`));
    expect(log.list().map((each) => each.number)).toEqual([4, 5, 6, 7]);
    log = openRequestLog(directory, now, 3);
    log.record(request('call 8'));
    expect(log.list(6).map((each) => [each.number, each.action])).toEqual([
      [7, 'call 7'],
      [8, 'call 8'],
    ]);
    expect(readFileSync(join(directory, 'requests.ndjson'), 'utf8').split('\n')).toHaveLength(6);
  });

  test('survives a kill in the middle of a line', () => {
    openRequestLog(directory, now).record(request('whole'));
    appendFileSync(join(directory, 'requests.ndjson'), '{"number":2,"act');
    const log = openRequestLog(directory, now);
    expect(log.list().map((each) => each.action)).toEqual(['whole']);
    log.record(request('next'));
    expect(
      openRequestLog(directory, now)
        .list()
        .map((each) => each.number),
    ).toEqual([1, 2]);
  });
});
