/** The faults of `faults.test.ts`, met by Azure's official clients. */
import { RestError } from '@azure/core-rest-pipeline';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { eventually } from '../aws/eventually.ts';
import { type AzureFixture, openFixture, POLL } from '../azure/fixture.ts';
import type { FaultRuleInput } from './rule.ts';

let fixture: AzureFixture;
const location = 'westeurope';
beforeAll(async () => {
  fixture = await openFixture();
  await fixture.resources().resourceGroups.createOrUpdate('group', { location });
});
afterEach(() => fixture.lab.faults.clear());
afterAll(() => fixture.close());

const set = (...rules: FaultRuleInput[]) => fixture.lab.faults.set(rules);
const bitten = () => fixture.lab.faults.bitten().total;
let made = 0;
const newNetwork = () => {
  made += 1;
  const name = `net-${made}`;
  const addressSpace = { addressPrefixes: ['10.64.0.0/20'] };
  return {
    name,
    poller: fixture.network().virtualNetworks.createOrUpdate('group', name, { location, addressSpace }, POLL),
  };
};
async function names(): Promise<string[]> {
  const all: string[] = [];
  for await (const each of fixture.network().virtualNetworks.list('group')) all.push(each.name ?? '');
  return all.sort();
}
/** How a call is refused: status, Azure's code, and what it says of trying again. */
async function refusal(call: PromiseLike<unknown>) {
  const error = await Promise.resolve(call).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof RestError)) throw new Error(`not refused: ${String(error)}`);
  return [error.statusCode, error.code, error.response?.headers.get('retry-after') ?? null];
}

test.each<[string, FaultRuleInput, (string | number | null)[]]>([
  [
    'throttled',
    { fault: { kind: 'throttle', retryAfterSeconds: 7 } },
    [429, 'SubscriptionRequestsThrottled', '7'],
  ],
  ['failing', { fault: { kind: 'error' } }, [500, 'InternalServerError', null]],
  [
    'a region down',
    { region: location, fault: { kind: 'region-down', how: 'refuse' } },
    [503, 'ServiceUnavailable', null],
  ],
  ['cut off', { region: location, fault: { kind: 'region-down' } }, [undefined as never, 'ECONNRESET', null]],
  [
    'a permission gone',
    { fault: { kind: 'deny', permissions: ['Microsoft.Network/virtualNetworks/write'] } },
    [403, 'AuthorizationFailed', null],
  ],
])('%s: refused in its words, and nothing is made', async (_, rule, says) => {
  const before = await names();
  set(rule);
  const answer = await refusal(newNetwork().poller);
  expect(bitten()).toBeGreaterThan(0);
  expect(answer).toEqual(says);
  fixture.lab.faults.clear();
  expect(await names()).toEqual(before);
});

test('a lost answer: the work is done, and the log says so', async () => {
  const before = await names();
  set({ mutating: true, when: { nth: 1 }, fault: { kind: 'lose-answer' } });
  const { name, poller } = newNetwork();
  expect((await refusal(poller))[1]).toBe('ECONNRESET');
  expect(bitten()).toBe(1);
  expect(await names()).toEqual([...before, name].sort());
  expect(fixture.requests().findLast((each) => each.mutating)).toMatchObject({ fault: 'lose-answer' });
});

test('stale reads: what was just made is missing in lists and gets, then it is there', async () => {
  set({ mutating: false, fault: { kind: 'stale', seconds: 0.8 } });
  // A bare call: Azure's own poller gives up when what it made is missing.
  const path =
    '/resourceGroups/group/providers/Microsoft.Network/virtualNetworks/bare?api-version=2024-05-01';
  const properties = { addressSpace: { addressPrefixes: ['10.64.0.0/20'] } };
  expect((await fixture.ask('PUT', path, { location, properties })).status).toBe(201);
  const name = 'bare';
  expect(await names()).not.toContain(name);
  expect(await refusal(fixture.network().virtualNetworks.get('group', name))).toEqual([
    404,
    'ResourceNotFound',
    null,
  ]);
  expect(bitten()).toBeGreaterThan(1);
  await eventually(names).toContain(name);
});

test('slow operations run on, and end', async () => {
  set({ mutating: true, fault: { kind: 'slow-operations', seconds: 1 } });
  const start = performance.now();
  await newNetwork().poller;
  expect(bitten()).toBe(1);
  expect(performance.now() - start).toBeGreaterThan(1000);
});

test('a held call goes on when it is released', async () => {
  const before = await names();
  const held = Promise.withResolvers<number>();
  const stop = fixture.lab.faults.onHold(({ id }) => held.resolve(id));
  set({ mutating: true, when: { nth: 1 }, fault: { kind: 'hold', at: 'before' } });
  const { name, poller } = newNetwork();
  const done = Promise.resolve(poller);
  const id = await held.promise;
  stop();
  expect(bitten()).toBe(1);
  expect(await names()).toEqual(before);
  expect(fixture.lab.faults.release(id)).toBe(true);
  await done;
  expect(await names()).toContain(name);
});
