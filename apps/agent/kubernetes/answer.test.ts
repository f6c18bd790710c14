import type { KubernetesQuestion } from '@skein/contract/agent/kubernetes.ts';
import { expect, test } from 'vitest';
import type { Ran } from '../host/command.ts';
import type { OwnCluster } from './access.ts';
import { newAnswers } from './answer.ts';
import type { KubernetesAnswer } from './api.ts';

function answering(options: {
  answer?: (path: string) => KubernetesAnswer | Promise<KubernetesAnswer>;
  cluster?: Partial<OwnCluster> | null;
  run?: (args: readonly string[]) => Ran;
}) {
  const asked: string[] = [];
  const ran: string[][] = [];
  const cluster =
    options.cluster === null
      ? null
      : {
          node: 'gw-1',
          distribution: 'k3s' as const,
          scoped: true,
          caHash: '',
          api: {
            request: async (method: string, path: string) => {
              asked.push(`${method} ${path}`);
              return options.answer?.(path) ?? { status: 200, body: { ok: true } };
            },
            watch: () => {
              throw new Error('nothing is watched');
            },
            close: () => undefined,
          },
          ...options.cluster,
        };
  const answer = newAnswers({
    run: async (file, args) => {
      ran.push([file, ...args]);
      return options.run?.(args) ?? { ok: true, output: '' };
    },
    log: () => undefined,
    cluster: () => cluster,
    podCidrs: () => ['127.0.0.0/8'],
  });
  return { answer, asked, ran };
}
const get = (path: string): KubernetesQuestion => ({
  ask: 'request',
  method: 'GET',
  path,
  contentType: null,
  body: null,
});

test('what is on the list is passed on with its answer, refusals of the server too', async () => {
  const { answer, asked } = answering({ answer: () => ({ status: 409, body: { message: 'no' } }) });
  expect(await answer(get('/api/v1/nodes'))).toEqual({
    answer: 'response',
    status: 409,
    body: { message: 'no' },
  });
  expect(asked).toEqual(['GET /api/v1/nodes']);
});

test('what is not on the list never reaches the server', async () => {
  const { answer, asked } = answering({});
  for (const path of ['/api/v1/secrets', '/api/v1/nodes/../secrets', '/metrics'])
    expect(await answer(get(path)), path).toMatchObject({ answer: 'refused' });
  expect(asked).toEqual([]);
});

test('in a cluster of somebody else’s only what is read', async () => {
  const { answer, asked } = answering({ cluster: { distribution: 'existing' } });
  const patch: KubernetesQuestion = {
    ask: 'request',
    method: 'PATCH',
    path: '/api/v1/nodes/a',
    contentType: 'application/merge-patch+json',
    body: { spec: { unschedulable: true } },
  };
  expect(await answer(patch)).toMatchObject({ answer: 'refused' });
  expect(await answer(get('/api/v1/nodes'))).toMatchObject({ answer: 'response' });
  expect(asked).toEqual(['GET /api/v1/nodes']);
});

test('a kubelet’s own rights are lent to nobody', async () => {
  const { answer, asked } = answering({ cluster: { scoped: false } });
  expect(await answer(get('/api/v1/nodes'))).toMatchObject({ answer: 'refused' });
  expect(asked).toEqual([]);
});

test('no cluster, a server that breaks, and an answer that is too long are said', async () => {
  expect(await answering({ cluster: null }).answer(get('/version'))).toMatchObject({ answer: 'refused' });
  const broken = answering({
    answer: () => {
      throw new Error('the API server at a: connect ECONNREFUSED');
    },
  });
  expect(await broken.answer(get('/version'))).toEqual({
    answer: 'refused',
    reason: 'the API server at a: connect ECONNREFUSED',
  });
  const long = answering({ answer: () => ({ status: 200, body: 'x'.repeat(4 * 1024 * 1024) }) });
  expect(await long.answer(get('/version'))).toMatchObject({ answer: 'refused' });
});

test('pings go from the node’s own pod range, and those that answered are told', async () => {
  const { answer, ran } = answering({
    run: (args) =>
      args.at(-1) === '10.128.1.2' ? { ok: true, output: '' } : { ok: false, message: 'ping: ' },
  });
  const reply = await answer({ ask: 'ping', addresses: ['10.128.1.2', '10.128.2.2'] });
  expect(reply).toEqual({ answer: 'pinged', answered: ['10.128.1.2'] });
  for (const command of ran) expect(command.join(' ')).toContain('-I 127.0.0.1');
  const without = answering({ run: () => ({ ok: false, message: 'ping: spawn ping ENOENT' }) });
  expect(await without.answer({ ask: 'ping', addresses: ['10.128.1.2'] })).toMatchObject({
    answer: 'refused',
    reason: expect.stringContaining('no ping'),
  });
});

test('an upgrade is by the script that Skein left, and by no other text', async () => {
  const { answer } = answering({});
  for (const version of ['v1.35.0; reboot', '$(reboot)', ''])
    expect(await answer({ ask: 'upgrade', version }), version).toEqual({
      answer: 'refused',
      reason: 'that is no release',
    });
  expect(await answer({ ask: 'upgrade', version: 'v1.35.0+k3s1' })).toMatchObject({
    answer: 'refused',
    reason: expect.stringContaining('there is no /usr/local/lib/skein/k3s.sh'),
  });
});
