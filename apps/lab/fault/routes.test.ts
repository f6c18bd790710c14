/** Faults over the control API: set, shown, bitten, held, released, cleared. */
import { CreateVpcCommand, DescribeVpcsCommand } from '@aws-sdk/client-ec2';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type LabFixture, openFixture } from '../aws/fixture.ts';

let fixture: LabFixture;
beforeAll(async () => {
  fixture = await openFixture();
});
afterAll(() => fixture.close());
const ask = (method: string, path = '', body?: unknown) =>
  fixture.lab.control(method, `/faults${path}`, body) as Promise<{
    status: number;
    body: { total: number; rules: object[]; error: string };
  }>;

test('rules are set, bite, are shown with what they bit, and are cleared', async () => {
  const rule = { cloud: 'aws', action: 'DescribeVpcs', when: { nth: 1 }, fault: { kind: 'throttle' } };
  const { body } = await ask('PUT', '', { seed: 3, rules: [rule] });
  expect(body).toMatchObject({ total: 0, rules: [{ matched: 0, bitten: 0 }], held: [] });
  await expect(fixture.ec2().send(new DescribeVpcsCommand({}))).rejects.toThrow('Request limit exceeded');
  await fixture.ec2().send(new DescribeVpcsCommand({}));
  expect((await ask('GET')).body).toMatchObject({
    total: 1,
    kinds: { throttle: 1 },
    rules: [{ rule: { ...rule, fault: { kind: 'throttle', retryAfterSeconds: 1 } }, matched: 2, bitten: 1 }],
  });
  expect((await ask('DELETE')).body).toEqual({ total: 0, kinds: {}, rules: [], held: [] });
});

test('what is no rule is refused, and the rules before it stay', async () => {
  await ask('PUT', '', { rules: [{ fault: { kind: 'error' } }] });
  const wrong = await ask('PUT', '', { rules: [{ fault: { kind: 'flood' } }] });
  expect([wrong.status, wrong.body.error]).toEqual([400, expect.stringContaining('rules[0].fault')]);
  expect((await ask('GET')).body.rules).toHaveLength(1);
  await ask('DELETE');
});

test('a held call is waited for and released; clearing lets go of the rest', async () => {
  await ask('PUT', '', { rules: [{ action: 'CreateVpc', fault: { kind: 'hold', at: 'before' } }] });
  expect((await ask('GET', '/held?wait=0.1')).body).toEqual([]);
  const make = () => fixture.ec2().send(new CreateVpcCommand({ CidrBlock: '10.64.0.0/20' }));
  const waiting = ask('GET', '/held?wait=10');
  const first = make();
  const [held] = (await waiting).body as unknown as { id: number; action: string }[];
  expect(held?.action).toBe('CreateVpc');
  expect((await ask('POST', `/held/${held?.id}/release`)).status).toBe(200);
  await first;
  expect((await ask('POST', `/held/${held?.id}/release`)).status).toBe(404);
  const again = ask('GET', '/held?wait=10');
  const second = make();
  expect((await again).body).toHaveLength(1);
  await ask('DELETE');
  await second;
});

test('a lab that ends executes nothing that was held before its execution', async () => {
  await ask('PUT', '', { rules: [{ action: 'CreateVpc', fault: { kind: 'hold', at: 'before' } }] });
  const vpcs = async () => (await fixture.ec2().send(new DescribeVpcsCommand({}))).Vpcs?.length;
  const before = await vpcs();
  const waiting = ask('GET', '/held?wait=10');
  const make = fixture.ec2().send(new CreateVpcCommand({ CidrBlock: '10.64.0.0/20' }));
  const refused = expect(make).rejects.toThrow();
  expect((await waiting).body).toHaveLength(1);
  await fixture.restart();
  await refused;
  expect(await vpcs()).toBe(before);
});
