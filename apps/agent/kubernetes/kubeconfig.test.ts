import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readKubeconfig } from './kubeconfig.ts';

const directory = mkdtempSync(join(tmpdir(), 'skein-kubeconfig-'));
afterAll(() => rmSync(directory, { recursive: true, force: true }));
const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const base64 = (text: string) => Buffer.from(text).toString('base64');

test('as k3s writes its administrator’s', async () => {
  const path = file(
    'k3s.yaml',
    `apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: ${base64('the CA')}
    server: https://127.0.0.1:6443
  name: default
contexts:
- context: {cluster: default, user: default}
  name: default
current-context: default
kind: Config
users:
- name: default
  user:
    client-certificate-data: ${base64('a certificate')}
    client-key-data: ${base64('a key')}
`,
  );
  const access = await readKubeconfig(path);
  expect(access).toMatchObject({ server: 'https://127.0.0.1:6443', ca: 'the CA' });
  expect(await access.credential()).toEqual({ certificate: 'a certificate', key: 'a key' });
});

test('as kubelets have theirs, by files that are replaced beneath us', async () => {
  const [ca, certificate, key] = ['ca.crt', 'client.crt', 'client.key'].map((name) => file(name, name));
  const path = file(
    'kubelet.kubeconfig',
    JSON.stringify({
      clusters: [
        { name: 'local', cluster: { server: 'https://127.0.0.1:6444', 'certificate-authority': ca } },
      ],
      users: [{ name: 'user', user: { 'client-certificate': certificate, 'client-key': key } }],
    }),
  );
  const access = await readKubeconfig(path);
  expect(access).toMatchObject({ server: 'https://127.0.0.1:6444', ca: 'ca.crt' });
  file('client.key', 'another');
  expect(await access.credential()).toEqual({ certificate: 'client.crt', key: 'another' });
});

test('a token, and nobody', async () => {
  const cluster = `clusters: [{cluster: {server: "https://a:1", certificate-authority-data: ${base64('CA')}}}]`;
  const token = await readKubeconfig(file('token', `${cluster}\nusers: [{user: {token: abc.def}}]\n`));
  expect(await token.credential()).toEqual({ token: 'abc.def' });
  const nobody = await readKubeconfig(file('nobody', `${cluster}\nusers: []\n`));
  await expect(nobody.credential()).rejects.toMatchObject({ code: 'config-invalid' });
  await expect(readKubeconfig(file('empty', 'kind: Config\n'))).rejects.toMatchObject({
    code: 'config-invalid',
  });
});
