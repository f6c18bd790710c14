/**
 * API servers alone, for tests of what is said to them: etcd and kube-apiserver of the built binaries on loopback, each with
 * a range of Service addresses of its own. No controller runs: what others would write, the test writes.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { type KubernetesAccess, type KubernetesApi, openKubernetes } from '@skein/agent/kubernetes/api.ts';
import { AGENT_ACCOUNT, NAMESPACE } from '@skein/kubernetes/object.ts';

export interface ApiServer {
  /** As an administrator. */
  api: KubernetesApi;
  /** As Skein's own account, with the rights that it was given and no others. */
  agent: KubernetesApi;
  close(): Promise<void>;
}

const READY_SECONDS = 60;

/**
 * @param folder of the binaries `etcd` and `kube-apiserver`
 * @param serviceCidr an IPv4 range
 */
export async function openApiServer(folder: string, serviceCidr: string): Promise<ApiServer> {
  const directory = mkdtempSync(join(tmpdir(), 'skein-api-server-'));
  const [client, peer, port] = [await freePort(), await freePort(), await freePort()];
  const [token, agentToken] = [randomBytes(16).toString('hex'), randomBytes(16).toString('hex')];
  const account = `system:serviceaccount:${NAMESPACE}:${AGENT_ACCOUNT}`;
  const file = (name: string) => join(directory, name);
  writeFileSync(
    file('tokens.csv'),
    `${token},admin,admin,"system:masters"\n${agentToken},${account},agent,"system:serviceaccounts"\n`,
    { mode: 0o600 },
  );
  execFileSync(
    'openssl',
    [
      ...['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2', '-subj', '/CN=127.0.0.1'],
      ...[
        '-addext',
        'subjectAltName=IP:127.0.0.1',
        '-keyout',
        file('server.key'),
        '-out',
        file('server.crt'),
      ],
    ],
    { stdio: 'ignore' },
  );
  const children: ChildProcess[] = [];
  let said = '';
  const start = (program: string, words: readonly string[]) => {
    const child = spawn(join(folder, program), words, { stdio: ['ignore', 'ignore', 'pipe'] });
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-4000);
    });
    children.push(child);
  };
  const close = async () => {
    for (const child of children.reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const ended = new Promise((resolve) => child.once('close', resolve));
      child.kill('SIGKILL');
      await ended;
    }
    rmSync(directory, { recursive: true, force: true });
  };
  const loopback = (number: number) => `http://127.0.0.1:${number}`;
  start('etcd', [
    `--data-dir=${file('etcd')}`,
    `--listen-client-urls=${loopback(client)}`,
    `--advertise-client-urls=${loopback(client)}`,
    `--listen-peer-urls=${loopback(peer)}`,
    `--initial-advertise-peer-urls=${loopback(peer)}`,
    `--initial-cluster=default=${loopback(peer)}`,
    '--unsafe-no-fsync',
  ]);
  start('kube-apiserver', [
    `--etcd-servers=${loopback(client)}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${port}`,
    `--service-cluster-ip-range=${serviceCidr}`,
    `--tls-cert-file=${file('server.crt')}`,
    `--tls-private-key-file=${file('server.key')}`,
    `--token-auth-file=${file('tokens.csv')}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${file('server.key')}`,
    `--service-account-signing-key-file=${file('server.key')}`,
    '--disable-admission-plugins=ServiceAccount',
  ]);
  const accessOf = (who: string): KubernetesAccess => ({
    server: `https://127.0.0.1:${port}`,
    ca: readFileSync(file('server.crt'), 'utf8'),
    credential: async () => ({ token: who }),
  });
  const [api, agent] = [openKubernetes(accessOf(token)), openKubernetes(accessOf(agentToken))];
  for (const end = performance.now() + READY_SECONDS * 1000; ; await wait(100)) {
    const ready = await api.request('GET', '/readyz').catch(() => null);
    if (ready?.status === 200) break;
    if (performance.now() < end && children.every(({ exitCode }) => exitCode === null)) continue;
    await close();
    throw new Error(`no API server within ${READY_SECONDS} s: ${said}`);
  }
  return {
    api,
    agent,
    close: async () => {
      api.close();
      agent.close();
      await close();
    },
  };
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
