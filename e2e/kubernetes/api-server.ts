/** An API server alone, of the binaries of these tests: for what asks nothing of nodes. */
import { spawn } from 'node:child_process';
import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { type KubernetesAccess, openKubernetes } from '@skein/agent/kubernetes/api.ts';

export interface ApiServer {
  /** As a member of `system:masters`. */
  admin: KubernetesAccess;
  /** File with an administrator's access. */
  kubeconfig: string;
  close(): Promise<void>;
}

const READY_SECONDS = 90;

/**
 * Starts etcd and kube-apiserver on 127.0.0.1, with RBAC.
 * @param programs folder of the binaries
 */
export async function startApiServer(programs: string): Promise<ApiServer> {
  const directory = await mkdtemp(join(tmpdir(), 'skein-api-'));
  const at = (name: string) => join(directory, name);
  const [etcd, etcdPeers, port] = [await freePort(), await freePort(), await freePort()];
  const token = randomBytes(16).toString('hex');
  const signing = generateKeyPairSync('rsa', { modulusLength: 2048 });
  await writeFile(at('sa.key'), signing.privateKey.export({ type: 'pkcs1', format: 'pem' }), { mode: 0o600 });
  await writeFile(at('sa.pub'), signing.publicKey.export({ type: 'spki', format: 'pem' }));
  await writeFile(at('tokens.csv'), `${token},admin,1,"system:masters"\n`, { mode: 0o600 });
  const children = [
    spawn(join(programs, 'etcd'), [
      ...['--data-dir', at('etcd'), '--unsafe-no-fsync', '--log-level', 'error'],
      ...['--listen-client-urls', `http://127.0.0.1:${etcd}`],
      ...['--advertise-client-urls', `http://127.0.0.1:${etcd}`],
      ...['--listen-peer-urls', `http://127.0.0.1:${etcdPeers}`],
    ]),
    spawn(join(programs, 'kube-apiserver'), [
      `--etcd-servers=http://127.0.0.1:${etcd}`,
      `--cert-dir=${directory}`,
      '--service-account-issuer=https://kubernetes.default.svc',
      `--service-account-signing-key-file=${at('sa.key')}`,
      `--service-account-key-file=${at('sa.pub')}`,
      `--token-auth-file=${at('tokens.csv')}`,
      '--authorization-mode=Node,RBAC',
      '--service-cluster-ip-range=10.192.0.0/20',
      '--bind-address=127.0.0.1',
      '--advertise-address=127.0.0.1',
      '--enable-admission-plugins=NodeRestriction',
      '--enable-bootstrap-token-auth',
      `--secure-port=${port}`,
    ]),
  ];
  let said = '';
  const ended = children.map(
    (child) => new Promise<void>((done) => void child.once('exit', () => done()).once('error', () => done())),
  );
  for (const child of children)
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (text) => {
        said = `${said}${text}`.slice(-4000);
      });
  const close = async () => {
    for (const child of children) child.kill('SIGKILL');
    await Promise.all(ended);
    await rm(directory, { recursive: true, force: true });
  };
  try {
    // The certificate that it makes itself comes with its own CA behind it.
    const server = `https://127.0.0.1:${port}`;
    const ca = await until(
      () => readFile(at('apiserver.crt'), 'utf8'),
      () => said,
    );
    const admin: KubernetesAccess = { server, ca, credential: async () => ({ token }) };
    const api = openKubernetes(admin);
    const ready = async () => {
      const { status } = await api.request('GET', '/readyz');
      const roles = await api.request('GET', '/apis/rbac.authorization.k8s.io/v1/clusterroles/system:node');
      if (status !== 200 || roles.status !== 200) throw new Error(`not ready: ${status}, ${roles.status}`);
    };
    await until(ready, () => said).finally(() => api.close());
    const kubeconfig = at('admin.kubeconfig');
    await writeFile(
      kubeconfig,
      `apiVersion: v1
kind: Config
clusters:
- name: default
  cluster:
    certificate-authority-data: ${Buffer.from(ca).toString('base64')}
    server: ${server}
users:
- name: default
  user: {token: "${token}"}
`,
      { mode: 0o600 },
    );
    return { admin, kubeconfig, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function until<T>(look: () => Promise<T>, said: () => string): Promise<T> {
  const deadline = performance.now() + READY_SECONDS * 1000;
  for (;;) {
    try {
      return await look();
    } catch (error) {
      if (performance.now() > deadline)
        throw new Error(`no API server in ${READY_SECONDS} s: ${said()}`, { cause: error });
      await pause(200);
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  await new Promise((done) => server.close(done));
  return typeof address === 'object' && address ? address.port : 0;
}
