/** Kubeconfigs as k3s and kubelets write them: one cluster and one user, as YAML or JSON, with data or with files. */
import { readFile } from 'node:fs/promises';
import { AgentFailure } from '../failure.ts';
import type { KubernetesAccess, KubernetesCredential } from './api.ts';

/** Reads who may be asked, and as whom. Files that it names are read anew for each request, since they are replaced. */
export async function readKubeconfig(path: string): Promise<KubernetesAccess> {
  const text = await readFile(path, 'utf8');
  const server = entryOf(text, 'server');
  if (!server) throw new AgentFailure('config-invalid', `${path} names no server`);
  const ca = await contentOf(text, 'certificate-authority');
  if (!ca) throw new AgentFailure('config-invalid', `${path} names no certificate authority`);
  return {
    server,
    ca,
    credential: async (): Promise<KubernetesCredential> => {
      const certificate = await contentOf(text, 'client-certificate');
      const key = await contentOf(text, 'client-key');
      if (certificate && key) return { certificate, key };
      const file = entryOf(text, 'tokenFile');
      const token = file ? (await readFile(file, 'utf8')).trim() : entryOf(text, 'token');
      if (token) return { token };
      throw new AgentFailure('config-invalid', `${path} names nobody to be`);
    },
  };
}

/** PEM, from `NAME-data` (base64) or from the file that `NAME` names. */
async function contentOf(text: string, name: string): Promise<string | undefined> {
  const data = entryOf(text, `${name}-data`);
  if (data) return Buffer.from(data, 'base64').toString('utf8');
  const path = entryOf(text, name);
  return path ? readFile(path, 'utf8') : undefined;
}

/** The only value of its name, bare or quoted. */
function entryOf(text: string, name: string): string | undefined {
  return new RegExp(`(?:^|[\\s{,"'])${name}["']?\\s*:\\s*["']?([^"'\\s,}]+)`).exec(text)?.[1];
}
